"""Faults: requests that are to fail, and how, written as `METHOD PATH KIND [HOW OFTEN]`."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

_KINDS = ("drop", "lose", "cut", "html")
_SHARE = re.compile(r"(\d+(?:\.\d+)?)%")
_TIMES = re.compile(r"x(\d{1,9})")
SYNTAX = (
    "METHOD PATH KIND [HOW OFTEN], such as 'POST /files 503 10%' or '* /files/* drop x3': "
    "KIND is a status from 400 to 599, drop, lose, cut or html"
)


class Fault(NamedTuple):
    """One rule. `method` and `path` are patterns, the path without that of the base URL.

    `kind` is a status, or `drop`: the connection ends before anything is done; `lose`: it is done
    and the answer never comes; `cut`: half of the answer comes; `html`: nothing is done, and the
    answer is a page with status 200. Of the requests that fit a `share` fails, or the first
    `times`; without either all do.
    """

    method: str
    path: str
    kind: str
    share: float = 1.0
    times: int | None = None


def parse(text: str) -> Fault:
    """Return a rule from its text, or raise ValueError."""
    words = text.split()
    if len(words) not in (3, 4):
        raise ValueError(text)
    method, path, kind = words[:3]
    status = re.fullmatch(r"[45]\d\d", kind)
    if not re.fullmatch(r"\*|[A-Z]+", method) or not path.startswith(("/", "*")):
        raise ValueError(text)
    if kind not in _KINDS and status is None:
        raise ValueError(text)
    often = words[3] if len(words) == 4 else "100%"
    if share := _SHARE.fullmatch(often):
        if float(share[1]) > 100:
            raise ValueError(text)
        return Fault(method, path, kind, share=float(share[1]) / 100)
    if times := _TIMES.fullmatch(often):
        return Fault(method, path, kind, times=int(times[1]))
    raise ValueError(text)


class Faults:
    """The rules in force, and how many requests each has seen: the same ones fail each time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._texts: list[str] = []
        self._rules: list[Fault] = []
        self._seen: list[int] = []

    def for_request(self, texts: Sequence[str], method: str, path: str) -> str | None:
        """Return the kind of fault that a request has, None for none.

        Rules that are not those of the last request begin to count anew.
        """
        if not texts:
            return None
        with self._lock:
            if texts != self._texts:
                self._texts = list(texts)
                self._rules = [parse(text) for text in texts]
                self._seen = [0] * len(texts)
            for number, rule in enumerate(self._rules):
                if rule.method not in ("*", method) or not fnmatchcase(path, rule.path):
                    continue
                self._seen[number] += 1
                if _hits(rule, self._seen[number]):
                    return rule.kind
        return None


def _hits(rule: Fault, count: int) -> bool:
    """Say whether the `count`th request that fits fails: evenly spread, the first one included."""
    if rule.times is not None:
        return count <= rule.times
    # A little less than the product, which may be just above the whole number that it means.
    return math.ceil(count * rule.share - 1e-9) > math.ceil((count - 1) * rule.share - 1e-9)

"""Verdicts as text, for the cache: what cannot be read counts as not there."""

from __future__ import annotations

import json
from functools import lru_cache

from filesync.core.content.findings import CLEAN, Finding, Verdict
from filesync.core.content.rules import RULES

NO_VERDICTS = "{}"

_Kept = dict[str, Verdict]


def verdict_in(text: str, check: str) -> Verdict | None:
    """Return the verdict of one check, None where it was not made."""
    return _parsed(text).get(check)


def with_verdict(text: str, check: str, verdict: Verdict) -> str:
    """Return the text with one more verdict; of earlier rules none is kept."""
    rules = check.partition(":")[0]
    kept = {name: one for name, one in _parsed(text).items() if name.partition(":")[0] == rules}
    kept[check] = verdict
    return json.dumps(
        {name: 0 if one == CLEAN else _written(one) for name, one in sorted(kept.items())},
        separators=(",", ":"),
    )


def _written(verdict: Verdict) -> list[object]:
    return [verdict.errors, verdict.warnings, [list(one) for one in verdict.findings]]


@lru_cache(maxsize=64)  # nearly all files have the same text: nothing is wrong with them
def _parsed(text: str) -> _Kept:
    try:
        return {
            name: CLEAN if one == 0 else Verdict(tuple(map(_finding, one[2])), one[0], one[1])
            for name, one in json.loads(text).items()
        }
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        return {}


def _finding(row: list[object]) -> Finding:
    line, rule, message = row
    if not (line is None or isinstance(line, int)) or not isinstance(message, str):
        raise TypeError
    return Finding(line, RULES[str(rule)].id, message)

"""Facts about a JSONL file, for people to look at before they pay for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from filesync.core.content import batch, chat

_KINDS = 1000  # urls, models and roles that are counted each; the rest counts as "other"


class Facts(NamedTuple):
    """What a file holds. Lengths are in `unit`, of all texts of an example together.

    `lengths` maps the upper bound of a class, a power of two, to how many examples are in it.
    """

    lines: int
    unreadable: int
    unit: str
    total: int
    longest: int
    longest_line: int | None
    lengths: dict[int, int]
    roles: dict[str, int]
    duplicates: int
    urls: dict[str, int]
    models: dict[str, int]

    def document(self) -> dict[str, Any]:
        """Return them as JSON values."""
        return {**self._asdict(), "lengths": {str(top): n for top, n in self.lengths.items()}}


class Collector:
    """Collects facts line by line; `measure` returns the length of a text in `unit`."""

    def __init__(self, unit: str, measure: Callable[[str], int]) -> None:
        self._unit, self._measure = unit, measure
        self._lines = self._unreadable = self._total = self._longest = 0
        self._longest_line: int | None = None
        self._lengths: Counter[int] = Counter()
        self._roles: Counter[str] = Counter()
        self._urls: Counter[str] = Counter()
        self._models: Counter[str] = Counter()
        self._seen: set[int] = set()
        self._duplicates = 0

    def add(self, line: bytes, value: dict[str, Any] | None) -> None:
        """Take in a line and what it says; None for one that cannot be read."""
        self._lines += 1
        if value is None:
            self._unreadable += 1
            return
        key = hash(line)
        self._duplicates += key in self._seen
        self._seen.add(key)
        length = 0
        for role, text in _texts(value):
            length += self._measure(text)
            if role:
                _count(self._roles, role)
        self._total += length
        self._lengths[_class_of(length)] += 1
        if length > self._longest or self._longest_line is None:
            self._longest, self._longest_line = length, self._lines
        if isinstance(value.get("url"), str):
            _count(self._urls, value["url"])
        if (model := batch.model_of(value)) is not None:
            _count(self._models, model)

    def facts(self) -> Facts:
        """Return what was collected."""
        return Facts(
            lines=self._lines,
            unreadable=self._unreadable,
            unit=self._unit,
            total=self._total,
            longest=self._longest,
            longest_line=self._longest_line,
            lengths=dict(sorted(self._lengths.items())),
            roles=dict(self._roles.most_common()),
            duplicates=self._duplicates,
            urls=dict(self._urls.most_common()),
            models=dict(self._models.most_common()),
        )


def _count(counter: Counter[str], name: str) -> None:
    counter[name if name in counter or len(counter) < _KINDS else "other"] += 1


def _class_of(length: int) -> int:
    """Return the power of two that a length is not above."""
    return 1 << max(0, length - 1).bit_length()


def _texts(value: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the role and the text of each message, and of other texts with no role."""
    body = value.get("body")
    owner = body if isinstance(body, dict) else value
    asked = value.get("input")
    for holder, place in (
        (owner, "messages"),
        (asked if isinstance(asked, dict) else {}, "messages"),
        (value, "preferred_output"),
        (value, "non_preferred_output"),
        (owner, "input"),  # of a response: messages, and other items, which have no role
    ):
        for _, message in chat.conversation_of(holder, place).messages:
            if place != "input" or "role" in message:
                yield chat.role_of(message), _text_of(message.get("content"))
    for key in ("instructions", "prompt", "completion", "input"):
        if isinstance(owner.get(key), str | list):
            yield "", _text_of(owner[key])


def _text_of(content: object) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = (part.get("text") if isinstance(part, dict) else part for part in content)
    return "\n".join(part for part in parts if isinstance(part, str))

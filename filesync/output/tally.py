"""How far an apply is, added up from its events: files, bytes, and what is in flight."""

from __future__ import annotations

from filesync.core.decide.change import Action
from filesync.core.events import Done, Event, Failed, Indexing, Sent, Started
from filesync.core.plan.plan import Summary
from filesync.core.text import human_bytes, plural, printable

_LONGEST_NAME = 40


class Tally:
    """The sums of one apply. Its caller keeps threads apart."""

    def __init__(self, planned: Summary) -> None:
        self.files = planned.create + planned.replace
        self.bytes = planned.upload_bytes
        self.done = 0
        self.sent = 0
        self._flying: dict[str, None] = {}
        self._indexed = ""

    def add(self, event: Event) -> None:
        """Count an event."""
        match event:
            case Started(key):
                self._flying[key] = None
            case Sent(_, count):
                self.sent += count
            case Done(key, Action.CREATE | Action.REPLACE, store=None):
                self.done += 1
                self._flying.pop(key or "", None)
            case Failed(key, store=None):
                self._flying.pop(key or "", None)
            case Indexing(store, indexed, of):
                self._indexed = f"{printable(store)}: {indexed:,}/{of:,} indexed"

    @property
    def now(self) -> str:
        """Return what is going on: the file in flight, the indexing, or that it is finishing."""
        if self._flying:
            first, *others = self._flying
            name = printable(first)
            if len(name) > _LONGEST_NAME:
                name = f"…{name[1 - _LONGEST_NAME :]}"
            return f"{name} and {len(others):,} more" if others else name
        if self._indexed:
            return self._indexed
        return "finishing" if self.files and self.done >= self.files else ""

    def __str__(self) -> str:
        sums = f"{self.done:,} of {plural(self.files, 'file')}"
        sums += f", {human_bytes(self.sent)} of {human_bytes(self.bytes)} sent"
        return f"{sums}; {self.now}" if self.now else sums

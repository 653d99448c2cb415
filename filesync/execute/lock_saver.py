"""Saving the lock after each success without spending the run on it."""

from __future__ import annotations

import time
from collections.abc import Callable

# A lock of 10,000 files takes 50 ms to write: after each of 10,000 uploads that would be all
# that happens. So saving may take at most this share of the time; what is not saved yet stands
# in the journal, from which a crash is recovered.
_SHARE = 0.05


class Saver:
    """Calls `write` soon after a change, and at once where it must be on disk.

    `write` returns where it has put a lockfile that somebody else wrote meanwhile, None for none;
    the first such place is kept in `disturbed`.
    """

    def __init__(self, write: Callable[[], str | None]) -> None:
        self.disturbed: str | None = None
        self._write = write
        self._due = 0.0
        self._dirty = False

    def now(self) -> None:
        """Save."""
        began = time.monotonic()
        self.disturbed = self._write() or self.disturbed
        ended = time.monotonic()
        self._due = ended + (ended - began) / _SHARE
        self._dirty = False

    def soon(self, changed: bool) -> None:
        """Save if anything changed and the share allows; to be called again while waiting."""
        self._dirty = self._dirty or changed
        if self._dirty and time.monotonic() >= self._due:
            self.now()

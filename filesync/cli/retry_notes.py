"""What the modules below say of a run that takes longer: notes and a countdown on stderr."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def noting_retries() -> Iterator[None]:
    """Say on stderr that a request is sent again, once for each kind of trouble; a terminal also
    counts down until then."""
    log = logging.getLogger("filesync.http")
    level, notes = log.level, _Notes()
    log.setLevel(logging.INFO)
    log.addHandler(notes)
    try:
        yield
    finally:
        log.removeHandler(notes)
        log.setLevel(level)
        notes.end()


class _Notes(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._told: set[str] = set()
        self._counting = False

    def emit(self, record: logging.LogRecord) -> None:
        from filesync.output.stderr import count_down, say

        self._counting = True
        kind = str(getattr(record, "once", record.msg))
        if kind not in self._told:
            self._told.add(kind)
            say(record.getMessage())
        count_down(float(getattr(record, "delay", 0.0)))

    def end(self) -> None:
        if self._counting:
            from filesync.output.stderr import end_countdown

            end_countdown()

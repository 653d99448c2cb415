"""What the modules below say of a run that takes longer, as notes on stderr."""

from __future__ import annotations

import logging


def note_retries() -> None:
    """Say on stderr that a request is sent again, once for each kind of trouble."""
    log = logging.getLogger("filesync.http")
    log.setLevel(logging.INFO)
    log.addHandler(_Notes())


class _Notes(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._told: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        from filesync.output.progress import say

        kind = str(getattr(record, "once", record.msg))
        if kind not in self._told:
            self._told.add(kind)
            say(record.getMessage())

"""What the modules below say of a run that takes longer, as notes on stderr."""

from __future__ import annotations

import logging

from filesync.cli.options import Common


def note_retries(common: Common) -> None:
    """Tell once for each kind of trouble that a request is sent again, unless told to be quiet.

    With --verbose each request is told anyway.
    """
    if not (common.quiet or common.verbose):
        log = logging.getLogger("filesync.http")
        log.setLevel(logging.INFO)
        log.addHandler(_Notes())


class _Notes(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._told: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        from filesync.output.progress import tell

        kind = str(getattr(record, "once", record.msg))
        if kind not in self._told:
            self._told.add(kind)
            tell(record.getMessage())

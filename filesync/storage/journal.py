"""The journals in an object store: lines of the state object, written under its lease.

Unlike on a disk, what they say of finished uploads stays until a run begins with a lockfile that
has them: a runner may be gone before its lockfile is pushed.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Self

from filesync.core.lockfile.lock import Lockfile
from filesync.core.recovery.journal import read_history, text_of
from filesync.core.recovery.journal_writer import JournalWriter
from filesync.core.recovery.kept import kept_lines
from filesync.storage.lease import Lease


class StoredJournal(JournalWriter):
    """The journal of uploads; `known` is the lockfile that the run began with."""

    def __init__(self, lease: Lease, known: Lockfile) -> None:
        super().__init__(read_history(lease.log()).last_number)
        self._lease = lease
        self._known = known.copy()

    def deleting(self, file_id: str) -> None:
        """Record that a delete is about to be requested; all lines before are in the store, too."""
        self._write({"deleting": file_id}, sync=True)

    def compact(
        self,
        lock: Lockfile,  # noqa: ARG002
        now: int,
        looked: int | None = None,
        unclear: Collection[str] = (),
    ) -> None:
        """Keep only the lines that the next run may need, wherever it starts.

        `now` is in Unix seconds; `unclear` are the keys of which a person has to say which file
        was uploaded. Call this when nothing else writes.
        """
        log = self._lease.log()
        kept = kept_lines(log, self._known, now if looked is None else looked, unclear)
        if len(kept) < len(log):
            self._lease.replace_log(kept)

    def _write(self, *records: dict[str, Any], sync: bool = False) -> None:
        self._lease.add(text_of(records), durable=sync)


class StoredStoreJournal:
    """The journal of vector stores, in the same object."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        return None

    def write(self, line: bytes) -> None:
        """Add a line, and have it in the store when this returns."""
        self._lease.add(line, durable=True)

    def clear(self) -> None:
        """Keep it all: whether the lockfile is pushed is not known. `compact` removes it."""

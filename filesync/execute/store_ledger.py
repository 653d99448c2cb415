"""What an apply knows of its vector stores while it runs: shared by the steps of `stores`."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

from filesync.core.events import AnyAction, Done
from filesync.core.lockfile.lock import Lockfile
from filesync.core.recovery.store_journal import StoreJournalWriter, attach_line
from filesync.core.stores.change import MemberChange, StoreChange
from filesync.core.stores.model import LockedMember
from filesync.errors import FilesyncError
from filesync.execute.context import ApplyContext
from filesync.execute.lock_saver import Saver


class StoreReport(NamedTuple):
    """How vector-store work is reported: what was done, what was not, and the time to wait.

    `whole` says that the run is about every store: then nothing is open once it is done.
    """

    done: Callable[[Done], None]
    failed: Callable[[str | None, AnyAction, FilesyncError, str], None]
    index_timeout: float
    whole: bool


class OpenStore(NamedTuple):
    """A store that is there, and what is under way in it."""

    row: StoreChange
    id: str
    #: The members waited for, by the file's id.
    pending: dict[str, MemberChange]


class StoreLedger:
    """The lockfile, the journal and the report of a run, for the steps to write into.

    `left` maps a file to the stores that it was detached from, and `trouble` says that something
    failed.
    """

    def __init__(
        self,
        lock: Lockfile,
        context: ApplyContext,
        *,
        saver: Saver,
        journal: StoreJournalWriter,
        report: StoreReport,
    ) -> None:
        self.lock = lock
        self.context = context
        self.saver = saver
        self.journal = journal
        self.report = report
        self.left: dict[str, set[str]] = defaultdict(set)
        self.trouble = False
        self._guard = threading.Lock()

    @property
    def stopped(self) -> bool:
        """Say whether no new work is to be begun."""
        return self.context.stop.is_set()

    def guarded(self, store: str, action: AnyAction, work: Callable[[], None]) -> None:
        """Do some work for a store; what fails is reported, and the other stores go on."""
        if self.stopped:
            return
        try:
            work()
        except FilesyncError as error:
            self.failed(None, action, error, store)

    def failed(self, key: str | None, action: AnyAction, error: FilesyncError, store: str) -> None:
        """Report what was not done in a store, or to it where `key` is None."""
        self.trouble = True
        self.report.failed(key, action, error, store)

    def done(self, key: str | None, action: AnyAction, object_id: str, store: str) -> None:
        """Report what was done in a store, or to it where `key` is None."""
        self.report.done(Done(key, action, object_id, store=store))

    def record(self, store: str, key: str, file_id: str, one: MemberChange) -> None:
        """Let the lock say that a file is in a store, for a key."""
        with self._guard:
            held = self.lock.stores.get(store)
            if held is None:
                return
            files = held.files if isinstance(held.files, dict) else dict(held.files)
            files[key] = LockedMember(file_id, one.attributes)
            self.lock.stores[store] = held._replace(files=files)

    def beginner(self, store: str) -> Callable[[Sequence[str]], None]:
        """Return what notes in the journal that files are ours in a store, before it is asked."""
        return lambda ids: self.journal.write(attach_line(store, ids))

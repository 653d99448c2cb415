"""Carrying out a plan: adoptions, then uploads, then deletes, the lock saved after each.

The order is the safety: a new file is on the platform and in the lock before the old one is
touched, and no file is deleted in a run in which any upload failed.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeVar

from filesync.apply.events import Done, Failed, Note, Watcher
from filesync.apply.pool import Step, Task, run_tasks
from filesync.apply.transfer import Transfer, Uploaded
from filesync.apply.waiting import wait_until_processed
from filesync.core.diff import Action, Change, entry_for
from filesync.core.lock import Lockfile
from filesync.core.model import RemoteFile
from filesync.core.plan import Plan
from filesync.core.text import plural
from filesync.errors import AuthError, FilesyncError, Interrupted
from filesync.remote.client import Writer

T = TypeVar("T")


class Settings(NamedTuple):
    """How to apply: uploads at once, whether to delete, whether to wait until processed."""

    concurrency: int = 8
    deletes: bool = True
    wait: bool = False


class Result(NamedTuple):
    """What an apply did, what it could not do, and whether it was cut short by Ctrl-C."""

    applied: tuple[Done, ...]
    failed: tuple[Failed, ...]
    interrupted: bool


class _Doomed(NamedTuple):
    """A remote file to delete; `planned` if the plan has a line for it."""

    id: str
    key: str | None
    planned: bool


class Applier:
    """Carries out one plan on one lockfile; `save` writes the lock as it stands."""

    def __init__(
        self,
        plan: Plan,
        lock: Lockfile,
        client: Writer,
        save: Callable[[], None],
        *,
        settings: Settings,
        stop: threading.Event,
        watch: Watcher,
        now: Callable[[], int],
    ) -> None:
        self._plan = plan
        self._lock = lock
        self._client = client
        self._save = save
        self._settings = settings
        self._stop = stop
        self._watch = watch
        self._now = now
        self._applied: list[Done] = []
        self._failed: list[Failed] = []
        self._locked_out = False
        self._superseded: list[_Doomed] = []

    def run(self) -> Result:
        """Carry the plan out; one file's failure never stops another's."""
        self._record_what_needs_no_transfer()
        uploaded = self._upload()
        if self._settings.wait:
            for outcome in wait_until_processed(self._client, uploaded, self._stop):
                self._fail(outcome.change.key, outcome.change.action, outcome.error)
        self._delete()
        interrupted = self._stop.is_set() and not self._locked_out
        return Result(tuple(self._applied), tuple(self._failed), interrupted)

    def _record_what_needs_no_transfer(self) -> None:
        self._lock.files.update(self._plan.refresh)
        for change in self._plan.changes:
            if change.action is Action.ADOPT:
                assert change.remote is not None
                self._record(change, change.remote)
            elif change.action is Action.FORGET:
                assert change.id is not None
                self._lock.drop(change.id, change.key)
                self._done(Done(change.key, Action.FORGET, change.id))
        self._save()

    def _upload(self) -> list[Uploaded]:
        tasks = [
            Transfer(
                change,
                self._client,
                lanes=self._settings.concurrency,
                stop=self._stop,
                watch=self._watch,
            ).task()
            for change in self._plan.changes
            if change.action in (Action.CREATE, Action.REPLACE)
        ]
        uploaded = []
        for batch in self._run(tasks):
            for outcome in batch:
                if isinstance(outcome, Uploaded):
                    self._record(outcome.change, outcome.remote)
                    uploaded.append(outcome)
                else:
                    self._fail(outcome.change.key, outcome.change.action, outcome.error)
            self._save()
        return uploaded

    def _record(self, change: Change, remote: RemoteFile) -> None:
        """Put a change's file into the lock; the live one it supersedes waits in `retired`."""
        want = change.desired
        assert want is not None
        now = self._now()
        before = change.locked
        self._lock.files[want.key] = entry_for(want, remote, now)
        self._lock.retired.pop(remote.id, None)
        if before is not None and before.id != remote.id and change.action is not Action.CREATE:
            self._lock.retire(before.id, want.key, now + want.policy.retain)
            if want.policy.retain == 0:
                self._superseded.append(_Doomed(before.id, want.key, planned=False))
        self._done(Done(want.key, change.action, remote.id, want.bytes))

    def _delete(self) -> None:
        doomed = self._doomed()
        if not doomed or self._stop.is_set():
            return
        if not self._settings.deletes:
            self._watch(Note(f"{plural(len(doomed), 'delete')} left out (--no-delete)"))
            return
        if self._failed:
            # The old files are what jobs can still use while the new ones are not there.
            self._watch(
                Note(f"{plural(len(doomed), 'delete')} left for the next apply: not all went well")
            )
            return
        for batch in self._run(self._delete_task(one) for one in doomed):
            for one, error in batch:
                if error is not None:
                    self._fail(one.key, Action.DELETE, error)
                    continue
                self._lock.drop(one.id, one.key)
                if one.planned:
                    self._done(Done(one.key, Action.DELETE, one.id))
            self._save()

    def _doomed(self) -> list[_Doomed]:
        """Return what may be deleted now: what the plan says, then what this run superseded.

        An id that another key holds (two keys may be made to share one) stays.
        """
        holders = Counter(entry.id for entry in self._lock.files.values())
        doomed = []
        for change in self._plan.changes:
            if change.action is not Action.DELETE:
                continue
            assert change.id is not None
            own = change.locked is not None
            if holders[change.id] <= own:
                doomed.append(_Doomed(change.id, change.key, planned=True))
            elif own:
                self._lock.drop(change.id, change.key)
                self._done(Done(change.key, Action.DELETE, change.id))
        return doomed + [one for one in self._superseded if not holders[one.id]]

    def _delete_task(self, one: _Doomed) -> Task[tuple[_Doomed, FilesyncError | None]]:
        def run() -> Step[tuple[_Doomed, FilesyncError | None]]:
            try:
                self._client.delete_file(one.id)
            except FilesyncError as error:
                return Step((one, error))
            return Step((one, None))

        return Task(0, run)

    def _run(self, tasks: Iterable[Task[T]]) -> Iterator[list[T]]:
        return run_tasks(tasks, workers=self._settings.concurrency, stop=self._stop)

    def _done(self, event: Done) -> None:
        self._applied.append(event)
        self._watch(event)

    def _fail(self, key: str | None, action: Action, error: FilesyncError) -> None:
        if isinstance(error, Interrupted):
            return
        if isinstance(error, AuthError):
            self._locked_out = True  # nothing else will work either
            self._stop.set()
        event = Failed(key, action, str(error))
        self._failed.append(event)
        self._watch(event)

"""Carrying out a plan: adoptions, then uploads, then deletes, the lock saved after each.

The order is the safety: a new file is on the platform and in the lock before the old one is
touched, and no file is deleted in a run in which any upload failed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from filesync.core.diff import Action, Change, entry_for
from filesync.core.lock import Lockfile
from filesync.core.model import InUse, RemoteFile
from filesync.core.plan import Plan
from filesync.core.purposes import OUTPUT_PURPOSES
from filesync.core.text import plural
from filesync.errors import AuthError, FilesyncError, Interrupted
from filesync.execute.deletes import Doomed, delete_all, doomed_by, spare_the_used
from filesync.execute.events import Done, Failed, Note
from filesync.execute.saver import Saver
from filesync.execute.transfer import Line, NotUploaded, Uploaded
from filesync.execute.uploads import upload_all
from filesync.execute.waiting import wait_until_processed


class Settings(NamedTuple):
    """How to apply: requests at once, whether to delete, whether to wait until processed."""

    concurrency: int = 8
    deletes: bool = True
    wait: bool = False


class Result(NamedTuple):
    """What an apply did, what it could not do, and whether it was cut short by Ctrl-C."""

    applied: tuple[Done, ...]
    failed: tuple[Failed, ...]
    interrupted: bool


class Applier:
    """Carries out one plan on one lockfile.

    `saver` writes the lock as it stands; `in_use` gives the policy for a key that may be gone
    from the manifest.
    """

    def __init__(
        self,
        plan: Plan,
        lock: Lockfile,
        line: Line,
        *,
        saver: Saver,
        in_use: Callable[[str | None], InUse],
        settings: Settings,
    ) -> None:
        self._plan = plan
        self._lock = lock
        self._line = line
        self._saver = saver
        self._in_use = in_use
        self._settings = settings
        self._applied: list[Done] = []
        self._failed: list[Failed] = []
        self._locked_out = False
        self._superseded: list[Doomed] = []

    def run(self) -> Result:
        """Carry the plan out; one file's failure never stops another's."""
        self._record_what_needs_no_transfer()
        uploaded = self._upload()
        if self._settings.wait:
            self._take(wait_until_processed(self._line.client, uploaded, self._line.stop))
        self._delete()
        interrupted = self._line.stop.is_set() and not self._locked_out
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
        self._saver.now()

    def _upload(self) -> list[Uploaded]:
        changes = [
            change
            for change in self._plan.changes
            if change.action in (Action.CREATE, Action.REPLACE)
        ]
        uploaded: list[Uploaded] = []
        plan, lock = self._plan, self._lock
        for batch in upload_all(changes, plan.recovery, self._line, lock.owned_ids, plan.known):
            uploaded += self._take(batch)
            self._saver.soon(bool(batch))
        self._saver.now()
        return uploaded

    def _take(self, outcomes: list[Uploaded | NotUploaded] | list[NotUploaded]) -> list[Uploaded]:
        """Record what was uploaded and note what was not; return the former."""
        uploaded = []
        for outcome in outcomes:
            if isinstance(outcome, Uploaded):
                self._record(outcome.change, outcome.remote)
                uploaded.append(outcome)
            else:
                self._fail(outcome.change.key, outcome.change.action, outcome.error)
        return uploaded

    def _record(self, change: Change, remote: RemoteFile) -> None:
        """Put a change's file into the lock; the live one it supersedes waits in `retired`."""
        want = change.desired
        assert want is not None
        now = self._line.now()
        before = change.locked
        if change.moved_from is not None:
            self._lock.files.pop(change.moved_from, None)
        self._lock.files[want.key] = entry_for(want, remote, now)
        self._lock.retired.pop(remote.id, None)
        if before is not None and before.id != remote.id and _may_retire(change):
            self._lock.retire(before.id, want.key, now + want.policy.retain)
            if want.policy.retain == 0:
                self._superseded.append(Doomed(before.id, want.key, planned=False))
        self._done(Done(want.key, change.action, remote.id, want.bytes))

    def _delete(self) -> None:
        doomed, shared = doomed_by(self._plan.changes, self._superseded, self._lock)
        if not (doomed or shared) or self._line.stop.is_set():
            return
        if not self._settings.deletes:
            self._line.watch(Note(f"{plural(len(doomed), 'delete')} left out (--no-delete)"))
            return
        if self._failed:
            # The old files are what jobs can still use while the new ones are not there.
            left = f"{plural(len(doomed), 'delete')} left for the next apply: not all went well"
            self._line.watch(Note(left))
            return
        for one in shared:
            self._lock.drop(one.id, one.key)
            self._done(Done(one.key, Action.DELETE, one.id))
        try:
            doomed, used = spare_the_used(doomed, self._line, self._in_use)
        except Interrupted:
            return
        for one in used:
            self._keep(one)
        self._saver.now()
        for batch in delete_all(doomed, self._line):
            for deleted in batch:
                if deleted.error is not None:
                    self._fail(deleted.doomed.key, Action.DELETE, deleted.error)
                    continue
                self._lock.drop(deleted.doomed.id, deleted.doomed.key)
                if deleted.doomed.planned:
                    self._done(Done(deleted.doomed.key, Action.DELETE, deleted.doomed.id))
            self._saver.soon(bool(batch))
        self._saver.now()

    def _keep(self, used: Doomed) -> None:
        """Let a file that is in use wait in `retired`; one that no key ever named just stays."""
        if used.key is not None:
            self._lock.drop(used.id, used.key)
            self._lock.retire(used.id, used.key, self._line.now())

    def _done(self, event: Done) -> None:
        self._applied.append(event)
        self._line.watch(event)

    def _fail(self, key: str | None, action: Action, error: FilesyncError) -> None:
        if isinstance(error, Interrupted):
            return
        if isinstance(error, AuthError):
            self._locked_out = True  # nothing else will work either
            self._line.stop.set()
        event = Failed(key, action, str(error))
        self._failed.append(event)
        self._line.watch(event)


def _may_retire(change: Change) -> bool:
    """Say whether what a change supersedes is there to be deleted, and may ever be."""
    old = change.remote if change.action is Action.REPLACE else None
    if old is not None and old.purpose in OUTPUT_PURPOSES:
        return False
    return change.action is not Action.CREATE  # what is created anew had gone before

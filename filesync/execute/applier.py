"""Carrying out a plan: adoptions, then uploads, then deletes, the lock saved after each.

The order is the safety: a new file is on the platform and in the lock before the old one is
touched, and no file is deleted in a run in which any upload failed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from filesync.core.commands import command
from filesync.core.decide.change import Action, Change
from filesync.core.decide.sharing import followers, leaving
from filesync.core.events import AnyAction, Done, Failed, Note, Result
from filesync.core.lockfile.entries import entry_for
from filesync.core.lockfile.lock import Lockfile
from filesync.core.model import DesiredFile, InUse, LockEntry, RemoteFile
from filesync.core.plan.plan import Plan
from filesync.core.recovery.store_journal import StoreJournalWriter
from filesync.core.servers import is_output
from filesync.core.text import plural, printable
from filesync.errors import AuthError, FilesyncError, Interrupted, LeaseLost
from filesync.execute.context import ApplyContext
from filesync.execute.deletes import Deletion, delete_all, deletions_of, split_by_use
from filesync.execute.in_use import Users
from filesync.execute.late import made_in_vain
from filesync.execute.lock_saver import Saver
from filesync.execute.processed import wait_until_processed
from filesync.execute.store_ledger import StoreLedger, StoreReport
from filesync.execute.stores import InStores, apply_stores
from filesync.execute.transfer import NotUploaded, Uploaded
from filesync.execute.uploads import upload_all


class ApplySettings(NamedTuple):
    """How to apply: requests at once, whether to delete, whether to wait until processed.

    `index_timeout` is how long to wait for documents in vector stores, in seconds; `again` is the
    command that does what is left.
    """

    concurrency: int = 8
    deletes: bool = True
    wait: bool = False
    index_timeout: float = 1800.0
    again: str = "apply"


class Applier:
    """Carries out one plan on one lockfile.

    `saver` writes the lock as it stands; `in_use` gives the policy for a key that may be gone
    from the manifest.
    """

    def __init__(
        self,
        plan: Plan,
        lock: Lockfile,
        context: ApplyContext,
        *,
        saver: Saver,
        store_journal: StoreJournalWriter,
        in_use: Callable[[str | None], InUse],
        settings: ApplySettings,
    ) -> None:
        self._plan = plan
        self._lock = lock
        self._context = context
        self._saver = saver
        self._store_journal = store_journal
        self._in_use = in_use
        self._settings = settings
        self._applied: list[Done] = []
        # What the checks of content left out counts as failed: nothing is deleted meanwhile.
        self._failed = [
            Failed(
                one.change.key,
                one.change.action,
                plan.content.why_not(one.file),
                content=not one.file.is_unread,
            )
            for one in plan.left_out
        ]
        self._given_up = False
        self._stop_told = False
        self._disturbance_told = False
        self._superseded: list[Deletion] = []
        sends = (Action.CREATE, Action.REPLACE)
        self._uploads = [one for one in plan.changes if one.action in sends]
        self._followers = followers(plan.changes)
        self._leaving = leaving(plan.changes)

    def run(self) -> Result:
        """Carry the plan out; one file's failure never stops another's."""
        self._record_what_needs_no_transfer()
        uploaded = self._upload()
        if self._settings.wait:
            self._take(wait_until_processed(self._context.client, uploaded, self._context.stop))
        uploads_failed = bool(self._failed)
        self._delete(uploads_failed, self._fill_stores())
        interrupted = self._context.stop.is_set() and not self._given_up
        return Result(tuple(self._applied), tuple(self._failed), interrupted)

    def _record_what_needs_no_transfer(self) -> None:
        for key, entry in self._plan.refresh.items():
            self._lock.put(key, entry)
        # Forgotten first: a file that others then leave is seen to be nobody's any more.
        for change in self._plan.changes:
            if change.action is Action.FORGET:
                assert change.id is not None
                self._lock.drop(change.id, change.key)
                self._done(Done(change.key, Action.FORGET, change.id))
        for change in self._plan.changes:
            if change.action is Action.ADOPT and change.remote is not None:
                self._record(change, change.remote)
        self._save()

    def _upload(self) -> list[Uploaded]:
        uploaded: list[Uploaded] = []
        plan, lock = self._plan, self._lock
        for batch in upload_all(
            self._uploads, plan.recovery, self._context, lock.owned_ids, plan.known, plan.now
        ):
            uploaded += self._take(batch)
            self._saver.soon(bool(batch))
            self._heed_disturbance()
            self._acknowledge_stop()
        self._save()
        return uploaded

    def _fill_stores(self) -> InStores:
        """Bring the vector stores in line; return what they still need and what they let go."""
        stores = self._plan.stores
        if not stores or self._context.stop.is_set():
            kept = {old for row in stores for one in row.members for old in one.old_ids}
            return InStores(kept, {})
        fresh = {done.key: done.id for done in self._applied if done.key is not None}
        report = StoreReport(
            self._done,
            self._fail,
            self._settings.index_timeout,
            whole=not self._plan.inputs.run.narrow,
        )
        ledger = StoreLedger(
            self._lock,
            self._context,
            saver=self._saver,
            journal=self._store_journal,
            report=report,
        )
        result = apply_stores(stores, ledger, fresh, deletes=self._settings.deletes)
        self._acknowledge_stop()
        return result

    def _take(self, outcomes: list[Uploaded | NotUploaded] | list[NotUploaded]) -> list[Uploaded]:
        """Record what was uploaded and note what was not; return the former."""
        uploaded = []
        for outcome in outcomes:
            change = outcome.change
            sharing = self._followers.get(change.key or "", ())
            if isinstance(outcome, Uploaded):
                for one in (change, *sharing):
                    self._record(one, outcome.remote)
                uploaded.append(outcome)
            else:
                self._fail(change.key, change.action, outcome.error)
                for one in sharing:
                    self._fail(one.key, one.action, _in_turn(change, outcome.error))
        return uploaded

    def _record(self, change: Change, remote: RemoteFile) -> None:
        """Put a change's file into the lock; the live one it supersedes waits in `retired`."""
        want = change.desired
        assert want is not None
        if change.moved_from is not None:
            self._lock.take_out(change.moved_from)
        late = self._plan.recovery.unsettled.get(want.key)
        if late is not None and change.action is Action.ADOPT:
            self._context.journal.superseded(late.number)
        old = change.supersedes
        # A name that carries our fingerprint is a claim and no proof: what is only found by it, and
        # was in no lockfile, is not deleted for it.
        ours = old is not None and (old.id in self._lock.retired or self._lock.held(old.id))
        self._lock.put(want.key, entry_for(want, remote, self._context.now()))
        if old is not None and ours and not is_output(old.purpose):
            self._retire(old.id, want)
        self._done(Done(want.key, change.action, remote.id, want.bytes))

    def _retire(self, file_id: str, want: DesiredFile) -> None:
        """Let the file that a key has left wait, once no key holds it any more.

        Of several keys that leave it in this run, the longest `retain` counts.
        """
        leaving = [one.desired for one in self._leaving.get(file_id, ()) if one.desired is not None]
        retain = max(one.policy.retain for one in (want, *leaving))
        key = self._key_for_in_use(file_id, want.key) or want.key
        if self._lock.retire(file_id, key, self._context.now() + retain) and retain == 0:
            self._superseded.append(Deletion(file_id, key, planned=False))

    def _key_for_in_use(self, file_id: str, key: str | None) -> str | None:
        """Return the key whose `in_use` counts for a file: of several that leave it, a `keep`."""
        keys = [key, *(one.key for one in self._leaving.get(file_id, ()))]
        return next((one for one in keys if self._in_use(one) == "keep"), key)

    def _delete(self, uploads_failed: bool, stores: InStores) -> None:
        if self._plan.share is not None:
            return  # a shard does not know what the others still need: who joins them deletes
        doomed = deletions_of(self._plan.changes, self._superseded, self._lock)
        if self._settings.deletes and not uploads_failed and not self._context.stop.is_set():
            doomed += self._in_vain()
        if needed := [one for one in doomed if one.id in stores.kept]:
            doomed = [one for one in doomed if one.id not in stores.kept]
            what = plural(len(needed), "old document")
            self._context.watch(
                Note(f"kept {what} in vector stores: what replaces them is not indexed")
            )
        if not doomed or self._context.stop.is_set():
            return
        if not self._settings.deletes:
            self._context.watch(Note(f"{plural(len(doomed), 'delete')} left out (--no-delete)"))
            return
        if uploads_failed:
            # The old files are what jobs can still use while the new ones are not there.
            left = f"{plural(len(doomed), 'delete')} postponed because some uploads failed"
            self._context.watch(Note(left))
            return
        # Saved as waiting before the first request: after a kill, what it got to delete is not
        # taken for files that somebody else deleted.
        held = {one.id: self._let_wait(one) for one in doomed}
        self._save()
        users = Users(self._context, stores.left)
        waiting = doomed
        while waiting and not (self._context.stop.is_set() or self._disturbance_told):
            batch, waiting = waiting[: users.batch], waiting[users.batch :]
            try:
                batch, used = split_by_use(
                    batch,
                    users,
                    lambda one: self._in_use(self._key_for_in_use(one.id, one.key)),
                    self._settings.again,
                )
            except Interrupted:
                break
            for one in used:
                held[one.id] = None
            self._delete_batch(batch, held)
        # What was to go and did not is its key's as before, should the key come back.
        for one in doomed:
            entry = held[one.id]
            if one.key is not None and entry is not None:
                self._lock.put(one.key, entry)
        self._save()

    def _in_vain(self) -> list[Deletion]:
        """Retire what interrupted uploads made that nobody needs, and return it to be deleted."""
        # An upload that is still wanted was looked for before anything was sent.
        wanted = {one.key: one.desired for one in self._uploads}
        unsure = [
            one
            for one in self._plan.recovery.unsure
            if (want := wanted.get(one.key)) is None or not one.is_for(want)
        ]
        found = made_in_vain(unsure, self._lock, self._context)
        now = self._context.now()
        return [
            Deletion(file_id, key, planned=False)
            for file_id, key in found.items()
            if self._lock.retire(file_id, key, now)
        ]

    def _delete_batch(self, doomed: list[Deletion], held: dict[str, LockEntry | None]) -> None:
        """Delete some files; what is gone is out of the lock and of `held`."""
        for batch in delete_all(doomed, self._context):
            for deleted in batch:
                if deleted.error is not None:
                    self._fail(deleted.doomed.key, Action.DELETE, deleted.error)
                    continue
                one = deleted.doomed
                held[one.id] = None
                self._lock.drop(one.id, one.key)
                if one.planned:
                    self._done(Done(one.key, Action.DELETE, one.id, filename=one.filename))
            self._saver.soon(bool(batch))
            self._heed_disturbance()
            self._acknowledge_stop()

    def _save(self) -> None:
        self._saver.now()
        self._heed_disturbance()

    def _heed_disturbance(self) -> None:
        """Delete nothing once somebody else has written the lockfile: it may name what would go."""
        kept = self._saver.disturbed
        if kept is None or self._disturbance_told:
            return
        self._disturbance_told = True
        name = printable(kept)
        self._fail(
            None,
            Action.NOOP,
            FilesyncError(
                "the lockfile was changed by somebody else while this apply ran: it holds what "
                f"this run did, and what they wrote is kept as {name}",
                f"compare the two, take over what is missing, and run {command('plan')}",
            ),
        )

    def _acknowledge_stop(self) -> None:
        """Say once that Ctrl-C was heard: until the server has answered, nothing else shows it."""
        if self._context.stop.is_set() and not (self._given_up or self._stop_told):
            self._stop_told = True
            self._context.watch(
                Note("stopping once what is under way is answered; Ctrl-C again stops at once")
            )

    def _let_wait(self, one: Deletion) -> LockEntry | None:
        """Let a file wait in `retired`, and return the entry by which its key held it.

        One that waits there already keeps its record, so that the lockfile does not churn; one
        that no key ever named is in no lockfile.
        """
        if one.key is None or one.id in self._lock.retired:
            return None
        entry = self._lock.files.get(one.key)
        self._lock.drop(one.id, one.key)
        key = self._key_for_in_use(one.id, one.key) or one.key
        self._lock.retire(one.id, key, self._context.now())
        return entry if entry is not None and entry.id == one.id else None

    def _done(self, event: Done) -> None:
        self._applied.append(event)
        self._context.watch(event)

    def _fail(
        self,
        key: str | None,
        action: AnyAction,
        error: FilesyncError,
        store: str | None = None,
    ) -> None:
        if isinstance(error, Interrupted):
            return
        if isinstance(error, AuthError | LeaseLost):
            self._given_up = True  # nothing else will work either, or nothing more may be done
            self._context.stop.set()
        event = Failed(key, action, str(error), store)
        self._failed.append(event)
        self._context.watch(event)


def _in_turn(change: Change, error: FilesyncError) -> FilesyncError:
    """Return the error for a key that shares the file of a change that failed."""
    if isinstance(error, Interrupted):
        return error
    key = printable(change.key or "")
    return FilesyncError(f"it shares the file of {key}, which failed: {error.message}", error.hint)

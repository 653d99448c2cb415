"""The vector stores of a plan: made, filled, and only then emptied of what has been replaced.

The order is the safety: a new version is in the store and indexed, and in the lockfile, before the
old one is detached. One document that fails keeps its predecessor and holds up no other.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from filesync.core.events import AnyAction, Done, Note
from filesync.core.lockfile.lock import Lockfile
from filesync.core.recovery.store_journal import StoreJournalWriter, attach_line
from filesync.core.stores.change import MemberAction, MemberChange, StoreAction, StoreChange
from filesync.core.stores.model import NO_ATTRIBUTES, LockedMember, LockedStore
from filesync.core.stores.pipeline import kept_members, members_to_record
from filesync.core.stores.table import new_metadata
from filesync.core.text import plural, printable
from filesync.errors import AuthError, FilesyncError, Interrupted, RemoteError
from filesync.execute.context import ApplyContext
from filesync.execute.lock_saver import Saver
from filesync.execute.pool import Step, Task, run_tasks
from filesync.execute.store_attach import attach_all
from filesync.execute.store_create import create_store
from filesync.execute.store_wait import wait_until_indexed
from filesync.remote.stores import NewMember

_ATTACHES = (MemberAction.ATTACH, MemberAction.SWAP, MemberAction.REATTACH)


class StoreReport(NamedTuple):
    """How vector-store work is reported: what was done, what was not, and the time to wait.

    `whole` says that the run is about every store: then nothing is open once it is done.
    """

    done: Callable[[Done], None]
    failed: Callable[[str | None, AnyAction, FilesyncError, str], None]
    index_timeout: float
    whole: bool


class InStores(NamedTuple):
    """What the stores of a run say of files that are to be deleted.

    `kept` are files that a store still needs: what should replace them is not indexed. `left` maps
    a file to the stores that it was detached from.
    """

    kept: set[str]
    left: Mapping[str, set[str]]


class _Doing(NamedTuple):
    """A store that is there, and what is under way in it."""

    row: StoreChange
    id: str
    #: The members waited for, by the file's id.
    pending: dict[str, MemberChange]


class StoreApplier:
    """Carries out the decisions about vector stores.

    `fresh` maps a key to the file that this run gave it.
    """

    def __init__(
        self,
        rows: Sequence[StoreChange],
        lock: Lockfile,
        context: ApplyContext,
        *,
        saver: Saver,
        journal: StoreJournalWriter,
        report: StoreReport,
    ) -> None:
        self._rows = rows
        self._lock = lock
        self._context = context
        self._saver = saver
        self._journal = journal
        self._report = report
        self._fresh: Mapping[str, str] = {}
        self._kept: set[str] = set()
        self._left: dict[str, set[str]] = defaultdict(set)
        self._ready: dict[str, list[MemberChange]] = {}
        self._trouble = False
        self._guard = threading.Lock()

    def run(self, fresh: Mapping[str, str], *, deletes: bool) -> InStores:
        """Do all that the plan says of stores; one document's failure never stops another's."""
        self._fresh = fresh
        # Until it is shown that nothing needs them, all that leave are needed.
        leaving = {old for row in self._rows for one in row.members for old in one.old_ids}
        self._kept = set(leaving)
        doing = [one for row in self._rows if (one := self._open(row)) is not None]
        for one in doing:
            self._guarded(one.row, partial(self._fill, one))
        self._wait(doing)
        self._saver.now()
        if not self._stopped:
            for one in doing:
                self._guarded(one.row, partial(self._detach, one))
            self._reattach_lost(doing)
            for row in self._rows:
                self._guarded(row, partial(self._delete, row, deletes))
            self._saver.now()
        if self._report.whole and not (self._trouble or self._stopped):
            self._journal.clear()
        return InStores(self._kept, self._left)

    @property
    def _stopped(self) -> bool:
        return self._context.stop.is_set()

    def _guarded(self, row: StoreChange, work: Callable[[], None]) -> None:
        """Do some work for a store; what fails is reported, and the other stores go on."""
        if self._stopped:
            return
        try:
            work()
        except FilesyncError as error:
            self._fail(None, row.action, error, row.key)

    def _fail(self, key: str | None, action: AnyAction, error: FilesyncError, store: str) -> None:
        self._trouble = True
        self._report.failed(key, action, error, store)

    def _done(self, key: str | None, action: AnyAction, object_id: str, store: str) -> None:
        self._report.done(Done(key, action, object_id, store=store))

    # the stores themselves

    def _open(self, row: StoreChange) -> _Doing | None:
        """Make or update a store; None for one that is not to be filled."""
        found: list[str] = []
        self._guarded(row, lambda: found.extend(self._opened(row)))
        return _Doing(row, found[0], {}) if found else None

    def _opened(self, row: StoreChange) -> list[str]:
        stores, want = self._context.client.stores, row.desired
        if row.action is StoreAction.FORGET:
            self._lock.stores.pop(row.key, None)
            self._done(None, row.action, row.id or "", row.key)
        if want is None:
            return []
        store_id = row.id
        if row.action is StoreAction.CREATE:
            store_id = create_store(self._context, self._journal, want, row.begun).id
        elif row.fields and store_id is not None:
            stores.update(
                store_id,
                name=want.entry.name,
                expires_after=want.entry.expires_after,
                metadata=new_metadata(want, row.locked, row.remote),
            )
        assert store_id is not None
        if row.selected:
            self._lock_store(row, store_id)
        for key, one in members_to_record(row, self._lock.stores.get(row.key)).items():
            if one.there is not None and not one.there.pending:
                self._record(row.key, key, one.there.id, one)
        self._saver.now()
        if row.action is not StoreAction.NOOP:
            self._done(None, row.action, store_id, row.key)
        return [store_id]

    def _lock_store(self, row: StoreChange, store_id: str) -> None:
        assert row.desired is not None
        entry, held = row.desired.entry, self._lock.stores.get(row.key)
        same = held is not None and held.id == store_id
        self._lock.stores[row.key] = LockedStore(
            id=store_id,
            name=entry.name,
            expires_after=entry.expires_after,
            metadata=row.desired.metadata,
            # Until all are cut anew, the lock says how they were cut.
            chunking=held.chunking if same and held is not None else entry.chunking,
            files=held.files if same and held is not None else {},
            protect=entry.protect,
        )

    def _delete(self, row: StoreChange, deletes: bool) -> None:
        """Delete a store that nobody declares any more, or what is left of one that expired."""
        stores = self._context.client.stores
        lapsed = row.action is StoreAction.CREATE and row.remote is not None
        if not deletes or not (lapsed or row.action is StoreAction.DELETE):
            return
        store_id = row.remote.id if row.remote is not None else row.id
        assert store_id is not None
        stores.delete(store_id)
        if not lapsed:
            held = self._lock.stores.pop(row.key, None)
            for member in held.files.values() if held is not None else ():
                self._left[member.id].add(store_id)
            self._done(None, row.action, store_id, row.key)

    # what is in them

    def _record(self, store: str, key: str, file_id: str, one: MemberChange) -> None:
        with self._guard:
            held = self._lock.stores.get(store)
            if held is None:
                return
            files = held.files if isinstance(held.files, dict) else dict(held.files)
            files[key] = LockedMember(file_id, one.attributes)
            self._lock.stores[store] = held._replace(files=files)

    def _fill(self, doing: _Doing) -> None:
        """Attach what is to be attached, and note what has to be waited for."""
        row = doing.row
        assert row.desired is not None
        attach: list[NewMember] = []
        first: list[Callable[[], object]] = []
        for one in row.members:
            if one.key is None or one.action is MemberAction.DETACH:
                continue
            file_id = one.file_id or self._fresh.get(one.key)
            if file_id is None or file_id in one.old_ids:
                continue  # its upload failed, or is not in this run
            there = one.there
            if one.action is MemberAction.UPDATE:
                first.append(partial(self._update, doing, one, file_id))
                continue
            if one.action is MemberAction.REATTACH:
                first.append(partial(self._context.client.stores.detach, doing.id, file_id))
                there = None
            if one.action in _ATTACHES and there is None:
                attach.append(NewMember(file_id, one.attributes))
            if one.action in _ATTACHES or (there is not None and there.pending):
                doing.pending[file_id] = one
        self._together(first)
        for failed in attach_all(
            self._context, doing.id, attach, row.desired.entry.chunking, begin=self._beginner(row)
        ):
            one = doing.pending.pop(failed.file_id)
            self._fail(one.key, one.action, failed.error, row.key)

    def _together(self, work: Iterable[Callable[[], object]]) -> None:
        """Do several things at once; raises what one of them raises."""

        def task(one: Callable[[], object]) -> Task[FilesyncError]:
            def run() -> Step[FilesyncError]:
                try:
                    one()
                except FilesyncError as error:
                    return Step(error)
                return Step()

            return Task(0, run)

        tasks = [task(one) for one in work]
        errors: list[FilesyncError] = []
        for batch in run_tasks(tasks, workers=self._context.lanes, stop=self._context.stop):
            errors += batch
        if errors:
            raise errors[0]

    def _beginner(self, row: StoreChange) -> Callable[[Sequence[str]], None]:
        return lambda ids: self._journal.write(attach_line(row.key, ids))

    def _update(self, doing: _Doing, one: MemberChange, file_id: str) -> None:
        assert one.key is not None
        try:
            self._context.client.stores.update_attributes(doing.id, file_id, one.attributes)
        except (AuthError, Interrupted):
            raise
        except FilesyncError as error:
            self._fail(one.key, one.action, error, doing.row.key)
            return
        self._record(doing.row.key, one.key, file_id, one)
        self._done(one.key, one.action, file_id, doing.row.key)
        if one.old_ids:
            self._ready.setdefault(doing.row.key, []).append(one)

    def _wait(self, doing: Sequence[_Doing]) -> None:
        """Wait for what was attached, and record each document that is indexed."""
        by_key = {one.row.key: one for one in doing}
        waiting = {key: (one.id, set(one.pending)) for key, one in by_key.items() if one.pending}
        if not waiting or self._stopped:
            return
        outcomes = wait_until_indexed(self._context, waiting, timeout=self._report.index_timeout)
        try:
            for store, file_id, error in outcomes:
                one = by_key[store].pending.pop(file_id)
                if error is not None:
                    self._fail(one.key, one.action, error, store)
                    continue
                assert one.key is not None
                # A crash before the old ones are detached must not make strangers of them.
                if one.old_ids:
                    self._journal.write(attach_line(store, one.old_ids))
                self._record(store, one.key, file_id, one)
                self._ready.setdefault(store, []).append(one)
                if one.action is not MemberAction.NOOP:
                    self._done(one.key, one.action, file_id, store)
                self._saver.soon(changed=True)
        except FilesyncError as error:
            for each in doing:
                for left in each.pending.values():
                    self._fail(left.key, left.action, error, each.row.key)

    def _detach(self, doing: _Doing) -> None:
        """Detach what was replaced or is not wanted any more."""
        row = doing.row
        ready = self._ready.get(row.key, [])
        leaving = [(one, old) for one in ready for old in one.old_ids]
        leaving += [
            (one, old)
            for one in row.members
            if one.action is MemberAction.DETACH
            for old in one.old_ids
        ]

        def task(one: MemberChange, old: str) -> Task[tuple[MemberChange, str, str]]:
            def run() -> Step[tuple[MemberChange, str, str]]:
                try:
                    self._context.client.stores.detach(doing.id, old)
                except FilesyncError as error:
                    if isinstance(error, AuthError):
                        self._context.stop.set()
                    return Step((one, old, str(error)))
                return Step((one, old, ""))

            return Task(0, run)

        tasks = [task(one, old) for one, old in leaving]
        for batch in run_tasks(tasks, workers=self._context.lanes, stop=self._context.stop):
            for one, old, error in batch:
                if error:
                    self._fail(one.key, one.action, RemoteError(error), row.key)
                    continue
                self._left[old].add(doing.id)
                if one.action is MemberAction.DETACH:
                    self._done(one.key, one.action, old, row.key)
        self._settle_lock(row)

    def _settle_lock(self, row: StoreChange) -> None:
        """Let the lock say no more of a store than is in it."""
        held = self._lock.stores.get(row.key)
        if held is None or row.desired is None or not row.selected:
            return
        gone = {old for old, stores in self._left.items() if held.id in stores}
        files = kept_members(row, held, gone)
        uncut = any(one.reason == "chunking_changed" for one in row.members) and self._trouble
        chunking = held.chunking if uncut else row.desired.entry.chunking
        self._lock.stores[row.key] = held._replace(files=files, chunking=chunking)

    # afterwards

    def _reattach_lost(self, doing: Iterable[_Doing]) -> None:
        """Look whether a detach has detached from other stores, too (openai-node#1710)."""
        every = list(doing)
        for one in every:
            row, lost = one.row, []
            for file_id, stores in self._left.items():
                expected = file_id in self._expected(row, one.id)
                if one.id in stores or not expected or self._stopped:
                    continue
                if self._context.client.stores.get_member(one.id, file_id) is None:
                    lost.append(NewMember(file_id, self._attributes(row, file_id)))
            if lost:
                self._context.watch(
                    Note(
                        f"the server also detached {plural(len(lost), 'document')} from the vector "
                        f"store {printable(row.key)}: attaching again",
                        warning=True,
                    )
                )
                self._guarded(row, partial(self._again, one, lost))
        # What a store has left for good needs no store any more.
        still = {file_id for one in every for file_id in self._expected(one.row, one.id)}
        self._kept = {
            file_id for file_id in self._kept if file_id in still or file_id not in self._left
        }

    def _expected(self, row: StoreChange, store_id: str) -> set[str]:
        """Return what of the members that a store had is to be in it now."""
        gone = {file_id for file_id, stores in self._left.items() if store_id in stores}
        held = self._lock.stores.get(row.key)
        now = {member.id for member in held.files.values()} if held is not None else set()
        return (set(row.present) | now) - gone

    def _attributes(self, row: StoreChange, file_id: str) -> Mapping[str, str | int | float | bool]:
        held = self._lock.stores.get(row.key)
        for member in held.files.values() if held is not None else ():
            if member.id == file_id:
                return member.attributes
        of = next((one for one in row.members if file_id in one.old_ids), None)
        return (of.before if of is not None else None) or NO_ATTRIBUTES

    def _again(self, doing: _Doing, lost: Sequence[NewMember]) -> None:
        assert doing.row.desired is not None
        chunking = doing.row.desired.entry.chunking
        for failed in attach_all(
            self._context, doing.id, lost, chunking, begin=self._beginner(doing.row)
        ):
            self._fail(None, MemberAction.REATTACH, failed.error, doing.row.key)
        waiting = {doing.row.key: (doing.id, {one.file_id for one in lost})}
        for store, _, error in wait_until_indexed(
            self._context, waiting, timeout=self._report.index_timeout
        ):
            if error is not None:
                self._fail(None, MemberAction.REATTACH, error, store)

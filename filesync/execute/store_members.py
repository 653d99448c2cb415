"""The documents of vector stores: attached, waited for, and then the old ones detached."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from filesync.core.commands import command
from filesync.core.events import Note
from filesync.core.stores.change import MemberAction, MemberChange, StoreChange
from filesync.core.stores.model import Attributes, kept_as_sent
from filesync.core.stores.pipeline import kept_members
from filesync.core.text import listed, plural, printable
from filesync.errors import AuthError, FilesyncError, Interrupted, RemoteError
from filesync.execute.pool import Step, Task, run_tasks
from filesync.execute.store_attach import attach_all
from filesync.execute.store_ledger import OpenStore, StoreLedger
from filesync.execute.store_wait import wait_until_indexed
from filesync.remote.stores import NewMember

_ATTACHES = (MemberAction.ATTACH, MemberAction.SWAP, MemberAction.REATTACH)


class StoreMembers:
    """Fills stores and empties them; `fresh` maps a key to the file that this run gave it."""

    def __init__(self, ledger: StoreLedger, fresh: Mapping[str, str]) -> None:
        self._ledger = ledger
        self._fresh = fresh
        #: Members that are indexed now, by store: what they replace can be detached.
        self._ready: dict[str, list[MemberChange]] = {}
        #: Stores whose server keeps other attributes than it is sent.
        self._warned: set[str] = set()

    def fill(self, doing: OpenStore) -> None:
        """Attach what is to be attached, and note what has to be waited for."""
        row = doing.row
        first: list[Callable[[], object]] = []
        for one in row.members:
            if one.key is None or one.action is MemberAction.DETACH:
                continue
            file_id = one.file_id or self._fresh.get(one.key)
            if file_id is None or file_id in one.old_ids:
                continue  # its upload failed, or is not in this run
            if one.action is MemberAction.UPDATE:
                first.append(partial(self._update, doing, one, file_id))
                continue
            if one.action in _ATTACHES or (one.there is not None and one.there.pending):
                doing.pending[file_id] = one
            if one.action is MemberAction.REATTACH:
                first.append(partial(self._take_out, doing, one, file_id))
        self._together(first)
        self._attach(doing)

    def _attach(self, doing: OpenStore) -> None:
        """Attach what is pending and not in the store; what could not be is not waited for."""
        row, context = doing.row, self._ledger.context
        assert row.desired is not None
        new = [
            NewMember(file_id, one.attributes)
            for file_id, one in doing.pending.items()
            if one.there is None or one.action is MemberAction.REATTACH
        ]
        waited_for = dict(doing.pending)
        open_ids = {one.file_id for one in new}
        sent: set[str] = set()
        note = self._ledger.beginner(row.key)

        def begin(ids: Sequence[str]) -> None:
            open_ids.difference_update(sent)  # the batch before this one was attached
            sent.update(ids)
            note(ids)

        try:
            for failed in attach_all(
                context, doing.id, new, row.desired.entry.chunking, begin=begin
            ):
                one = doing.pending.pop(failed.file_id)
                self._ledger.failed(one.key, one.action, failed.error, row.key)
            open_ids.clear()
        finally:
            for file_id in open_ids:
                doing.pending.pop(file_id, None)
            self._report_missing(row.key, waited_for.keys() - doing.pending.keys(), waited_for)

    def _report_missing(
        self, store: str, ids: Iterable[str], waited_for: Mapping[str, MemberChange]
    ) -> None:
        """Report documents that were taken out to be attached again, and were not."""
        out = [one for one in ids if waited_for[one].action is MemberAction.REATTACH]
        if out:
            self._ledger.context.watch(
                Note(
                    f"searches in the vector store {printable(store)} miss "
                    f"{plural(len(out), 'document')} that could not be attached again, until "
                    f"{command('apply')} has done it",
                    warning=True,
                )
            )

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

        tasks, context = [task(one) for one in work], self._ledger.context
        errors: list[FilesyncError] = []
        for batch in run_tasks(tasks, workers=context.lanes, stop=context.stop):
            errors += batch
        if errors:
            raise errors[0]

    def _take_out(self, doing: OpenStore, one: MemberChange, file_id: str) -> None:
        """Detach a document that is to be attached anew; one that stays in is not waited for."""
        try:
            self._ledger.context.client.stores.detach(doing.id, file_id)
        except (AuthError, Interrupted):
            raise
        except FilesyncError as error:
            doing.pending.pop(file_id)
            self._ledger.failed(one.key, one.action, error, doing.row.key)

    def _update(self, doing: OpenStore, one: MemberChange, file_id: str) -> None:
        assert one.key is not None
        try:
            stores = self._ledger.context.client.stores
            reported = stores.update_attributes(doing.id, file_id, one.attributes)
        except (AuthError, Interrupted):
            raise
        except FilesyncError as error:
            self._ledger.failed(one.key, one.action, error, doing.row.key)
            return
        if reported is not None and not kept_as_sent(one.attributes, reported):
            self._warn_of_attributes(doing.row.key, one, reported)
        self._ledger.record(doing.row.key, one.key, file_id, one)
        self._ledger.done(one.key, one.action, file_id, doing.row.key)
        if one.old_ids:
            self._ready.setdefault(doing.row.key, []).append(one)

    def _warn_of_attributes(self, store: str, one: MemberChange, reported: Attributes) -> None:
        """Say once a store that its server does not keep the attributes that it is sent."""
        if store in self._warned:
            return
        self._warned.add(store)
        names = sorted(one.attributes.keys() | reported.keys())
        other = [name for name in names if one.attributes.get(name) != reported.get(name)]
        self._ledger.context.watch(
            Note(
                f"the vector store {printable(store)} does not keep the attributes it is sent: of "
                f"{printable(one.key or '')} it reports another {printable(listed(other, 5))}, "
                "and if it stays so, each apply sends them again",
                warning=True,
            )
        )

    def wait(self, doing: Sequence[OpenStore]) -> None:
        """Wait for what was attached, and record each document that is indexed."""
        by_key = {one.row.key: one for one in doing}
        waiting = {key: (one.id, set(one.pending)) for key, one in by_key.items() if one.pending}
        if not waiting or self._ledger.stopped:
            return
        outcomes = wait_until_indexed(
            self._ledger.context, waiting, timeout=self._ledger.report.index_timeout
        )
        try:
            for store, file_id, error in outcomes:
                one = by_key[store].pending.pop(file_id)
                if error is not None:
                    self._ledger.failed(one.key, one.action, error, store)
                    continue
                assert one.key is not None
                # A crash before the old ones are detached must not make strangers of them.
                if one.old_ids:
                    self._ledger.beginner(store)(one.old_ids)
                self._ledger.record(store, one.key, file_id, one)
                self._ready.setdefault(store, []).append(one)
                if one.action is not MemberAction.NOOP:
                    self._ledger.done(one.key, one.action, file_id, store)
                self._ledger.saver.soon(changed=True)
        except FilesyncError as error:
            for each in doing:
                for left in each.pending.values():
                    self._ledger.failed(left.key, left.action, error, each.row.key)

    def detach(self, doing: OpenStore) -> None:
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
                    self._ledger.context.client.stores.detach(doing.id, old)
                except FilesyncError as error:
                    if isinstance(error, AuthError):
                        self._ledger.context.stop.set()
                    return Step((one, old, str(error)))
                return Step((one, old, ""))

            return Task(0, run)

        tasks = [task(one, old) for one, old in leaving]
        for batch in run_tasks(
            tasks, workers=self._ledger.context.lanes, stop=self._ledger.context.stop
        ):
            for one, old, error in batch:
                if error:
                    self._ledger.failed(one.key, one.action, RemoteError(error), row.key)
                    continue
                self._ledger.left[old].add(doing.id)
                if one.action is MemberAction.DETACH:
                    self._ledger.done(one.key, one.action, old, row.key)
        self._settle_lock(row)

    def _settle_lock(self, row: StoreChange) -> None:
        """Let the lock say no more of a store than is in it."""
        held = self._ledger.lock.stores.get(row.key)
        if held is None or row.desired is None or not row.selected:
            return
        gone = {old for old, stores in self._ledger.left.items() if held.id in stores}
        files = kept_members(row, held, gone)
        uncut = (
            any(one.reason == "chunking_changed" for one in row.members) and self._ledger.trouble
        )
        chunking = held.chunking if uncut else row.desired.entry.chunking
        self._ledger.lock.stores[row.key] = held._replace(files=files, chunking=chunking)

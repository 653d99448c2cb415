"""What a detach has detached from other stores, too: attached again (openai-node#1710)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from filesync.core.events import Note
from filesync.core.stores.change import MemberAction, StoreAction, StoreChange
from filesync.core.stores.model import NO_ATTRIBUTES, Attributes, Chunking
from filesync.core.text import plural, printable
from filesync.execute.store_attach import attach_all
from filesync.execute.store_ledger import OpenStore, StoreLedger
from filesync.execute.store_wait import wait_until_indexed
from filesync.remote.stores import NewMember


class _Holder(NamedTuple):
    """A store that is to go on holding what it holds; `row` is None if the run is not about it."""

    key: str
    id: str
    chunking: Chunking | None
    row: StoreChange | None


class StoreLosses:
    """Looks after the stores of the lockfile, also after those that the run is not about."""

    def __init__(self, ledger: StoreLedger, rows: Iterable[StoreChange]) -> None:
        self._ledger = ledger
        self._leaving = {row.key for row in rows if row.desired is None}

    def reattach(self, opened: Sequence[OpenStore]) -> None:
        """Attach again what was detached from another store only, and is gone from this one."""
        for holder in self._holders(opened):
            action = StoreAction.NOOP if holder.row is None else holder.row.action
            self._ledger.guarded(holder.key, action, partial(self._look_after, holder))

    def still_needed(self, opened: Sequence[OpenStore]) -> set[str]:
        """Return the files that a store is to go on holding."""
        return {one for holder in self._holders(opened) for one in self._expected(holder)}

    def _holders(self, opened: Sequence[OpenStore]) -> Iterator[_Holder]:
        for one in opened:
            assert one.row.desired is not None
            yield _Holder(one.row.key, one.id, one.row.desired.entry.chunking, one.row)
        told = self._leaving | {one.row.key for one in opened}
        for key, locked in list(self._ledger.lock.stores.items()):
            if key not in told:
                yield _Holder(key, locked.id, locked.chunking, None)

    def _look_after(self, holder: _Holder) -> None:
        stores = self._ledger.context.client.stores
        lost = []
        for file_id in sorted(self._ledger.left.keys() & self._expected(holder)):
            if self._ledger.stopped:
                return
            if stores.get_member(holder.id, file_id) is None:
                lost.append(NewMember(file_id, self._attributes(holder, file_id)))
        if not lost or (holder.row is None and stores.get(holder.id) is None):
            return  # a store that is gone is for the next plan to report
        self._ledger.context.watch(
            Note(
                f"the server also detached {plural(len(lost), 'document')} from the vector "
                f"store {printable(holder.key)}: attaching again",
                warning=True,
            )
        )
        self._again(holder, lost)

    def _expected(self, holder: _Holder) -> set[str]:
        """Return what of the members that a store had is to be in it now."""
        held = self._ledger.lock.stores.get(holder.key)
        had = {member.id for member in held.files.values()} if held is not None else set()
        if holder.row is not None:
            had |= holder.row.present
        return {file_id for file_id in had if holder.id not in self._ledger.left.get(file_id, ())}

    def _attributes(self, holder: _Holder, file_id: str) -> Attributes:
        held = self._ledger.lock.stores.get(holder.key)
        for member in held.files.values() if held is not None else ():
            if member.id == file_id:
                return member.attributes
        members = holder.row.members if holder.row is not None else ()
        of = next((one for one in members if file_id in one.old_ids), None)
        return (of.before if of is not None else None) or NO_ATTRIBUTES

    def _again(self, holder: _Holder, lost: Sequence[NewMember]) -> None:
        context, waited_for = self._ledger.context, {one.file_id for one in lost}
        begin = self._ledger.beginner(holder.key)
        for failed in attach_all(context, holder.id, lost, holder.chunking, begin=begin):
            waited_for.discard(failed.file_id)
            self._ledger.failed(None, MemberAction.REATTACH, failed.error, holder.key)
        waiting = {holder.key: (holder.id, waited_for)}
        timeout = self._ledger.report.index_timeout
        for store, _, error in wait_until_indexed(context, waiting, timeout=timeout):
            if error is not None:
                self._ledger.failed(None, MemberAction.REATTACH, error, store)

"""The vector stores themselves: created or updated before they are filled, deleted last."""

from __future__ import annotations

from filesync.core.stores.change import StoreAction, StoreChange
from filesync.core.stores.model import LockedStore
from filesync.core.stores.pipeline import members_to_record
from filesync.core.stores.table import new_metadata
from filesync.execute.store_create import create_store
from filesync.execute.store_ledger import OpenStore, StoreLedger


class StoreSettings:
    """Creates, updates and deletes stores, and writes them into the lock."""

    def __init__(self, ledger: StoreLedger) -> None:
        self._ledger = ledger

    def open(self, row: StoreChange) -> OpenStore | None:
        """Make or update a store; None for one that is not to be filled."""
        found: list[str] = []
        self._ledger.guarded(row.key, row.action, lambda: found.extend(self._opened(row)))
        return OpenStore(row, found[0], {}) if found else None

    def _opened(self, row: StoreChange) -> list[str]:
        stores, want = self._ledger.context.client.stores, row.desired
        if row.action is StoreAction.FORGET:
            self._ledger.lock.stores.pop(row.key, None)
            self._ledger.done(None, row.action, row.id or "", row.key)
        if want is None:
            return []
        store_id = row.id
        if row.action is StoreAction.CREATE:
            store_id = create_store(self._ledger.context, self._ledger.journal, want, row.begun).id
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
        for key, one in members_to_record(row, self._ledger.lock.stores.get(row.key)).items():
            if one.there is not None and not one.there.pending:
                self._ledger.record(row.key, key, one.there.id, one)
        self._ledger.saver.now()
        if row.action is not StoreAction.NOOP:
            self._ledger.done(None, row.action, store_id, row.key)
        return [store_id]

    def _lock_store(self, row: StoreChange, store_id: str) -> None:
        assert row.desired is not None
        entry, held = row.desired.entry, self._ledger.lock.stores.get(row.key)
        same = held is not None and held.id == store_id
        self._ledger.lock.stores[row.key] = LockedStore(
            id=store_id,
            name=entry.name,
            expires_after=entry.expires_after,
            metadata=row.desired.metadata,
            # Until all are cut anew, the lock says how they were cut.
            chunking=held.chunking if same and held is not None else entry.chunking,
            files=held.files if same and held is not None else {},
            protect=entry.protect,
        )

    def delete(self, row: StoreChange, deletes: bool) -> None:
        """Delete a store that nobody declares any more, or what is left of one that expired."""
        stores = self._ledger.context.client.stores
        lapsed = row.action is StoreAction.CREATE and row.remote is not None
        if not deletes or not (lapsed or row.action is StoreAction.DELETE):
            return
        store_id = row.remote.id if row.remote is not None else row.id
        assert store_id is not None
        stores.delete(store_id)
        if not lapsed:
            held = self._ledger.lock.stores.pop(row.key, None)
            for member in held.files.values() if held is not None else ():
                self._ledger.left[member.id].add(store_id)
            self._ledger.done(None, row.action, store_id, row.key)

"""The decision table for stores: one row, one reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from filesync.core.stores.change import StoreAction, StoreChange, StoreReason
from filesync.core.stores.explain import changed_fields
from filesync.core.stores.model import MARK, DesiredStore, LockedStore, RemoteStore, mark_of


def decide_store(
    key: str,
    desired: DesiredStore | None,
    locked: LockedStore | None,
    remote: Mapping[str, RemoteStore],
    marked: Iterable[RemoteStore] = (),
) -> StoreChange:
    """Return what is to happen to one store; its members are decided elsewhere.

    `remote` are the stores there are, by id, as far as they were asked for; `marked` those that
    carry the mark of this key. Raises KeyError where the key is neither desired nor locked.
    """
    live = None if locked is None else remote.get(locked.id)
    if desired is None:
        if locked is None:
            raise KeyError(key)
        if live is None:
            return StoreChange(key, StoreAction.FORGET, StoreReason.GONE, locked.id, None, locked)
        reason = StoreReason.REMOVED_FROM_MANIFEST
        return StoreChange(key, StoreAction.DELETE, reason, live.id, None, locked, live)
    if locked is not None and live is not None and not live.expired:
        fields = differing(desired, locked, live)
        action = StoreAction.UPDATE if fields else StoreAction.NOOP
        reason = StoreReason.ATTRIBUTES_CHANGED if fields else StoreReason.UP_TO_DATE
        return StoreChange(key, action, reason, live.id, desired, locked, live, fields)
    # Before anything is created: does one carry our mark, of a lost lockfile or a lost answer?
    usable = sorted((one for one in marked if not one.expired), key=lambda one: one.created_at)
    if usable:
        found = usable[0]
        fields = differing(desired, None, found)
        return StoreChange(
            key,
            StoreAction.ADOPT,
            StoreReason.MARK_MATCH,
            found.id,
            desired,
            locked,
            found,
            fields,
            twins=tuple(one.id for one in usable[1:]),
        )
    if locked is None:
        return StoreChange(key, StoreAction.CREATE, StoreReason.NEW, None, desired)
    lapsed = live is not None  # and expired: a live one has been dealt with
    reason = StoreReason.EXPIRED if lapsed else StoreReason.MISSING_REMOTELY
    return StoreChange(key, StoreAction.CREATE, reason, None, desired, locked, live)


def carries(store: RemoteStore, project: str, key: str) -> bool:
    """Say whether a store's own metadata say that it is the store of this project and key."""
    return store.metadata is not None and store.metadata.get(MARK) == mark_of(project, key)


def differing(
    desired: DesiredStore, locked: LockedStore | None, live: RemoteStore
) -> tuple[str, ...]:
    """Return which of name, metadata and expires_after differ from the lock or the server, sorted.

    What a server does not report cannot differ. Metadata that somebody else has added stay.
    """
    want = wanted(desired)
    fields: set[str] = set()
    if locked is not None:
        have = {
            "name": locked.name,
            "expires_after": locked.expires_after,
            "metadata": dict(locked.metadata),
        }
        if have != want:
            fields.update(changed_fields(have, want))
    seen = reported(desired, locked, live)
    if seen != want:
        fields.update(changed_fields(seen, want))
    return tuple(sorted(fields))


def wanted(desired: DesiredStore) -> dict[str, Any]:
    """Return what can be updated of a store, as the manifest says it."""
    return {
        "name": desired.entry.name,
        "expires_after": desired.entry.expires_after,
        "metadata": dict(desired.metadata),
    }


def reported(
    desired: DesiredStore, locked: LockedStore | None, live: RemoteStore
) -> dict[str, Any]:
    """Return the same as the server reports it, as the manifest says it where it does not."""
    want = wanted(desired)
    ours = desired.metadata.keys() | (locked.metadata.keys() if locked is not None else set())
    return {
        "name": want["name"] if live.name is None else live.name,
        "expires_after": live.expires_after if live.tells_expiry else want["expires_after"],
        "metadata": want["metadata"]
        if live.metadata is None
        else {name: value for name, value in live.metadata.items() if name in ours},
    }


def new_metadata(
    desired: DesiredStore, locked: LockedStore | None, live: RemoteStore | None
) -> dict[str, str]:
    """Return the metadata to send: ours, and those that somebody else has added.

    An update replaces all of them, and there is room for 16.
    """
    ours = dict(desired.metadata)
    gone = locked.metadata.keys() if locked is not None else set()
    for name, value in ((live.metadata if live is not None else None) or {}).items():
        if name not in ours and name not in gone and len(ours) < 16:
            ours[name] = value
    return ours

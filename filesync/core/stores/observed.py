"""What is known of vector stores when a plan is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from filesync.core.stores.model import FileCounts, LockedStore, RemoteMember, RemoteStore


class StoreTrace(NamedTuple):
    """What the journal says of one store since the lockfile was last in line with it.

    `begun` is when its creation was last asked for, in Unix seconds, None if it was not; `made`
    the id that the server answered; `attached` the files that we asked to attach.
    """

    begun: int | None = None
    made: str | None = None
    attached: frozenset[str] = frozenset()


class ObservedStores(NamedTuple):
    """The stores there are, as far as a plan asks.

    `stores` maps ids to stores; `marked` the keys of declared stores to those that carry their
    mark; `members` the id of each store whose members matter to these, by id.
    """

    stores: Mapping[str, RemoteStore]
    marked: Mapping[str, list[RemoteStore]]
    members: Mapping[str, Mapping[str, RemoteMember]]


NOTHING_OBSERVED = ObservedStores({}, {}, {})


def as_locked(locked: Mapping[str, LockedStore]) -> ObservedStores:
    """Return the stores as the lock believes them to be, for a plan without a server."""
    stores = {
        one.id: RemoteStore(
            id=one.id,
            name=one.name,
            status="completed",
            expires_after=one.expires_after,
            expires_at=None,
            created_at=0,
            last_active_at=None,
            metadata=one.metadata,
            usage_bytes=None,
            counts=FileCounts(completed=len(one.files)),
        )
        for one in locked.values()
    }
    members = {
        one.id: {
            member.id: RemoteMember(member.id, "completed", member.attributes, None)
            for member in one.files.values()
        }
        for one in locked.values()
    }
    return ObservedStores(stores, {}, members)

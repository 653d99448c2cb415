"""The platform's vector stores, as far as a plan needs them.

For a store that the lockfile names, that is one request and the pages of its members. All stores
are listed only where one has to be found by its mark.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from filesync.core.lockfile.lock import Lockfile
from filesync.core.stores.model import RemoteMember, RemoteStore
from filesync.core.stores.observed import NOTHING_OBSERVED, ObservedStores, StoreTrace
from filesync.core.stores.table import carries
from filesync.errors import GONE, ApiError, FilesyncError, NoSuchRoute
from filesync.remote.client import Reader
from filesync.remote.stores import StoreReader

_LOOKUPS_AT_ONCE = 8


def observe_stores(
    client: Reader,
    declared: Iterable[str],
    lock: Lockfile,
    project: str,
    traces: Mapping[str, StoreTrace],
) -> ObservedStores:
    """Return the stores of the declared keys and of those in the lock, with their members.

    Nothing is asked where there are none. FilesyncError on a server without vector stores.
    """
    keys = set(declared)
    if not keys and not lock.stores:
        return NOTHING_OBSERVED
    made = {trace.made for key, trace in traces.items() if key in keys and trace.made}
    asked = {one.id for one in lock.stores.values()} | made
    with ThreadPoolExecutor(_LOOKUPS_AT_ONCE) as pool:
        found = [one for one in pool.map(client.stores.get, sorted(asked)) if one is not None]
        stores = {one.id: one for one in found}
        live = {
            key: store
            for key, locked in lock.stores.items()
            if (store := stores.get(locked.id)) is not None and not store.expired
        }
        lost = keys - live.keys()
        marked: dict[str, list[RemoteStore]] = {}
        if lost:
            every = {one.id: one for one in _all_stores(client)} | stores
            marked = {
                key: [one for one in every.values() if carries(one, project, key)] for key in lost
            }
        wanted = [store.id for key, store in live.items() if key in keys]
        wanted += [one.id for several in marked.values() for one in several if not one.expired]
        members = pool.map(lambda store_id: _members(client.stores, store_id), wanted)
        return ObservedStores(stores, marked, dict(zip(wanted, members, strict=True)))


def _members(stores: StoreReader, store_id: str) -> dict[str, RemoteMember]:
    return {member.id: member for member in stores.list_members(store_id)}


def _all_stores(client: Reader) -> list[RemoteStore]:
    try:
        return client.stores.list_stores()
    except (ApiError, NoSuchRoute) as error:
        if isinstance(error, ApiError) and error.status not in GONE:
            raise
        raise FilesyncError(
            "this server has no vector stores, and the manifest declares some",
            "remove `vector_stores` from the manifest, or set base_url to a server that has them",
        ) from None

"""Single vector stores: taking an existing one into the lock, and giving one up."""

from __future__ import annotations

from typing import NamedTuple

from filesync.core.commands import command
from filesync.core.lockfile import format as lock_format
from filesync.core.run import Run
from filesync.core.stores.model import MARK, LockedMember, LockedStore, mark_of
from filesync.core.text import printable, quoted
from filesync.core.unknown_key import unknown_key
from filesync.errors import FilesyncError
from filesync.workflow.workspace import (
    desired_stores,
    open_lock,
    open_workspace,
    scan,
)


class AdoptedStore(NamedTuple):
    """A store that was taken into the lock; `known` and `others` count its members.

    `foreign` is the mark of another project or key that it carries, "" for none.
    """

    id: str
    known: int
    others: int
    foreign: str


def adopt_store(run: Run, key: str, store_id: str) -> AdoptedStore:
    """Take an existing vector store into the lock as the store of `key`.

    Its members are known as far as the lockfile knows their files; the next apply marks it as
    ours, and attaches and detaches what differs. Raises FilesyncError where that cannot be.
    """
    space = open_workspace(run)
    files = scan(run, space.manifest, space.problems)
    declared = {one.key: one for one in desired_stores(space.manifest, files)[0]}
    if key not in declared:
        raise unknown_key(key, declared, "the manifest's vector_stores")
    lock = space.lock
    held = lock.stores.get(key)
    owner = next((name for name, one in lock.stores.items() if one.id == store_id), None)
    if owner is not None:
        raise FilesyncError(
            f"{printable(store_id)} belongs to the store {quoted(owner)} already",
            f"{command('forget', '--store', owner)} gives it up, without deleting it",
        )
    with space.reader() as client:
        if held is not None and client.stores.get(held.id) is not None:
            raise FilesyncError(
                f"the vector store {quoted(key)} is in the lockfile already, as {held.id}",
                f"to give that one up first, run {command('forget', '--store', key)}",
            )
        found = client.stores.get(store_id)
        if found is None or found.expired:
            why = "has expired" if found is not None else "is not on the platform"
            raise FilesyncError(
                f"the vector store {printable(store_id)} {why}",
                f"{command('ls', '--stores')} lists them",
            )
        members = {one.id: one for one in client.stores.list_members(store_id)}
    known = {
        name: LockedMember(entry.id, members[entry.id].attributes or {})
        for name, entry in lock.files.items()
        if entry.id in members and name in declared[key].members
    }
    lock.stores[key] = LockedStore(
        id=found.id,
        name=found.name or "",
        expires_after=found.expires_after,
        metadata=dict(found.metadata or {}),
        chunking=None,
        files=known,
        protect=declared[key].entry.protect,
    )
    space.place.save(lock_format.dump_lockfile(lock))
    mine = {member.id for member in known.values()}
    mark = (found.metadata or {}).get(MARK, "")
    foreign = "" if mark == mark_of(space.manifest.project, key) else mark
    return AdoptedStore(found.id, len(mine), len(members.keys() - mine), foreign)


def forget_store(run: Run, key: str) -> LockedStore:
    """Drop a vector store from the lock, leave it on the platform, and return what was dropped."""
    place, lock = open_lock(run)
    held = lock.stores.pop(key, None)
    if held is None:
        raise unknown_key(key, lock.stores, "the lockfile's vector stores")
    place.save(lock_format.dump_lockfile(lock))
    return held

"""The order of the decisions about vector stores: fates of files, stores, members, selection."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from filesync.core.decide.change import Action, Change
from filesync.core.decide.selection import Selection
from filesync.core.lockfile.lock import Lockfile
from filesync.core.recovery.journal import LISTING_LAG_SECONDS
from filesync.core.stores.change import MemberAction, MemberChange, StoreAction, StoreChange
from filesync.core.stores.declared import shared_ids
from filesync.core.stores.members import FileFate, decide_members, document_of
from filesync.core.stores.model import (
    DesiredStore,
    FileCounts,
    LockedMember,
    LockedStore,
    RemoteMember,
)
from filesync.core.stores.observed import ObservedStores, StoreTrace
from filesync.core.stores.table import decide_store
from filesync.core.text import plural, printable


class Grounds(NamedTuple):
    """What the stores of a plan are decided on.

    `rows` are the decisions about files, `lock` is the lockfile with what was recovered in it,
    and `ours` are more files that are known to be ours.
    """

    seen: ObservedStores
    traces: Mapping[str, StoreTrace]
    rows: Iterable[Change]
    lock: Lockfile
    ours: Collection[str]
    now: int


def decide_stores(
    desired: Iterable[DesiredStore], grounds: Grounds, selection: Selection
) -> tuple[StoreChange, ...]:
    """Return what is to happen to each declared or locked store, and to its members."""
    wanted = {one.key: one for one in desired}
    if not (wanted or grounds.lock.stores):
        return ()
    fates = fates_of(grounds.rows, grounds.lock)
    found = []
    for key in sorted(wanted.keys() | grounds.lock.stores.keys()):
        row = _decide(key, wanted.get(key), fates, grounds)
        if (selected := _selected(row, selection)) is not None:
            found.append(selected)
    return tuple(found)


def fates_of(rows: Iterable[Change], lock: Lockfile) -> dict[str, FileFate]:
    """Return what becomes of the file of each key.

    A key that the run leaves alone keeps the file it has.
    """
    retired: dict[str, list[str]] = defaultdict(list)
    for one in sorted(lock.retired.values(), key=lambda one: -one.delete_after):
        retired[one.key].append(one.id)
    fates = {key: FileFate(entry.id, tuple(retired[key])) for key, entry in lock.files.items()}
    for row in rows:
        if row.key is None or row.desired is None:
            continue
        held = lock.files.get(row.key)
        olds = ([held.id] if held is not None else []) + retired[row.key]
        if row.supersedes is not None:
            olds.insert(0, row.supersedes.id)
        uploads = row.action in (Action.CREATE, Action.REPLACE)
        file_id = None if uploads else row.id
        reason = "content_changed" if row.action is Action.NOOP else row.reason.value
        upload = row.shared_with if file_id is None else None
        fates[row.key] = FileFate(file_id, tuple(dict.fromkeys(olds)), reason, upload)
    return fates


def _decide(
    key: str, desired: DesiredStore | None, fates: Mapping[str, FileFate], grounds: Grounds
) -> StoreChange:
    seen, locked = grounds.seen, grounds.lock.stores.get(key)
    trace = grounds.traces.get(key, StoreTrace())
    row = decide_store(key, desired, locked, seen.stores, seen.marked.get(key, ()))
    if desired is None:
        return row
    remote: Mapping[str, RemoteMember] = {}
    if row.action is not StoreAction.CREATE and row.id is not None:
        remote = seen.members.get(row.id, {})
    known = locked if locked is not None and locked.id == row.id else None
    # What is to be deleted anyway must not stay for being in a store of ours.
    doomed = {one.id for one in grounds.rows if one.action is Action.DELETE and one.id is not None}
    ours = trace.attached | grounds.lock.retired.keys() | doomed
    decided = decide_members(desired, locked, remote, fates, ours)
    strangers = 0
    if row.action is StoreAction.ADOPT and known is None:
        spoken = {one.file_id for one in decided.members}
        spoken |= {old for one in decided.members for old in one.old_ids}
        strangers = len(remote.keys() - spoken - set(grounds.ours))
    begun = trace.begun
    if row.action is not StoreAction.CREATE or (
        begun is not None and grounds.now - begun > LISTING_LAG_SECONDS
    ):
        begun = None
    return row._replace(
        members=tuple(sorted(decided.members, key=_order)),
        unmanaged=decided.unmanaged,
        strangers=strangers,
        begun=begun,
        present=frozenset(remote),
        counts=_counts(remote),
    )


def _counts(members: Mapping[str, RemoteMember]) -> FileCounts:
    count = Counter(one.status for one in members.values())
    return FileCounts(*(count[name] for name in FileCounts._fields))


_ORDER = {action: rank for rank, action in enumerate(MemberAction)}


def _order(row: MemberChange) -> tuple[int, str, str]:
    return _ORDER[row.action], row.key or "", row.old_file_id or ""


def _selected(row: StoreChange, selection: Selection) -> StoreChange | None:
    """Return a row as far as it is in the run: all of it, some members, or None for nothing.

    With `--only`, a file's memberships go with the file, and a store's own changes and all its
    members with `store:KEY`.
    """
    if selection.has_store(row.key):
        return row
    members = tuple(one for one in row.members if selection.has(one.key))
    if row.action not in (StoreAction.NOOP, StoreAction.UPDATE) or not members:
        return None
    return row._replace(action=StoreAction.NOOP, fields=(), members=members, selected=False)


def warnings_of(rows: Iterable[StoreChange], fates: Mapping[str, FileFate]) -> Iterator[str]:
    """Yield what a person should know of the stores of a plan."""
    for row in rows:
        key = printable(row.key)
        gap = sum(one.reason == "chunking_changed" for one in row.members)
        if gap:
            yield (
                f"the vector store {key}: {plural(gap, 'document')} must be detached and attached "
                "again for another chunking; searches miss each until it is indexed again"
            )
        if row.desired is None:
            continue
        pending = sum(one.there is not None and one.there.pending for one in row.members)
        if pending:
            yield (
                f"the vector store {key}: {plural(pending, 'document')} not indexed yet; "
                "apply waits until searches find them"
            )
        targets = {name: document_of(name, fate) for name, fate in fates.items()}
        for keys in shared_ids(targets, row.desired.members).values():
            attributes = [dict(row.desired.members[name]) for name in keys]
            if any(one != attributes[0] for one in attributes):
                yield (
                    f"the vector store {key}: {', '.join(map(printable, keys))} have the same "
                    f"content and are one document, with the attributes of {printable(keys[0])}"
                )
        description = row.desired.entry.description
        there = row.remote.description if row.remote is not None else None
        if None not in (there, description) and there != description:
            yield (
                f"the vector store {key}: the API cannot change a description; "
                "the new one counts for a store that is created"
            )


def is_behind(row: StoreChange) -> bool:
    """Say whether the lock has to be brought in line with a store that needs no change itself."""
    if row.desired is None or row.action is not StoreAction.NOOP or not row.selected:
        return False
    locked, entry = row.locked, row.desired.entry
    if locked is None:
        return False
    dropped = kept_members(row, locked, frozenset()).keys() != locked.files.keys()
    settings = (locked.protect, locked.chunking) != (entry.protect, entry.chunking)
    return dropped or settings or bool(members_to_record(row, locked))


def kept_members(
    row: StoreChange, locked: LockedStore, gone: Collection[str]
) -> dict[str, LockedMember]:
    """Return what the lock is to say of a store's members, once those that are `gone` have left.

    A key that is not wanted any more stays while its file does, unless a wanted key has that file.
    """
    wanted = row.desired.members if row.desired is not None else {}
    theirs = {member.id for key, member in locked.files.items() if key in wanted}
    return {
        key: member
        for key, member in locked.files.items()
        if member.id not in gone
        and (key in wanted or (member.id in row.present and member.id not in theirs))
    }


def members_to_record(row: StoreChange, locked: LockedStore | None) -> dict[str, MemberChange]:
    """Return the members that are as they are to be and that the lock says otherwise of."""
    found = {}
    for one in row.members:
        if one.action is not MemberAction.NOOP or one.key is None or one.file_id is None:
            continue
        held = locked.files.get(one.key) if locked is not None else None
        if held is None or held.id != one.file_id or dict(held.attributes) != dict(one.attributes):
            found[one.key] = one
    return found

"""The decision table for the members of one store: one row, one reason.

A member's id is the file's id, so a new version of a file is a new member. The old one stays
until the new one is completed: a search then never misses the document.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from filesync.core.stores.change import MemberAction, MemberChange, StoreReason
from filesync.core.stores.model import (
    AUTO_CHUNKING,
    Attributes,
    Chunking,
    DesiredStore,
    LockedStore,
    RemoteMember,
    kept_as_sent,
    same_attributes,
)


class FileFate(NamedTuple):
    """What becomes of a file in this run.

    `id` is the file the key will have, None while it has to be uploaded; `olds` are ids the key
    had before, the latest first; `reason` is why the file changes. `upload` is the key whose upload
    it is, None for its own.
    """

    id: str | None
    olds: tuple[str, ...] = ()
    reason: str = StoreReason.CONTENT_CHANGED
    upload: str | None = None


def document_of(key: str, fate: FileFate) -> str:
    """Return what a key's file is known by before it has an id: keys that share it have the same.

    A member's id is the file's, so these keys are one document.
    """
    return fate.id or f"upload of {fate.upload or key}"


class Decided(NamedTuple):
    """The rows of one store, and how many members are ignored because they are not ours."""

    members: tuple[MemberChange, ...]
    unmanaged: int


def decide_members(
    desired: DesiredStore,
    locked: LockedStore | None,
    remote: Mapping[str, RemoteMember],
    fates: Mapping[str, FileFate],
    ours: Collection[str] = (),
) -> Decided:
    """Return what is to happen to each file of one store.

    `remote` are the members there are, by id. `fates` has each desired key whose file there is or
    will be; one without a fate is left as it is. `ours` are more ids that we attached: the journal
    or the list of retired files names them.
    """
    rows: list[MemberChange] = []
    kept: set[str] = set()
    sharing: dict[str, list[str]] = {}
    for key in sorted(desired.members):
        fate = fates.get(key)
        if fate is None:
            kept.update(_locked_ids(locked, [key]))
        else:
            sharing.setdefault(document_of(key, fate), []).append(key)
    # The first one speaks for the member, which takes the place of what each of them had.
    for keys in sharing.values():
        fate = fates[keys[0]]
        olds = [old for key in keys for old in [*_locked_ids(locked, [key]), *fates[key].olds]]
        rows.append(_decide_one(desired, keys[0], locked, remote, fate._replace(olds=tuple(olds))))
    targets = {row.file_id for row in rows if row.file_id is not None}
    # A file that one key gives up and another still has stays attached: it is not the old
    # version of the former.
    rows = [
        row._replace(old_ids=tuple(one for one in row.old_ids if one not in targets | kept))
        for row in rows
    ]
    rows = [_without_swap(row) for row in rows]
    spoken = targets | kept | {old for row in rows for old in row.old_ids}
    attached = {file_id: key for key, file_id in _locked_pairs(locked)}
    known = set(attached) | set(ours)
    unmanaged = 0
    for file_id, member in remote.items():
        if file_id in spoken:
            continue
        if file_id in known:
            reason = StoreReason.REMOVED_FROM_MANIFEST
        elif desired.entry.prune_unmanaged:
            reason = StoreReason.UNMANAGED
        else:
            unmanaged += 1
            continue
        key_before = attached.get(file_id)
        rows.append(
            MemberChange(
                key_before, MemberAction.DETACH, reason, None, (file_id,), before=member.attributes
            )
        )
    return Decided(tuple(rows), unmanaged)


def _decide_one(
    desired: DesiredStore,
    key: str,
    locked: LockedStore | None,
    remote: Mapping[str, RemoteMember],
    fate: FileFate,
) -> MemberChange:
    """Decide one desired member: the first five rows of the table."""
    attributes = desired.members[key]
    held = locked.files.get(key) if locked is not None else None
    there = None if fate.id is None else remote.get(fate.id)
    olds = tuple(one for one in dict.fromkeys(fate.olds) if one in remote and one != fate.id)
    before = _before(held.attributes if held else None, there)
    row = MemberChange(
        key, MemberAction.NOOP, StoreReason.UP_TO_DATE, fate.id, olds, attributes, there, before
    )
    if there is None:
        if olds:
            old = _before(before, remote[olds[0]])
            return row._replace(action=MemberAction.SWAP, reason=fate.reason, before=old)
        reason = StoreReason.NEW if held is None else StoreReason.MISSING_REMOTELY
        return row._replace(action=MemberAction.ATTACH, reason=reason)
    if there.broken:
        return row._replace(
            action=MemberAction.REATTACH, reason=StoreReason.INDEX_FAILED, error=there.error
        )
    if chunking_differs(desired.entry.chunking, locked, there):
        return row._replace(action=MemberAction.REATTACH, reason=StoreReason.CHUNKING_CHANGED)
    given = held.attributes if held is not None and held.id == there.id else None
    if attributes_differ(attributes, given, there):
        return row._replace(action=MemberAction.UPDATE, reason=StoreReason.ATTRIBUTES_CHANGED)
    if olds:
        # Attached by an interrupted run: what is left is to wait for it and to detach.
        return row._replace(action=MemberAction.SWAP, reason=fate.reason)
    return row


def _without_swap(row: MemberChange) -> MemberChange:
    """Return a row that swaps nothing for anything as what it then is."""
    if row.action is MemberAction.SWAP and not row.old_ids:
        if row.there is None:
            return row._replace(action=MemberAction.ATTACH, reason=StoreReason.NEW)
        return row._replace(action=MemberAction.NOOP, reason=StoreReason.UP_TO_DATE)
    return row


def attributes_differ(
    attributes: Attributes, locked: Attributes | None, there: RemoteMember
) -> bool:
    """Say whether a member has other attributes than it is to have.

    The server's word counts; what it does not report is as the lock has it. A server that keeps
    numbers as text is not sent the same again.
    """
    if locked is not None and not same_attributes(attributes, locked):
        return True
    if there.attributes is None:
        return False
    same = same_attributes if locked is None else kept_as_sent
    return not same(attributes, there.attributes)


def chunking_differs(
    wanted: Chunking | None, locked: LockedStore | None, there: RemoteMember
) -> bool:
    """Say whether a member was cut in another way than it is to be.

    "auto" is whatever the server makes of it, so it only differs from what the lock says we chose
    before; a server that does not report how a member was cut is believed to have obeyed.
    """
    before = locked.chunking if locked is not None else None
    if wanted is None:
        if before is None or before == AUTO_CHUNKING:
            return False
        return there.chunking is None or there.chunking == before
    if there.chunking is not None:
        return there.chunking != wanted
    return locked is not None and before != wanted


def _before(locked: Attributes | None, there: RemoteMember | None) -> Attributes | None:
    if there is not None and there.attributes is not None:
        return there.attributes
    return locked


def _locked_pairs(locked: LockedStore | None) -> Iterable[tuple[str, str]]:
    if locked is None:
        return []
    return [(key, member.id) for key, member in locked.files.items()]


def _locked_ids(locked: LockedStore | None, keys: Iterable[str]) -> Iterable[str]:
    if locked is None:
        return []
    return [locked.files[key].id for key in keys if key in locked.files]

"""One remote file for several keys: what is alike is uploaded once, and deleted with its last key.

The decision table looks at each key by itself. Here its decisions, as far as `--only` leaves
them, are compared with each other and with the lock entries that they do not touch. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from filesync.core.decide.change import Action, Change, Decisions, Reason
from filesync.core.decide.table import judge
from filesync.core.lockfile.entries import found_entry
from filesync.core.lockfile.lock import Lockfile
from filesync.core.model import DesiredFile, LockEntry, RemoteFile, Stored
from filesync.core.recovery.recover import Recovery

_UPLOADS = (Action.CREATE, Action.REPLACE)
_SHARED = (*_UPLOADS, Action.DELETE)
_KEEPS = (Action.NOOP, Action.ADOPT)


class _Holder(NamedTuple):
    """A key that has a live file, and the lock entry that it has for it or will have."""

    key: str
    entry: LockEntry
    live: RemoteFile


def share(
    decisions: Decisions,
    lock: Lockfile,
    remote: Mapping[str, RemoteFile],
    recovery: Recovery,
    now: int,
) -> Decisions:
    """Return the decisions with every upload and delete that another key makes needless turned
    into one that shares that key's file.

    `remote` maps ids to live files; `recovery` is what crashed uploads left.
    """
    if not any(row.action in _SHARED for row in decisions.changes):
        return decisions
    rows = delete_once(_upload_once(decisions.rows, lock, remote, recovery, now), lock)
    # What is kept stays as it is, and only says who has which file.
    return decisions._replace(changes=tuple(row for row in rows if row.action is not Action.NOOP))


def delete_once(rows: Sequence[Change], lock: Lockfile) -> tuple[Change, ...]:
    """Return the rows with one delete a file at most, and none of a file that a key still has.

    A key that leaves the file for another sees to it by itself: it may be one to retain.
    """
    first: dict[str | None, Change] = {}
    for row in _sorted(row for row in rows if row.action is Action.DELETE):
        first.setdefault(row.id, row)
    if not first:
        return tuple(rows)
    left_to: dict[str | None, str] = {}
    for row in _sorted(rows):
        if row.key is None or row.desired is None:
            continue
        if row.action in _KEEPS:
            left_to.setdefault(row.id, row.key)
        if row.supersedes is not None:
            left_to.setdefault(row.supersedes.id, row.key)
    decided = _decided(rows)
    for key, entry in lock.files.items():
        if key not in decided:
            left_to.setdefault(entry.id, key)

    def once(row: Change) -> Change:
        other = left_to.get(row.id)
        if row.action is not Action.DELETE or (other is None and row is first[row.id]):
            return row
        other = other or first[row.id].key
        return row._replace(action=Action.FORGET, reason=Reason.SHARED, shared_with=other)

    return tuple(once(row) for row in rows)


def followers(changes: Iterable[Change]) -> dict[str, list[Change]]:
    """Return the changes that wait for another key's upload, by that key."""
    found: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        if change.action is Action.ADOPT and change.remote is None and change.shared_with:
            found[change.shared_with].append(change)
    return found


def leaving(changes: Iterable[Change]) -> dict[str, list[Change]]:
    """Return the changes by which keys let go of a file, by its id, where several do."""
    found: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        if change.supersedes is not None:
            found[change.supersedes.id].append(change)
        elif change.action in (Action.DELETE, Action.FORGET) and change.id is not None:
            found[change.id].append(change)
    return {file_id: several for file_id, several in found.items() if len(several) > 1}


def _upload_once(
    rows: Sequence[Change],
    lock: Lockfile,
    remote: Mapping[str, RemoteFile],
    recovery: Recovery,
    now: int,
) -> Sequence[Change]:
    groups: dict[Stored, list[Change]] = defaultdict(list)
    for row in rows:
        if row.action in _UPLOADS and row.desired is not None:
            groups[row.desired.stored].append(row)
    if not groups:
        return rows
    holders = _holders(rows, lock, remote, groups, now)
    shared = {
        row.key: row
        for alike, group in groups.items()
        if len(group) > 1 or alike in holders
        for row in _sharing(_sorted(group), holders.get(alike, ()), recovery, now)
    }
    return [shared.get(row.key, row) if row.action in _UPLOADS else row for row in rows]


def _sharing(
    group: Sequence[Change], holders: Sequence[_Holder], recovery: Recovery, now: int
) -> Iterator[Change]:
    """Yield those of some uploads alike that need not be, as what they become."""
    begun = {attempt.key for attempt in recovery.sessions}
    uploads: list[tuple[bool, bool, str, Change]] = []
    for row in group:
        want = row.desired
        assert want is not None
        # A file that may be there and is not listed yet is looked for before anything else.
        in_doubt = _in_doubt(want, recovery)
        taken = None if in_doubt else _fitting(want, holders, now)
        if taken is not None:
            yield _shared(row, taken.live, taken.key)
        else:
            uploads.append((not in_doubt, want.key not in begun, want.key, row))
    first = min(uploads, key=lambda one: one[:3], default=None)
    for one in uploads:
        if first is not None and one is not first and one[0]:
            yield _shared(one[3], None, first[2])


def _shared(row: Change, live: RemoteFile | None, key: str) -> Change:
    return row._replace(
        action=Action.ADOPT,
        reason=Reason.SHARED,
        id=None if live is None else live.id,
        remote=live,
        fields=(),
        shared_with=key,
    )


def _in_doubt(want: DesiredFile, recovery: Recovery) -> bool:
    unsettled = recovery.unsettled.get(want.key)
    return want.key in recovery.unclear or (unsettled is not None and unsettled.is_for(want))


def _fitting(want: DesiredFile, holders: Sequence[_Holder], now: int) -> _Holder | None:
    """Return the first holder whose file would be right for `want` as it is."""
    for holder in holders:
        if judge(want, holder.entry, holder.live, now)[0] is Action.NOOP:
            return holder
    return None


def _holders(
    rows: Sequence[Change],
    lock: Lockfile,
    remote: Mapping[str, RemoteFile],
    wanted: Container[Stored],
    now: int,
) -> dict[Stored, list[_Holder]]:
    """Return who has a file of a wanted kind: first those that keep it, then those that leave it.

    One that only renews its file is not among the latter: its new file is the one to share.
    """
    keep: dict[Stored, list[_Holder]] = defaultdict(list)
    leave: dict[Stored, list[_Holder]] = defaultdict(list)
    for row in rows:
        want, live = row.desired, row.remote
        if row.action not in _KEEPS or want is None or live is None or want.stored not in wanted:
            continue
        entry = row.locked
        if entry is None or entry.id != live.id:
            entry = found_entry(want, live, now)
        keep[want.stored].append(_Holder(want.key, entry, live))
    decided = _decided(rows)
    for key, entry in lock.files.items():
        alike, live = entry.stored, remote.get(entry.id)
        if alike not in wanted or live is None:
            continue
        its = decided.get(key)
        if its is None:
            keep[alike].append(_Holder(key, entry, live))
            continue
        keeps = its.action in _KEEPS and its.id == entry.id
        renews = its.desired is not None and its.desired.stored == alike
        if not keeps and not renews:
            leave[alike].append(_Holder(key, entry, live))
    for holders in (*keep.values(), *leave.values()):
        holders.sort(key=lambda holder: holder.key)
    return {alike: keep[alike] + leave[alike] for alike in {*keep, *leave}}


def _decided(rows: Sequence[Change]) -> dict[str | None, Change]:
    """Return the row that is about each lock entry, by the key that the lock has it under."""
    return {row.moved_from or row.key: row for row in rows if row.locked is not None}


def _sorted(rows: Iterable[Change]) -> list[Change]:
    return sorted(rows, key=lambda row: row.key or "")

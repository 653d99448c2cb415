"""The decision table: desired, lock and remote in, one action and one reason a file out.

Pure, and the only place that decides what a key needs; what several then share is seen to in
`core.sharing`. The rows stand in the same order as in the README.
"Gone" here means confirmed: the caller has asked the server for each locked id that the
listing lacked, and the listing was whole.
"""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from fnmatch import fnmatchcase
from typing import NamedTuple

from filesync.core import fingerprint
from filesync.core.decide.unclaimed import Spare
from filesync.core.lockfile.lock import Lockfile
from filesync.core.model import DesiredFile, LockEntry, Prune, RemoteFile
from filesync.core.purposes import OUTPUT_PURPOSES
from filesync.core.recovery.recover import LIFETIME_SLACK, Recovery


class Action(enum.StrEnum):
    """What apply does for one file; in the order a reader wants to see them."""

    DELETE = "delete"
    REPLACE = "replace"
    CREATE = "create"
    ADOPT = "adopt"
    FORGET = "forget"
    NOOP = "noop"


class Reason(enum.StrEnum):
    """Why; one for each row of the decision table."""

    FINGERPRINT_MATCH = "fingerprint_match"
    NEW = "new"
    UP_TO_DATE = "up_to_date"
    CONTENT_CHANGED = "content_changed"
    ATTRIBUTES_CHANGED = "attributes_changed"
    REMOTE_ERROR = "remote_error"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    MISSING_REMOTELY = "missing_remotely"
    REMOVED_FROM_MANIFEST = "removed_from_manifest"
    GONE = "gone"
    RETIRED = "retired"
    ORPHAN = "orphan"
    UNMANAGED = "unmanaged"
    SHARED = "shared"  # another key has this very file, or uploads it; see core.sharing
    MOVED = "moved"  # a key that is gone held this very file: it only gets another name here
    RECOVERED = "recovered"  # an apply that was cut short uploaded it; the journal knows
    DESTROYED = "destroyed"  # only from `filesync destroy`, which asks no table


# The remote moved, not the repo.
DRIFT = {Reason.MISSING_REMOTELY, Reason.EXPIRED, Reason.REMOTE_ERROR, Reason.ORPHAN}


class Change(NamedTuple):
    """One decision. `id` is the remote file it concerns: kept, adopted, replaced or deleted.

    `key` is None for a remote file that no key ever named (orphan, unmanaged). `locked` and
    `remote` are what the lock and the server hold now, for a reader of the plan and for the
    guards. `fields` lists the attributes that differ, for attributes_changed only; `moved_from`
    is the key that held the file before, for moved only; `shared_with` is the other key, for
    shared only, and an adopt that has no id yet gets the one of that key's upload. `supersedes`
    is the live file that a key leaves for another.
    """

    key: str | None
    action: Action
    reason: Reason
    id: str | None
    desired: DesiredFile | None = None
    locked: LockEntry | None = None
    remote: RemoteFile | None = None
    fields: tuple[str, ...] = ()
    moved_from: str | None = None
    shared_with: str | None = None
    supersedes: RemoteFile | None = None


class Decisions(NamedTuple):
    """Every row, noops included, and how many remote files are nobody's business of ours."""

    rows: tuple[Change, ...]
    unmanaged: int


def decide(
    desired: Sequence[DesiredFile],
    lock: Lockfile,
    remote: Mapping[str, RemoteFile],
    *,
    project: str,
    prune: Prune | None,
    now: int,
) -> Decisions:
    """Return what to do about every desired, locked, retired and remote file.

    `remote` maps ids to live files; `now` is in Unix seconds.
    """
    owner = fingerprint.owner_token(project)
    spare = Spare(desired, lock, remote, owner)
    rows: list[Change] = []
    wanted = {want.key for want in desired}
    let_go = _LetGo(lock, wanted, remote)
    tells = any(live.expires_at is not None for live in remote.values())

    for want in desired:
        locked = lock.files.get(want.key)
        moved = let_go.take(want, now) if locked is None else None
        rows.append(moved or _decide_file(want, locked, remote, spare, now, tells))

    for key, locked in lock.files.items():
        if key not in wanted and key not in let_go.taken:
            live = remote.get(locked.id)
            action, reason = let_go_of(live, Reason.REMOVED_FROM_MANIFEST)
            rows.append(Change(key, action, reason, locked.id, None, locked, live))

    held = {entry.id for entry in lock.files.values()} | spare.taken
    for retired in lock.retired.values():
        if retired.id in held:
            continue  # its content is wanted again: a key holds it, or adopts it above
        live = remote.get(retired.id)
        if live is None or retired.delete_after <= now:
            action, reason = let_go_of(live, Reason.RETIRED)
            rows.append(Change(retired.key, action, reason, retired.id, remote=live))

    unmanaged = 0
    for live in remote.values():
        if live.id in held or live.id in lock.retired:
            continue
        claimed = claim(live, owner, prune)
        if claimed is None:
            unmanaged += 1
        else:
            rows.append(Change(None, Action.DELETE, claimed, live.id, remote=live))
    return Decisions(tuple(rows), unmanaged)


def show_recovered(decisions: Decisions, recovery: Recovery) -> Decisions:
    """Return the decisions with what only the journal knew shown as adopted, not as noop."""
    recovered = {key for key, _ in recovery.entries}
    return decisions._replace(
        rows=tuple(
            row._replace(action=Action.ADOPT, reason=Reason.RECOVERED)
            if row.action is Action.NOOP and row.key in recovered
            else row
            for row in decisions.rows
        )
    )


def let_go_of(live: RemoteFile | None, reason: Reason) -> tuple[Action, Reason]:
    """Return what to do about a file of ours that nobody wants any more."""
    if live is None:
        return Action.FORGET, Reason.GONE
    if live.purpose in OUTPUT_PURPOSES:
        return Action.FORGET, reason  # a job's result: a lockfile that names it is mistaken
    return Action.DELETE, reason


def _decide_file(
    want: DesiredFile,
    locked: LockEntry | None,
    remote: Mapping[str, RemoteFile],
    spare: Spare,
    now: int,
    tells: bool,
) -> Change:
    """Decide one wanted file: the first eight rows of the table."""
    live = remote.get(locked.id) if locked is not None else None
    action, reason, fields = judge(want, locked, live, now)
    file_id = locked.id if locked is not None and live is not None else None
    if action is Action.NOOP:
        return Change(want.key, action, reason, file_id, want, locked, live)

    # Before anything is uploaded: is the very file there already, held by no lock? A lost
    # lockfile, another machine's apply or a crash before the lock was saved leaves it so.
    found = spare.take(want)
    if found is not None:
        entry = found_entry(want, found, now, tells=tells)
        judged = judge(want, entry, found, now)
        if judged[0] is Action.NOOP:
            match = Reason.FINGERPRINT_MATCH
            return Change(
                want.key, Action.ADOPT, match, found.id, want, locked, found, supersedes=live
            )
        if locked is None:
            # Ours, but to be replaced at once: broken, expiring, or with another expiry.
            action, reason, fields = judged
            live, locked, file_id = found, entry, found.id
        else:
            spare.give_back(found)
    return Change(want.key, action, reason, file_id, want, locked, live, fields, supersedes=live)


def judge(
    want: DesiredFile, locked: LockEntry | None, live: RemoteFile | None, now: int
) -> tuple[Action, Reason, tuple[str, ...]]:
    """Hold one wanted file against a lock entry and the live remote file: the table's core."""
    if locked is None:
        return Action.CREATE, Reason.NEW, ()
    if live is None:
        lapsed = locked.expires_at is not None and locked.expires_at <= now
        return Action.CREATE, Reason.EXPIRED if lapsed else Reason.MISSING_REMOTELY, ()
    if live.status == "error":
        return Action.REPLACE, Reason.REMOTE_ERROR, ()
    if want.sha256 != locked.sha256:
        return Action.REPLACE, Reason.CONTENT_CHANGED, ()
    if fields := differing(want, locked):
        return Action.REPLACE, Reason.ATTRIBUTES_CHANGED, fields
    expires_at = live.expires_at if live.expires_at is not None else locked.expires_at
    if expires_at is not None and expires_at - now < max(want.policy.renew_before, 1):
        return Action.REPLACE, Reason.EXPIRING, ()
    return Action.NOOP, Reason.UP_TO_DATE, ()


def differing(want: DesiredFile, locked: LockEntry) -> tuple[str, ...]:
    """Return the names of the attributes in which a file and its lock entry differ, sorted."""
    wanted = (want.filename, want.policy.purpose, want.policy.expires_after)
    if wanted == (locked.filename, locked.purpose, locked.expires_after):
        return ()
    from deepdiff import DeepDiff  # 200 ms to import: only for the few pairs that differ

    names = ("filename", "purpose", "expires_after")
    before = dict(zip(names, (getattr(locked, name) for name in names), strict=True))
    difference = DeepDiff(before, dict(zip(names, wanted, strict=True)))
    return tuple(sorted(difference.affected_root_keys))


def claim(live: RemoteFile, owner: str, prune: Prune | None) -> Reason | None:
    """Return why a remote file that no lock holds may be deleted, or None to leave it alone."""
    if live.purpose in OUTPUT_PURPOSES:
        return None  # results of jobs: never ours, whatever they are called
    token = fingerprint.parse(live.filename)
    if token is not None:
        # A token is somebody's declaration: ours is an orphan, another's is theirs to prune.
        return Reason.ORPHAN if token.owner == owner else None
    if (
        prune is not None
        and live.purpose in prune.purposes
        and fnmatchcase(live.filename, prune.match)
    ):
        return Reason.UNMANAGED
    return None


def entry_for(want: DesiredFile, remote: RemoteFile, now: int) -> LockEntry:
    """Return the lock entry for a wanted file that a remote file now holds.

    Attributes are as asked for, not as answered: a server that rewrites names or sets an
    expiry of its own would otherwise look changed for ever, and be uploaded to for ever.
    """
    asked = want.policy.expires_after
    created_at, expires_at = remote.dates(asked, now)
    return LockEntry(
        id=remote.id,
        path=want.path,
        sha256=want.sha256,
        bytes=want.bytes,
        filename=want.filename,
        purpose=want.policy.purpose,
        expires_after=asked,
        created_at=created_at,
        expires_at=expires_at,
        protect=want.policy.protect,
    )


def found_entry(
    want: DesiredFile, found: RemoteFile, now: int, *, tells: bool = False
) -> LockEntry:
    """Return the entry of a file we find rather than make: its expiry is what it says it is.

    One that says none has none if the server `tells` it of others, and else the wanted one.
    """
    entry = entry_for(want, found, now)
    if found.expires_at is None and tells:
        return entry._replace(expires_after=None, expires_at=None)
    if found.expires_at is None or not found.created_at:
        return entry
    actual = found.expires_at - found.created_at
    asked = want.policy.expires_after
    if asked is not None and abs(actual - asked) <= LIFETIME_SLACK:
        return entry  # within a server's rounding
    return entry._replace(expires_after=actual)


class _LetGo:
    """Files of keys that nobody wants any more: a new key for the same file takes them over."""

    def __init__(self, lock: Lockfile, wanted: Set[str], remote: Mapping[str, RemoteFile]) -> None:
        self.taken: set[str] = set()
        self._remote = remote
        self._by_sha256: dict[str, list[tuple[str, LockEntry]]] = defaultdict(list)
        for key, entry in lock.files.items():
            if key not in wanted:
                self._by_sha256[entry.sha256].append((key, entry))

    def take(self, want: DesiredFile, now: int) -> Change | None:
        """Return the move of a file that would be right for `want` as it is, if there is one."""
        for key, entry in self._by_sha256.get(want.sha256, ()):
            live = self._remote.get(entry.id)
            if key not in self.taken and judge(want, entry, live, now)[0] is Action.NOOP:
                self.taken.add(key)
                return Change(
                    want.key, Action.ADOPT, Reason.MOVED, entry.id, want, entry, live, (), key
                )
        return None

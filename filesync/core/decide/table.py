"""The decision table: desired, lock and remote in, one action and one reason a file out.

Pure, and the only place that decides what a key needs; what several then share is seen to in
`core.decide.sharing`. The rows stand in the same order as in the README.
"Gone" here means confirmed: the caller has asked the server for each locked id that the
listing lacked, and the listing was whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from filesync.core import fingerprint
from filesync.core.decide.change import Action, Change, Decisions, Kept, Reason
from filesync.core.decide.claims import Leave, judge_claims
from filesync.core.decide.unclaimed import UnclaimedFiles
from filesync.core.lockfile.entries import found_entry, live_expiry, renew_when_left
from filesync.core.lockfile.lock import Lockfile
from filesync.core.model import DesiredFile, LockEntry, Prune, RemoteFile
from filesync.core.recovery.recover import Recovery
from filesync.core.servers import is_output


def decide(
    desired: Sequence[DesiredFile],
    lock: Lockfile,
    remote: Mapping[str, RemoteFile],
    *,
    project: str,
    prune: Prune | None,
    now: int,
    leave: Leave = Leave(),  # noqa: B008 - a named tuple: nothing can change it
) -> Decisions:
    """Return what to do about every desired, locked, retired and remote file.

    `remote` maps ids to live files; `now` is in Unix seconds; `leave` is what names alone may do.
    """
    owner = fingerprint.owner_token(project)
    spare = UnclaimedFiles(desired, lock, remote, owner)
    rows: list[Change] = []
    kept: list[Kept] = []
    wanted = {want.key for want in desired}
    unwanted = {key: entry for key, entry in lock.files.items() if key not in wanted}
    let_go = _UnwantedFiles(unwanted, remote)
    tells = any(live.expires_at is not None for live in remote.values())

    for want in desired:
        locked = lock.files.get(want.key)
        live = None if locked is None else remote.get(locked.id)
        judged = judge(want, locked, live, now)
        if judged[0] is Action.NOOP and locked is not None and live is not None:
            kept.append(Kept(want, locked, live))
            continue
        moved = let_go.take(want, now) if locked is None else None
        rows.append(moved or _decide_file(want, locked, live, judged, spare, now=now, tells=tells))

    for key, locked in unwanted.items():
        if key not in let_go.taken:
            live = remote.get(locked.id)
            action, reason = action_for_unwanted(
                live, Reason.REMOVED_FROM_MANIFEST, proven=not lock.unproven(locked.id)
            )
            rows.append(Change(key, action, reason, locked.id, None, locked, live))

    held = {entry.id for entry in lock.files.values()}
    held |= spare.taken
    for retired in lock.retired.values():
        if retired.id in held:
            continue  # its content is wanted again: a key holds it, or adopts it above
        live = remote.get(retired.id)
        if live is None or retired.delete_after <= now:
            action, reason = action_for_unwanted(live, Reason.RETIRED)
            rows.append(Change(retired.key, action, reason, retired.id, remote=live))

    nobodys = (
        live for live in remote.values() if live.id not in held and live.id not in lock.retired
    )
    claimed = judge_claims(nobodys, desired, owner, prune, leave, now=now)
    return Decisions((*rows, *claimed.rows), claimed.unmanaged, claimed.left, tuple(kept))


def show_recovered(decisions: Decisions, recovery: Recovery) -> Decisions:
    """Return the decisions with what only the journal knew shown as adopted, not as noop."""
    recovered = {key for key, _ in recovery.entries}
    if not recovered:
        return decisions
    adopted = tuple(
        one.row._replace(action=Action.ADOPT, reason=Reason.RECOVERED)
        for one in decisions.kept
        if one.key in recovered
    )
    return decisions._replace(
        changes=decisions.changes + adopted,
        kept=tuple(one for one in decisions.kept if one.key not in recovered),
    )


def action_for_unwanted(
    live: RemoteFile | None, reason: Reason, *, proven: bool = True
) -> tuple[Action, Reason]:
    """Return what to do about a file of the lockfile's that nobody wants any more.

    One that was adopted without proof may be another project's.
    """
    if live is None:
        return Action.FORGET, Reason.GONE
    if not proven:
        return Action.FORGET, reason
    if is_output(live.purpose):
        return Action.FORGET, reason  # a job's result: a lockfile that names it is mistaken
    return Action.DELETE, reason


def _decide_file(
    want: DesiredFile,
    locked: LockEntry | None,
    live: RemoteFile | None,
    judged: Judged,
    spare: UnclaimedFiles,
    *,
    now: int,
    tells: bool,
) -> Change:
    """Decide one wanted file that is not right as it is: the first eight rows of the table."""
    action, reason, fields = judged
    file_id = locked.id if locked is not None and live is not None else None
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


Judged = tuple[Action, Reason, tuple[str, ...]]


def judge(want: DesiredFile, locked: LockEntry | None, live: RemoteFile | None, now: int) -> Judged:
    """Hold one wanted file against a lock entry and the live remote file: the table's core."""
    if locked is None:
        return Action.CREATE, Reason.NEW, ()
    fields = differing(want, locked)
    if live is None:
        lapsed = locked.expires_at is not None and locked.expires_at <= now
        return Action.CREATE, Reason.EXPIRED if lapsed else Reason.MISSING_REMOTELY, fields
    if live.status == "error":
        return Action.REPLACE, Reason.REMOTE_ERROR, fields
    if want.sha256 != locked.sha256:
        return Action.REPLACE, Reason.CONTENT_CHANGED, fields
    if fields:
        return Action.REPLACE, Reason.ATTRIBUTES_CHANGED, fields
    expires_at = live_expiry(live, locked)
    if expires_at is not None and expires_at - now < max(
        renew_when_left(want.policy, locked, expires_at), 1
    ):
        return Action.REPLACE, Reason.EXPIRING, ()
    return Action.NOOP, Reason.UP_TO_DATE, ()


def differing(want: DesiredFile, locked: LockEntry) -> tuple[str, ...]:
    """Return in what a file and its lock entry differ, sorted.

    Out of `content`, `expires_after`, `filename` and `purpose`.
    """
    policy = want.policy
    # Compared one by one: this runs for every file of a plan, nearly all of them the same.
    content = want.sha256 == locked.sha256
    expires_after = policy.expires_after == locked.expires_after
    filename = want.filename == locked.filename
    purpose = policy.purpose == locked.purpose
    if content and expires_after and filename and purpose:
        return ()
    same = (
        ("content", content),
        ("expires_after", expires_after),
        ("filename", filename),
        ("purpose", purpose),
    )
    return tuple(name for name, equal in same if not equal)


class _UnwantedFiles:
    """Files of keys that nobody wants any more: a new key for the same file takes them over."""

    def __init__(self, unwanted: Mapping[str, LockEntry], remote: Mapping[str, RemoteFile]) -> None:
        self.taken: set[str] = set()
        self._remote = remote
        self._by_sha256: dict[str, list[tuple[str, LockEntry]]] = defaultdict(list)
        for key, entry in unwanted.items():
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

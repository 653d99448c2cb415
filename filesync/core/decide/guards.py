"""The refusals: changes that a plan may show but that apply makes only with a flag.

Each says how many files, why, and the exact flag or command that overrides it. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from filesync.core.commands import command
from filesync.core.decide.change import Action, Change, Decisions, Reason
from filesync.core.decide.desired import policies_of
from filesync.core.lockfile.lock import Lockfile
from filesync.core.model import Manifest, MaxDelete, RemoteFile
from filesync.core.recovery.recover import Recovery
from filesync.core.resemblance import Fit, resembles, shown_name
from filesync.core.text import plural, printable
from filesync.errors import Refused

# A share of fewer owned files than this says nothing: 1 of 2 is not a deletion in bulk.
CAP_FROM = 10
MASS_MISSING_FROM = 3


def gives_up() -> str:
    """Say how to stop managing a file."""
    return f"{command('forget', 'KEY')} gives a file up without deleting it"


_SHOWN = 5
_LOST = {Action.DELETE: "deleted", Action.FORGET: "forgotten"}


class Guard(StrEnum):
    """Which rule refused, so that its flag can lift it."""

    LOOKALIKE = "lookalike"
    MISSING = "missing"
    MAX_DELETE = "max_delete"
    EMPTIED = "emptied"
    EMPTY_STORE = "empty_store"
    FOREIGN_STORE = "foreign_store"


class Refusal(NamedTuple):
    """One rule's no: the sentence, and how to go on."""

    guard: Guard
    message: str
    hint: str

    def __str__(self) -> str:
        return f"apply will refuse: {self.message} ({self.hint})"


class Overrides(NamedTuple):
    """What the user has said yes to on this run."""

    duplicates: bool = False
    missing: bool = False
    max_delete: int | None = None
    deletes: bool = True
    empty_stores: bool = False


def check_protected(rows: Iterable[Change], manifest: Manifest) -> None:
    """Raise Refused if a protected file would be lost to its key: not even a plan is made."""
    policy_for = policies_of(manifest)
    hits = []
    for row in rows:
        if row.desired is not None:
            protected = row.desired.policy.protect
            loses = row.supersedes is not None
            if not protected and row.moved_from is not None and row.locked is not None:
                # The file stays, but then nothing would say any more that it must.
                protected = loses = row.locked.protect or policy_for(row.moved_from).protect
        else:
            protected = (row.locked is not None and row.locked.protect) or (
                row.key is not None and policy_for(row.key).protect
            )
            # What waits in `retired` was replaced when that was allowed, unless it was put there
            # by this run. A file that another key shares stays, but then nothing would say
            # any more that it must.
            shared = row.action is Action.FORGET and row.reason is Reason.SHARED
            waited = row.reason is Reason.RETIRED and not (row.recovered and row.locked)
            loses = (row.action is Action.DELETE and not waited) or shared
        if protected and loses:
            old = row.id if row.supersedes is None else row.supersedes.id
            verb = _LOST.get(row.action, "replaced")
            if row.moved_from is not None:
                verb = f"left to {printable(row.key or '')}, which does not protect it"
            key = row.moved_from or row.key or ""
            hits.append(f"{printable(key)} ({old}) would be {verb}: {row.reason}")
    if hits:
        raise Refused(
            f"{plural(len(hits), 'protected file')} would be lost:\n  " + "\n  ".join(hits),
            "put the file back as it was, or set `protect: false` on its entry, apply that, "
            f"and then change it; {gives_up()}",
        )


def refusals(
    rows: Sequence[Change],
    *,
    everything: Decisions,
    lock: Lockfile,
    remote: Mapping[str, RemoteFile],
    manifest: Manifest,
    recovery: Recovery,
    now: int,
) -> list[Refusal]:
    """Return every refusal for `rows`; `everything` is what the table decides, not narrowed by
    `--only` and with nothing shared.
    """
    found = [
        _lookalikes(rows, lock, remote, recovery, now),
        mass_missing(everything.changes, lock, now, "upload them again"),
        _emptied(rows, everything, lock)
        or _too_many_deletes(rows, everything.changes, lock, manifest),
    ]
    return [refusal for refusal in found if refusal is not None]


def capped(rows: Iterable[Change]) -> int:
    """Return how many files `limits.max_delete` and `--max-delete` count as deleted.

    What waits in `retired` is not a loss of this run: it was replaced, or was counted when its
    entry was removed and stayed because it was in use. What this run's recovery put there counts,
    unless a recovered file took its place. An orphan that is an older version of a wanted file is
    the old half of a replace.
    """
    return sum(_counts(row) for row in rows)


def _counts(row: Change) -> bool:
    if row.action is not Action.DELETE:
        return False
    if row.reason is Reason.RETIRED:
        return row.recovered and row.locked is None
    return not (row.reason is Reason.ORPHAN and row.key is not None)


def enforce(
    found: Iterable[Refusal], allowed: Overrides, rows: Iterable[Change], detached: int = 0
) -> None:
    """Raise Refused with every refusal that no flag of this run lifts.

    `rows` are the plan's: --max-delete is a cap on their deletes as well, and on `detached`, the
    documents that one vector store loses.
    """
    deletes = capped(rows)
    left = []
    if allowed.deletes and allowed.max_delete is not None and deletes > allowed.max_delete:
        left.append(
            Refusal(
                Guard.MAX_DELETE,
                f"{plural(deletes, 'file')} would be deleted, and --max-delete allows "
                f"{allowed.max_delete}",
                _if_meant(deletes),
            )
        )
    if allowed.max_delete is not None and detached > allowed.max_delete:
        left.append(
            Refusal(
                Guard.MAX_DELETE,
                f"{plural(detached, 'document')} of one vector store would be detached, and "
                f"--max-delete allows {allowed.max_delete}",
                _if_meant(detached),
            )
        )
    for refusal in found:
        match refusal.guard:
            case Guard.EMPTY_STORE:
                lifted = allowed.empty_stores
            case Guard.FOREIGN_STORE:
                lifted = False
            case Guard.LOOKALIKE:
                lifted = allowed.duplicates
            case Guard.MISSING:
                lifted = allowed.missing
            case Guard.MAX_DELETE | Guard.EMPTIED:
                lifted = not allowed.deletes or allowed.max_delete is not None
        if not lifted:
            left.append(refusal)
    if left:
        raise Refused(
            "refused, nothing was written:\n"
            + "\n".join(f"  {refusal.message}" for refusal in left),
            "\n".join(refusal.hint for refusal in left),
        )


def _lookalikes(
    rows: Iterable[Change],
    lock: Lockfile,
    remote: Mapping[str, RemoteFile],
    recovery: Recovery,
    now: int,
) -> Refusal | None:
    """A file to upload that seems to be there already: a lost lockfile must not mean new copies.

    For a key that has a file, only what is younger than that can be its next version, made by a
    run whose lockfile was lost. What an interrupted upload of the key may have made, an apply looks
    at by itself before it sends anything.
    """
    uploads = [row for row in rows if row.action in (Action.CREATE, Action.REPLACE)]
    if not uploads:
        return None
    held = lock.owned_ids() | {row.id for row in rows if row.action is Action.ADOPT}
    loose = defaultdict(list)
    for file in remote.values():
        lapsed = file.expires_at is not None and file.expires_at <= now
        if file.id not in held and not lapsed:
            loose[shown_name(file.filename)].append(file)
    hits = []
    for row in uploads:
        want = row.desired
        assert want is not None
        named = loose.get(shown_name(want.filename), ())
        since = row.locked.created_at if row.action is Action.REPLACE and row.locked else -1
        doubt = recovery.unsettled.get(want.key)
        ids = recovery.unclear.get(want.key) or [
            file.id
            for file in named
            if resembles(file, want)
            and (not file.created_at or file.created_at > since)
            and (doubt is None or doubt.fit(file) is Fit.NO)
        ]
        if ids:
            hits.append((want.key, sorted(ids)))
    if not hits:
        return None
    listed = "; ".join(
        f"{printable(key)} looks like {', '.join(ids[:_SHOWN])}" for key, ids in hits[:_SHOWN]
    )
    more = f"; and {plural(len(hits) - _SHOWN, 'more file')}" if len(hits) > _SHOWN else ""
    key, ids = hits[0]
    return Refusal(
        Guard.LOOKALIKE,
        f"{plural(len(hits), 'file')} to create may be on the platform already, with the same "
        "name, size and purpose; this lockfile does not name them, another project's may: "
        f"{listed}{more}",
        "make sure that it is yours; then take it over with "
        f"{command('adopt', key, ids[0])}, or upload another copy with "
        "--allow-duplicates",
    )


def mass_missing(
    rows: Iterable[Change],
    lock: Lockfile,
    now: int,
    then: str,
) -> Refusal | None:
    """Refuse where most locked files are gone at once; `then` is what --accept-missing does.

    This usually means a wrong key or project. The files in `retired` count as well.
    """
    lost = [row for row in rows if row.reason in (Reason.MISSING_REMOTELY, Reason.GONE)]
    if not lost:
        return None
    ids = {
        row.locked.id
        for row in lost
        if row.locked is not None and (row.locked.expires_at is None or row.locked.expires_at > now)
    }
    ids |= {
        row.id for row in lost if row.reason is Reason.GONE and row.id and row.id in lock.retired
    }
    gone, locked = len(ids), len(lock.owned_ids())
    if gone < MASS_MISSING_FROM or gone * 2 <= locked:
        return None
    return Refusal(
        Guard.MISSING,
        f"{gone} of {locked} locked files are gone from the platform: "
        "is this the right key and project?",
        "check OPENAI_API_KEY and OPENAI_PROJECT_ID; if they really are gone, "
        f"{then} with --accept-missing",
    )


def _emptied(rows: Iterable[Change], everything: Decisions, lock: Lockfile) -> Refusal | None:
    deletes = capped(rows)
    wanted = everything.kept or any(row.desired is not None for row in everything.changes)
    if not lock.files or not deletes or wanted:
        return None
    owned = len({entry.id for entry in lock.files.values()})
    return Refusal(
        Guard.EMPTIED,
        f"the manifest names no file any more, and {plural(owned, 'file')} of it would be deleted",
        f"if that is meant, run {command('destroy')}; "
        f"or say how many may go with --max-delete {deletes}",
    )


def _too_many_deletes(
    rows: Sequence[Change],
    all_rows: Iterable[Change],
    lock: Lockfile,
    manifest: Manifest,
) -> Refusal | None:
    """The cap on delete actions; the old halves of replaces do not count.

    What only claims to be ours by its name is not counted among the files we own, and is capped
    however few those are.
    """
    deletes = capped(rows)
    if not deletes:
        return None
    orphans = sum(row.reason is Reason.ORPHAN and _counts(row) for row in rows)
    owned = len(lock.owned_ids() | {row.id for row in all_rows if row.action is Action.ADOPT})
    # Prune deletes files that we do not own: with few of our own, only the count can stop it.
    if owned <= CAP_FROM and deletes <= CAP_FROM:
        if not orphans:
            return None
        deletes = orphans
    allowed = share_of(manifest.max_delete, owned)
    if deletes <= allowed:
        return None
    limit = manifest.max_delete
    return Refusal(
        Guard.MAX_DELETE,
        f"{plural(deletes, 'file')} would be deleted, and limits.max_delete "
        f"({limit.value}{'%' if limit.percent else ''}) allows {allowed:,} of the "
        f"{owned:,} we own",
        _if_meant(deletes),
    )


def _if_meant(deletes: int) -> str:
    return (
        f"read the deletes in {command('plan')}; if that is intended, pass --max-delete {deletes}"
    )


def share_of(limit: MaxDelete, owned: int) -> int:
    """Return how many of the owned a limit lets go."""
    return owned * limit.value // 100 if limit.percent else limit.value

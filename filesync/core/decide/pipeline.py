"""The order of a plan's decisions: recover, look ahead, ask the table, narrow, share, guard."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from filesync.core.commands import command
from filesync.core.content.report import ContentReport
from filesync.core.decide import guards
from filesync.core.decide.change import Action, Change, Decisions, Kept, Reason, reading_order
from filesync.core.decide.claims import Leave, report_left
from filesync.core.decide.desired import policies_of
from filesync.core.decide.guards import Refusal
from filesync.core.decide.selection import Selection, purposes_of
from filesync.core.decide.sharing import share
from filesync.core.decide.stored_otherwise import stored_otherwise
from filesync.core.decide.table import decide, show_recovered
from filesync.core.decide.wrong_content import LeftOut, without_wrong
from filesync.core.fingerprint import owner_token
from filesync.core.fingerprint import parse as parse_fingerprint
from filesync.core.lockfile.entries import live_expiry
from filesync.core.lockfile.lock import Lockfile
from filesync.core.model import DesiredFile, LockEntry, Manifest, RemoteFile, Retired
from filesync.core.moment import Moment
from filesync.core.recovery.journal import History
from filesync.core.recovery.recover import NOTHING_TO_RECOVER, Recovery, recover, take_in
from filesync.core.run import Filters
from filesync.core.stores.change import StoreChange
from filesync.core.stores.guards import check_protected as check_protected_stores
from filesync.core.stores.guards import refusals as store_refusals
from filesync.core.stores.model import DesiredStore
from filesync.core.stores.observed import NOTHING_OBSERVED, ObservedStores, StoreTrace
from filesync.core.stores.pipeline import Grounds, decide_stores, fates_of
from filesync.core.stores.pipeline import warnings_of as store_warnings
from filesync.core.text import plural, printable
from filesync.errors import FilesyncError


class Observed(NamedTuple):
    """What a plan is decided on: the local files, the platform, the journal, the time.

    `remote` maps ids to live files; `now` is in Unix seconds by the server's clock, which is
    `clock_offset` seconds ahead of ours. `offline`: the platform is what the lockfile says.
    `stores` are the platform's, `traces` what the store journal says of each key's.
    `content` returns what is wrong with the content of the selected files with these keys.
    `unlisted` are the remote files that the listing did not show; `has_lock`: there is a lockfile.
    `share` are the keys of a shard: every other wanted file is given as the lockfile has it.
    `warnings` are about the local files.
    """

    desired: list[DesiredFile]
    remote: Mapping[str, RemoteFile]
    history: History
    now: int
    clock_offset: float = 0.0
    offline: bool = False
    stores: ObservedStores = NOTHING_OBSERVED
    traces: Mapping[str, StoreTrace] = MappingProxyType({})
    desired_stores: tuple[DesiredStore, ...] = ()
    content: Callable[[Collection[str]], ContentReport] = lambda _keys: ContentReport()
    unlisted: frozenset[str] = frozenset()
    has_lock: bool = True
    share: frozenset[str] | None = None
    warnings: tuple[str, ...] = ()


class PlanOptions(NamedTuple):
    """How a plan is made for showing only.

    Without `protection` a protected file's loss is planned like any other, and so is the upload
    of a file with wrong content. Without `sharing` each key is decided by itself, and with `at`
    the plan is for another time. `orphans`: they are to be deleted, as `--delete-orphans` says;
    that is for applying, too. Without `uploads` no file is planned to be sent.
    """

    protection: bool = True
    sharing: bool = True
    at: Moment | None = None
    orphans: bool = False
    uploads: bool = True


class Decided(NamedTuple):
    """What was decided, for which time, and on what.

    `remote` are the platform's files at that time; `waiting` the retired files whose time has
    not come; `refresh` the lock entries whose `path` or `protect` must be updated (no remote
    effect). `stores` holds every decision about vector stores; `left_out` what is not done
    because of a file's content.
    """

    decisions: Decisions
    now: int
    recovery: Recovery
    remote: Mapping[str, RemoteFile]
    waiting: list[Retired]
    warnings: list[str]
    refusals: list[Refusal]
    refresh: dict[str, LockEntry]
    stores: tuple[StoreChange, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    content: ContentReport = ContentReport()


def decide_all(
    seen: Observed,
    manifest: Manifest,
    lock: Lockfile,
    filters: Filters = Filters(),  # noqa: B008 - a named tuple: nothing can change it
    options: PlanOptions = PlanOptions(),  # noqa: B008 - a named tuple: nothing can change it
) -> Decided:
    """Return what apply would do, and what it would refuse. Pure: `lock` stays as it is.

    Raises Refused for a protected file, FilesyncError where `filters` select nothing or the time
    of `options.at` has passed.
    """
    before, lock = lock, lock.copy()
    selection = Selection(
        filters,
        purposes_of(seen.desired, lock.files) if filters.narrow else {},
        seen.share,
        options.uploads,
    )
    # The lock as if the interrupted apply had saved it: then the table needs no case for it.
    recovery = (
        NOTHING_TO_RECOVER
        if seen.offline
        else recover(seen.history, lock, seen.remote, seen.now, seen.unlisted)
    )
    recovery = selection.sessions(recovery)
    policy_for = policies_of(manifest)
    take_in(lock, recovery, seen.now, lambda key: policy_for(key).retain)
    leave = Leave(options.orphans, seen.has_lock, not seen.unlisted)
    now, remote = _as_of(options.at, seen, lock)
    everything = show_recovered(
        decide(
            selection.first_choice(seen.desired),
            lock,
            remote,
            project=manifest.project,
            prune=manifest.prune,
            now=now,
            leave=leave,
        ),
        recovery,
    )
    everything = _show_retired_now(everything, before, lock)
    selection.check(
        everything.keys(),
        {*lock.stores, *(store.key for store in seen.desired_stores)},
        of=f"the manifest's {plural(len(seen.desired), 'file')}",
    )
    decisions = selection.narrow(everything)
    # Looked up for what is to be sent: nearly all files of most plans are not.
    content = seen.content(_keys_to_send(decisions.changes))
    left_out: list[LeftOut] = []
    if options.protection:
        decisions, left_out = without_wrong(decisions, content)
    if options.sharing:
        decisions = share(decisions, lock, remote, recovery, now)
    if options.protection:
        guards.check_protected(reading_order(decisions.changes), manifest)
    refusals = guards.refusals(
        decisions.changes,
        everything=_without_our_deletes(everything, seen.history),
        lock=lock,
        remote=remote,
        manifest=manifest,
        recovery=recovery,
        now=now,
    )
    ours = _known_as_ours(lock, remote, manifest) if seen.desired_stores else set()
    rows = decisions.rows if seen.desired_stores or lock.stores else ()
    grounds = Grounds(seen.stores, seen.traces, rows, lock, ours, now)
    # Stores are filled by the run that joins the shards: only that one knows all ids.
    shard = seen.share is not None
    stores = () if shard else decide_stores(seen.desired_stores, grounds, selection)
    if options.protection:
        check_protected_stores(stores, (one.key for one in manifest.stores if one.protect))
    return Decided(
        decisions=decisions,
        now=now,
        recovery=recovery,
        remote=remote,
        waiting=[retired for retired in lock.retired.values() if retired.delete_after > now],
        warnings=[
            *_not_asked_about(recovery.unclear, decisions.changes),
            *_left_over(recovery.left),
            *report_left(decisions.orphans, manifest.prune, leave),
            *left_alone(decisions.changes, lock),
            *(() if seen.offline or options.at else stored_otherwise(decisions)),
            *(store_warnings(stores, fates_of(rows, lock)) if stores else ()),
        ],
        refusals=[*refusals, *store_refusals(stores, manifest.max_delete)],
        refresh=_refresh(decisions.kept),
        stores=stores,
        left_out=tuple(left_out),
        content=content.about(
            _keys_to_send([*decisions.changes, *(one.change for one in left_out)])
        ),
    )


def _keys_to_send(rows: Iterable[Change]) -> set[str]:
    """Return the keys of files that are sent, or would be but for their content.

    Of the others the plan says nothing: what is on the platform already is for `validate`.
    """
    sent = (Action.CREATE, Action.REPLACE)
    return {row.key for row in rows if row.action in sent and row.key}


def _known_as_ours(
    lock: Lockfile, remote: Mapping[str, RemoteFile], manifest: Manifest
) -> set[str]:
    """Return the ids that the lockfile or a fingerprint says are this project's."""
    owner = owner_token(manifest.project)
    marked = {
        file.id
        for file in remote.values()
        if (token := parse_fingerprint(file.filename)) is not None and token.owner == owner
    }
    return lock.owned_ids() | marked


def _as_of(
    at: Moment | None, seen: Observed, lock: Lockfile
) -> tuple[int, Mapping[str, RemoteFile]]:
    """Return the time to decide for, and the remote files that will not have expired by then."""
    if at is None:
        return seen.now, seen.remote
    try:
        then = at.seen_from(seen.now)
    except ValueError as error:
        raise FilesyncError(f"--at {error}", "name a time to come, such as +7d") from None
    return then, still_there(seen.remote, lock, then)


def still_there(remote: Mapping[str, RemoteFile], lock: Lockfile, at: int) -> dict[str, RemoteFile]:
    """Return the remote files that will not have expired at a time, in Unix seconds."""
    locked = {entry.id: entry for entry in lock.files.values()}

    def lives(file: RemoteFile) -> bool:
        expires_at = live_expiry(file, locked.get(file.id))
        return expires_at is None or expires_at > at

    return {file_id: file for file_id, file in remote.items() if lives(file)}


def _show_retired_now(decisions: Decisions, before: Lockfile, lock: Lockfile) -> Decisions:
    """Return the decisions with what only this run's recovery retired marked, and its entry."""
    now = lock.retired.keys() - before.retired.keys()
    if not now:
        return decisions
    entries = {entry.id: entry for entry in before.files.values()}
    return decisions._replace(
        changes=tuple(
            row._replace(recovered=True, locked=entries.get(row.id or ""))
            if row.reason is Reason.RETIRED and row.id in now
            else row
            for row in decisions.changes
        )
    )


def _without_our_deletes(decisions: Decisions, history: History) -> Decisions:
    """Return the decisions without files that are gone because we have deleted them."""
    return decisions._replace(
        changes=tuple(
            row
            for row in decisions.changes
            if row.reason is not Reason.GONE
            or (row.id not in history.deleted and row.id not in history.deleting)
        )
    )


def left_alone(rows: Iterable[Change], lock: Lockfile) -> Iterator[str]:
    """Yield a warning for each file that a key lets go of and that may be another project's."""
    for row in rows:
        old = row.id if row.supersedes is None else row.supersedes.id
        forgets = row.action is Action.FORGET and row.remote is not None
        if (forgets or row.supersedes is not None) and old and lock.unproven(old):
            yield (
                f"{old} of {printable(row.key or '')} stays on the platform: it was adopted, and "
                "nothing but its name and size says that it is this project's"
            )


def _not_asked_about(unclear: Mapping[str, list[str]], rows: Iterable[Change]) -> Iterator[str]:
    """Yield a warning for each interrupted upload that no row of the plan asks about."""
    asked = {row.key for row in rows if row.action in (Action.CREATE, Action.REPLACE)}
    for key, ids in unclear.items():
        if key not in asked:
            yield (
                f"an upload of {printable(key)} was interrupted and may have made one of "
                f"{', '.join(ids)}: {command('adopt', key, 'ID')} takes one, "
                f"{command('forget', key)} leaves them alone"
            )


def _left_over(left: Mapping[str, list[str]]) -> Iterator[str]:
    """Yield a warning for each interrupted upload whose file nobody needs and nobody is sure of."""
    for key, ids in left.items():
        yield (
            f"an interrupted upload of {printable(key)}, which has another file by now, may have "
            f"made one of {', '.join(ids)}: they stay, because another project's file may look the "
            f"same; {command('show', 'ID')} describes one"
        )


def _refresh(kept: Iterable[Kept]) -> dict[str, LockEntry]:
    """Return the entries whose file is right but whose path or protection must be updated."""
    found = {}
    for want, locked, _ in kept:
        path, protect = want.path, want.policy.protect
        if path != locked.path or protect != locked.protect:
            found[want.key] = locked._replace(path=path, protect=protect)
    return found

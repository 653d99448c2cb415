"""Making a plan: scan, hash while the listing comes, confirm what is missing, decide, guard."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from typing import TypeVar

from filesync.core.commands import word
from filesync.core.decide import guards
from filesync.core.decide.change import Action, Change
from filesync.core.decide.desired import desired_file, policy_for
from filesync.core.decide.sharing import share
from filesync.core.decide.table import decide, show_recovered
from filesync.core.lockfile.lock import Lockfile
from filesync.core.model import DesiredFile, LockEntry, RemoteFile, ScannedFile
from filesync.core.moment import Moment, utc
from filesync.core.parts import PARTS_FROM
from filesync.core.plan.forecast import still_there
from filesync.core.plan.plan import Plan, PlanInputs
from filesync.core.plan.selection import narrow, selects
from filesync.core.recovery.journal import History
from filesync.core.recovery.recover import NOTHING_TO_RECOVER, recover, take_in
from filesync.core.run import Run
from filesync.core.text import plural, printable, quoted
from filesync.errors import FilesyncError, Refused
from filesync.local.hash_cache import HashCache
from filesync.local.hashes import hash_files
from filesync.local.journal import read_journal
from filesync.local.md5 import Md5Sums
from filesync.local.state_dir import state_dir
from filesync.workflow.listing import confirmed
from filesync.workflow.workspace import Workspace, open_workspace, scan

T = TypeVar("T")

_CLOCK_TOLERANCE_SECONDS = 300


def make_plan(
    run: Run,
    *,
    on_hashed: Callable[[int], None] | None = None,
    md5s: Md5Sums | None = None,
    protection: bool = True,
    sharing: bool = True,
    at: Moment | None = None,
) -> Plan:
    """Return what apply would do for a run; reads disk and server, writes only the hash cache.

    `on_hashed` is told the bytes hashed, from several threads. `md5s` are those of the apply that
    will follow: they are begun as soon as a core is free. For showing only: without `protection`
    a protected file's loss is planned like any other, without `sharing` each key is decided by
    itself, and with `at` it is for another time. Raises the errors of each step: ManifestError,
    LockfileError, LocalFileError, RemoteError, Refused for a protected file.
    """
    space = open_workspace(run)
    files = scan(run, space.manifest, space.problems)

    def on_idle(file: ScannedFile) -> None:
        if md5s is not None and file.bytes >= PARTS_FROM:
            md5s.begin(file)

    def hash_all() -> list[DesiredFile]:
        # Made here, so that it is gone (40 MiB for 100,000 files) when the plan is put together.
        cache = HashCache(os.path.join(state_dir(run.manifest), "hashes.sqlite"))
        hashed = hash_files(files, cache, on_bytes=on_hashed, on_idle=on_idle)
        return [desired_file(space.manifest.project, file, sha256) for file, sha256 in hashed]

    warnings = list(space.manifest.warnings)
    now = int(time.time())
    history = read_journal(space.journal_path)
    if run.offline:
        desired, remote, offset = hash_all(), _as_locked(space.lock), 0.0
    else:
        with space.reader() as client:
            listing = _in_background(client.list_files)
            desired = hash_all()
            listed = listing.result()
            offset = client.clock_offset or 0.0
            remote, now = confirmed(client, listed, space.lock, history)
        if abs(offset) > _CLOCK_TOLERANCE_SECONDS:
            warnings.append(
                f"this machine's clock is {plural(abs(round(offset)), 'second')} "
                f"{'behind' if offset > 0 else 'ahead of'} the server's; the server's is used"
            )
    plan = _decide(space, desired, remote, history, now, offset, warnings, sharing, at)
    if protection:
        try:
            guards.check_protected(plan.rows, space.manifest)
        except Refused as error:
            if plan.at is not None:
                error.message = f"on {utc(plan.at)} UTC {error.message}"
            raise
    return plan


def _decide(
    space: Workspace,
    desired: list[DesiredFile],
    remote: dict[str, RemoteFile],
    history: History,
    now: int,
    clock_offset: float,
    warnings: list[str],
    sharing: bool,
    at: Moment | None,
) -> Plan:
    manifest, lock, only = space.manifest, space.lock, space.run.only
    # As if an apply that was cut short had saved the lock: then the table needs no case for it.
    recovery = NOTHING_TO_RECOVER if space.run.offline else recover(history, lock, remote, now)
    if only is not None:
        # The other keys' sessions are gone on with when it is their turn, and of what two files
        # could adopt, the file chosen has the first choice.
        sessions = [attempt for attempt in recovery.sessions if selects(only, attempt.key)]
        recovery = recovery._replace(sessions=sessions)
        desired = sorted(desired, key=lambda want: not selects(only, want.key))
    take_in(lock, recovery, now, lambda key: policy_for(key, manifest).retain)
    if at is not None:
        try:
            now = at.seen_from(now)
        except ValueError as error:
            raise FilesyncError(f"--at {error}", "name a time to come, such as +7d") from None
        remote = still_there(remote, lock, now)
    everything = show_recovered(
        decide(desired, lock, remote, project=manifest.project, prune=manifest.prune, now=now),
        recovery,
    )
    if only is not None and not any(
        row.key is not None and selects(only, row.key) for row in everything.rows
    ):
        raise FilesyncError(
            f"--only {quoted(only)} selects none of the manifest's {plural(len(desired), 'file')}",
            "`filesync status` lists the keys; quote the glob so that the shell leaves it alone",
        )
    decisions = narrow(everything, only)
    if sharing:
        decisions = share(decisions, lock, remote, recovery, now)
    return Plan(
        PlanInputs(
            run=space.run,
            project=manifest.project,
            base_url=space.server.base_url,
            manifest_sha256=manifest.sha256,
            lock_sha256=sha256_or_none(space.lock_bytes),
            filled_sha256=manifest.filled_sha256,
        ),
        decisions,
        now=now,
        clock_offset=clock_offset,
        recovery=recovery,
        known=remote.keys() | history.deleted.keys(),
        listed=remote.values(),
        waiting=[retired for retired in lock.retired.values() if retired.delete_after > now],
        warnings=[*warnings, *_unsaid(recovery.unclear, decisions.rows)],
        refusals=guards.refusals(
            decisions.rows,
            all_rows=everything.rows,
            lock=lock,
            remote=remote,
            manifest=manifest,
            unclear=recovery.unclear,
            now=now,
        ),
        refresh=_refresh(decisions.rows),
        at=None if at is None else now,
    )


def _unsaid(unclear: Mapping[str, list[str]], rows: Iterable[Change]) -> Iterator[str]:
    """Yield a warning for each upload cut short that nothing else in the plan asks about."""
    asked = {row.key for row in rows if row.action in (Action.CREATE, Action.REPLACE)}
    for key, ids in unclear.items():
        if key not in asked:
            yield (
                f"an upload of {printable(key)} was cut short and may have made one of "
                f"{', '.join(ids)}: `filesync adopt {word(key)} ID` takes one, "
                f"`filesync forget {word(key)}` leaves them alone"
            )


def _refresh(rows: Iterable[Change]) -> dict[str, LockEntry]:
    """Return the entries whose file is right but whose path or protection is told anew."""
    found = {}
    for row in rows:
        want, locked = row.desired, row.locked
        if row.action is Action.NOOP and want is not None and locked is not None:
            path, protect = want.path, want.policy.protect
            if (path, protect) != (locked.path, locked.protect):
                found[want.key] = locked._replace(path=path, protect=protect)
    return found


def _in_background(work: Callable[[], T]) -> Future[T]:
    """Start work beside ours; unlike an executor's it is not waited for after Ctrl-C."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def _as_locked(lock: Lockfile) -> dict[str, RemoteFile]:
    """Return the remote as the lock believes it to be, for a plan without a network."""
    remote = {
        entry.id: RemoteFile(
            entry.id,
            entry.filename,
            entry.purpose,
            entry.bytes,
            entry.created_at,
            entry.expires_at,
            None,
        )
        for entry in lock.files.values()
    }
    for retired in lock.retired.values():
        remote[retired.id] = RemoteFile(retired.id, "", "", None, 0, None, None)
    return remote


def sha256_or_none(data: bytes | None) -> str | None:
    """Return the hex sha256 of a file's bytes, None for a file that is not there."""
    return None if data is None else hashlib.sha256(data).hexdigest()

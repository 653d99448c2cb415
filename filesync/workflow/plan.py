"""Making a plan: scan, hash while the listing comes, confirm what is missing, decide, guard."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future
from functools import partial
from itertools import chain
from typing import TypeVar

from filesync.core import parts
from filesync.core.commands import command
from filesync.core.content.report import ContentReport
from filesync.core.decide.as_locked import found_as_locked, wanted_as_locked
from filesync.core.decide.desired import desired_file
from filesync.core.decide.pipeline import Observed, PlanOptions, decide_all
from filesync.core.decide.selection import Selection
from filesync.core.decide.unhashed import hashed_while_sent, may_send_unhashed
from filesync.core.hashed import Later
from filesync.core.lockfile.lock import Lockfile
from filesync.core.model import DesiredFile, RemoteFile, ScannedFile
from filesync.core.moment import utc
from filesync.core.plan.plan import Plan, PlanInputs
from filesync.core.run import Run
from filesync.core.shard import share_of
from filesync.core.stores.observed import as_locked
from filesync.core.text import plural
from filesync.errors import Refused
from filesync.local.hash_cache import HashCache
from filesync.local.hashes import hash_files
from filesync.local.sums import Checksums
from filesync.workflow.check_content import Read, content_checks, content_report
from filesync.workflow.listing import confirmed, set_strangers_apart
from filesync.workflow.observe_stores import observe_stores
from filesync.workflow.sources import hashing, not_looked_at, unseen_objects
from filesync.workflow.workspace import (
    Workspace,
    desired_stores,
    open_workspace,
    pieces_that_wait,
    scan,
    server_of,
)

T = TypeVar("T")

_CLOCK_TOLERANCE_SECONDS = 300


def make_plan(
    run: Run,
    *,
    on_hashed: Callable[[int], None] | None = None,
    sums: Checksums | None = None,
    options: PlanOptions = PlanOptions(),  # noqa: B008 - a named tuple: nothing can change it
    declared: Collection[str] | None = None,
) -> Plan:
    """Return what apply would do for a run; reads disk and server, writes only the hash cache.

    `on_hashed` is given the bytes hashed, from several threads. `sums` are those of the apply
    that will follow: md5 begin as soon as a core is free, and what they take `while_sent` is not
    hashed here. With `declared`, these keys are the
    wanted files, as the lockfile has them, and no file is read. Raises the errors of each step:
    ManifestError, LockfileError, LocalFileError, RemoteError, Refused for a protected file.
    """
    space = open_workspace(run).without_text()
    seen = observe(space, on_hashed=on_hashed, sums=sums, declared=declared)
    try:
        options = options._replace(orphans=options.orphans or run.delete_orphans)
        decided = decide_all(seen, space.manifest, space.lock, run.filters, options)
    except Refused as error:
        if options.at is None:
            raise
        then = utc(options.at.seen_from(seen.now))
        raise Refused(f"on {then} UTC {error.message}", error.hint) from None
    content = decided.content
    return Plan(
        PlanInputs(
            run=run,
            project=space.manifest.project,
            base_url=space.server.base_url,
            manifest_sha256=space.manifest.sha256,
            lock_sha256=space.lock_sha256,
            filled_sha256=space.manifest.filled_sha256,
        ),
        decided.decisions,
        now=decided.now,
        clock_offset=seen.clock_offset,
        recovery=decided.recovery,
        known=decided.remote.keys() | seen.history.deleted.keys(),
        listed=decided.remote.values(),
        waiting=decided.waiting,
        warnings=[
            *space.manifest.warnings,
            *seen.warnings,
            *_pieces_warning(space, declared),
            *_clock_warning(seen),
            *_offline_warning(space),
            *content.lines("warning"),
            *_left_out_warning(len(decided.left_out)),
            *decided.warnings,
        ],
        refusals=decided.refusals,
        refresh=decided.refresh,
        at=None if options.at is None else decided.now,
        stores=decided.stores,
        content=content,
        left_out=decided.left_out,
        share=seen.share,
    )


def observe(
    space: Workspace,
    *,
    on_hashed: Callable[[int], None] | None = None,
    sums: Checksums | None = None,
    declared: Collection[str] | None = None,
) -> Observed:
    """Scan and hash the manifest's files while the platform's are listed.

    An offline run takes the lockfile's word for the platform. Parameters and errors are those
    of `make_plan`.
    """
    run = space.run
    warnings: list[str] = []
    files, others, share = _found(space, declared, warnings.append)
    unlooked_at = run.offline and declared is None
    unseen = unseen_objects(space.manifest, space.lock) if unlooked_at else []
    server = server_of(run, space.manifest)
    checks = content_checks(server)
    history = space.state.history()

    def on_idle(file: ScannedFile) -> None:
        if sums is not None and file.bytes >= parts.PARTS_FROM:
            sums.md5.begin(file)
            if file.key in later.keys:
                sums.sha256.begin(file)

    later = Later(on_idle=on_idle)
    if sums is not None and sums.while_sent and may_send_unhashed(server, space.manifest):
        later.keys = hashed_while_sent([*files, *others], space.lock, history, checks)
        sums.later = later

    def hash_all() -> list[DesiredFile]:
        hashed = hash_files(
            files,
            # Nothing else holds it, so that it is gone when the plan is put together.
            HashCache.beside(run.manifest),
            on_bytes=on_hashed,
            checks=checks,
            later=later,
            objects=hashing(space.manifest, None if sums is None else sums.md5.take),
        )
        project, locked = space.manifest.project, space.lock.files
        ours = [
            desired_file(project, file, sha256, locked.get(file.key))
            for file, sha256 in chain(hashed, unseen)
        ]
        return ours + [
            wanted_as_locked(file, locked[file.key]) for file in others if file.key in locked
        ]

    def content(desired: list[DesiredFile], keys: Collection[str]) -> ContentReport:
        chosen = len(files)
        if run.filters.narrow:
            purposes = {file.key: file.entry.policy.purpose for file in files}
            selection = Selection(run.filters, purposes)
            chosen = sum(selection.has(file.key) for file in files)
        if not keys:
            return ContentReport(chosen, strict=run.strict)
        read = Read([(one.scanned, one.sha256) for one in desired], checks)
        report = content_report(run, server, read, space.lock.files, keys)
        return report._replace(files=chosen)

    unlooked = [file for file, _ in unseen]
    stores_wanted, _ = desired_stores(space.manifest, [*files, *others, *unlooked])
    wanted = tuple(stores_wanted)
    if run.offline:
        remote, stores = _as_locked(space.lock), as_locked(space.lock.stores)
        desired = hash_all()
        return Observed(
            desired,
            remote,
            history,
            int(time.time()),
            offline=True,
            content=partial(content, desired),
            stores=stores,
            desired_stores=wanted,
            warnings=tuple(warnings),
        )
    traces = space.state.traces()
    keys, project = [one.key for one in wanted], space.manifest.project
    with space.reader() as client:
        listing = _in_background(client.list_files)
        looking = _in_background(lambda: observe_stores(client, keys, space.lock, project, traces))
        desired = hash_all()
        listed, stores = listing.result(), looking.result()
        offset = client.clock_offset or 0.0
        remote, now, unlisted = confirmed(client, listed, space.lock, history)
        set_strangers_apart(client, history, space.lock, remote)
    return Observed(
        desired,
        remote,
        history,
        now,
        offset,
        content=partial(content, desired),
        stores=stores,
        traces=traces,
        desired_stores=wanted,
        unlisted=unlisted,
        has_lock=space.lock_sha256 is not None,
        share=share,
        warnings=tuple(warnings),
    )


def _found(
    space: Workspace, declared: Collection[str] | None, on_warning: Callable[[str], None]
) -> tuple[list[ScannedFile], list[ScannedFile], frozenset[str] | None]:
    """Return the files to look at, those to take as they are locked, and a shard's keys."""
    run, locked = space.run, space.lock.files
    if declared is not None:
        known = ((key, locked[key]) for key in sorted(declared) if key in locked)
        return [], list(found_as_locked(space.manifest, known)), None
    files = scan(run, space.manifest, space.problems, on_warning, stores=not run.offline)
    if run.shard is None:
        return files, [], None
    share = share_of(files, run.shard)
    mine = [file for file in files if file.key in share]
    return mine, [file for file in files if file.key not in share], share


def _left_out_warning(count: int) -> Iterator[str]:
    if count:  # a report shows the plan without what stderr says of the content
        what = "is left out of the plan: its" if count == 1 else "are left out of the plan: their"
        yield f"{plural(count, 'file')} {what} content has errors"


def _offline_warning(space: Workspace) -> Iterator[str]:
    left = not_looked_at(space.manifest) if space.run.offline else ""
    if left:
        yield f"{left}; the lockfile's word is taken for them"


def _pieces_warning(space: Workspace, declared: Collection[str] | None) -> Iterator[str]:
    if space.run.shard is None and declared is None:
        waiting = pieces_that_wait(space.place.name, space.lock_path)
        if waiting:
            yield (
                f"{waiting}; this does not count what they uploaded ({command('lock', 'merge')} "
                "joins them)"
            )


def _clock_warning(seen: Observed) -> Iterator[str]:
    offset = seen.clock_offset
    if abs(offset) > _CLOCK_TOLERANCE_SECONDS:
        yield (
            f"this machine's clock is {plural(abs(round(offset)), 'second')} "
            f"{'behind' if offset > 0 else 'ahead of'} the server's; the server's is used"
        )


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

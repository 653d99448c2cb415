"""Apply and destroy: the only two that write remotely."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from filesync.core.decide import guards
from filesync.core.decide.desired import policy_for
from filesync.core.decide.guards import Allowed
from filesync.core.decide.sharing import let_go_once
from filesync.core.decide.table import Change, Decisions, Reason, let_go_of
from filesync.core.events import Watcher
from filesync.core.lockfile import format as lock_format
from filesync.core.model import InUse, LockEntry
from filesync.core.moment import utc
from filesync.core.plan.plan import Plan, PlanInputs, Run
from filesync.core.recovery.recover import (
    NOTHING_TO_RECOVER,
    Recovery,
    found_by_fingerprint,
    recover,
    take_in,
)
from filesync.core.text import plural, printable
from filesync.errors import ManifestError, Refused
from filesync.execute.applier import Applier, Result, Settings
from filesync.execute.lock_saver import Saver
from filesync.execute.transfer import Line
from filesync.local import lockfile
from filesync.local.journal import Journal, journal_path, read_journal
from filesync.local.md5 import Md5Sums
from filesync.remote.timing import Settings as ClientSettings
from filesync.workflow.plan import confirmed, sha256_or_none
from filesync.workflow.workspace import Workspace, open_workspace, reader, writer


def apply_plan(
    plan: Plan,
    *,
    allowed: Allowed = Allowed(),  # noqa: B008 - a named tuple: nothing can change it
    settings: Settings = Settings(),  # noqa: B008
    watch: Watcher = lambda _event: None,
    md5s: Md5Sums | None = None,
) -> Result:
    """Carry out a plan exactly as it was made; `md5s` is what its making may have begun.

    Raises Refused, with nothing written, if a guard says no or if the manifest or the lockfile
    has changed since the plan; files are held against their planned hash while they are sent.
    Single failures do not raise: they are in the Result.
    """
    if plan.at is not None:
        raise Refused(f"the plan is for {utc(plan.at)} UTC, to look at", "plan again without `at`")
    guards.enforce(plan.refusals, allowed, plan.rows)
    space = open_workspace(plan.inputs.run)
    moved = []
    if space.manifest.sha256 != plan.inputs.manifest_sha256:
        moved.append(printable(plan.inputs.run.manifest))
    elif space.manifest.filled_sha256 != plan.inputs.filled_sha256:
        moved.append(f"a variable of {printable(plan.inputs.run.manifest)}")
    if sha256_or_none(space.lock_bytes) != plan.inputs.lock_sha256:
        moved.append(printable(space.lock_path))
    if moved:
        raise Refused(
            f"the plan is stale: {' and '.join(moved)} changed since it was made",
            "plan again",
        )
    nothing = (plan.has_changes, plan.refresh, plan.recovery != NOTHING_TO_RECOVER)
    if not any(nothing) and space.lock_bytes is not None:
        return Result((), (), interrupted=False)
    return _carry_out(space, plan, settings, watch, md5s or Md5Sums())


def plan_destroy(run: Run) -> Plan:
    """Return the plan that deletes everything the lock owns; Refused if any of it is protected."""
    space = open_workspace(run)
    if space.problems:
        raise ManifestError(run.manifest, space.problems)
    lock = space.lock
    path = journal_path(run.manifest, space.manifest.project, space.server.base_url, run.env)
    history = read_journal(path)
    pace = space.manifest.requests_per_minute
    with reader(space.server, run, requests_per_minute=pace) as client:
        remote, now = confirmed(client, client.list_files(), lock, history)
    recovery = recover(history, lock, remote, now)

    def row(file_id: str, key: str, entry: LockEntry | None = None) -> Change:
        live = remote.get(file_id)
        action, reason = let_go_of(live, Reason.DESTROYED)
        return Change(key, action, reason, file_id, locked=entry, remote=live)

    rows = [row(entry.id, key, entry) for key, entry in lock.files.items()]
    current = {entry.id for entry in lock.files.values()}
    waiting = {retired.id: retired.key for retired in lock.retired.values()}
    # What an apply that was cut short made and did not get to lock is ours as well.
    waiting |= {entry.id: key for key, entry in recovery.entries} | recovery.wrong
    waiting |= found_by_fingerprint(history, lock, remote)
    rows += [row(file_id, key) for file_id, key in waiting.items() if file_id not in current]
    _refuse_protected(rows, space)
    rows = list(let_go_once(rows, lock))
    inputs = PlanInputs(
        run,
        space.manifest.project,
        space.server.base_url,
        space.manifest.sha256,
        sha256_or_none(space.lock_bytes),
        space.manifest.filled_sha256,
    )
    refusal = guards.mass_missing(rows, lock, now, "forget them")
    return Plan(
        inputs,
        Decisions(tuple(rows), 0),
        now=now,
        refusals=[] if refusal is None else [refusal],
        recovery=NOTHING_TO_RECOVER._replace(sessions=recovery.sessions),
        warnings=_left_behind(recovery),
    )


def _left_behind(recovery: Recovery) -> Iterator[str]:
    for key, ids in recovery.unclear.items():
        yield (
            f"an upload of {printable(key)} was cut short and may have made one of "
            f"{', '.join(ids)}: they stay"
        )
    for key in recovery.unsettled:
        yield (
            f"an upload of {printable(key)} was cut short and may still come to be listed: "
            "run `filesync destroy` again in a minute or two"
        )


def _refuse_protected(rows: Sequence[Change], space: Workspace) -> None:
    protected = [
        row.key
        for row in rows
        if row.key is not None
        and row.locked is not None
        and (row.locked.protect or policy_for(row.key, space.manifest).protect)
    ]
    if protected:
        names = ", ".join(printable(key) for key in protected)
        raise Refused(
            f"{plural(len(protected), 'file')} of {len(rows)} to destroy "
            f"{'is' if len(protected) == 1 else 'are'} protected: {names}",
            "set `protect: false` on the entries and run `filesync apply` first; "
            f"{guards.GIVES_UP}",
        )


def _carry_out(
    space: Workspace, plan: Plan, settings: Settings, watch: Watcher, md5s: Md5Sums
) -> Result:
    manifest, lock = space.manifest, space.lock
    saved = space.lock_bytes

    def save() -> None:
        nonlocal saved
        text = lock_format.dump(lock)
        if text != saved:
            lockfile.save_lock(space.lock_path, text, sync=True)
            saved = text

    own = {row.key: row.desired.policy for row in plan.rows if row.desired is not None}

    def in_use(key: str | None) -> InUse:
        if key is None:
            return manifest.removed.in_use
        return (own.get(key) or policy_for(key, manifest)).in_use

    take_in(lock, plan.recovery, plan.now, lambda key: policy_for(key, manifest).retain)
    run = plan.inputs.run
    path = journal_path(run.manifest, manifest.project, space.server.base_url, run.env)
    with (
        _stopped_by_signals() as stop,
        writer(space, ClientSettings(stop=stop)) as client,
        Journal(run.manifest, path) as journal,
        md5s,
    ):

        def now() -> int:
            offset = client.clock_offset
            return int(time.time() + (plan.clock_offset if offset is None else offset))

        line = Line(client, journal, md5s, settings.concurrency, stop, watch, now)
        # What was recovered is locked now: it must not be looked for again after another crash.
        save()
        journal.compact(lock, now(), plan.recovery.unclear)
        result = Applier(
            plan, lock, line, saver=Saver(save), in_use=in_use, settings=settings
        ).run()
        journal.compact(lock, now(), plan.recovery.unclear)
    return result


@contextmanager
def _stopped_by_signals() -> Iterator[threading.Event]:
    """Turn the first Ctrl-C or SIGTERM into a set event, so that what is done can be saved.

    The second one interrupts at once. Outside the main thread signals stay as they are.
    """
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def on_signal(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, on_signal) for number in _SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


_SIGNALS = (signal.SIGINT, signal.SIGTERM)

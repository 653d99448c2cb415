"""Apply and destroy: the only two that write remotely."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from types import FrameType

from filesync.core.decide import guards
from filesync.core.decide.desired import policies_of
from filesync.core.decide.guards import Overrides
from filesync.core.events import Result, Watcher
from filesync.core.model import InUse
from filesync.core.moment import utc
from filesync.core.plan.plan import Plan
from filesync.core.recovery.recover import (
    NOTHING_TO_RECOVER,
    take_in,
)
from filesync.core.stores.guards import most_detached
from filesync.core.stores.pipeline import is_behind
from filesync.core.text import printable
from filesync.errors import Refused
from filesync.execute.answers import Answers
from filesync.execute.applier import Applier, ApplySettings
from filesync.execute.context import ApplyContext
from filesync.execute.lock_saver import Saver
from filesync.local.hash_cache import HashCache
from filesync.local.sums import Checksums
from filesync.remote.timing import ClientSettings
from filesync.storage.objects import Objects
from filesync.workflow.lock_target import LockTarget
from filesync.workflow.workspace import (
    Workspace,
    open_workspace,
    whole_lockfile,
)


def apply_plan(
    plan: Plan,
    *,
    allowed: Overrides = Overrides(),  # noqa: B008 - a named tuple: nothing can change it
    settings: ApplySettings = ApplySettings(),  # noqa: B008
    watch: Watcher = lambda _event: None,
    sums: Checksums | None = None,
) -> Result:
    """Carry out a plan exactly as it was made; `sums` are what its making has left to it.

    Raises Refused, with nothing written, if a guard says no or if the manifest or the lockfile
    has changed since the plan; files are compared with their planned hash while they are sent.
    Single failures do not raise: they are in the Result.
    """
    if plan.at is not None:
        raise Refused(f"the plan is for {utc(plan.at)} UTC, to look at", "plan again without `at`")
    guards.enforce(plan.refusals, allowed, plan.changes, most_detached(plan.stores))
    run = plan.inputs.run
    with nullcontext() if run.shard is None else whole_lockfile(run):
        space = _unmoved(plan)
        target = LockTarget(space, plan.share)
        if run.shard is not None:
            # From here on a run on the whole lockfile sees that a piece of it is being made.
            target.save()
    nothing = (
        plan.has_changes,
        plan.refresh,
        plan.left_out,
        plan.recovery != NOTHING_TO_RECOVER,
        any(map(is_behind, plan.stores)),
    )
    if not any(nothing) and space.lock_sha256 is not None and run.shard is None:
        if not run.filters.narrow:
            # Left by a run that was killed after its last save: the lockfile has all of it.
            with space.state.store_journal() as store_journal:
                store_journal.clear()
        return Result((), (), interrupted=False)
    result = _carry_out(space, plan, target, settings, watch=watch, sums=sums or Checksums())
    target.finish(result)
    return result


def _unmoved(plan: Plan) -> Workspace:
    """Return the workspace of a plan; Refused if manifest or lockfile have changed since."""
    space = open_workspace(plan.inputs.run)
    moved = []
    if space.manifest.sha256 != plan.inputs.manifest_sha256:
        moved.append(printable(plan.inputs.run.manifest))
    elif space.manifest.filled_sha256 != plan.inputs.filled_sha256:
        moved.append(f"a variable of {printable(plan.inputs.run.manifest)}")
    if space.lock_sha256 != plan.inputs.lock_sha256:
        moved.append(space.place.name)
    if moved:
        raise Refused(
            f"the plan is stale: {' and '.join(moved)} changed since it was made",
            "plan again",
        )
    return space


def _carry_out(
    space: Workspace,
    plan: Plan,
    target: LockTarget,
    settings: ApplySettings,
    *,
    watch: Watcher,
    sums: Checksums,
) -> Result:
    manifest, lock = space.manifest, space.lock
    saver = Saver(target.save)

    policy_for = policies_of(manifest)
    own = {want.key: want.policy for want in plan.desired()}

    def in_use(key: str | None) -> InUse:
        if key is None:
            return manifest.removed.in_use
        return (own.get(key) or policy_for(key)).in_use

    take_in(lock, plan.recovery, plan.now, lambda key: policy_for(key).retain)
    objects = Objects()
    sums.md5.read_object = lambda file: objects.read(file, 0, file.bytes)
    with (
        _stopped_by_signals() as stop,
        space.writer(
            ClientSettings(at_once=settings.concurrency, stop=stop, may_write=space.state.may_write)
        ) as client,
        space.state.journal(space.known) as journal,
        space.state.store_journal() as store_journal,
        sums,
    ):
        space.state.when_lost(stop.set)
        now = partial(client.now, plan.clock_offset)
        answers = Answers(
            plan.known,
            plan.listed,
            [row.desired for row in plan.changes if row.desired is not None],
            lambda key: lock.files[key].id if key in lock.files else "",
        )
        context = ApplyContext(
            client, journal, sums, settings.concurrency, stop, watch, now, answers, objects
        )
        # What was recovered is locked now: it must not be looked for again after another crash.
        for number, file_id in plan.recovery.found.items():
            journal.made(number, file_id)
        saver.now()
        journal.compact(lock, now(), plan.now, plan.recovery.unclear)
        result = Applier(
            plan,
            lock,
            context,
            saver=saver,
            store_journal=store_journal,
            in_use=in_use,
            settings=settings,
        ).run()
        sums.keep(HashCache.beside(plan.inputs.run.manifest))
        journal.compact(lock, now(), plan.now, plan.recovery.unclear)
    return replace(result, retries=client.retries)


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

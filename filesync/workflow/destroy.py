"""The plan of `destroy`: delete all that the lockfile owns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from filesync.core.commands import command
from filesync.core.decide import guards
from filesync.core.decide.change import Change, Decisions, Reason
from filesync.core.decide.desired import policies_of
from filesync.core.decide.pipeline import left_alone
from filesync.core.decide.sharing import delete_once
from filesync.core.decide.table import action_for_unwanted
from filesync.core.model import LockEntry
from filesync.core.plan.plan import Plan, PlanInputs
from filesync.core.recovery.journal import Attempt
from filesync.core.recovery.recover import (
    NOTHING_TO_RECOVER,
    Recovery,
    recover,
)
from filesync.core.resemblance import Fit
from filesync.core.run import Run
from filesync.core.stores.change import StoreAction, StoreChange, StoreReason
from filesync.core.stores.guards import check_protected
from filesync.core.text import plural, printable
from filesync.core.wrong_manifest import wrong_manifest
from filesync.errors import Refused
from filesync.remote.client import Reader
from filesync.workflow.listing import confirmed, set_strangers_apart
from filesync.workflow.observe_stores import observe_stores
from filesync.workflow.workspace import Workspace, open_workspace


def plan_destroy(run: Run) -> Plan:
    """Return the plan that deletes everything the lock owns; Refused if any of it is protected."""
    space = open_workspace(run)
    if space.problems:
        raise wrong_manifest(run.manifest, space.problems)
    lock = space.lock
    history = space.state.history()
    with space.reader() as client:
        remote, now, unlisted = confirmed(client, client.list_files(), lock, history)
        set_strangers_apart(client, history, lock, remote)
        stores = _stores(client, space)
    recovery = recover(history, lock, remote, now, unlisted)

    def row(file_id: str, key: str, entry: LockEntry | None = None) -> Change:
        live = remote.get(file_id)
        proven = not lock.unproven(file_id)
        action, reason = action_for_unwanted(live, Reason.DESTROYED, proven=proven)
        return Change(key, action, reason, file_id, locked=entry, remote=live)

    rows = [row(entry.id, key, entry) for key, entry in lock.files.items()]
    current = {entry.id for entry in lock.files.values()}
    waiting = {retired.id: retired.key for retired in lock.retired.values()}
    # A file that an interrupted apply uploaded and did not lock is ours as well.
    waiting |= {entry.id: key for key, entry in recovery.entries} | recovery.wrong
    rows += [row(file_id, key) for file_id, key in waiting.items() if file_id not in current]
    _refuse_protected(rows, space)
    rows = list(delete_once(rows, lock))
    owned = lock.owned_ids()
    loose = [file for file in remote.values() if file.id not in owned]
    seen = [
        one
        for one in recovery.unsettled.values()
        if any(one.fit(file) is Fit.YES for file in loose)
    ]
    inputs = PlanInputs(
        run,
        space.manifest.project,
        space.server.base_url,
        space.manifest.sha256,
        space.lock_sha256,
        space.manifest.filled_sha256,
    )
    by_us = history.deleted.keys() | history.deleting
    refusal = guards.mass_missing(
        [row for row in rows if row.id not in by_us],
        lock,
        now,
        "forget them",
    )
    return Plan(
        inputs,
        Decisions(tuple(rows), 0),
        now=now,
        refusals=[] if refusal is None else [refusal],
        recovery=NOTHING_TO_RECOVER._replace(
            sessions=recovery.sessions,
            unsure=[*recovery.unsure, *seen],
        ),
        warnings=[*_left_behind(recovery, seen), *left_alone(rows, lock)],
        stores=stores,
    )


def _stores(client: Reader, space: Workspace) -> tuple[StoreChange, ...]:
    """Return the deletes of all stores that are ours; Refused if one is protected.

    A store whose creation was interrupted is found by its mark.
    """
    traces = space.state.traces()
    project = space.manifest.project
    asked = {key for key in traces if key not in space.lock.stores}
    seen = observe_stores(client, asked, space.lock, project, traces)
    rows = []
    for key, locked in space.lock.stores.items():
        live = seen.stores.get(locked.id)
        rows.append(
            StoreChange(
                key,
                StoreAction.FORGET if live is None else StoreAction.DELETE,
                StoreReason.GONE if live is None else StoreReason.DESTROYED,
                locked.id,
                locked=locked,
                remote=live,
            )
        )
    rows += [
        StoreChange(key, StoreAction.DELETE, StoreReason.DESTROYED, one.id, remote=one)
        for key in sorted(asked)
        for one in seen.marked.get(key, ())
    ]
    check_protected(rows, (one.key for one in space.manifest.stores if one.protect))
    return tuple(rows)


def _left_behind(recovery: Recovery, seen: Sequence[Attempt]) -> Iterator[str]:
    for key, ids in (*recovery.unclear.items(), *recovery.left.items()):
        yield (
            f"an upload of {printable(key)} was interrupted and may have made one of "
            f"{', '.join(ids)}: they stay"
        )
    for key in recovery.unsettled.keys() - {one.key for one in seen}:
        yield (
            f"an upload of {printable(key)} was interrupted and may still come to be listed: "
            f"run {command('destroy')} again in a minute or two"
        )


def _refuse_protected(rows: Sequence[Change], space: Workspace) -> None:
    policy_for = policies_of(space.manifest)
    protected = [
        row.key
        for row in rows
        if row.key is not None
        and row.locked is not None
        and (row.locked.protect or policy_for(row.key).protect)
    ]
    if protected:
        names = ", ".join(printable(key) for key in protected)
        raise Refused(
            f"{plural(len(protected), 'file')} of {len(rows)} to destroy "
            f"{'is' if len(protected) == 1 else 'are'} protected: {names}",
            f"set `protect: false` on the entries and run {command('apply')} first; "
            f"{guards.gives_up()}",
        )

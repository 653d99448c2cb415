"""A plan: the decisions as data, what they add up to, and what stands in the way of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Set
from functools import cached_property
from typing import NamedTuple

from filesync.core.content.report import ContentReport
from filesync.core.decide.change import Action, Change, Decisions, reading_order
from filesync.core.decide.guards import Refusal
from filesync.core.decide.reasons import DRIFT
from filesync.core.decide.wrong_content import LeftOut
from filesync.core.model import DesiredFile, LockEntry, RemoteFile, Retired
from filesync.core.recovery.recover import NOTHING_TO_RECOVER, Recovery
from filesync.core.run import Run
from filesync.core.stores.change import MemberAction, StoreAction, StoreChange


class Summary(NamedTuple):
    """Counts of changes by action, of ignored remote files, and bytes to send.

    The last four count documents of vector stores, `attach` those that are attached again too,
    `update` also stores.
    """

    create: int
    replace: int
    adopt: int
    delete: int
    forget: int
    noop: int
    unmanaged: int
    upload_bytes: int
    attach: int = 0
    detach: int = 0
    swap: int = 0
    update: int = 0


class PlanInputs(NamedTuple):
    """What a plan was made from: apply checks that it still holds. Hashes are sha256 hex.

    `filled_sha256` is None where the manifest has no variables.
    """

    run: Run
    project: str
    base_url: str
    manifest_sha256: str
    lock_sha256: str | None
    filled_sha256: str | None = None


class Plan:
    """What apply would do. `changes` are the decisions that change something, deletes first, then
    by action and key; `kept` are the others, in no order, and `rows` holds both.

    `now` is the time it was decided for, by the server's clock, which is `clock_offset` seconds
    ahead of ours, and `waiting` the retired files whose time has not come. `at` is the same time
    where it is not the present: such a plan is for looking at and cannot be applied.
    `refusals` are what apply will not do without a flag; `refresh` the lock entries whose file
    is right but whose path or protection must be updated (no remote effect);
    `recovery` is what an interrupted run left to be finished, `known` the ids of
    all remote files there were, and `listed` these files. `stores` holds every decision about
    vector stores. `content` is what the checks of the files' content say, and `left_out` what
    it forbids: that is not among `rows`. `share` are the keys of a shard, None where the run is not
    one.
    """

    def __init__(
        self,
        inputs: PlanInputs,
        decisions: Decisions,
        *,
        now: int,
        clock_offset: float = 0.0,
        waiting: Iterable[Retired] = (),
        warnings: Iterable[str] = (),
        refusals: Iterable[Refusal] = (),
        refresh: dict[str, LockEntry] | None = None,
        recovery: Recovery = NOTHING_TO_RECOVER,
        known: Set[str] = frozenset(),
        listed: Collection[RemoteFile] = (),
        at: int | None = None,
        stores: tuple[StoreChange, ...] = (),
        content: ContentReport = ContentReport(),  # noqa: B008 - a named tuple cannot change
        left_out: Iterable[LeftOut] = (),
        share: frozenset[str] | None = None,
    ) -> None:
        self.inputs = inputs
        self.changes = reading_order(decisions.changes)
        self.kept = decisions.kept
        self.unmanaged = decisions.unmanaged
        self.now = now
        self.clock_offset = clock_offset
        self.waiting = tuple(waiting)
        self.refusals = tuple(refusals)
        self.warnings = (*warnings, *(str(refusal) for refusal in self.refusals))
        self.refresh = refresh or {}
        self.recovery = recovery
        self.known = known
        self.listed = listed
        self.at = at
        self.stores = stores
        self.content = content
        self.left_out = tuple(left_out)
        self.share = share

    @cached_property
    def rows(self) -> tuple[Change, ...]:
        """Return every decision in the order of `changes`: what is kept comes last."""
        return self.changes + reading_order(one.row for one in self.kept)

    def desired(self) -> Iterator[DesiredFile]:
        """Yield every wanted file that has a decision, in no order."""
        yield from (row.desired for row in self.changes if row.desired is not None)
        yield from (one.desired for one in self.kept)

    @property
    def has_changes(self) -> bool:
        """Say whether apply would do anything that the lockfile or the platform shows."""
        return bool(self.changes) or any(store.changes for store in self.stores)

    @property
    def has_drift(self) -> bool:
        """Say whether the remote moved, not the repo."""
        return any(change.reason in DRIFT for change in self.changes) or any(
            store.drifted for store in self.stores
        )

    @cached_property
    def summary(self) -> Summary:
        """Return the counts that every output shows."""
        count = Counter(row.action for row in self.changes)
        member = Counter(one.action for store in self.stores for one in store.members)
        return Summary(
            create=count[Action.CREATE],
            replace=count[Action.REPLACE],
            adopt=count[Action.ADOPT],
            delete=count[Action.DELETE],
            forget=count[Action.FORGET],
            noop=len(self.kept),
            unmanaged=self.unmanaged,
            upload_bytes=sum(
                row.desired.bytes
                for row in self.changes
                if row.desired is not None and row.action in (Action.CREATE, Action.REPLACE)
            ),
            attach=member[MemberAction.ATTACH] + member[MemberAction.REATTACH],
            detach=member[MemberAction.DETACH],
            swap=member[MemberAction.SWAP],
            update=member[MemberAction.UPDATE]
            + sum(store.action is StoreAction.UPDATE for store in self.stores),
        )

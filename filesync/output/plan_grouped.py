"""A plan's changes for a terminal: by action and reason, then by folder; many are rolled up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from filesync.core.decide.change import Action
from filesync.core.plan.document import ChangeDocument
from filesync.core.text import human_bytes, printable
from filesync.output.by_folder import ROLL_UP_FROM, Named, each_by_folder, totals_by_folder
from filesync.output.columns import Paint
from filesync.output.reasons import detail_of, group_reason_of

SIGNS: dict[str, tuple[str, str]] = {
    Action.DELETE: ("-", "red"),
    Action.REPLACE: ("~", "yellow"),
    Action.CREATE: ("+", "green"),
    Action.ADOPT: ("=", "cyan"),
    Action.FORGET: (".", "bright_black"),
    Action.NOOP: (" ", "bright_black"),
}
UNKNOWN_SIGN = ("*", "yellow")
_INDENT = 6


def grouped(
    changes: Sequence[ChangeDocument], paint: Paint, columns: int, *, full: bool
) -> Iterator[str]:
    """Yield the lines of a plan's changes, none cut: a name that does not fit is wrapped.

    With `full`, every change has its line, however many there are, and every id is shown.
    """
    rolled_up = not full and len(changes) > ROLL_UP_FROM
    for (action, why), group in groupby(
        sorted(changes, key=_place), key=lambda change: (change.action, group_reason_of(change))
    ):
        rows = list(group)
        sign, colour = SIGNS.get(action, UNKNOWN_SIGN)
        lead = paint(f"{sign} {printable(action)} {len(rows):,}", colour)
        yield f"  {lead}: {why}{_bytes_to_send(rows)}"
        named = [Named(row.name, _detail(row, full), row.bytes or 0) for row in rows]
        if rolled_up:
            yield from totals_by_folder(named, action, _INDENT)
        else:
            yield from each_by_folder(named, columns, _INDENT)
    if rolled_up:
        yield ""
        told = f"  {len(changes):,} changes, rolled up by folder; --full lists each one"
        yield paint(told, "dim")


def _place(change: ChangeDocument) -> tuple[int, str, str, str]:
    ranks = list(SIGNS)
    rank = ranks.index(change.action) if change.action in SIGNS else len(ranks)
    return rank, change.action, group_reason_of(change), change.name


def _bytes_to_send(rows: Sequence[ChangeDocument]) -> str:
    if rows[0].action not in (Action.CREATE, Action.REPLACE) or len(rows) == 1:
        return ""
    return f" ({human_bytes(sum(row.bytes or 0 for row in rows))})"


def _detail(row: ChangeDocument, ids: bool) -> str:
    detail = detail_of(row)
    if ids and row.id is not None and printable(row.id) not in detail:
        return f"{detail} ({printable(row.id)})"
    return detail

"""Plans and results as text, for a terminal or a CI log."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from filesync.core.decide.change import Action
from filesync.core.moment import utc
from filesync.core.plan.document import OFFLINE, ChangeDocument, PlanDocument
from filesync.core.plan.plan import Summary
from filesync.core.text import human_bytes, plural, printable
from filesync.output.columns import fitted, padded, pieces, width
from filesync.output.plan_stores import done_in_stores, store_lines, store_words
from filesync.output.reasons import holds_names, reason_of

if TYPE_CHECKING:  # it comes with the HTTP client
    from filesync.core.events import Result

# (text, colour) -> text. Colours belong to the terminal, so the caller passes this in.
Paint = Callable[[str, str], str]

_SIGNS: dict[str, tuple[str, str]] = {
    Action.DELETE: ("-", "red"),
    Action.REPLACE: ("~", "yellow"),
    Action.CREATE: ("+", "green"),
    Action.ADOPT: ("=", "cyan"),
    Action.FORGET: (".", "bright_black"),
    Action.NOOP: (" ", "bright_black"),
}

# The condition under which a plan for a later time is right.
UNTIL_THEN = "if nothing is applied until then"

# A long list of creates is folded. Every delete is shown.
_FOLD_FROM = 40
# Names align up to the first of these where no terminal says how wide a line may be; there they
# are not shortened to less than the second.
_NAME_COLUMNS, _NARROWEST = 44, 16
_LEAD_COLUMNS, _SIZE_COLUMNS = 13, 12


def no_paint(text: str, colour: str) -> str:  # noqa: ARG001
    """Return a text without colour."""
    return text


def render_plan(
    plan: PlanDocument,
    *,
    paint: Paint = no_paint,
    verbose: bool = False,
    columns: int | None = None,
) -> str:
    """Return the plan: one line a change with its reason, deletes first, then a summary line.

    Where `columns` are given, names are shortened so that a line has no more. Those of deletes,
    which cannot be undone, are not: there the line is broken.
    """
    lines = []
    if plan.at is not None:
        lines += [f"As it will be on {utc(plan.at)} UTC, {UNTIL_THEN}:", ""]
    if plan.offline:
        lines += [OFFLINE, ""]
    if plan.has_changes:
        only = f", {plan.filters}" if plan.filters.narrow else ""
        lines += [printable(f"{plan.project} on {plan.base_url}{only}"), ""]
        if plan.changes:
            lines += _table(plan.changes, paint, verbose, columns)
        lines += store_lines(plan.stores, paint, verbose)
        lines += [""]
    lines.append(_headline(plan, paint))
    return "\n".join(lines)


class _Row(NamedTuple):
    name: str
    rest: str


def _row(change: ChangeDocument, verbose: bool, reason_room: int | None) -> _Row:
    # A delete cannot be undone, so the line shows the id instead of the size.
    if change.action == Action.DELETE:
        return _Row(_name(change), f"  {printable(change.id or '')}  {reason_of(change)}")
    why = _why(change, verbose)
    if reason_room is not None and holds_names(change):
        why = fitted(why, reason_room)
    return _Row(_name(change), f"  {_size(change):>8}  {why}")


def _reason_room(changes: Sequence[ChangeDocument], columns: int | None) -> int | None:
    """Return the width for a reason that contains names: what keys leave, at least half a line."""
    if columns is None:
        return None
    both = columns - _LEAD_COLUMNS - _SIZE_COLUMNS
    keys = (width(_name(change)) for change in changes if change.action != Action.DELETE)
    return max(both - max(keys, default=0), both // 2, _NARROWEST)


def _table(
    changes: Sequence[ChangeDocument], paint: Paint, verbose: bool, columns: int | None
) -> Iterator[str]:
    shown: list[tuple[str, list[_Row], int]] = []
    reason_room = _reason_room(changes, columns)
    for action, group in groupby(changes, key=lambda change: change.action):
        every = list(group)
        told = every if verbose or action == Action.DELETE else every[:_FOLD_FROM]
        rows = [_row(change, verbose, reason_room) for change in told]
        shown.append((action, rows, len(every) - len(told)))
    deletes = [row for action, rows, _ in shown for row in rows if action == Action.DELETE]
    others = [row for action, rows, _ in shown for row in rows if action != Action.DELETE]
    room = delete_room = _room([*deletes, *others], columns)
    if columns is not None and room < max(width(row.name) for row in [*deletes, *others]):
        # If one column does not fit, only that column is shortened.
        room, beside = max(_room(others, columns), _NARROWEST), _room(deletes, columns)
        names = (width(row.name) for row in deletes)
        delete_room = max((name for name in names if name <= beside), default=0)
    for action, rows, left in shown:
        sign, colour = _SIGNS.get(action, ("*", "yellow"))
        for row in rows:
            lead = paint(f"{sign} {printable(action):<7}", colour)
            if action != Action.DELETE:
                name = padded(row.name if columns is None else fitted(row.name, room), room)
                yield f"  {lead}  {name}{row.rest}"
            elif columns is None or width(row.name) <= delete_room:
                yield f"  {lead}  {padded(row.name, delete_room)}{row.rest}"
            else:
                # A deleted file is named in full, so its id goes onto a line of its own.
                first, *rest = pieces(row.name, max(columns - _LEAD_COLUMNS, _NARROWEST))
                yield f"  {lead}  {first}"
                yield from (" " * _LEAD_COLUMNS + piece for piece in rest)
                yield " " * (_LEAD_COLUMNS + delete_room) + row.rest
        if left:
            more = f"... and {left:,} more to {printable(action)} (-v shows them)"
            yield f"  {paint(sign, colour)} {more}"


def _room(rows: Sequence[_Row], columns: int | None) -> int:
    """Return the width for names in these rows, so that each row fits on one line."""
    longest = max((width(row.name) for row in rows), default=0)
    if columns is None:
        return min(longest, _NAME_COLUMNS)
    left = columns - _LEAD_COLUMNS - max((width(row.rest) for row in rows), default=0)
    return min(longest, max(left, 0))


def _name(change: ChangeDocument) -> str:
    return printable(change.name)


def _size(change: ChangeDocument) -> str:
    return "" if change.bytes is None else human_bytes(change.bytes)


def _why(change: ChangeDocument, verbose: bool) -> str:
    """Return the reason in words, with the ids of other files only if asked for."""
    reason = reason_of(change)
    if verbose and change.id is not None:
        reason += f" ({printable(change.id)})"
    return reason


def _headline(plan: PlanDocument, paint: Paint) -> str:
    summary = plan.summary
    if not plan.has_changes:
        files = plural(summary.noop, "file")
        return paint("No changes.", "green") + f" {files} up to date{_rest(summary)}."
    up_to_date = f"; {summary.noop:,} up to date" if summary.noop else ""
    sending = summary.create or summary.replace
    upload = f" {human_bytes(summary.upload_bytes)} to upload." if sending else ""
    counted = "; ".join(filter(None, [count_words(summary), store_words(plan.stores)]))
    return f"Plan: {counted}{up_to_date}{_rest(summary)}.{upload}"


def _rest(summary: Summary) -> str:
    if not summary.unmanaged:
        return ""
    return f", {plural(summary.unmanaged, 'unmanaged file')} ignored"


def count_words(summary: Summary) -> str:
    """Return e.g. "1 to delete, 3 to create", deletes first; empty if there is nothing to do."""
    counted = [
        (summary.delete, "delete"),
        (summary.replace, "replace"),
        (summary.create, "create"),
        (summary.adopt, "adopt"),
        (summary.forget, "forget"),
    ]
    return ", ".join(f"{count:,} to {name}" for count, name in counted if count)


_PAST = {
    Action.CREATE: "created",
    Action.REPLACE: "replaced",
    Action.ADOPT: "adopted",
    Action.DELETE: "deleted",
    Action.FORGET: "forgotten",
}


def past(action: Action) -> str:
    """Return the past participle of an action, e.g. "created"."""
    return _PAST[action]


def render_result(result: Result, lock_path: str) -> str:
    """Return one line that says what an apply did."""
    counts = dict.fromkeys(_PAST, 0)
    for done in result.applied:
        if done.store is None:
            counts[Action(done.action.value)] += 1
    did = ", ".join(f"{count:,} {_PAST[action]}" for action, count in counts.items() if count)
    did = "; ".join(filter(None, [did, done_in_stores(result.applied)]))
    new = counts[Action.CREATE] + counts[Action.REPLACE] + counts[Action.ADOPT]
    where = f" The ids are in {printable(lock_path)}." if new else ""
    return f"Applied: {did or 'nothing'}.{where}"

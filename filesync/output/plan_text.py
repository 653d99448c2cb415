"""Plans and results as text, for a terminal or a CI log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from filesync.core.decide.change import Action
from filesync.core.durations import format_duration
from filesync.core.moment import utc
from filesync.core.plan.document import OFFLINE, ChangeDocument, PlanDocument
from filesync.core.plan.plan import Summary
from filesync.core.plan.storage import Storage, storage_of
from filesync.core.text import human_bytes, human_duration, plural, printable
from filesync.output.columns import Paint, no_paint, padded, width, wrapped
from filesync.output.plan_grouped import SIGNS, UNKNOWN_SIGN, grouped
from filesync.output.plan_stores import done_in_stores, store_lines, store_words
from filesync.output.reasons import reason_of

if TYPE_CHECKING:  # it comes with the HTTP client
    from filesync.core.events import Result

# The condition under which a plan for a later time is right.
UNTIL_THEN = "if nothing is applied until then"

# Names align up to this column where no terminal says how wide a line may be.
_NAME_COLUMNS = 44
# No line of a summary is broken before this column.
_NARROWEST = 20


def render_plan(
    plan: PlanDocument,
    *,
    paint: Paint = no_paint,
    verbose: bool = False,
    columns: int | None = None,
) -> str:
    """Return the plan: deletes first, each change with its reason, then a summary line.

    For a terminal of so many `columns`, changes are grouped by reason and folder, and many are
    rolled up unless `verbose`; elsewhere each change has one line, for tools that read lines.
    `verbose` also shows the ids of files that are replaced or forgotten.
    """
    lines = []
    if plan.at is not None:
        lines += [f"As it will be on {utc(plan.at)} UTC, {UNTIL_THEN}:", ""]
    if plan.offline:
        lines += [OFFLINE, ""]
    if plan.has_changes:
        only = f", {plan.filters}" if plan.filters.narrow else ""
        head = paint(printable(plan.project), "bold")
        lines += [f"{head} on {printable(plan.base_url + only)}", ""]
        if plan.changes:
            if columns is None:
                lines += _flat(plan.changes, paint, verbose)
            else:
                lines += grouped(plan.changes, paint, columns, full=verbose)
        lines += store_lines(plan.stores, paint, columns, full=verbose)
        lines += [""]
    if (storage := storage_of(plan.changes)) is not None:
        lines += (paint(line, "dim") for line in _fitted(storage_line(storage), columns))
    lead, colour, rest = _headline(plan)
    first, *more = _fitted(lead + rest, columns)
    lines += [paint(lead, colour) + first.removeprefix(lead), *more]
    return "\n".join(lines)


def _fitted(text: str, columns: int | None) -> Iterable[str]:
    return [text] if columns is None else wrapped(text, max(columns, _NARROWEST), 0)


def _flat(changes: Sequence[ChangeDocument], paint: Paint, verbose: bool) -> Iterator[str]:
    room = min(max(width(_name(change)) for change in changes), _NAME_COLUMNS)
    for change in changes:
        sign, colour = SIGNS.get(change.action, UNKNOWN_SIGN)
        lead = paint(f"{sign} {printable(change.action):<7}", colour)
        # A delete cannot be undone, so the line shows the id instead of the size.
        if change.action == Action.DELETE:
            rest = f"{printable(change.id or '')}  {reason_of(change)}"
        else:
            rest = f"{_size(change):>8}  {_why(change, verbose)}"
        yield f"  {lead}  {padded(_name(change), room)}  {rest}"


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


def _headline(plan: PlanDocument) -> tuple[str, str, str]:
    """Return the summary: how it begins, in which colour, and the rest."""
    summary = plan.summary
    if not plan.has_changes:
        files = plural(summary.noop, "file")
        return "No changes.", "green", f" {files} up to date{_rest(summary)}."
    up_to_date = f"; {summary.noop:,} up to date" if summary.noop else ""
    sending = summary.create or summary.replace
    upload = f" {human_bytes(summary.upload_bytes)} to upload." if sending else ""
    counted = "; ".join(filter(None, [count_words(summary), store_words(plan.stores)]))
    return "Plan:", "bold", f" {counted}{up_to_date}{_rest(summary)}.{upload}"


def storage_line(storage: Storage) -> str:
    """Return what a plan adds to what the platform stores, and when the new files expire."""
    ends = expiring_words(storage)
    return f"Stored: {stored_words(storage)}." + (f" Expiring: {ends}." if ends else "")


def stored_words(storage: Storage) -> str:
    """Return how many bytes come and go, such as "16 B more (28 B new, 12 B deleted)"."""
    more = storage.uploaded - storage.deleted
    said = f"{human_bytes(abs(more))} {'less' if more < 0 else 'more'}"
    if not storage.deleted:
        return said
    return f"{said} ({human_bytes(storage.uploaded)} new, {human_bytes(storage.deleted)} deleted)"


def expiring_words(storage: Storage) -> str:
    """Return how many new files expire when, counted from their upload; "" if none does."""
    if not storage.expiring:
        return ""
    first, *rest = storage.expiring
    ends = [f"{plural(first[1], 'new file')} in {format_duration(first[0])}"]
    ends += [f"{count:,} in {format_duration(seconds)}" for seconds, count in rest]
    ends += [f"{storage.lasting:,} never"] if storage.lasting else []
    return ", ".join(ends)


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


def render_result(result: Result, lock_path: str, seconds: float | None = None) -> str:
    """Return one line that says what an apply did; with `seconds`, how much it sent in them."""
    counts = dict.fromkeys(_PAST, 0)
    for done in result.applied:
        if done.store is None:
            counts[Action(done.action.value)] += 1
    did = ", ".join(f"{count:,} {_PAST[action]}" for action, count in counts.items() if count)
    did = "; ".join(filter(None, [did, done_in_stores(result.applied)]))
    new = counts[Action.CREATE] + counts[Action.REPLACE] + counts[Action.ADOPT]
    sending = (Action.CREATE, Action.REPLACE)
    sent = sum(one.bytes for one in result.applied if one.store is None and one.action in sending)
    if seconds is not None and sent:
        did += f"; {human_bytes(sent)} sent in {human_duration(round(seconds))}"
    if result.retries:
        again = "1 retry" if result.retries == 1 else f"{result.retries:,} retries"
        did = f"{did or 'nothing'}; {again}"
    where = f" The ids are in {printable(lock_path)}." if new else ""
    return f"Applied: {did or 'nothing'}.{where}"

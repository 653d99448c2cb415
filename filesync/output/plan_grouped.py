"""A plan's changes for a terminal: by action and reason, then by folder; many are rolled up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from filesync.core.decide.change import Action
from filesync.core.plan.document import ChangeDocument
from filesync.core.text import human_bytes, printable
from filesync.output.columns import Paint, padded, width
from filesync.output.reasons import detail_of, group_reason_of

# Above this many changes a folder gets one line, not each file.
ROLL_UP_FROM = 60
# Above this many folders in one group they are summed up by their first part.
_FOLDERS = 20
_NAME_COLUMNS = 44

SIGNS: dict[str, tuple[str, str]] = {
    Action.DELETE: ("-", "red"),
    Action.REPLACE: ("~", "yellow"),
    Action.CREATE: ("+", "green"),
    Action.ADOPT: ("=", "cyan"),
    Action.FORGET: (".", "bright_black"),
    Action.NOOP: (" ", "bright_black"),
}
UNKNOWN_SIGN = ("*", "yellow")


def grouped(
    changes: Sequence[ChangeDocument], paint: Paint, columns: int, *, full: bool
) -> Iterator[str]:
    """Yield the lines of a plan's changes, none cut: a name that does not fit is wrapped.

    With `full`, every change has its line, however many there are.
    """
    rolled_up = not full and len(changes) > ROLL_UP_FROM
    for (action, why), group in groupby(
        sorted(changes, key=_place), key=lambda change: (change.action, group_reason_of(change))
    ):
        rows = list(group)
        sign, colour = SIGNS.get(action, UNKNOWN_SIGN)
        lead = paint(f"{sign} {printable(action)} {len(rows):,}", colour)
        yield f"  {lead}: {why}{_bytes_to_send(rows)}"
        yield from _folder_totals(rows) if rolled_up else _each(rows, columns, full)
    if rolled_up:
        yield ""
        yield f"  {len(changes):,} changes, rolled up by folder; --full lists each one"


def _place(change: ChangeDocument) -> tuple[int, str, str, str]:
    ranks = list(SIGNS)
    rank = ranks.index(change.action) if change.action in SIGNS else len(ranks)
    return rank, change.action, group_reason_of(change), change.name


def _bytes_to_send(rows: Sequence[ChangeDocument]) -> str:
    if rows[0].action not in (Action.CREATE, Action.REPLACE) or len(rows) == 1:
        return ""
    return f" ({human_bytes(sum(row.bytes or 0 for row in rows))})"


def _each(rows: Sequence[ChangeDocument], columns: int, ids: bool) -> Iterator[str]:
    room = min(max(width(_base(row)) for row in rows), _NAME_COLUMNS)
    for folder, inside in groupby(rows, key=lambda row: row.name.rpartition("/")[0]):
        indent = 6
        if folder:
            yield f"{'':{indent}}{printable(folder)}/"
            indent = 8
        for row in inside:
            name, detail = _base(row), detail_of(row)
            if ids and row.id is not None and row.action != Action.DELETE:
                detail = f"{detail} ({printable(row.id)})"
            if max(width(name), room) + indent + 2 + width(detail) <= columns:
                yield f"{'':{indent}}{padded(name, room)}  {detail}".rstrip()
            else:
                yield f"{'':{indent}}{name}"
                yield f"{'':{indent + 4}}{detail}"


def _base(row: ChangeDocument) -> str:
    return printable(row.name.rpartition("/")[2])


def _folder_totals(rows: Sequence[ChangeDocument]) -> Iterator[str]:
    """Yield a line a folder, e.g. `docs/  5,000 to create  9.8 MB`."""
    folders = [row.name.rpartition("/")[0] for row in rows]
    if len(set(folders)) > _FOLDERS:
        folders = [folder.partition("/")[0] for folder in folders]
    count = Counter(folders)
    size: Counter[str] = Counter()
    for folder, row in zip(folders, rows, strict=True):
        size[folder] += row.bytes or 0
    names = {folder: f"{printable(folder)}/" if folder else "(no folder)" for folder in count}
    room = min(max(map(width, names.values())), _NAME_COLUMNS)
    for folder, name in names.items():
        what = f"{count[folder]:>7,} to {printable(rows[0].action)}"
        yield f"      {padded(name, room)}  {what}  {human_bytes(size[folder]):>8}"

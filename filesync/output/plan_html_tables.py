"""The tables of the HTML page: rows by folder, each folder foldable, all with the same columns."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby

from filesync.core.text import plural, printable
from filesync.output.by_folder import shortened
from filesync.output.plan_rows import Kind, Row, Table, size_of

# A table of so few rows has no folds, and one of a few more only where folders hold several each.
_ONE_TABLE, _FEW_ROWS, _FEW_IN_FOLDER = 25, 5, 3
# A section of up to so many rows is unfolded, as long as the page has room for it.
_UNFOLDED, _ROOM = 100, 500
# Above so many folders they are grouped by their first parts, and then not at all.
_FOLDERS = 40
# In plans of up to so many rows the last part of a name stands out: one more element a row.
_EMPHASIS = 1_000


class Room:
    """How many more rows of a page may be unfolded when it is opened.

    `emphasis` says whether the last part of a name stands out on this page of `rows` rows.
    """

    def __init__(self, rows: int) -> None:
        self._left = _ROOM
        self.emphasis = rows <= _EMPHASIS

    def take(self, rows: int) -> bool:
        """Take as much room, and say whether there was as much."""
        if rows > min(_UNFOLDED, self._left):
            return False
        self._left -= rows
        return True


def tables_html(tables: Sequence[Table], title: str, room: Room) -> str:
    """Return the tables of a section, each below what its rows have in common.

    Long ones are in folders. `title` is that of the column of names.
    """
    unfolded = room.take(sum(len(table.rows) for table in tables))
    parts = []
    for table in tables:
        said = [f"<span>{name} <b>{words(value)}</b></span>" for name, value in table.common]
        if len(tables) > 1:
            said.append(f"<span>{plural(len(table.rows), 'file')}</span>")
        parts.append(f"<p class=common>{' '.join(said)}</p>\n" if said else "")
        parts.append(_table(table, title, unfolded, emphasis=room.emphasis))
    return "".join(parts)


def _table(table: Table, title: str, unfolded: bool, *, emphasis: bool) -> str:
    groups = _by_folder(table.rows)
    if not _folds(groups, unfolded):
        return _markup(table, table.rows, title, emphasis)
    parts = []
    for folder, rows in groups:
        name = f"<bdi>{_text(folder)}/</bdi>" if folder else "no folder"
        sized = any(row.bytes is not None for row in rows)
        total = plural(len(rows), "file") + (f", {size_of(rows)}" if sized else "")
        parts.append(
            f"<details{' open' if unfolded else ''}><summary>{name} <small>{total}</small>"
            f"</summary>\n{_markup(table, rows, title, emphasis, folder)}</details>\n"
        )
    return "".join(parts)


def _folds(groups: Sequence[tuple[str, list[Row]]], unfolded: bool) -> bool:
    """Say whether rows are shown by folder."""
    count = sum(len(rows) for _, rows in groups)
    if unfolded and [folder for folder, _ in groups] == [""]:
        return False  # nothing to fold, and no folder to name
    return count > _ONE_TABLE or count > max(_FEW_ROWS, _FEW_IN_FOLDER * len(groups))


def _by_folder(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """Return the rows in groups of one folder, in the folders' order."""
    folders = shortened([row.name.rpartition("/")[0] for row in rows], _FOLDERS)
    if len(set(folders)) > _FOLDERS:
        return [("", list(rows))]
    pairs = sorted(zip(folders, rows, strict=True), key=lambda pair: pair[0])
    return [
        (folder, [row for _, row in group])
        for folder, group in groupby(pairs, key=lambda pair: pair[0])
    ]


def _markup(table: Table, rows: Sequence[Row], title: str, emphasis: bool, folder: str = "") -> str:
    """Return a table's markup. The roles keep it a table where the phone layout does not.

    Where a `folder` stands above it, names begin below that; the search box looks at both.
    """
    above = f"{folder}/" if folder else ""
    head = "".join(
        f"<th scope=col role=columnheader class={_width(table, number)}>{column.title}"
        for number, column in enumerate(table.columns)
    )
    lines = [
        f"<table role=table{_labelled(above)}>\n<thead role=rowgroup><tr role=row>"
        f"<th scope=col role=columnheader>{title}{head}</thead>\n<tbody role=rowgroup>\n"
    ]
    starts = [f"<td role=cell class={column.kind.value}>" for column in table.columns]
    for row in rows:
        cells = "".join(start + words(cell) for start, cell in zip(starts, row.cells, strict=True))
        name = _row_name(row.name.removeprefix(above), emphasis)
        lines.append(f"<tr role=row><th scope=row role=rowheader>{name}{cells}\n")
    lines.append("</tbody>\n</table>\n")
    return "".join(lines)


def _labelled(folder: str) -> str:
    return f' aria-label="{_text(folder)}"' if folder else ""


def _width(table: Table, number: int) -> str:
    """Return the class that a column has its width by: two sizes take more than one."""
    kind = table.columns[number].kind
    if kind is Kind.SIZE and any("->" in row.cells[number] for row in table.rows):
        return '"size two"'
    return kind.value


def _row_name(name: str, emphasis: bool) -> str:
    folder, slash, base = name.rpartition("/")
    if not (emphasis and folder and base):
        return _text(name)
    return f"{_text(folder + slash)}<b>{_text(base)}</b>"


def words(text: str) -> str:
    """Return a text, escaped; a line may break behind a hyphen, but not within an arrow."""
    return _text(text.replace(" -> ", " → "))


def _text(text: str) -> str:
    return escape(printable(text))

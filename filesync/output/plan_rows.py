"""A plan's changes as rows of text, for reports that are tables: HTML and Markdown.

What all rows of a table have in common stands once above it instead of in a column.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import NamedTuple

from filesync.core.decide.change import Action
from filesync.core.moment import utc
from filesync.core.plan.document import ChangeDocument
from filesync.core.plan.stores import MemberDocument
from filesync.core.text import human_bytes, human_duration
from filesync.output.plan_stores import member_change, member_group
from filesync.output.reasons import changes_of, group_reason_of, sizes_of


class Kind(Enum):
    """What a column holds. Ids and sizes belong to their row even where all are alike."""

    ID = "id"
    SIZE = "size"
    CHANGE = "change"
    WORDS = "words"


class Column(NamedTuple):
    """A column beside the one of names."""

    title: str
    kind: Kind


class Row(NamedTuple):
    """A row: the whole name (a key, or a remote name), its cells as text, and of a file its path
    and its size in bytes.

    Texts are as they are: whoever shows them escapes them.
    """

    name: str
    cells: tuple[str, ...]
    path: str | None = None
    bytes: int | None = None


class Table(NamedTuple):
    """Rows with the columns in which they differ, and what they have in common by title."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    common: tuple[tuple[str, str], ...]


_ID = Column("Id", Kind.ID)
_SIZE = Column("Size", Kind.SIZE)
_CHANGE = Column("Change", Kind.CHANGE)
_PURPOSE = Column("Purpose", Kind.WORDS)
_EXPIRES = Column("Expires", Kind.WORDS)
_NAME = Column("Remote name", Kind.WORDS)
_SENT = (_SIZE, _CHANGE, _PURPOSE, _EXPIRES, _NAME)
_COLUMNS = {
    Action.CREATE.value: _SENT,
    Action.REPLACE.value: _SENT,
    Action.FORGET.value: (_ID,),
    Action.NOOP.value: (_ID, _SIZE, _PURPOSE, _EXPIRES, _NAME),
}
_OTHERWISE = (_ID, _SIZE, _CHANGE, _PURPOSE, _EXPIRES, _NAME)


def tables_of_changes(action: str, changes: Sequence[ChangeDocument]) -> list[Table]:
    """Return the changes of one action, a table for each reason."""
    columns = _COLUMNS.get(action, _OTHERWISE)
    groups: dict[str, list[Row]] = {}
    for one in changes:
        row = Row(one.name, tuple(_cell(column, one) for column in columns), one.path, one.bytes)
        groups.setdefault(group_reason_of(one), []).append(row)
    if action == Action.NOOP:
        return [_table(columns, rows) for rows in groups.values()]
    return [_table(columns, rows, ("Reason", why)) for why, rows in sorted(groups.items())]


def tables_of_members(members: Sequence[MemberDocument]) -> list[Table]:
    """Return the changes of a store's documents, a table for each action and reason."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for one in members:
        name = one.key if one.key is not None else one.old_file_id or one.file_id or ""
        row = Row(name, (member_change(one),))
        groups.setdefault((one.action, member_group(one)), []).append(row)
    return [
        _table((_CHANGE,), rows, ("Action", action), ("Reason", why))
        for (action, why), rows in groups.items()
    ]


def _table(columns: Sequence[Column], rows: Sequence[Row], *common: tuple[str, str]) -> Table:
    kept, alike = [], list(common)
    for number, column in enumerate(columns):
        found = {row.cells[number] for row in rows}
        if column.kind in (Kind.WORDS, Kind.CHANGE) and len(found) == 1:
            alike.append((column.title, found.pop()))
        elif found - {""}:
            kept.append(number)
    return Table(
        tuple(columns[number] for number in kept),
        tuple(row._replace(cells=tuple(row.cells[number] for number in kept)) for row in rows),
        tuple((title, value) for title, value in alike if value),
    )


def _cell(column: Column, change: ChangeDocument) -> str:
    match column:
        case Column("Id"):
            return change.id or ""
        case Column("Size"):
            return sizes_of(change)
        case Column("Change"):
            return changes_of(change)
        case Column("Purpose"):
            return change.purpose or ""
        case Column("Expires"):
            return _expiry(change)
        case _:
            return _other_name(change)


def _other_name(change: ChangeDocument) -> str:
    """Return the remote name if it differs from the local file's, otherwise an empty text."""
    same = (change.path or "").rpartition("/")[2] == change.filename or change.key is None
    return "" if same else change.filename or ""


def _expiry(change: ChangeDocument) -> str:
    """Say on which day a remote file expires, or how long a file to upload will exist.

    Of a plan file's other changes it is not known: "".
    """
    if change.action in (Action.CREATE, Action.REPLACE) or change.id is None:
        if change.after is None:
            return ""
        lifetime = change.after.expires_after
        return "never" if lifetime is None else f"{human_duration(lifetime)} after upload"
    if change.expires_at is not None:
        return utc(change.expires_at).partition(" ")[0]
    lasting = change.before is not None and change.before.expires_after is None
    return "never" if lasting else ""


def size_of(files: Iterable[Row | ChangeDocument]) -> str:
    """Return what files add up to, in words."""
    return human_bytes(sum(one.bytes or 0 for one in files))

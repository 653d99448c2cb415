"""A plan as Markdown for a pull request: deletes first and by name, then the rest in tables.

Names may come from a stranger's pull request. They are escaped so that they cannot format text,
make links or notify users.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from filesync.core.decide.change import Action
from filesync.core.moment import utc
from filesync.core.plan.document import OFFLINE, ChangeDocument, PlanDocument
from filesync.core.plan.stores import StoreDocument
from filesync.core.stores.change import StoreAction
from filesync.core.text import human_bytes, plural, printable
from filesync.output.plan_stores import (
    member_name,
    member_reason,
    store_reason,
    store_words,
)
from filesync.output.plan_text import UNTIL_THEN, count_words
from filesync.output.reasons import drift_of, reason_of

# A GitHub comment holds 65,536 characters; the rest is for the text that a caller adds.
LIMIT = 65_000
# Reserved while rows are added, for later sections and for the end of the report.
_SECTION_ROOM, _END_ROOM = 160, 400
_WARNINGS_ROOM, _WARNING_LENGTH, _NAME_LENGTH = 12_000, 600, 160
_FOLD_FROM = 25

_PLAIN = re.compile(r"[\w ./+=,:@%()-]*[\w./+=,:@%()-]", re.ASCII)
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
_SPECIAL = re.compile(r"[&<>\[\]!*_~|\\`$^#]")


def render_markdown(plan: PlanDocument, *, limit: int = LIMIT) -> str:
    """Return the report, of at most `limit` characters, with a newline at its end.

    If it would be longer, rows are dropped from the end and the report says so; totals stay.
    """
    page = _Page(limit)
    page.add(f"### filesync: {_headline(plan)}\n\n{_subject(plan)}\n")
    if plan.warnings:
        page.add(_warnings(plan.warnings))
    groups = [(action, list(rows)) for action, rows in groupby(plan.changes, lambda c: c.action)]
    for number, (action, rows) in enumerate(groups):
        later = len(groups) + len(plan.stores) - number - 1
        _section(page, action, rows, reserve=_END_ROOM + later * _SECTION_ROOM)
    for number, store in enumerate(plan.stores):
        later = len(plan.stores) - number - 1
        _store_section(page, store, reserve=_END_ROOM + later * _SECTION_ROOM)
    if page.left_out:
        page.add(
            f"\n**Cut to fit:** {plural(page.left_out, 'change')} of {_changes(plan):,} "
            "not shown. The totals above count all of them; `filesync plan --full` lists them.\n"
        )
    elif plan.has_changes:
        page.add(f"\n<sub>{_footer(plan)}</sub>\n")
    return page.text()


class _Page:
    """Text that grows up to a limit, counted in UTF-16 units, as the strictest reader counts."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[str] = []
        self._used = 0
        self.left_out = 0

    def fits(self, text: str, reserve: int) -> bool:
        return self._used + _length(text) + reserve <= self._limit

    def add(self, text: str) -> None:
        self._parts.append(text)
        self._used += _length(text)

    def text(self) -> str:
        return "".join(self._parts)


def _length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def _headline(plan: PlanDocument) -> str:
    if not plan.has_changes:
        return f"no changes, {plural(plan.summary.noop, 'file')} up to date"
    sending = plan.summary.create or plan.summary.replace
    upload = f" ({human_bytes(plan.summary.upload_bytes)} to upload)" if sending else ""
    counted = "; ".join(filter(None, [count_words(plan.summary), store_words(plan.stores)]))
    return (counted or plural(len(plan.changes), "change")) + upload


def _changes(plan: PlanDocument) -> int:
    return len(plan.changes) + sum(len(store.members) for store in plan.stores)


def _subject(plan: PlanDocument) -> str:
    lines = f"{code(plan.project)} on {code(plan.base_url)}"
    if plan.filters.narrow:
        lines += f", {code(str(plan.filters))}"
    if plan.at is not None:
        lines += f"\n\n**As it will be on {utc(plan.at)} UTC**, {UNTIL_THEN}."
    if plan.offline:
        lines += f"\n\n**{OFFLINE}**"
    if plan.has_drift:
        lines += f"\n\n**Drift:** {drift_of(plan)}"
    return lines


def _footer(plan: PlanDocument) -> str:
    rest = [f"{plan.summary.noop:,} up to date"]
    if plan.summary.unmanaged:
        rest.append(f"{plural(plan.summary.unmanaged, 'unmanaged file')} ignored")
    return ", ".join(rest)


def _warnings(warnings: Sequence[str]) -> str:
    lines = ["", "> [!WARNING]"]
    room = _WARNINGS_ROOM
    for number, text in enumerate(warnings):
        line = f"> - {escaped(_shorten(text, _WARNING_LENGTH))}"
        room -= _length(line)
        if room < 0:
            lines.append(f"> - and {plural(len(warnings) - number, 'more warning')}")
            break
        lines.append(line)
    return "\n".join(lines) + "\n"


class _Column(NamedTuple):
    title: str
    rule: str
    cell: Callable[[ChangeDocument], str]


def _size(change: ChangeDocument) -> str:
    return "" if change.bytes is None else human_bytes(change.bytes)


def _other_name(change: ChangeDocument) -> str:
    """Return the remote name if it differs from the local file's, otherwise an empty text."""
    same = (change.path or "").rpartition("/")[2] == change.filename or change.key is None
    return "" if same or change.filename is None else code(change.filename)


_KEY = _Column("Key", "---", lambda change: code(change.name))
_ID = _Column("Id", "---", lambda change: code(change.id or ""))
_SIZE = _Column("Size", "---:", _size)
_WHY = _Column("Reason", "---", lambda change: escaped(reason_of(change)))
_PURPOSE = _Column("Purpose", "---", lambda change: code(change.purpose or ""))
_NAME = _Column("Remote name", "---", _other_name)
_COLUMNS = {
    Action.DELETE.value: (_KEY, _ID, _SIZE, _WHY, _PURPOSE),
    Action.ADOPT.value: (_KEY, _SIZE, _WHY, _PURPOSE, _ID),
    Action.FORGET.value: (_KEY, _ID, _WHY),
}
_OTHERWISE = (_KEY, _SIZE, _WHY, _PURPOSE, _NAME)


def _section(page: _Page, action: str, rows: Sequence[ChangeDocument], *, reserve: int) -> None:
    """Add the table of one action, or as many of its rows as fit."""
    title = f"{escaped(action).capitalize()} {len(rows):,}"
    columns = _COLUMNS.get(action, _OTHERWISE)
    if not any(_other_name(change) for change in rows):
        columns = tuple(column for column in columns if column is not _NAME)
    folded = action != Action.DELETE and len(rows) > _FOLD_FROM
    head = f"\n<details><summary><b>{title}</b></summary>\n\n" if folded else f"\n#### {title}\n\n"
    head += _line(column.title for column in columns) + _line(column.rule for column in columns)
    tail = "\n</details>\n" if folded else ""
    reserve += len(tail) + _SECTION_ROOM
    first = _line(column.cell(rows[0]) for column in columns)
    if page.left_out or not page.fits(head + first, reserve):
        page.left_out += len(rows)
        page.add(f"\n#### {title}: not shown\n")
        return
    page.add(head)
    for number, change in enumerate(rows):
        line = _line(column.cell(change) for column in columns)
        if not page.fits(line, reserve):
            page.left_out += len(rows) - number
            page.add(f"\n... and {len(rows) - number:,} more to {escaped(action)}\n")
            break
        page.add(line)
    page.add(tail)


def _store_section(page: _Page, store: StoreDocument, *, reserve: int) -> None:
    """Add a vector store and the table of its documents, or as many rows as fit."""
    title = f"Vector store {code(store.key)}"
    if store.action != StoreAction.NOOP:
        title += f": {escaped(store.action)}"
    why = f"{escaped(store_reason(store))}\n" if store.action != StoreAction.NOOP else ""
    head = f"\n#### {title}\n\n{why}"
    if store.members:
        head += "\n" * bool(why) + _line(("Document", "Action", "Reason"))
        head += _line(("---", "---", "---"))
    if page.left_out or not page.fits(head, reserve + _SECTION_ROOM):
        page.left_out += len(store.members)
        page.add(f"\n#### {title}: not shown\n")
        return
    page.add(head)
    for number, one in enumerate(store.members):
        line = _line((code(member_name(one)), escaped(one.action), escaped(member_reason(one))))
        if not page.fits(line, reserve + _SECTION_ROOM):
            left = len(store.members) - number
            page.left_out += left
            page.add(f"\n... and {left:,} more\n")
            break
        page.add(line)


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |\n"


def code(name: str) -> str:
    """Return a name as code in a table cell, escaped."""
    shown = _shorten(printable(name), _NAME_LENGTH)
    if not shown:
        return ""
    if _PLAIN.fullmatch(shown) and shown == shown.strip():
        return f"`{shown}`"
    # Characters that would end a code span or a cell become character references.
    inert = _PUNCTUATION.sub(lambda found: f"&#{ord(found.group())};", shown)
    return f"<code>{inert}</code>"


def escaped(text: str) -> str:
    """Return a sentence with Markdown escaped. A zero-width space keeps `@name` from notifying."""
    inert = _SPECIAL.sub(lambda found: f"&#{ord(found.group())};", printable(text))
    return inert.replace("@", "@&#8203;").replace("://", "&#58;//").replace("www.", "www&#46;")


def _shorten(text: str, length: int) -> str:
    if len(text) <= length:
        return text
    half = (length - 1) // 2
    return f"{text[:half]}…{text[-half:]}"

"""A plan as Markdown for a pull request: deletes first and by name, then the rest in tables.

Names may come from a stranger's pull request. They are escaped so that they cannot format text,
make links or notify users.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from filesync.core.commands import command
from filesync.core.decide.change import Action
from filesync.core.moment import utc
from filesync.core.plan.document import OFFLINE, ChangeDocument, PlanDocument
from filesync.core.plan.storage import storage_of
from filesync.core.plan.stores import StoreDocument
from filesync.core.stores.change import StoreAction
from filesync.core.text import code_spans, human_bytes, plural, printable
from filesync.output.plan_stores import (
    member_name,
    member_reason,
    store_reason,
    store_words,
)
from filesync.output.plan_text import UNTIL_THEN, count_words, storage_line
from filesync.output.reasons import changes_of, drift_of, group_reason_of, reason_of, sizes_of

# A GitHub comment holds 65,536 characters; the rest is for the text that a caller adds.
LIMIT = 65_000
# Reserved for the end of the report, and in each section for its title and for what is left out.
_END_ROOM, _SECTION_ROOM = 400, 160
_WARNINGS_ROOM, _WARNING_LENGTH, _NAME_LENGTH = 12_000, 600, 160
# A section of more rows is folded.
_FOLD_FROM = 25
# Of more vector stores only the first have a section.
_STORES = 60

_PLAIN = re.compile(r"[\w ./+=,:@%()-]*[\w./+=,:@%()-]", re.ASCII)
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
_SPECIAL = re.compile(r"[&<>\[\]!*_~|\\`$^#]")


@lru_cache(1024)  # purposes and reasons are few and come again and again
def code(name: str) -> str:
    """Return a name as code in a table cell, escaped."""
    shown = shortened(printable(name), _NAME_LENGTH)
    return _as_code(shown) if shown else ""


def _as_code(shown: str) -> str:
    if _PLAIN.fullmatch(shown) and shown == shown.strip():
        return f"`{shown}`"
    # Characters that would end a code span or a cell become character references.
    inert = _PUNCTUATION.sub(lambda found: f"&#{ord(found.group())};", shown)
    return f"<code>{inert}</code>"


@lru_cache(1024)
def escaped(text: str) -> str:
    """Return words with Markdown escaped. A zero-width space keeps `@name` from notifying."""
    return _inert(printable(text))


def _inert(text: str) -> str:
    inert = _SPECIAL.sub(lambda found: f"&#{ord(found.group())};", text)
    return inert.replace("@", "@&#8203;").replace("://", "&#58;//").replace("www.", "www&#46;")


def sentence(text: str) -> str:
    """Return a sentence escaped as by `escaped`, but with the commands in it as code."""
    return "".join(
        _as_code(part) if is_code else _inert(part) for part, is_code in code_spans(printable(text))
    )


def shortened(text: str, length: int) -> str:
    """Return a text of at most `length` characters: the middle of a longer one is left out."""
    if len(text) <= length:
        return text
    half = (length - 1) // 2
    return f"{text[:half]}…{text[-half:]}"


def render_markdown(plan: PlanDocument, *, limit: int = LIMIT) -> str:
    """Return the report, of at most `limit` characters, with a newline at its end.

    Each section has its share of them, so that none crowds out another. If the report would be
    longer, keys are not linked to their files; then rows are dropped from the end of sections and
    the report says so; totals stay.
    """
    head = f"### filesync: {_headline(plan)}\n\n{_subject(plan)}\n"
    if plan.warnings:
        head += _warnings(plan.warnings, min(_WARNINGS_ROOM, limit // 4))
    room = limit - _length(head) - _END_ROOM
    sections = list(_sections(plan))
    text, shown = _fitted(sections, room, linked=True)
    if shown < _changes(plan):
        text, shown = _fitted(sections, room, linked=False)
    left = _changes(plan) - shown
    if left:
        text += (
            f"\n**Cut to fit:** {plural(left, 'change')} of {_changes(plan):,} "
            "not shown. The totals above count all of them; "
            f"{sentence(command('plan', '--full'))} lists them.\n"
        )
    elif plan.has_changes:
        text += f"\n<sub>{_footer(plan)}</sub>\n"
    return head + text


class _Section(NamedTuple):
    """A section: its title, what stands above its rows, and how to make them, linked or not."""

    title: str
    lead: str
    rows: Callable[[bool], Iterable[str]]
    size: int
    rest: str  #: what is done with the rows that are left out, such as "to delete"


def _sections(plan: PlanDocument) -> Iterator[_Section]:
    for action, rows in groupby(plan.changes, lambda change: change.action):
        yield _section(plan, action, list(rows))
    for store in plan.stores[:_STORES]:
        yield _store_section(store)
    if (left := len(plan.stores) - _STORES) > 0:
        yield _Section(f"{plural(left, 'more vector store')}: not shown", "", lambda _: (), 0, "")


def _fitted(sections: Sequence[_Section], room: int, *, linked: bool) -> tuple[str, int]:
    """Return the text of sections that fits into `room`, and how many rows are in it.

    Where there is too little room, each section has an equal share, and those that need less leave
    the rest to the others.
    """
    room -= sum(_length(one.title) + _length(one.lead) + _SECTION_ROOM for one in sections)
    lines = [_first(one.rows(linked), max(room, 0)) for one in sections]
    needs = [sum(map(_length, some)) for some in lines]
    text, shown = "", 0
    for section, some, share in zip(sections, lines, _shares(needs, max(room, 0)), strict=True):
        kept = _first(some, share)
        shown += len(kept)
        text += _shown(section, kept)
    return text, shown


def _first(lines: Iterable[str], room: int) -> list[str]:
    """Return the first of the lines, as many as fit."""
    kept = []
    for line in lines:
        room -= _length(line)
        if room < 0:
            break
        kept.append(line)
    return kept


def _shares(needs: Sequence[int], room: int) -> list[int]:
    shares = [0] * len(needs)
    smallest_first = sorted(range(len(needs)), key=lambda number: needs[number])
    for done, number in enumerate(smallest_first):
        shares[number] = min(needs[number], room // (len(needs) - done))
        room -= shares[number]
    return shares


def _shown(section: _Section, kept: Sequence[str]) -> str:
    if section.size and not kept:
        return f"\n#### {section.title}: not shown\n"
    if section.size <= _FOLD_FROM:
        head, tail = f"\n#### {section.title}\n\n", ""
    else:
        head = f"\n<details><summary><b>{section.title}</b></summary>\n\n"
        tail = "\n</details>\n"
    left = section.size - len(kept)
    rest = f"\n... and {left:,} more {section.rest}\n" if left else ""
    return head + section.lead + "".join(kept) + rest + tail


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
    lines += f"\n{', '.join(_made_from(plan))}"
    if (storage := storage_of(plan.changes)) is not None:
        lines += f"\n\n{storage_line(storage)}"
    if plan.at is not None:
        lines += f"\n\n**As it will be on {utc(plan.at)} UTC**, {UNTIL_THEN}."
    if plan.offline:
        lines += f"\n\n**{OFFLINE}**"
    if plan.has_drift:
        lines += f"\n\n**Drift:** {drift_of(plan)}"
    return lines


def _made_from(plan: PlanDocument) -> Iterator[str]:
    """Yield what the plan was made from: manifest, environment, commit and run."""
    origin = plan.origin
    yield f"manifest {_linked(code(origin.manifest), origin.link(_base(origin.manifest)))}"
    if plan.env is not None:
        yield f"environment {code(plan.env)}"
    if origin.commit is not None:
        of = f" of {code(origin.branch)}" if origin.branch else ""
        yield f"commit {_linked(code(origin.commit[:12]), origin.changes)}{of}"
    if origin.run is not None:
        yield f"[run]({origin.run})"


def _base(path: str) -> str:
    return path.rpartition("/")[2]


def _linked(text: str, url: str | None) -> str:
    return text if url is None else f"[{text}]({url})"


def _footer(plan: PlanDocument) -> str:
    rest = [f"{plan.summary.noop:,} up to date"]
    if plan.summary.unmanaged:
        rest.append(f"{plural(plan.summary.unmanaged, 'unmanaged file')} ignored")
    return ", ".join(rest)


def _warnings(warnings: Sequence[str], room: int) -> str:
    lines = ["", "> [!WARNING]"]
    for number, text in enumerate(warnings):
        line = f"> - {sentence(shortened(text, _WARNING_LENGTH))}"
        room -= _length(line)
        if room < 0:
            lines.append(f"> - and {plural(len(warnings) - number, 'more warning')}")
            break
        lines.append(line)
    return "\n".join(lines) + "\n"


class _Column(NamedTuple):
    title: str
    cell: Callable[[ChangeDocument], str]
    rule: str = "---"


def _other_name(change: ChangeDocument) -> str:
    """Return the remote name if it differs from the local file's, otherwise an empty text."""
    same = _base(change.path or "") == change.filename or change.key is None
    return "" if same or change.filename is None else code(change.filename)


_ID = _Column("Id", lambda change: code(change.id or ""))
_SIZE = _Column("Size", lambda change: escaped(sizes_of(change)), "---:")
_WHY = _Column("Reason", lambda change: escaped(reason_of(change)))
_GROUP = _Column("Reason", lambda change: escaped(group_reason_of(change)))
_CHANGE = _Column("Change", lambda change: escaped(changes_of(change)))
_PURPOSE = _Column("Purpose", lambda change: code(change.purpose or ""))
_NAME = _Column("Remote name", _other_name)
_COLUMNS = {
    Action.DELETE.value: (_ID, _SIZE, _WHY, _PURPOSE),
    Action.ADOPT.value: (_SIZE, _WHY, _PURPOSE, _ID),
    Action.FORGET.value: (_ID, _WHY),
}
_OTHERWISE = (_SIZE, _WHY, _PURPOSE, _NAME)
# What rows may have in common, which then is said once above them.
_SAID_ONCE = (_GROUP, _CHANGE, _PURPOSE, _NAME)


def _section(plan: PlanDocument, action: str, changes: Sequence[ChangeDocument]) -> _Section:
    """Return the section of one action; what all its rows have in common stands above them."""
    columns = list(_COLUMNS.get(action, _OTHERWISE))
    if len(changes) > 1 and _in_common(_GROUP, changes):
        columns[columns.index(_WHY)] = _CHANGE
        columns.append(_GROUP)
    else:  # the sizes are in the reason
        columns = [_PLAIN_SIZE if column is _SIZE else column for column in columns]
    common, kept = [], []
    for column in columns:
        value = _in_common(column, changes) if column in _SAID_ONCE else None
        if value and len(changes) > 1:
            common.append(f"{column.title}: {value}")
        elif value != "":
            kept.append(column)
    lead = f"{'. '.join(reversed(common))}.\n\n" if common else ""
    lead += _line(["Key", *(column.title for column in kept)])
    lead += _line(["---", *(column.rule for column in kept)])

    def rows(linked: bool) -> Iterator[str]:
        key = _key_of(plan, action, linked)
        for one in changes:
            yield _line([key(one), *(column.cell(one) for column in kept)])

    title = f"{escaped(action).capitalize()} {len(changes):,}"
    return _Section(title, lead, rows, len(changes), f"to {escaped(action)}")


def _in_common(column: _Column, changes: Sequence[ChangeDocument]) -> str | None:
    """Return the cell that all rows have, None if they differ."""
    first = column.cell(changes[0])
    return first if all(column.cell(one) == first for one in changes) else None


def _plain_size(change: ChangeDocument) -> str:
    return "" if change.bytes is None else human_bytes(change.bytes)


_PLAIN_SIZE = _Column("Size", _plain_size, "---:")


def _key_of(plan: PlanDocument, action: str, linked: bool) -> Callable[[ChangeDocument], str]:
    """Return what shows a change's key, linked to the file that is to be uploaded."""
    origin = plan.origin
    if not linked or action not in (Action.CREATE, Action.REPLACE):
        return lambda change: code(change.name)
    return lambda change: _linked(code(change.name), origin.link(change.path))


def _store_section(store: StoreDocument) -> _Section:
    """Return the section of a vector store, with the table of its documents."""
    title = f"Vector store {code(store.key)}"
    if store.action != StoreAction.NOOP:
        title += f": {escaped(store.action)}"
    why = store_reason(store)
    lead = f"{escaped(why)}\n" if why else ""
    members = store.members
    alike = len(members) > 1 and len({(one.action, member_reason(one)) for one in members}) == 1
    if alike:
        why = escaped(member_reason(members[0]))
        lead += f"{escaped(members[0].action).capitalize()}: {why}.\n"
    if members:
        titles = ("Document",) if alike else ("Document", "Action", "Reason")
        lead += "\n" * bool(lead) + _line(titles) + _line("---" for _ in titles)

    def rows(_linked: bool) -> Iterator[str]:
        for one in members:
            why = () if alike else (escaped(one.action), escaped(member_reason(one)))
            yield _line((code(member_name(one)), *why))

    return _Section(title, lead, rows, len(members), "documents")


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |\n"

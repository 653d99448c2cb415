"""A plan as one HTML page without scripts or external resources; with a dark and a phone layout."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from html import escape
from itertools import groupby
from typing import NamedTuple

from filesync.core.decide.change import Action
from filesync.core.moment import utc
from filesync.core.plan.document import OFFLINE, ChangeDocument, PlanDocument
from filesync.core.plan.stores import StoreDocument
from filesync.core.stores.change import StoreAction
from filesync.core.text import human_bytes, human_duration, plural, printable
from filesync.output.plan_html_style import STYLE
from filesync.output.plan_stores import member_name, member_reason, store_reason
from filesync.output.plan_text import UNTIL_THEN
from filesync.output.reasons import drift_of, reason_of

# With more rows a browser becomes slow. The totals count all of them.
_ROWS_SHOWN = 5_000
# Texts up to this length are not wrapped; most ids and reasons are shorter.
_WHOLE = 34

_TITLES = {
    Action.DELETE.value: "Deletes",
    Action.REPLACE.value: "Replaces",
    Action.CREATE.value: "Creates",
    Action.ADOPT.value: "Adopts",
    Action.FORGET.value: "Forgets",
}


def render_html(plan: PlanDocument, kept: Sequence[ChangeDocument] = ()) -> str:
    """Return the page: counts, warnings, deletes first and each named, then the rest.

    `kept` are the files that are up to date. Expiry dates are on it for a live plan; a plan
    file does not have them.
    """
    title = f"{plan.project}: filesync plan"
    parts = [
        "<!doctype html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n"
        '<meta name=viewport content="width=device-width, initial-scale=1">\n'
        '<meta name=color-scheme content="light dark">\n'
        '<meta http-equiv=Content-Security-Policy content="'
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n"
        f'<link rel=icon href="data:,">\n<title>{_text(title)}</title>\n'
        f"<style>{STYLE}</style>\n</head>\n<body>\n<main>\n",
        _head(plan),
        _counts(plan),
        _notes(plan),
    ]
    dated = plan.made_at is not None
    for action, rows in groupby(plan.changes, lambda change: change.action):
        parts.append(_section(action, list(rows), dated))
    parts += [_store_section(store) for store in plan.stores]
    if kept:
        table = _table("kept", _columns("noop", kept, dated), kept)
        parts.append(
            f"<details><summary><h2>Up to date <small>{len(kept):,}</small></h2></summary>\n"
            f"{table}</details>\n"
        )
    parts.append(f"<footer>{_footer(plan)}</footer>\n</main>\n</body>\n</html>\n")
    return "".join(parts)


def _text(text: str) -> str:
    return escape(printable(text))


def _name(text: str | None) -> str:
    """Return a name, escaped; `bdi` keeps its writing direction from affecting the rest."""
    return f"<code><bdi>{_text(text)}</bdi></code>" if text else ""


def _whole(html: str, kind: str = "whole") -> str:
    """Keep a short text on one line in a wide window; a long one may wrap."""
    letters = len(re.sub("<[^>]*>", "", html))
    return f"<span class={kind}>{html}</span>" if 0 < letters <= _WHOLE else html


def _head(plan: PlanDocument) -> str:
    only = f", {_name(str(plan.filters))}" if plan.filters.narrow else ""
    made = ""
    if plan.at is not None:
        made = f"<p class=note><b>As it will be on {_moment(plan.at)} UTC</b>, {UNTIL_THEN}.</p>\n"
    elif plan.made_at is not None:
        made = f"<p class=muted>Planned {_moment(plan.made_at)} UTC</p>\n"
    return (
        f"<header>\n<h1>{_text(plan.project)}</h1>\n"
        f"<p>on {_name(plan.base_url)}{only}</p>\n{made}</header>\n"
    )


def _counts(plan: PlanDocument) -> str:
    summary = plan.summary
    counted = [
        ("delete", f"{summary.delete:,}", summary.delete),
        ("replace", f"{summary.replace:,}", summary.replace),
        ("create", f"{summary.create:,}", summary.create),
        ("adopt", f"{summary.adopt:,}", summary.adopt),
        ("forget", f"{summary.forget:,}", summary.forget),
        ("swap", f"{summary.swap:,}", summary.swap),
        ("attach", f"{summary.attach:,}", summary.attach),
        ("detach", f"{summary.detach:,}", summary.detach),
        ("update", f"{summary.update:,}", summary.update),
        ("to upload", human_bytes(summary.upload_bytes), summary.upload_bytes),
        ("up to date", f"{summary.noop:,}", summary.noop),
    ]
    cells = "".join(
        f'<li class="{name.replace(" ", "-")}"><b>{shown}</b> {name}</li>'
        for name, shown, count in counted
        if count
    )
    lead = "" if plan.has_changes else "<p class=calm>No changes.</p>\n"
    return f"{lead}<ul class=counts>{cells}</ul>\n" if cells else lead


def _notes(plan: PlanDocument) -> str:
    notes = ""
    if plan.offline:
        notes += f"<p class=note><b>{OFFLINE}</b></p>\n"
    if plan.has_drift:
        notes += f"<p class=note><b>Drift:</b> {drift_of(plan)}</p>\n"
    if plan.warnings:
        items = "".join(f"<li>{_text(warning)}</li>" for warning in plan.warnings)
        noun = "Warning" if len(plan.warnings) == 1 else "Warnings"
        notes += f"<div class=note><b>{noun}</b><ul>{items}</ul></div>\n"
    return notes


def _store_section(store: StoreDocument) -> str:
    """Return a vector store with its documents."""
    action = "" if store.action == StoreAction.NOOP else f": {_text(store.action)}"
    count = f" <small>{len(store.members):,}</small>" if store.members else ""
    why = f"<p>{_text(store_reason(store))}</p>\n" if action else ""
    rows = "".join(
        f'<tr><td data-title="Document">{_name(member_name(one))}'
        f'<td data-title="Action">{_text(one.action)}'
        f'<td data-title="Reason">{_text(member_reason(one))}\n'
        for one in store.members[:_ROWS_SHOWN]
    )
    table = (
        "<table>\n<thead><tr><th>Document<th>Action<th>Reason</thead>\n"
        f"<tbody>\n{rows}</tbody>\n</table>\n"
        if rows
        else ""
    )
    left = len(store.members) - _ROWS_SHOWN
    more = f"<p class=muted>and {left:,} more, not shown</p>\n" if left > 0 else ""
    title = f"Vector store {_name(store.key)}{action}{count}"
    return f"<section>\n<h2 class=other>{title}</h2>\n{why}{table}{more}</section>\n"


class _Column(NamedTuple):
    title: str
    cell: Callable[[ChangeDocument], str]
    numeric: bool = False


def _section(action: str, rows: Sequence[ChangeDocument], dated: bool) -> str:
    title = _TITLES.get(action) or _text(action)
    known = action if action in _TITLES else "other"
    return (
        f"<section>\n<h2 class={known}>{title} <small>{len(rows):,}</small></h2>\n"
        f"{_table(known, _columns(action, rows, dated), rows)}</section>\n"
    )


def _columns(action: str, rows: Iterable[ChangeDocument], dated: bool) -> list[_Column]:
    """Return the columns of the table for one action; `dated` adds the expiry."""
    named = any(_other_name(change) for change in rows)
    columns = [_Column("Key", lambda change: _name(change.name))]
    if action in (Action.DELETE, Action.ADOPT, Action.FORGET, Action.NOOP):
        columns.append(_Column("Id", lambda change: _whole(_name(change.id), "id")))
    if action != Action.FORGET:
        columns.append(_Column("Size", _size, numeric=True))
    if action != Action.NOOP:
        columns.append(_Column("Reason", lambda change: _whole(_text(reason_of(change)))))
    if action != Action.FORGET:
        columns.append(_Column("Purpose", lambda change: _whole(_text(change.purpose or ""))))
        if dated:
            columns.append(_Column("Expires", lambda change: _whole(_expiry(change))))
        if named:
            columns.append(_Column("Remote name", lambda change: _name(_other_name(change))))
    return columns


def _size(change: ChangeDocument) -> str:
    return "" if change.bytes is None else human_bytes(change.bytes)


def _other_name(change: ChangeDocument) -> str:
    """Return the remote name if it differs from the local file's, otherwise an empty text."""
    same = (change.path or "").rpartition("/")[2] == change.filename or change.key is None
    return "" if same else change.filename or ""


def _expiry(change: ChangeDocument) -> str:
    """Say when a remote file expires, or how long a file to upload will exist."""
    if change.action in (Action.CREATE, Action.REPLACE) or change.id is None:
        lifetime = None if change.after is None else change.after.expires_after
        if lifetime is None:
            return "never"
        return f"{human_duration(lifetime)} after upload"
    return "never" if change.expires_at is None else _moment(change.expires_at)


def _moment(seconds: int) -> str:
    return f"<time>{utc(seconds)}</time>"


def _table(kind: str, columns: Sequence[_Column], rows: Sequence[ChangeDocument]) -> str:
    head = "".join(
        f"<th{' class=number' if column.numeric else ''}>{column.title}" for column in columns
    )
    lines = [f"<table class={kind}>\n<thead><tr>{head}</thead>\n<tbody>\n"]
    for change in rows[:_ROWS_SHOWN]:
        lines.append("<tr>")
        for column in columns:
            if cell := column.cell(change):
                numeric = " class=number" if column.numeric else ""
                # On a phone each row is a card, and each cell shows its column's title.
                lines.append(f'<td{numeric} data-title="{column.title}">{cell}')
            else:
                lines.append("<td class=none>")
        lines.append("\n")
    lines.append("</tbody>\n</table>\n")
    if len(rows) > _ROWS_SHOWN:
        lines.append(f"<p class=muted>and {len(rows) - _ROWS_SHOWN:,} more, not shown</p>\n")
    return "".join(lines)


def _footer(plan: PlanDocument) -> str:
    lines = []
    if plan.summary.unmanaged:
        lines.append(f"{plural(plan.summary.unmanaged, 'unmanaged file')} ignored.")
    lines.append(f"manifest {plan.manifest_sha256[:12]}")
    if plan.lock_sha256:
        lines.append(f"lockfile {plan.lock_sha256[:12]}")
    return "<br>".join(_text(line) for line in lines)

"""A plan as one HTML page without external resources; with a dark, a phone and a print layout.

The page's content security policy names its style and its script by their hashes, so that nothing
else can run in it. Where scripts are forbidden, only the search box is missing.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby

from filesync.core.decide.change import Action
from filesync.core.moment import utc
from filesync.core.plan.document import OFFLINE, ChangeDocument, PlanDocument
from filesync.core.plan.storage import Storage, storage_of
from filesync.core.plan.stores import StoreDocument
from filesync.core.stores.change import StoreAction
from filesync.core.text import code_spans, human_bytes, plural, printable
from filesync.output.plan_grouped import SIGNS, UNKNOWN_SIGN
from filesync.output.plan_html_script import SCRIPT
from filesync.output.plan_html_style import STYLE
from filesync.output.plan_html_tables import Room, tables_html, words
from filesync.output.plan_rows import size_of, tables_of_changes, tables_of_members
from filesync.output.plan_stores import store_reason
from filesync.output.plan_text import UNTIL_THEN, expiring_words, stored_words
from filesync.output.reasons import drift_of

# With more rows a browser becomes slow. The totals count all of them.
_ROWS_SHOWN = 5_000
_KEPT_SHOWN = 1_000
# The search box is for plans with more changes than one sees at once.
_SEARCH_FROM = 10

_TITLES = {
    Action.DELETE.value: "Delete",
    Action.REPLACE.value: "Replace",
    Action.CREATE.value: "Create",
    Action.ADOPT.value: "Adopt",
    Action.FORGET.value: "Forget",
}


def render_html(
    plan: PlanDocument, kept: Sequence[ChangeDocument] = (), *, command: str | None = None
) -> str:
    """Return the page: counts, warnings, deletes first and each named, then the rest.

    `kept` are the files that are up to date, and `command` is the one that applies the plan. When
    a file expires that is there now is on the page of a live plan; a plan file does not have it.
    """
    title = f"{plan.project}: filesync plan"
    count = len(plan.changes) + sum(len(store.members) for store in plan.stores)
    room = Room(count + len(kept[:_KEPT_SHOWN]))
    changes = [
        _section(action, list(rows), room)
        for action, rows in groupby(plan.changes, lambda change: change.action)
    ]
    changes += [_store_section(number, store, room) for number, store in enumerate(plan.stores)]
    if kept:
        changes.append(_kept(kept, count))
    parts = [
        "<!doctype html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n"
        '<meta name=viewport content="width=device-width, initial-scale=1">\n'
        '<meta name=color-scheme content="light dark">\n'
        f'<meta http-equiv=Content-Security-Policy content="{_policy()}">\n'
        f'<link rel=icon href="data:,">\n<title>{_text(title)}</title>\n'
        f"<style>{STYLE}</style>\n</head>\n<body>\n<main>\n",
        _head(plan, command),
        _counts(plan, bool(kept)),
        _notes(plan),
        _search(count),
        f"<div id=changes>\n{''.join(changes)}</div>\n",
        f"<footer>{_footer(plan)}</footer>\n</main>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
    ]
    return "".join(parts)


def _policy() -> str:
    style, script = (
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for text in (STYLE, SCRIPT)
    )
    return (
        f"default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _text(text: str) -> str:
    return escape(printable(text))


def _sentence(text: str) -> str:
    """Return a sentence, escaped; the commands in it are code."""
    return "".join(
        f"<code>{escape(part)}</code>" if is_code else escape(part)
        for part, is_code in code_spans(printable(text))
    )


def _name(text: str) -> str:
    """Return a name, escaped; `bdi` keeps its writing direction from affecting the rest."""
    return f"<code><bdi>{_text(text)}</bdi></code>"


def _head(plan: PlanDocument, command: str | None) -> str:
    """Return what the page is, what it is about, and how it is applied."""
    origin, storage = plan.origin, storage_of(plan.changes)
    about = [
        ("Server", _name(plan.base_url)),
        ("Manifest", _name(origin.manifest)),
        ("Environment", _name(plan.env) if plan.env else ""),
        ("Branch", _name(origin.branch) if origin.branch else ""),
        ("Commit", _name(origin.commit[:12]) if origin.commit else ""),
        ("Only", _name(str(plan.filters)) if plan.filters.narrow else ""),
        ("Stored", _stored(plan, storage) if storage is not None else ""),
        ("Expiring", expiring_words(storage) if storage is not None else ""),
        ("Planned", f"{_moment(plan.made_at)} UTC" if plan.made_at is not None else ""),
    ]
    rows = "".join(f"<div><dt>{name}<dd>{value}</div>" for name, value in about if value)
    return (
        f"<header>\n<h1><bdi>{_text(plan.project)}</bdi></h1>\n{_standing(plan, command)}"
        f"<dl>{rows}</dl>\n</header>\n"
    )


def _stored(plan: PlanDocument, storage: Storage) -> str:
    now = "" if plan.stored is None else f" than the {human_bytes(plan.stored)} there now"
    more, bracket, rest = stored_words(storage).partition(" (")
    return f"{more}{now}{bracket}{rest}"


def _standing(plan: PlanDocument, command: str | None) -> str:
    if plan.at is not None:
        lead = f"<b>As it will be on {_moment(plan.at)} UTC</b>, {UNTIL_THEN}"
        return f"<p class=note>{lead}. Nothing has changed yet.</p>\n"
    if not plan.has_changes:
        return "<p class=calm>No changes: the platform is as the manifest says.</p>\n"
    how = f" To apply it, run <kbd>{_text(command)}</kbd>." if command else ""
    return f"<p class=lead>This is a plan: nothing has changed yet.{how}</p>\n"


def _counts(plan: PlanDocument, kept: bool) -> str:
    """Return the totals; those of a section lead to it."""
    summary = plan.summary
    tiles = [
        _tile(action, SIGNS[action][0], getattr(summary, action), action)
        for action in (Action.DELETE, Action.REPLACE, Action.CREATE, Action.ADOPT, Action.FORGET)
    ]
    place = "stores" if plan.stores else None
    tiles += [
        _tile(action, sign, getattr(summary, action), place)
        for action, sign in (("detach", "-"), ("swap", "~"), ("attach", "+"), ("update", "~"))
    ]
    if summary.upload_bytes:
        tiles.append(f"<li><b>{human_bytes(summary.upload_bytes)}</b> to upload")
    if summary.noop:
        up_to_date = f"<b>{summary.noop:,}</b> up to date"
        tiles.append(f"<li><a href=#kept>{up_to_date}</a>" if kept else f"<li>{up_to_date}")
    items = "".join(tiles)
    return f"<ul class=counts>{items}</ul>\n" if items else ""


def _tile(action: str, sign: str, count: int, place: str | None) -> str:
    """Return one total, linked to its section; empty for nothing to do."""
    if not count:
        return ""
    shown = f"<i aria-hidden=true>{sign}</i> <b>{count:,}</b> to {action}"
    return f"<li class={action}>" + (f"<a href=#{place}>{shown}</a>" if place else shown)


def _notes(plan: PlanDocument) -> str:
    notes = ""
    if plan.offline:
        notes += f"<p class=note><b>{OFFLINE}</b></p>\n"
    if plan.has_drift:
        notes += f"<p class=note><b>Drift:</b> {drift_of(plan)}</p>\n"
    if plan.warnings:
        items = "".join(f"<li>{_sentence(warning)}" for warning in plan.warnings)
        noun = "Warning" if len(plan.warnings) == 1 else "Warnings"
        notes += f"<div class=note><b>{noun}</b><ul>{items}</ul></div>\n"
    return notes


def _search(changes: int) -> str:
    """Return the search box, which its script shows."""
    few = " class=few" if changes < _SEARCH_FROM else ""
    return (
        f"<div role=search hidden{few}><label for=find>Find</label> "
        '<input id=find type=search placeholder="a key, an id, a reason" autocomplete=off '
        "spellcheck=false> <output id=found></output></div>\n"
    )


def _section(action: str, changes: Sequence[ChangeDocument], room: Room) -> str:
    known = action if action in _TITLES else "other"
    title = f"{_TITLES.get(action) or _text(action)} <small>{len(changes):,}</small>"
    sign, _ = SIGNS.get(action, UNKNOWN_SIGN)
    total = ""
    if action in (Action.CREATE, Action.REPLACE):
        total = f" <small>{size_of(changes)} to upload</small>"
    tables = tables_of_changes(action, changes[:_ROWS_SHOWN])
    return (
        f"<section id={known}>\n<h2 class={known}><i aria-hidden=true>{sign}</i> {title}{total}"
        "</h2>\n"
        f"{tables_html(tables, 'Key', room)}{_left(len(changes) - _ROWS_SHOWN)}</section>\n"
    )


def _store_section(number: int, store: StoreDocument, room: Room) -> str:
    """Return a vector store with its documents."""
    action = "" if store.action == StoreAction.NOOP else f": {_text(store.action)}"
    count = f" <small>{plural(len(store.members), 'document')}</small>" if store.members else ""
    reason = store_reason(store)
    why = f"<p>{words(reason)}</p>\n" if reason else ""
    tables = tables_of_members(store.members[:_ROWS_SHOWN])
    place = "stores" if number == 0 else f"store-{number}"
    return (
        f"<section id={place}>\n<h2 class=other>Vector store {_name(store.key)}{action}{count}"
        f"</h2>\n{why}{tables_html(tables, 'Document', room)}"
        f"{_left(len(store.members) - _ROWS_SHOWN)}</section>\n"
    )


def _kept(kept: Sequence[ChangeDocument], changes: int) -> str:
    """Return the files that are up to date, folded where anything changes."""
    tables = tables_of_changes("noop", kept[:_KEPT_SHOWN])
    opened = "" if changes or len(kept) > _SEARCH_FROM else " open"
    rows = tables_html(tables, "Key", Room(len(kept)))
    return (
        f"<details id=kept{opened}><summary><h2>Up to date <small>{len(kept):,}</small></h2>"
        f"</summary>\n{rows}{_left(len(kept) - _KEPT_SHOWN)}</details>\n"
    )


def _left(count: int) -> str:
    return f"<p class=muted>and {count:,} more, not shown</p>\n" if count > 0 else ""


def _moment(seconds: int) -> str:
    return f"<time>{utc(seconds)}</time>"


def _footer(plan: PlanDocument) -> str:
    return "<br>".join(map(_text, _footnotes(plan)))


def _footnotes(plan: PlanDocument) -> Iterator[str]:
    if plan.summary.unmanaged:
        yield f"{plural(plan.summary.unmanaged, 'unmanaged file')} ignored."
    yield f"manifest {plan.manifest_sha256[:12]}"
    if plan.lock_sha256:
        yield f"lockfile {plan.lock_sha256[:12]}"

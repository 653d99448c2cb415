"""GET /files, in each of the ways that servers page it."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Sequence

from filesync.emulator import checks, errors
from filesync.emulator.call import Call
from filesync.emulator.database import list_page
from filesync.emulator.errors import Json
from filesync.emulator.server_types import Paging
from filesync.emulator.store import FILE_COLUMNS, Store, file_view

_EVERYTHING = 10**12


def listing(call: Call) -> Json:
    """GET /files."""
    with call.store.reading() as db:
        match call.store.type.paging:
            case Paging.CURSOR:
                return _by_cursor(db, call)
            case Paging.NUMBER:
                return _by_number(db, call)
            case Paging.TOKEN:
                return _by_token(db, call)
            case Paging.WHOLE:
                return {"object": "list", "data": _rows(db, call.store)}
            case Paging.CLAIMED:
                return {"object": "list", "data": _rows(db, call.store), "has_more": False}


def _by_cursor(db: sqlite3.Connection, call: Call) -> Json:
    default, top = call.store.type.page
    page = call.page(top=top, default=default, extra=("purpose",))
    purpose = call.query.get("purpose")
    found = list_page(
        db,
        _visible(call.store),
        FILE_COLUMNS,
        page,
        file_view,
        only="1" if purpose is None else "purpose = ?",
        only_args=() if purpose is None else (purpose,),
    )
    found["data"] = [call.store.type.shown(file) for file in found["data"]]
    return found


def _by_number(db: sqlite3.Connection, call: Call) -> Json:
    default, top = call.store.type.page
    size = _number(call, "page_size", default, 1, top)
    start = _number(call, "page", 0, 0, _EVERYTHING // top) * size
    total = db.execute(f"SELECT count(*) FROM {_visible(call.store)}").fetchone()[0]
    return {"data": _rows(db, call.store, size, start), "object": "list", "total": total}


def _by_token(db: sqlite3.Connection, call: Call) -> Json:
    default, top = call.store.type.page
    limit = _number(call, "limit", default, 1, top)
    start = _start(call.query.get("pagination_token"))
    data = _rows(db, call.store, limit, start)
    token = base64.urlsafe_b64encode(f"after {start + len(data)}".encode()).decode()
    return {"data": data, "pagination_token": token}


def _start(token: str | None) -> int:
    if not token:
        return 0
    try:
        return min(int(base64.urlsafe_b64decode(token).decode().removeprefix("after ")), 10**12)
    except ValueError:
        raise errors.invalid_value("pagination_token", "it is not one of ours.") from None


def _number(call: Call, name: str, default: int, low: int, high: int) -> int:
    value = checks.from_text(call.query.get(name, str(default)))
    return checks.whole_number(name, value, low, high)


def _rows(
    db: sqlite3.Connection, store: Store, limit: int = _EVERYTHING, start: int = 0
) -> list[Json]:
    """The newest files first."""
    query = (
        f"SELECT {FILE_COLUMNS} FROM {_visible(store)}"
        " ORDER BY created_at DESC, seq DESC LIMIT ? OFFSET ?"
    )
    rows: list[Sequence[object]] = db.execute(query, (limit, max(0, start))).fetchall()
    return [store.type.shown(file_view(row)) for row in rows]


def _visible(store: Store) -> str:
    """The table to list: with a lag, the files as they were so many seconds ago."""
    lag = float(store.settings["listing_lag"])
    if not lag:
        return "files"
    then, columns = store.moment() - lag, f"seq, {FILE_COLUMNS}"
    return (
        f"(SELECT {columns} FROM files WHERE created_at <= {then!r} UNION ALL"
        f" SELECT {columns} FROM ghosts WHERE created_at <= {then!r} AND deleted_at > {then!r})"
    )

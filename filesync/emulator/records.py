"""Objects that are only remembered: a JSON body by kind, parent and id."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from filesync.emulator.call import Call
from filesync.emulator.database import list_page
from filesync.emulator.errors import Json, not_found
from filesync.emulator.store import Store


def insert(db: sqlite3.Connection, kind: str, body: Json, parent: str = "") -> None:
    """Remember an object by its `id`."""
    db.execute(
        "INSERT INTO records (kind, parent, id, created_at, body) VALUES (?, ?, ?, ?, ?)",
        (kind, parent, body["id"], body["created_at"], json.dumps(body)),
    )


def find(db: sqlite3.Connection, kind: str, item: str, parent: str = "") -> Json | None:
    """The object, if it is there."""
    row = db.execute(
        "SELECT body FROM records WHERE kind = ? AND parent = ? AND id = ?", (kind, parent, item)
    ).fetchone()
    return None if row is None else _view(row)


def get(db: sqlite3.Connection, kind: str, item: str, parent: str = "") -> Json:
    """The object, or a 404."""
    body = find(db, kind, item, parent)
    if body is None:
        raise not_found(kind, item)
    return body


def update(db: sqlite3.Connection, kind: str, body: Json, parent: str = "") -> None:
    """Replace an object."""
    db.execute(
        "UPDATE records SET body = ? WHERE kind = ? AND parent = ? AND id = ?",
        (json.dumps(body), kind, parent, body["id"]),
    )


def delete(db: sqlite3.Connection, kind: str, item: str, parent: str = "") -> None:
    """Forget an object, or a 404."""
    get(db, kind, item, parent)
    db.execute("DELETE FROM records WHERE kind = ? AND parent = ? AND id = ?", (kind, parent, item))


def page(
    db: sqlite3.Connection, call: Call, kind: str, parent: str = "", status: str | None = None
) -> Json:
    """The page of objects that the call asks for."""
    return list_page(
        db,
        "records",
        "body",
        call.page(extra=("filter",) if kind == "vector_store.file" else ()),
        _view,
        scope="kind = ? AND parent = ?",
        scope_args=(kind, parent),
        only="1" if status is None else "json_extract(body, '$.status') = ?",
        only_args=() if status is None else (status,),
    )


def read(store: Store, kind: str, item: str) -> Json:
    """The object, or a 404, in a read of its own."""
    with store.reading() as db:
        return get(db, kind, item)


def _view(row: Sequence[object]) -> Json:
    body: Json = json.loads(str(row[0]))
    return body

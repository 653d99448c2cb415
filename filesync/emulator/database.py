"""The tables, how they are opened, and how a page of one is read."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from filesync.emulator.errors import ApiError, Json

BUSY_SECONDS = 30
VERSION = 1

_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS files (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, bytes INTEGER NOT NULL,
  created_at INTEGER NOT NULL, expires_at INTEGER, filename TEXT NOT NULL, purpose TEXT NOT NULL,
  blobs TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS files_by_time ON files (created_at, seq);
CREATE INDEX IF NOT EXISTS files_by_purpose ON files (purpose, created_at, seq);
CREATE INDEX IF NOT EXISTS files_by_expiry ON files (expires_at) WHERE expires_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS uploads (
  id TEXT PRIMARY KEY, bytes INTEGER NOT NULL, created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL, filename TEXT NOT NULL, purpose TEXT NOT NULL,
  expire_seconds INTEGER, status TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS uploads_pending ON uploads (expires_at) WHERE status = 'pending';
CREATE TABLE IF NOT EXISTS parts (
  id TEXT PRIMARY KEY, upload_id TEXT NOT NULL, bytes INTEGER NOT NULL, blob TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS parts_of ON parts (upload_id);
CREATE TABLE IF NOT EXISTS records (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, parent TEXT NOT NULL,
  id TEXT NOT NULL, created_at INTEGER NOT NULL, body TEXT NOT NULL, UNIQUE (kind, parent, id));
CREATE INDEX IF NOT EXISTS records_by_time ON records (kind, parent, created_at, seq);
CREATE INDEX IF NOT EXISTS records_by_id ON records (id);
CREATE TABLE IF NOT EXISTS loose (name TEXT PRIMARY KEY, since REAL NOT NULL) WITHOUT ROWID;
PRAGMA user_version = {VERSION};
COMMIT;
"""

# What a folder of an earlier emulator lacks; the text of each file that was indexed is under the
# file's own number.
_INDEX = """
CREATE TABLE IF NOT EXISTS indexing (
  store TEXT NOT NULL, file_id TEXT NOT NULL, ready_at REAL NOT NULL,
  PRIMARY KEY (store, file_id));
CREATE INDEX IF NOT EXISTS indexing_by_time ON indexing (ready_at);
CREATE TABLE IF NOT EXISTS miscounted (store TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS miscounted_of ON miscounted (store);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS ghosts (
  seq INTEGER NOT NULL, id TEXT NOT NULL, bytes INTEGER NOT NULL, created_at INTEGER NOT NULL,
  expires_at INTEGER, filename TEXT NOT NULL, purpose TEXT NOT NULL, deleted_at REAL NOT NULL);
CREATE VIRTUAL TABLE IF NOT EXISTS texts USING fts5 (body, tokenize = 'porter unicode61');
"""


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is asked for; at most one of the cursors is set."""

    limit: int
    order: Literal["asc", "desc"]
    after: str | None
    before: str | None


def open_database(path: str) -> sqlite3.Connection:
    """A connection for all threads, behind the caller's lock; the tables are made when absent."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        db = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            # In WAL a commit survives our death without an fsync of its own.
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            # Each checkpoint waits for the disk several times: one in 16 MiB, not in 4.
            db.execute("PRAGMA wal_autocheckpoint = 4096")
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, VERSION):
                raise sqlite3.DatabaseError(f"made by another version of the emulator ({version})")
            if version == 0:
                db.executescript(_SCHEMA)
            db.executescript(_INDEX)
        except sqlite3.OperationalError as error:
            db.close()
            # Two processes that make the database at once: the switch to WAL does not wait.
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        except sqlite3.Error:
            db.close()
            raise
        else:
            return db


def list_page(
    db: sqlite3.Connection,
    table: str,
    columns: str,
    page: Page,
    view: Callable[[Sequence[object]], Json],
    *,
    scope: str = "1",
    scope_args: Sequence[object] = (),
    only: str = "1",
    only_args: Sequence[object] = (),
) -> Json:
    """One page of a table, or of a subquery in its place, in one query.

    A cursor must be in `scope`, and need not match `only`.

    The order is by creation, then by insertion, so pages neither overlap nor leave gaps however
    many rows share a second.
    """
    backwards = page.before is not None
    cursor = page.before if backwards else page.after
    descending = (page.order == "desc") != backwards
    where, args = f"({scope}) AND ({only})", [*scope_args, *only_args]
    if cursor is not None:
        find = f"SELECT created_at, seq FROM {table} WHERE ({scope}) AND id = ?"
        place = db.execute(find, [*scope_args, cursor]).fetchone()
        if place is None:
            # 400 rather than 404: the list is there, it is the request that is wrong.
            name = "before" if backwards else "after"
            raise ApiError(f"No such object: '{cursor}'.", param=name, code="invalid_value")
        where += f" AND (created_at, seq) {'<' if descending else '>'} (?, ?)"
        args += place
    direction = "DESC" if descending else "ASC"
    rows = db.execute(
        f"SELECT {columns} FROM {table} WHERE {where}"
        f" ORDER BY created_at {direction}, seq {direction} LIMIT ?",
        [*args, page.limit + 1],
    ).fetchall()
    data = [view(row) for row in rows[: page.limit]]
    if backwards:
        data.reverse()
    return {
        "object": "list",
        "data": data,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
        "has_more": len(rows) > page.limit,
    }

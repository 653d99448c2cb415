"""What the emulator keeps: SQLite for what is known, one blob on disk for each thing sent.

A blob belongs to a file or to a part of a pending upload, or its name is in `loose`: it is being
written, or waits to be removed. A file's content is a list of blobs, so completing an upload of
8 GB moves names, not bytes. A row is inserted only once its blob is whole, which is all that
`kill -9` asks for. Several processes may work on one directory: SQLite's lock orders them.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from filesync.emulator.database import open_database
from filesync.emulator.errors import ApiError, Json, not_found
from filesync.emulator.server_types import SERVER_TYPES, ServerType
from filesync.emulator.settings import defaults

# How long a blob nobody owns is kept: it may be a request in another process.
LOOSE_SECONDS = 3600
# Names made loose in one transaction, and how long those left over are good for.
SPARE_NAMES = 64
SPARE_SECONDS = 60
READ_BYTES = 1024 * 1024


class UnusableFolder(OSError):
    """The data directory cannot be used; `damaged` if that is because of what is in it."""

    def __init__(self, why: str, *, damaged: bool) -> None:
        super().__init__(why)
        self.damaged = damaged


class Blob:
    """Content on its way to disk; it is gone again unless its name was adopted."""

    def __init__(self, store: Store, name: str) -> None:
        self.name = name
        self.size = 0
        self.kept = False
        self._store = store
        self._file = open(store.blob_path(name), "xb", 0)  # noqa: SIM115 - closed in finish

    def write(self, data: memoryview) -> None:
        """Append to the blob."""
        self.size += len(data)
        while data:  # a disk that is nearly full takes less at a time
            data = data[self._file.write(data) :]

    def finish(self) -> None:
        """Hand everything to the system, so that the blob is whole whatever becomes of us."""
        self._file.close()

    def discard(self) -> None:
        """Remove the blob unless it was kept."""
        if not self.kept:
            with contextlib.suppress(OSError):  # a full disk has its say when we close, too
                self._file.close()
            self._store.discard(self.name)


class Store:
    """The data directory; made when absent. UnusableFolder says why one cannot be used."""

    def __init__(self, data_dir: str, clock: Callable[[], float] = time.time) -> None:
        self._blob_dir = os.path.join(data_dir, "blobs")
        try:
            os.makedirs(self._blob_dir, exist_ok=True)
        except OSError as error:
            what = "it is a file" if os.path.isfile(data_dir) else error.strerror or str(error)
            raise UnusableFolder(what, damaged=False) from error
        self._clock = clock
        # One connection behind one lock: every statement is short, and SQLite has one writer anyway
        self._lock = threading.Lock()
        self._spare_lock = threading.Lock()
        self._dead: list[str] = []
        self._spare: list[str] = []
        self._spare_since = 0.0
        path = os.path.join(data_dir, "emulator.db")
        try:
            self._db = open_database(path)
            self._sweep()
            rows = self._db.execute("SELECT name, value FROM settings").fetchall()
        except sqlite3.Error as error:
            # What is operational has to do with the disk: it is full, say, or read-only.
            disk = isinstance(error, sqlite3.OperationalError) and "no such" not in str(error)
            raise UnusableFolder(f"{path}: {error}", damaged=not disk) from error
        saved = {name: json.loads(value) for name, value in rows}
        self.settings: Json = {**defaults(), **saved}

    def change_settings(self, changed: Json) -> None:
        """Change these settings, and keep them for the next start."""
        rows = [(name, json.dumps(value)) for name, value in changed.items()]
        with self._transaction() as db:
            db.executemany("INSERT OR REPLACE INTO settings VALUES (?, ?)", rows)
        self.settings = {**self.settings, **changed}

    @property
    def type(self) -> ServerType:
        """The type of server to be like."""
        return SERVER_TYPES[self.settings["type"]]

    def close(self) -> None:
        """Let go of the database."""
        # Where this fails, a later start sweeps them.
        with contextlib.suppress(sqlite3.Error), self._spare_lock, self._transaction() as db:
            self._forget_spare(db)
        with self._lock:
            self._db.close()

    def moment(self) -> float:
        """The server's time, in seconds and fractions of one."""
        return self._clock() + float(self.settings["clock_offset"])

    def now(self) -> int:
        """The time as the API gives it, in whole seconds."""
        return int(self.moment())

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The database, with whatever the clock has ended already gone from it."""
        self._expire()
        with self._lock:
            yield self._db

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The same in a transaction; blobs released in it leave the disk once it is committed."""
        self._expire()
        with self._transaction() as db:
            yield db

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            self._dead = []
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            dead = self._dead
        if dead:
            self.remove_blobs(dead)

    # blobs

    def blob_path(self, name: str) -> str:
        """Where a blob is on disk."""
        return os.path.join(self._blob_dir, name)

    def new_blob(self) -> Blob:
        """An empty blob, known as loose before its first byte is on disk."""
        with self._spare_lock:
            # An old name could be swept by another process before we begin to write.
            if not self._spare or not 0 <= time.time() - self._spare_since < SPARE_SECONDS:
                self._renew_spare()
            name = self._spare.pop()
        return Blob(self, name)

    def _renew_spare(self) -> None:
        """Make names loose: many in one transaction, which costs as much as writing a file."""
        now, names = time.time(), [secrets.token_hex(16) for _ in range(SPARE_NAMES)]
        with self._transaction() as db:
            self._forget_spare(db)
            db.executemany("INSERT INTO loose VALUES (?, ?)", [(name, now) for name in names])
        self._spare, self._spare_since = names, now

    def _forget_spare(self, db: sqlite3.Connection) -> None:
        db.executemany("DELETE FROM loose WHERE name = ?", [(name,) for name in self._spare])
        self._spare = []

    def adopt(self, db: sqlite3.Connection, name: str) -> None:
        """Take a blob out of `loose`, for the row inserted in the same transaction."""
        taken = db.execute("DELETE FROM loose WHERE name = ? AND since > 0", (name,))
        if taken.rowcount != 1:
            raise ApiError("The request took too long.", status=408, kind="server_error")

    def discard(self, name: str) -> None:
        """Remove a blob nobody adopted, even if somebody is about to: one of the two wins."""
        with self._transaction() as db:
            lost = db.execute("UPDATE loose SET since = 0 WHERE name = ? AND since > 0", (name,))
            if lost.rowcount == 1:
                self._dead.append(name)

    def release(self, db: sqlite3.Connection, names: Iterable[str]) -> None:
        """Give blobs up in the transaction that takes their last row."""
        for name in names:
            # since 0: nobody writes it, the next start may finish what we could not
            db.execute("INSERT OR REPLACE INTO loose VALUES (?, 0)", (name,))
            self._dead.append(name)

    def remove_blobs(self, names: Sequence[str]) -> None:
        """Remove loose blobs; one that cannot go now stays loose for the next start."""
        gone = []
        for name in names:
            try:
                os.unlink(self.blob_path(name))
            except FileNotFoundError:
                pass
            except OSError:
                continue
            gone.append((name,))
        with self._transaction() as db:
            db.executemany("DELETE FROM loose WHERE name = ?", gone)

    def content(self, names: Sequence[str]) -> Iterator[bytes]:
        """The bytes of the blobs one after another, a piece at a time."""
        for name in names:
            with open(self.blob_path(name), "rb") as file:
                while piece := file.read(READ_BYTES):
                    yield piece

    def _sweep(self) -> None:
        """Remove what processes that died left behind, by their clock: the system's."""
        old = time.time() - LOOSE_SECONDS
        with self._transaction() as db:
            rows = db.execute("SELECT name, since FROM loose WHERE since < ?", (old,)).fetchall()
            for name, since in rows:
                # A slow request still writes: its blob is younger than its row.
                with contextlib.suppress(FileNotFoundError):
                    if since and os.stat(self.blob_path(name)).st_mtime > old:
                        continue
                self.release(db, [name])

    # expiry

    def _expire(self) -> None:
        """End what the clock has ended: every access comes through here, so nobody sees it."""
        now = self.now()
        due = (
            "SELECT EXISTS (SELECT 1 FROM files WHERE expires_at <= ?1)"
            " OR EXISTS (SELECT 1 FROM uploads WHERE status = 'pending' AND expires_at <= ?1)"
        )
        with self._lock:
            if not self._db.execute(due, (now,)).fetchone()[0]:
                return
        with self._transaction() as db:
            old = "SELECT id FROM files WHERE expires_at <= ?"
            for (item,) in db.execute(old, (now,)).fetchall():
                self.remove_file(db, item)
            late = "SELECT id FROM uploads WHERE status = 'pending' AND expires_at <= ?"
            for (item,) in db.execute(late, (now,)).fetchall():
                self.end_upload(db, item, "expired")

    # files

    def add_file(
        self,
        db: sqlite3.Connection,
        *,
        filename: str,
        purpose: str,
        size: int,
        expire_seconds: int | None,
        blobs: Sequence[str],
    ) -> Json:
        """Insert a file whose blobs are whole; its type of server may have it expire anyway."""
        now, kind = self.now(), self.type
        if expire_seconds is None:
            default = kind.default_expiry
            expire_seconds = default.get(purpose, default.get(""))
        if expire_seconds is None and kind.max_unexpiring is not None:
            query = "SELECT count(*) FROM files WHERE expires_at IS NULL"
            if db.execute(query).fetchone()[0] >= kind.max_unexpiring:
                raise ApiError(
                    f"At most {kind.max_unexpiring} files without 'expires_after' are kept.",
                    code="file_limit_reached",
                )
        expires_at = None if expire_seconds is None else now + expire_seconds
        row = (kind.new_id(), size, now, expires_at, kind.rename(filename), purpose)
        db.execute(
            f"INSERT INTO files ({FILE_COLUMNS}, blobs) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*row, json.dumps(list(blobs))),
        )
        return file_view(row)

    def remove_file(self, db: sqlite3.Connection, item: str) -> None:
        """Delete a file, and with it its place in every vector store."""
        row = db.execute("SELECT blobs FROM files WHERE id = ?", (item,)).fetchone()
        if row is None:
            raise not_found("File", item)
        if self.settings["listing_lag"]:
            gone = f"SELECT seq, {FILE_COLUMNS}, ? FROM files WHERE id = ?"
            db.execute(f"INSERT INTO ghosts {gone}", (self.moment(), item))
        db.execute("DELETE FROM texts WHERE rowid = (SELECT seq FROM files WHERE id = ?)", (item,))
        db.execute("DELETE FROM files WHERE id = ?", (item,))
        db.execute("DELETE FROM indexing WHERE file_id = ?", (item,))
        lost = "SELECT parent FROM records WHERE id = ? AND kind = 'vector_store.file'"
        db.execute(f"INSERT INTO miscounted {lost}", (item,))
        db.execute("DELETE FROM records WHERE id = ? AND kind = 'vector_store.file'", (item,))
        self.release(db, json.loads(row[0]))

    def end_upload(self, db: sqlite3.Connection, item: str, status: str) -> None:
        """Leave `pending` for good, with every part that is still there."""
        blobs = db.execute("SELECT blob FROM parts WHERE upload_id = ?", (item,)).fetchall()
        db.execute("UPDATE uploads SET status = ? WHERE id = ?", (status, item))
        db.execute("DELETE FROM parts WHERE upload_id = ?", (item,))
        self.release(db, [blob for (blob,) in blobs])


FILE_COLUMNS = "id, bytes, created_at, expires_at, filename, purpose"


def file_view(row: Sequence[object]) -> Json:
    """A row of FILE_COLUMNS as the API shows it."""
    item, size, created_at, expires_at, filename, purpose = row
    return {
        "id": item,
        "object": "file",
        "bytes": size,
        "created_at": created_at,
        "expires_at": expires_at,
        "filename": filename,
        "purpose": purpose,
        "status": "processed",
        "status_details": None,
    }


def find_file(db: sqlite3.Connection, item: str) -> Json | None:
    """The file with this id, if there is one."""
    row = db.execute(f"SELECT {FILE_COLUMNS} FROM files WHERE id = ?", (item,)).fetchone()
    return None if row is None else file_view(row)


def blobs_of(db: sqlite3.Connection, item: str) -> list[str]:
    """The blobs of a file that is there, in order."""
    row = db.execute("SELECT blobs FROM files WHERE id = ?", (item,)).fetchone()
    blobs: list[str] = json.loads(row[0])
    return blobs

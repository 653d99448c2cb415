"""Indexing: an attached file becomes completed or failed once its time has come."""

from __future__ import annotations

import codecs
import contextlib
import io
import json
import os
import sqlite3
import zipfile
from collections.abc import Iterator
from fnmatch import fnmatchcase

from filesync.emulator import records
from filesync.emulator.errors import Json
from filesync.emulator.store import Store, find_file

ATTACHED = "vector_store.file"
# What file search reads: https://developers.openai.com/api/docs/guides/tools-file-search (2026).
_TEXT = (
    *(".c", ".cpp", ".cs", ".css", ".go", ".html", ".java", ".js", ".json", ".md"),
    *(".php", ".py", ".rb", ".sh", ".tex", ".ts", ".txt"),
)
_ZIPPED = (".docx", ".pptx")
_WORD = (b"\xd0\xcf\x11\xe0", b"{\\rtf", b"PK\x03\x04")
# A PDF reader looks for the header in so many bytes.
_PDF_HEAD = 1024
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@contextlib.contextmanager
def indexed(store: Store) -> Iterator[sqlite3.Connection]:
    """The database to read from, with whatever is due to be indexed already indexed.

    It writes only when something is due, so that reads wait for nobody.
    """
    with store.reading() as db:
        due = _due(db, store)
    if due:
        with store.writing() as db:
            settle(db, store)
    with store.reading() as db:
        yield db


def settle(db: sqlite3.Connection, store: Store) -> None:
    """End the indexing of what has been attached for long enough."""
    due = _due(db, store)
    for item, file_id in due:
        member, file = records.find(db, ATTACHED, file_id, item), find_file(db, file_id)
        if member is not None and file is not None:
            failure = _index(db, store, file)
            member["status"] = "completed" if failure is None else "failed"
            member["last_error"] = failure
            member["usage_bytes"] = file["bytes"] if failure is None else 0
            records.update(db, ATTACHED, member, item)
    if due:
        db.executemany("DELETE FROM indexing WHERE store = ? AND file_id = ?", due)


def _due(db: sqlite3.Connection, store: Store) -> list[tuple[str, str]]:
    query = "SELECT store, file_id FROM indexing WHERE ready_at <= ?"
    return db.execute(query, (store.moment(),)).fetchall()


def _index(db: sqlite3.Connection, store: Store, file: Json) -> Json | None:
    """Make a file's text known to the search, or say why that cannot be, as `last_error`.

    The text is there once, however many stores hold the file.
    """
    name: str = file["filename"]
    suffix = os.path.splitext(name)[1].lower()
    if any(fnmatchcase(name, one) for one in store.settings["index_fails"]):
        return _unsupported()
    if suffix not in (*_TEXT, *_ZIPPED, ".pdf", ".doc"):
        return _unsupported()
    query = "SELECT seq, blobs FROM files WHERE id = ?"
    seq, blobs = db.execute(query, (file["id"],)).fetchone()
    if db.execute("SELECT 1 FROM texts WHERE rowid = ?", (seq,)).fetchone() is not None:
        return None
    if not file["bytes"]:
        return _invalid("The file is empty.")
    text = _text(suffix, b"".join(store.content(json.loads(blobs))))
    if text is None:
        return _invalid("The file could not be parsed: its content is not what its name says.")
    db.execute("INSERT INTO texts (rowid, body) VALUES (?, ?)", (seq, text))
    return None


def _text(suffix: str, content: bytes) -> str | None:
    """What the search knows a file by; None if the file is not what its extension says.

    Of a PDF or an Office document that is only what stands in it as plain text.
    """
    if suffix in _TEXT:
        try:
            return content.decode("utf-16" if content.startswith(_UTF_16) else "utf-8-sig")
        except UnicodeDecodeError:
            return None
    if suffix in _ZIPPED:
        fits = zipfile.is_zipfile(io.BytesIO(content))
    elif suffix == ".pdf":
        fits = b"%PDF-" in content[:_PDF_HEAD]
    else:
        fits = content.startswith(_WORD)
    return content.decode("utf-8", "replace") if fits else None


def _unsupported() -> Json:
    message = "The file could not be parsed because it is not supported."
    return {"code": "unsupported_file", "message": message}


def _invalid(message: str) -> Json:
    return {"code": "invalid_file", "message": message}

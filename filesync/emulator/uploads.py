"""The routes below /uploads: a file in parts, made whole by naming them in order."""

from __future__ import annotations

import hashlib
import re
import secrets
import sqlite3
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from filesync.emulator import checks, errors
from filesync.emulator.call import Call
from filesync.emulator.errors import ApiError, Json
from filesync.emulator.multipart import read_form
from filesync.emulator.store import Blob, Store

MAX_UPLOAD_BYTES = 8 * 1024 * 1024 * 1024
MAX_PART_BYTES = 64 * 1024 * 1024
SESSION_SECONDS = 3600

_COLUMNS = "id, bytes, created_at, expires_at, filename, purpose, expire_seconds, status"
_REQUIRED = ("filename", "purpose", "bytes", "mime_type")


def create(call: Call) -> Json:
    """POST /uploads."""
    body = call.fields((*_REQUIRED, "expires_after"), _REQUIRED)
    size = checks.whole_number("bytes", body["bytes"], 1, MAX_UPLOAD_BYTES)
    kind, filename = call.store.type, checks.text(body, "filename")
    purpose = checks.purpose(checks.text(body, "purpose"), kind.purposes)
    checks.text(body, "mime_type")  # it must be there, and is in no answer
    seconds = checks.expiry(body.get("expires_after"), kind.expiry)
    item, now = f"upload_{secrets.token_hex(16)}", call.store.now()
    row = (item, size, now, now + SESSION_SECONDS, filename, purpose, seconds, "pending")
    with call.store.writing() as db:
        db.execute(f"INSERT INTO uploads ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    return _view(row)


async def add_part(request: Request) -> Response:
    """POST /uploads/{upload_id}/parts."""
    store: Store = request.app.state.store
    item: str = request.path_params["upload_id"]
    # Asked before the bytes are read, and again after: reading them may take its time.
    _check_pending(store, item)
    return await read_form(
        request,
        lambda _, blob: _insert_part(store, item, blob),
        file_field="data",
        text_fields=(),
        max_bytes=MAX_PART_BYTES,
    )


def _check_pending(store: Store, item: str) -> None:
    with store.reading() as db:
        _pending(db, item)


def _insert_part(store: Store, item: str, blob: Blob) -> Json:
    part = f"part_{secrets.token_hex(16)}"
    with store.writing() as db:
        _pending(db, item)
        store.adopt(db, blob.name)
        db.execute("INSERT INTO parts VALUES (?, ?, ?, ?)", (part, item, blob.size, blob.name))
    blob.kept = True
    return {"id": part, "object": "upload.part", "created_at": store.now(), "upload_id": item}


def complete(call: Call) -> Json:
    """POST /uploads/{upload_id}/complete."""
    body = call.fields(("part_ids", "md5"), ("part_ids",))
    item, md5 = call.path["upload_id"], body.get("md5")
    if md5 is not None and not (isinstance(md5, str) and re.fullmatch(r"[0-9a-fA-F]{32}", md5)):
        raise errors.invalid_value("md5", "expected 32 hexadecimal digits.")
    with call.store.reading() as db:
        upload = _pending(db, item)
        blobs = _part_blobs(db, item, upload["bytes"], body["part_ids"])
    # Outside any lock: the parts stay as they are, and the state is looked at again below.
    if md5 is not None and md5.lower() != _md5(call.store, blobs):
        raise errors.invalid_value("md5", "it is not the checksum of the parts in this order.")
    with call.store.writing() as db:
        upload = _pending(db, item)
        file = call.store.add_file(
            db,
            filename=upload["filename"],
            purpose=upload["purpose"],
            size=upload["bytes"],
            expire_seconds=upload["expire_seconds"],
            blobs=blobs,
        )
        db.executemany("DELETE FROM parts WHERE blob = ?", [(blob,) for blob in blobs])
        call.store.end_upload(db, item, "completed")  # takes the parts nobody named
    return {**_public(upload), "status": "completed", "file": call.store.type.shown(file)}


def cancel(call: Call) -> Json:
    """POST /uploads/{upload_id}/cancel."""
    call.fields(())
    item = call.path["upload_id"]
    with call.store.writing() as db:
        upload = _pending(db, item)
        call.store.end_upload(db, item, "cancelled")
    return {**_public(upload), "status": "cancelled"}


def _part_blobs(db: sqlite3.Connection, item: str, size: int, part_ids: object) -> list[str]:
    """The blobs in the order asked for, if these are parts of the upload and add up."""
    if not isinstance(part_ids, list) or not part_ids:
        raise errors.invalid_value("part_ids", "expected a list of part ids.", "invalid_type")
    query = "SELECT id, blob, bytes FROM parts WHERE upload_id = ?"
    known = {part: (blob, weight) for part, blob, weight in db.execute(query, (item,))}
    blobs: list[str] = []
    total = 0
    for part in part_ids:
        if not isinstance(part, str) or part not in known:
            raise errors.invalid_value("part_ids", f"'{part}' is not a part of this upload.")
        blob, weight = known[part]
        blobs.append(blob)
        total += weight
    if len(set(blobs)) != len(blobs):
        raise errors.invalid_value("part_ids", "a part is named twice.")
    if total != size:
        raise errors.invalid_value("part_ids", f"the parts hold {total} bytes, expected {size}.")
    return blobs


def _md5(store: Store, blobs: Sequence[str]) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    try:
        for piece in store.content(blobs):
            digest.update(piece)
    except FileNotFoundError:
        raise ApiError("This upload was ended while it was being completed.") from None
    return digest.hexdigest()


def _pending(db: sqlite3.Connection, item: str) -> Json:
    """The upload, which must be there and still take parts."""
    row = db.execute(f"SELECT {_COLUMNS} FROM uploads WHERE id = ?", (item,)).fetchone()
    if row is None:
        raise errors.not_found("Upload", item)
    upload = {**_view(row), "expire_seconds": row[6]}
    if upload["status"] != "pending":
        raise ApiError(f"Upload {item} is {upload['status']}, not pending.", code="invalid_state")
    return upload


def _view(row: Sequence[object]) -> Json:
    item, size, created_at, expires_at, filename, purpose, _, status = row
    return {
        "id": item,
        "object": "upload",
        "bytes": size,
        "created_at": created_at,
        "expires_at": expires_at,
        "filename": filename,
        "purpose": purpose,
        "status": status,
    }


def _public(upload: Json) -> Json:
    return {key: value for key, value in upload.items() if key != "expire_seconds"}

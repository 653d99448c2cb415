"""The routes below /files."""

from __future__ import annotations

import functools
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from filesync.emulator import checks, errors
from filesync.emulator.call import Call, json_response
from filesync.emulator.errors import ApiError, Json
from filesync.emulator.multipart import Form, read_form
from filesync.emulator.store import Blob, Store, blobs_of, find_file

# The only encoding of an object that the API reads in a form.
_EXPIRY_FIELDS = {"expires_after[anchor]": "anchor", "expires_after[seconds]": "seconds"}


async def create(request: Request) -> Response:
    """POST /files."""
    fields = ("purpose", *_EXPIRY_FIELDS)
    store: Store = request.app.state.store
    return await read_form(
        request,
        functools.partial(_insert, store),
        file_field="file",
        text_fields=fields,
        max_bytes=store.type.max_bytes,
    )


def _insert(store: Store, form: Form, blob: Blob) -> Json:
    if "purpose" not in form.fields:
        raise errors.missing_parameter("purpose")
    if not form.filename:
        raise errors.invalid_value("file", "expected a file with a filename.", "invalid_type")
    expires = {
        key: checks.from_text(form.fields[name])
        for name, key in _EXPIRY_FIELDS.items()
        if name in form.fields
    }
    purpose = checks.purpose(form.fields["purpose"], store.type.purposes)
    expire_seconds = checks.expiry(expires or None, store.type.expiry)
    with store.writing() as db:
        store.adopt(db, blob.name)
        view = store.add_file(
            db,
            filename=form.filename,
            purpose=purpose,
            size=blob.size,
            expire_seconds=expire_seconds,
            blobs=[blob.name],
        )
    blob.kept = True
    return store.type.shown(view)


def retrieve(call: Call) -> Json:
    """GET /files/{file_id}."""
    item = call.path["file_id"]
    with call.store.reading() as db:
        file = find_file(db, item)
    if file is None:
        raise errors.not_found("File", item)
    return call.store.type.shown(file)


def delete(call: Call) -> Json:
    """DELETE /files/{file_id}."""
    item = call.path["file_id"]
    with call.store.writing() as db:
        call.store.remove_file(db, item)
    return {"id": item, "object": "file", "deleted": True}


async def content(request: Request) -> Response:
    """GET /files/{file_id}/content."""
    store: Store = request.app.state.store
    file, blobs = await run_in_threadpool(_stored, store, request.path_params["file_id"])
    if file["purpose"] in store.type.withheld:
        raise ApiError(f"Not allowed to download files of purpose: {file['purpose']}")
    if not store.type.verbatim:
        return await run_in_threadpool(_extracted, store, file, blobs)
    return StreamingResponse(
        store.content(blobs),
        media_type="application/octet-stream",
        headers={
            "content-length": str(file["bytes"]),
            "content-disposition": f"attachment; filename*=UTF-8''{quote(file['filename'])}",
        },
    )


def _extracted(store: Store, file: Json, blobs: list[str]) -> Response:
    text = b"".join(store.content(blobs)).decode("utf-8", "replace")
    name, kind = file["filename"], "application/octet-stream"
    return json_response(
        {"content": text, "file_type": kind, "filename": name, "title": "", "type": "file"}
    )


def _stored(store: Store, item: str) -> tuple[Json, list[str]]:
    with store.reading() as db:
        file = find_file(db, item)
        if file is None:
            raise errors.not_found("File", item)
        return file, blobs_of(db, item)

"""File batches: many files attached to a vector store by one request."""

from __future__ import annotations

import json
import secrets
import sqlite3

from filesync.emulator import errors, records, vector_stores
from filesync.emulator.call import Call
from filesync.emulator.database import list_page
from filesync.emulator.errors import ApiError, Json
from filesync.emulator.indexing import ATTACHED, indexed, settle
from filesync.emulator.vector_stores import BATCH

MAX_FILES = 2000
_FIELDS = ("file_ids", "files", "attributes", "chunking_strategy")
_STATUSES = ("in_progress", "completed", "failed", "cancelled")


def create(call: Call) -> Json:
    """POST /vector_stores/{item}/file_batches: `files`, or `file_ids` that share the rest."""
    body = call.fields(_FIELDS)
    wanted = _wanted(body)
    with call.store.writing() as db:
        item = call.path["item"]
        vector_stores.use(db, call.store, vector_stores.live(db, call.store, item))
        for one in wanted:
            vector_stores.attach_file(db, call.store, item, one["file_id"], one)
        batch = {
            "id": f"vsfb_{secrets.token_hex(16)}",
            "object": BATCH,
            "created_at": call.store.now(),
            "vector_store_id": item,
            "status": "in_progress",
            "files": [one["file_id"] for one in wanted],
        }
        records.insert(db, BATCH, batch, item)
        return _view(db, batch)


def retrieve(call: Call) -> Json:
    """GET /vector_stores/{item}/file_batches/{batch}."""
    with indexed(call.store) as db:
        found = _view(db, records.get(db, BATCH, call.path["batch"], call.path["item"]))
    if call.store.settings["batch_answers_store_id"]:
        found["id"] = found["vector_store_id"]
    return found


def listing(call: Call) -> Json:
    """GET /vector_stores/{item}/file_batches/{batch}/files."""
    status = call.query.get("filter")
    if status not in (None, *_STATUSES):
        raise errors.invalid_value("filter", f"'{status}' is not a status.")
    with indexed(call.store) as db:
        batch = records.get(db, BATCH, call.path["batch"], call.path["item"])
        only = "id IN (SELECT value FROM json_each(?))"
        args = [json.dumps(batch["files"])]
        if status is not None:
            only += " AND json_extract(body, '$.status') = ?"
            args.append(status)
        return list_page(
            db,
            "records",
            "body",
            call.page(extra=("filter",)),
            lambda row: dict(json.loads(str(row[0]))),
            scope="kind = ? AND parent = ?",
            scope_args=(ATTACHED, call.path["item"]),
            only=only,
            only_args=args,
        )


def cancel(call: Call) -> Json:
    """POST /vector_stores/{item}/file_batches/{batch}/cancel: what is not indexed never will be."""
    with call.store.writing() as db:
        settle(db, call.store)
        item = call.path["item"]
        batch = records.get(db, BATCH, call.path["batch"], item)
        for file_id in batch["files"]:
            member = records.find(db, ATTACHED, file_id, item)
            if member is not None and member["status"] == "in_progress":
                member["status"] = "cancelled"
                records.update(db, ATTACHED, member, item)
                db.execute("DELETE FROM indexing WHERE store = ? AND file_id = ?", (item, file_id))
        batch["status"] = "cancelled"
        records.update(db, BATCH, batch, item)
        return _view(db, batch)


def _wanted(body: Json) -> list[Json]:
    """Each file to attach with its attributes and chunking."""
    files, ids = body.get("files"), body.get("file_ids")
    if (files is None) == (ids is None):
        raise ApiError("Send either 'files' or 'file_ids'.", param="files", code="invalid_value")
    name = "file_ids" if files is None else "files"
    given = ids if files is None else files
    if not isinstance(given, list) or not 1 <= len(given) <= MAX_FILES:
        raise errors.invalid_value(name, f"expected a list of 1 to {MAX_FILES}.")
    if files is None:
        shared = {field: body.get(field) for field in ("attributes", "chunking_strategy")}
        return [{"file_id": one, **shared} for one in given]
    for field in ("attributes", "chunking_strategy"):
        if body.get(field) is not None:
            raise errors.invalid_value(field, "goes with 'file_ids' only.")
    for one in given:
        if not isinstance(one, dict) or not isinstance(one.get("file_id"), str):
            raise errors.invalid_value("files", "expected objects with a 'file_id'.")
        for field in one:
            if field not in ("file_id", "attributes", "chunking_strategy"):
                raise errors.unknown_parameter(f"files[{field}]")
    return given


def _view(db: sqlite3.Connection, batch: Json) -> Json:
    counts, _ = vector_stores.counted(
        db,
        "r.kind = ? AND r.parent = ? AND r.id IN (SELECT value FROM json_each(?))",
        (ATTACHED, batch["vector_store_id"], json.dumps(batch["files"])),
    )
    status = batch["status"]
    if status == "in_progress" and not counts["in_progress"]:
        status = "completed"
    shown = {name: value for name, value in batch.items() if name != "files"}
    return {**shown, "status": status, "file_counts": counts}

"""Vector stores: which files are attached where. Nothing is indexed: all is completed at once."""

from __future__ import annotations

import secrets
import sqlite3

from filesync.emulator import records, wire
from filesync.emulator.store import Store, find_file
from filesync.emulator.wire import ApiError, Call, Json

STORE, ATTACHED = "vector_store", "vector_store.file"
# What the file search takes; the others are not documents.
PURPOSES = ("assistants", "user_data")
MAX_FILE_IDS = 500
_STATIC = {
    "type": "static",
    "static": {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400},
}
_FIELDS = ("name", "description", "file_ids", "expires_after", "chunking_strategy", "metadata")


def create(call: Call) -> Json:
    """POST /vector_stores."""
    body = call.fields(_FIELDS)
    name = "" if body.get("name") is None else wire.text(body, "name")
    file_ids = body.get("file_ids") or []
    if not isinstance(file_ids, list) or len(file_ids) > MAX_FILE_IDS:
        raise wire.invalid_value("file_ids", f"expected a list of at most {MAX_FILE_IDS} ids.")
    expires_after = _expires_after(body.get("expires_after"))
    now = call.store.now()
    item: Json = {
        "id": f"vs_{secrets.token_hex(16)}",
        "object": STORE,
        "created_at": now,
        "name": name,
        "description": body.get("description"),
        "status": "completed",
        "expires_after": expires_after,
        "expires_at": now + expires_after["days"] * 86400 if expires_after else None,
        "last_active_at": now,
        "metadata": wire.metadata(body.get("metadata")) or {},
    }
    with call.store.writing() as db:
        records.insert(db, STORE, item)
        for file_id in file_ids:
            _attach(db, call.store, item["id"], file_id, body)
        return _with_counts(db, call.store, item)


def listing(call: Call) -> Json:
    """GET /vector_stores."""
    with call.store.reading() as db:
        page = records.page(db, call, STORE)
        page["data"] = [_with_counts(db, call.store, item) for item in page["data"]]
        return page


def retrieve(call: Call) -> Json:
    """GET /vector_stores/{item}."""
    with call.store.reading() as db:
        return _with_counts(db, call.store, records.get(db, STORE, call.path["item"]))


def delete(call: Call) -> Json:
    """DELETE /vector_stores/{item}: the files stay files."""
    item = call.path["item"]
    with call.store.writing() as db:
        records.delete(db, STORE, item)
        db.execute("DELETE FROM records WHERE kind = ? AND parent = ?", (ATTACHED, item))
    return {"id": item, "object": "vector_store.deleted", "deleted": True}


def attach(call: Call) -> Json:
    """POST /vector_stores/{item}/files; attaching a file again changes nothing."""
    body = call.fields(("file_id", "attributes", "chunking_strategy"), ("file_id",))
    item, file_id = call.path["item"], wire.text(body, "file_id")
    with call.store.writing() as db:
        parent = records.get(db, STORE, item)
        parent["last_active_at"] = call.store.now()
        if parent["expires_after"]:
            days = parent["expires_after"]["days"]
            parent["expires_at"] = parent["last_active_at"] + days * 86400
        records.update(db, STORE, parent)
        return _attach(db, call.store, item, file_id, body)


def list_files(call: Call) -> Json:
    """GET /vector_stores/{item}/files."""
    item, status = call.path["item"], call.query.get("filter")
    if status not in (None, "in_progress", "completed", "failed", "cancelled"):
        raise wire.invalid_value("filter", f"'{status}' is not a status.")
    with call.store.reading() as db:
        records.get(db, STORE, item)
        return records.page(db, call, ATTACHED, item, status)


def get_file(call: Call) -> Json:
    """GET /vector_stores/{item}/files/{file_id}."""
    with call.store.reading() as db:
        return records.get(db, ATTACHED, call.path["file_id"], call.path["item"])


def detach(call: Call) -> Json:
    """DELETE /vector_stores/{item}/files/{file_id}: the file stays a file."""
    file_id = call.path["file_id"]
    with call.store.writing() as db:
        records.delete(db, ATTACHED, file_id, call.path["item"])
    return {"id": file_id, "object": "vector_store.file.deleted", "deleted": True}


def _attach(db: sqlite3.Connection, store: Store, item: str, file_id: object, body: Json) -> Json:
    file = find_file(db, file_id) if isinstance(file_id, str) else None
    if file is None:
        raise wire.not_found("File", str(file_id), "file_id")
    if file["purpose"] not in PURPOSES:
        raise ApiError(
            f"File '{file_id}' has purpose '{file['purpose']}', expected one of {list(PURPOSES)}.",
            param="file_id",
            code="invalid_file_purpose",
        )
    there = records.find(db, ATTACHED, file["id"], item)
    if there is not None:
        return there
    strategy = body.get("chunking_strategy")
    static = isinstance(strategy, dict) and strategy.get("type") == "static"
    attached = {
        "id": file_id,
        "object": ATTACHED,
        "created_at": store.now(),
        "vector_store_id": item,
        "status": "completed",
        "last_error": None,
        "usage_bytes": file["bytes"],
        "attributes": body.get("attributes") or {},
        "chunking_strategy": strategy if static else _STATIC,
    }
    records.insert(db, ATTACHED, attached, item)
    return attached


def _with_counts(db: sqlite3.Connection, store: Store, item: Json) -> Json:
    total, size = db.execute(
        "SELECT count(*), coalesce(sum(f.bytes), 0) FROM records r JOIN files f ON f.id = r.id"
        " WHERE r.kind = ? AND r.parent = ?",
        (ATTACHED, item["id"]),
    ).fetchone()
    expired = item["expires_at"] is not None and item["expires_at"] <= store.now()
    counts = {"in_progress": 0, "completed": total, "failed": 0, "cancelled": 0, "total": total}
    return {
        **item,
        "status": "expired" if expired else "completed",
        "usage_bytes": size,
        "file_counts": counts,
    }


def _expires_after(value: object) -> Json | None:
    """Vector stores count in days since they were last used; files do neither."""
    if value is None:
        return None
    if not isinstance(value, dict) or set(value) != {"anchor", "days"}:
        raise wire.invalid_value("expires_after", "expected 'anchor' and 'days'.")
    if value["anchor"] != "last_active_at":
        raise wire.invalid_value("expires_after[anchor]", "expected 'last_active_at'.")
    wire.whole_number("expires_after[days]", value["days"], 1, 365)
    return value

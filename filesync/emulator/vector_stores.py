"""Vector stores: which files are attached where, and how far each is indexed."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Sequence
from fnmatch import fnmatchcase

from filesync.emulator import checks, errors, records
from filesync.emulator.call import Call
from filesync.emulator.errors import ApiError, Json
from filesync.emulator.indexing import ATTACHED, indexed, settle
from filesync.emulator.store import Store, find_file

STORE, BATCH = "vector_store", "vector_store.files_batch"
_MEMBER = ("file_id", "attributes", "chunking_strategy")
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
    name = "" if body.get("name") is None else checks.text(body, "name")
    file_ids = body.get("file_ids") or []
    if not isinstance(file_ids, list) or len(file_ids) > MAX_FILE_IDS:
        raise errors.invalid_value("file_ids", f"expected a list of at most {MAX_FILE_IDS} ids.")
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
        "metadata": checks.metadata(body.get("metadata")) or {},
    }
    with call.store.writing() as db:
        records.insert(db, STORE, item)
        strategy = body.get("chunking_strategy")
        for file_id in file_ids:
            attach_file(db, call.store, item["id"], file_id, {"chunking_strategy": strategy})
        return _with_counts(db, call.store, item)


def listing(call: Call) -> Json:
    """GET /vector_stores."""
    with indexed(call.store) as db:
        page = records.page(db, call, STORE)
        page["data"] = [_with_counts(db, call.store, item) for item in page["data"]]
        return page


def retrieve(call: Call) -> Json:
    """GET /vector_stores/{item}."""
    with indexed(call.store) as db:
        return _with_counts(db, call.store, records.get(db, STORE, call.path["item"]))


def delete(call: Call) -> Json:
    """DELETE /vector_stores/{item}: the files stay files."""
    item = call.path["item"]
    with call.store.writing() as db:
        records.delete(db, STORE, item)
        db.execute("DELETE FROM records WHERE kind = ? AND parent = ?", (ATTACHED, item))
        db.execute("DELETE FROM indexing WHERE store = ?", (item,))
        db.execute("DELETE FROM miscounted WHERE store = ?", (item,))
        db.execute("DELETE FROM records WHERE kind = ? AND parent = ?", (BATCH, item))
    return {"id": item, "object": "vector_store.deleted", "deleted": True}


def update(call: Call) -> Json:
    """POST /vector_stores/{item}: name, expiry and metadata, as far as they are sent."""
    body = call.fields(("name", "expires_after", "metadata"))
    with call.store.writing() as db:
        item = records.get(db, STORE, call.path["item"])
        if "name" in body:
            item["name"] = "" if body["name"] is None else checks.text(body, "name")
        if "expires_after" in body:
            item["expires_after"] = _expires_after(body["expires_after"])
        if "metadata" in body:
            item["metadata"] = checks.metadata(body["metadata"]) or {}
        use(db, call.store, item)
        return _with_counts(db, call.store, item)


def attach(call: Call) -> Json:
    """POST /vector_stores/{item}/files; attaching a file again changes nothing."""
    body = call.fields(_MEMBER, ("file_id",))
    item, file_id = call.path["item"], checks.text(body, "file_id")
    with call.store.writing() as db:
        parent = live(db, call.store, item)
        use(db, call.store, parent)
        return attach_file(db, call.store, item, file_id, body)


def update_file(call: Call) -> Json:
    """POST /vector_stores/{item}/files/{file_id}: other attributes, and nothing else."""
    body = call.fields(("attributes",), ("attributes",))
    item, file_id = call.path["item"], call.path["file_id"]
    with call.store.writing() as db:
        settle(db, call.store)
        member = records.get(db, ATTACHED, file_id, item)
        member["attributes"] = attributes(body["attributes"])
        records.update(db, ATTACHED, member, item)
        return member


def list_files(call: Call) -> Json:
    """GET /vector_stores/{item}/files."""
    item, status = call.path["item"], call.query.get("filter")
    if status not in (None, "in_progress", "completed", "failed", "cancelled"):
        raise errors.invalid_value("filter", f"'{status}' is not a status.")
    with indexed(call.store) as db:
        records.get(db, STORE, item)
        return records.page(db, call, ATTACHED, item, status)


def get_file(call: Call) -> Json:
    """GET /vector_stores/{item}/files/{file_id}."""
    with indexed(call.store) as db:
        return records.get(db, ATTACHED, call.path["file_id"], call.path["item"])


def content(call: Call) -> Json:
    """GET /vector_stores/{item}/files/{file_id}/content: the text that was indexed, if it was."""
    file_id = call.path["file_id"]
    with indexed(call.store) as db:
        member = records.get(db, ATTACHED, file_id, call.path["item"])
        query = "SELECT body FROM texts WHERE rowid = (SELECT seq FROM files WHERE id = ?)"
        rows = db.execute(query, (file_id,)).fetchall()
    shown = rows if member["status"] == "completed" else []
    return {
        "object": "vector_store.file_content.page",
        "data": [{"type": "text", "text": text} for (text,) in shown],
        "has_more": False,
        "next_page": None,
    }


def detach(call: Call) -> Json:
    """DELETE /vector_stores/{item}/files/{file_id}: the file stays a file."""
    item, file_id = call.path["item"], call.path["file_id"]
    with call.store.writing() as db:
        records.delete(db, ATTACHED, file_id, item)
        db.execute("DELETE FROM indexing WHERE store = ? AND file_id = ?", (item, file_id))
        if call.store.settings["detach_everywhere"]:
            db.execute("DELETE FROM records WHERE kind = ? AND id = ?", (ATTACHED, file_id))
            db.execute("DELETE FROM indexing WHERE file_id = ?", (file_id,))
    return {"id": file_id, "object": "vector_store.file.deleted", "deleted": True}


def live(db: sqlite3.Connection, store: Store, item: str) -> Json:
    """The store, unless it has expired: then it takes no file and answers no search."""
    found = records.get(db, STORE, item)
    if _expired(store, found):
        raise ApiError(f"Vector store {item} has expired.", code="vector_store_expired")
    return found


def use(db: sqlite3.Connection, store: Store, item: Json) -> None:
    """Note that a store was used, which restarts its expiry."""
    item["last_active_at"] = store.now()
    after = item["expires_after"]
    item["expires_at"] = store.now() + after["days"] * 86400 if after else None
    records.update(db, STORE, item)


def attach_file(
    db: sqlite3.Connection, store: Store, item: str, file_id: object, body: Json
) -> Json:
    """Attach a file, with its attributes and chunking; one that failed is tried again."""
    file = find_file(db, file_id) if isinstance(file_id, str) else None
    late = store.settings["attach_not_found_seconds"]
    if file is None or store.now() < file["created_at"] + late:
        raise errors.not_found("File", str(file_id), "file_id")
    if file["purpose"] not in PURPOSES:
        raise ApiError(
            f"File '{file_id}' has purpose '{file['purpose']}', expected one of {list(PURPOSES)}.",
            param="file_id",
            code="invalid_file_purpose",
        )
    there = records.find(db, ATTACHED, file["id"], item)
    if there is not None and there["status"] in ("in_progress", "completed"):
        return there
    attached = {
        "id": file_id,
        "object": ATTACHED,
        "created_at": store.now(),
        "vector_store_id": item,
        "status": "in_progress",
        "last_error": None,
        "usage_bytes": 0,
        "attributes": attributes(body.get("attributes")),
        "chunking_strategy": _chunking(body.get("chunking_strategy")),
    }
    if there is None:
        records.insert(db, ATTACHED, attached, item)
    else:
        records.update(db, ATTACHED, attached, item)
    if any(fnmatchcase(file["filename"], one) for one in store.settings["stuck"]):
        return attached
    delay = store.settings["index_delay"]
    ready_at = store.moment() + delay
    db.execute("INSERT OR REPLACE INTO indexing VALUES (?, ?, ?)", (item, file_id, ready_at))
    if not delay:
        settle(db, store)
    return records.get(db, ATTACHED, file["id"], item)


def _expired(store: Store, item: Json) -> bool:
    return item["expires_at"] is not None and item["expires_at"] <= store.now()


def _with_counts(db: sqlite3.Connection, store: Store, item: Json) -> Json:
    counts, size = counted(db, "r.kind = ? AND r.parent = ?", (ATTACHED, item["id"]))
    if store.settings["wrong_counts"]:
        lost = "SELECT count(*) FROM miscounted WHERE store = ?"
        number = db.execute(lost, (item["id"],)).fetchone()[0]
        counts["completed"] += number
        counts["total"] += number
    status = "in_progress" if counts["in_progress"] else "completed"
    return {
        **item,
        "status": "expired" if _expired(store, item) else status,
        "usage_bytes": size,
        "file_counts": counts,
    }


def counted(
    db: sqlite3.Connection, where: str, args: Sequence[object]
) -> tuple[dict[str, int], int]:
    """How many members there are of each status, and how many bytes are indexed of them."""
    counts = dict.fromkeys(("in_progress", "completed", "failed", "cancelled"), 0)
    size = 0
    for status, number, used in db.execute(
        "SELECT json_extract(r.body, '$.status'), count(*),"
        " coalesce(sum(json_extract(r.body, '$.usage_bytes')), 0)"
        f" FROM records r WHERE {where} GROUP BY 1",
        args,
    ):
        counts[status] = number
        size += used
    return {**counts, "total": sum(counts.values())}, size


def attributes(value: object) -> Json:
    """Up to 16 texts, numbers and booleans by short names."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise errors.invalid_value("attributes", "expected an object.", "invalid_type")
    if len(value) > 16:
        raise errors.invalid_value("attributes", "at most 16 pairs.")
    for key, one in value.items():
        if len(key) > 64 or not isinstance(one, str | int | float):
            raise errors.invalid_value(f"attributes[{key}]", "a key to 64 characters and a scalar.")
        if isinstance(one, str) and len(one) > 512:
            raise errors.invalid_value(f"attributes[{key}]", "strings to 512 characters.")
    return value


def _chunking(value: object) -> Json:
    """The strategy that is sent, or what `auto` means."""
    if value is None or value == {"type": "auto"}:
        return _STATIC
    static = value.get("static") if isinstance(value, dict) else None
    if not isinstance(value, dict) or value.get("type") != "static" or not isinstance(static, dict):
        raise errors.invalid_value("chunking_strategy", "expected 'auto', or 'static' with sizes.")
    if set(static) != {"max_chunk_size_tokens", "chunk_overlap_tokens"}:
        raise errors.invalid_value("chunking_strategy[static]", "expected both sizes.")
    name = "chunking_strategy[static][{}]"
    size = checks.whole_number(
        name.format("max_chunk_size_tokens"), static["max_chunk_size_tokens"], 100, 4096
    )
    checks.whole_number(
        name.format("chunk_overlap_tokens"), static["chunk_overlap_tokens"], 0, size // 2
    )
    return value


def _expires_after(value: object) -> Json | None:
    """Vector stores count in days since they were last used; files do neither."""
    if value is None:
        return None
    if not isinstance(value, dict) or set(value) != {"anchor", "days"}:
        raise errors.invalid_value("expires_after", "expected 'anchor' and 'days'.")
    if value["anchor"] != "last_active_at":
        raise errors.invalid_value("expires_after[anchor]", "expected 'last_active_at'.")
    checks.whole_number("expires_after[days]", value["days"], 1, 365)
    return value

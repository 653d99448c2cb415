"""GET /openapi.json: what is served, as an OpenAPI document; one row an operation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from filesync.emulator.call import json_response
from filesync.emulator.errors import Json
from filesync.emulator.jobs import BATCH_ENDPOINTS
from filesync.emulator.server_types import Paging, ServerType
from filesync.emulator.store import Store

_TEXT: Json = {"type": "string"}
_WHOLE: Json = {"type": "integer"}
_MAYBE_WHOLE: Json = {"type": ["integer", "null"]}
_NAME: Json = {"type": "string", "minLength": 1}
_METADATA: Json = {
    "type": "object",
    "maxProperties": 16,
    "additionalProperties": {"type": "string", "maxLength": 512},
}
_ATTRIBUTES: Json = {
    "type": "object",
    "maxProperties": 16,
    "additionalProperties": {"type": ["string", "number", "boolean"], "maxLength": 512},
}
_IDS: Json = {"type": "array", "items": _NAME, "minItems": 1}
_DAYS: Json = {
    "type": "object",
    "properties": {
        "anchor": {"const": "last_active_at"},
        "days": {"type": "integer", "minimum": 1, "maximum": 365},
    },
    "required": ["anchor", "days"],
    "additionalProperties": False,
}
_CHUNKING: Json = {
    "type": "object",
    "properties": {"type": {"const": "auto"}},
    "required": ["type"],
    "additionalProperties": False,
}
_MEMBER: Json = {
    "file_id": _NAME,
    "attributes": _ATTRIBUTES,
    "chunking_strategy": _CHUNKING,
}
_STATUSES = ["in_progress", "completed", "failed", "cancelled"]
_REFUSALS = {
    "400": "The request is wrong.",
    "401": "There is no key, or a wrong one.",
    "403": "The request comes from another site.",
    "404": "There is no such object or route.",
    "408": "The request took too long.",
    "413": "The body is too large.",
    "429": "There were too many requests.",
}


class Operation(NamedTuple):
    """One method of one path; `answer` is the type of what comes with a 200."""

    method: str
    path: str
    answer: str
    body: Json | None = None
    required: tuple[str, ...] = ()
    form: bool = False
    query: Mapping[str, Json] = {}


_PAGING: dict[str, Json] = {
    "limit": {"type": "integer", "minimum": 1, "maximum": 100},
    "order": {"enum": ["asc", "desc"]},
    "after": _NAME,
    "before": _NAME,
}
_IN_STORE = "/vector_stores/{vector_store_id}"
_BATCH = "/vector_stores/{vector_store_id}/file_batches/{batch_id}"
_MEMBERS_QUERY = {**_PAGING, "filter": {"enum": _STATUSES}}


def _operations(kind: ServerType) -> list[Operation]:
    purpose: Json = {"enum": list(kind.purposes)}
    sent: Json = {"file": {"type": "string", "format": "binary"}, "purpose": purpose}
    upload: Json = {
        "filename": _NAME,
        "purpose": purpose,
        "bytes": {"type": "integer", "minimum": 1, "maximum": 8 * 1024**3},
        "mime_type": _NAME,
    }
    if kind.expiry is not None:
        low, high = kind.expiry
        seconds: Json = {"type": "integer", "minimum": low, "maximum": high}
        anchor: Json = {"const": "created_at"}
        sent |= {"expires_after[anchor]": anchor, "expires_after[seconds]": seconds}
        upload["expires_after"] = {
            "type": "object",
            "properties": {"anchor": anchor, "seconds": seconds},
            "required": ["anchor", "seconds"],
            "additionalProperties": False,
        }
    part: Json = {"data": {"type": "string", "format": "binary"}}
    job: Json = {
        "model": _NAME,
        "training_file": _NAME,
        "validation_file": _NAME,
        "metadata": _METADATA,
    }
    batch: Json = {
        "input_file_id": _NAME,
        "endpoint": {"enum": list(BATCH_ENDPOINTS)},
        "completion_window": {"const": "24h"},
        "metadata": _METADATA,
    }
    store: Json = {"name": _NAME, "expires_after": _DAYS, "metadata": _METADATA}
    made = {**store, "description": _TEXT, "file_ids": _IDS, "chunking_strategy": _CHUNKING}
    several: Json = {
        "file_ids": _IDS,
        "attributes": _ATTRIBUTES,
        "chunking_strategy": _CHUNKING,
    }
    search: Json = {
        "query": _NAME,
        "max_num_results": {"type": "integer", "minimum": 1, "maximum": 50},
        "rewrite_query": {"type": "boolean"},
    }
    return [
        Operation("get", "/files", "List", query=_files_query(kind, purpose)),
        Operation("post", "/files", "File", sent, ("file", "purpose"), form=True),
        Operation("get", "/files/{file_id}", "File"),
        Operation("delete", "/files/{file_id}", "Deleted"),
        Operation("get", "/files/{file_id}/content", "content"),
        Operation("post", "/uploads", "Upload", upload, tuple(upload)[:4]),
        Operation("post", "/uploads/{upload_id}/parts", "Object", part, ("data",), form=True),
        Operation(
            "post",
            "/uploads/{upload_id}/complete",
            "Upload",
            {"part_ids": _IDS, "md5": {"type": "string", "pattern": "^[0-9a-f]{32}$"}},
            ("part_ids",),
        ),
        Operation("post", "/uploads/{upload_id}/cancel", "Upload"),
        Operation("get", "/fine_tuning/jobs", "List", query=_PAGING),
        Operation("post", "/fine_tuning/jobs", "Object", job, ("model", "training_file")),
        Operation("get", "/fine_tuning/jobs/{job_id}", "Object"),
        Operation("post", "/fine_tuning/jobs/{job_id}/cancel", "Object"),
        Operation("get", "/batches", "List", query=_PAGING),
        Operation("post", "/batches", "Object", batch, tuple(batch)[:3]),
        Operation("get", "/batches/{batch_id}", "Object"),
        Operation("post", "/batches/{batch_id}/cancel", "Object"),
        Operation("get", "/vector_stores", "List", query=_PAGING),
        Operation("post", "/vector_stores", "Store", made),
        Operation("get", _IN_STORE, "Store"),
        Operation("post", _IN_STORE, "Store", store),
        Operation("delete", _IN_STORE, "Deleted"),
        Operation("post", f"{_IN_STORE}/search", "Page", search, ("query",)),
        Operation("get", f"{_IN_STORE}/files", "List", query=_MEMBERS_QUERY),
        Operation("post", f"{_IN_STORE}/files", "Object", _MEMBER, ("file_id",)),
        Operation("get", f"{_IN_STORE}/files/{{file_id}}", "Object"),
        Operation(
            "post",
            f"{_IN_STORE}/files/{{file_id}}",
            "Object",
            {"attributes": _ATTRIBUTES},
            ("attributes",),
        ),
        Operation("delete", f"{_IN_STORE}/files/{{file_id}}", "Deleted"),
        Operation("get", f"{_IN_STORE}/files/{{file_id}}/content", "Page"),
        Operation("post", f"{_IN_STORE}/file_batches", "Object", several, ("file_ids",)),
        Operation("get", _BATCH, "Object"),
        Operation("get", f"{_BATCH}/files", "List", query=_MEMBERS_QUERY),
        Operation("post", f"{_BATCH}/cancel", "Object"),
    ]


def _files_query(kind: ServerType, purpose: Json) -> dict[str, Json]:
    size: Json = {"type": "integer", "minimum": 1, "maximum": kind.page[1]}
    match kind.paging:
        case Paging.CURSOR:
            return {**_PAGING, "limit": size, "purpose": purpose}
        case Paging.NUMBER:
            return {"page": {"type": "integer", "minimum": 0}, "page_size": size}
        case Paging.TOKEN:
            return {"limit": size, "pagination_token": _TEXT}
        case Paging.WHOLE | Paging.CLAIMED:
            return {}


def _object(**properties: Json) -> Json:
    return {"type": "object", "properties": properties, "required": list(properties)}


_SCHEMAS: dict[str, Json] = {
    "Object": _object(id=_TEXT, object=_TEXT, created_at=_WHOLE),
    "File": _object(
        id=_TEXT, object=_TEXT, bytes=_WHOLE, created_at=_WHOLE, filename=_TEXT, purpose=_TEXT
    ),
    "Upload": _object(
        id=_TEXT, object=_TEXT, bytes=_WHOLE, created_at=_WHOLE, expires_at=_WHOLE, status=_TEXT
    ),
    "Store": _object(
        id=_TEXT,
        object=_TEXT,
        created_at=_WHOLE,
        name=_TEXT,
        status=_TEXT,
        usage_bytes=_WHOLE,
        expires_at=_MAYBE_WHOLE,
        file_counts={"type": "object"},
    ),
    "Deleted": _object(id=_TEXT, object=_TEXT, deleted={"type": "boolean"}),
    "List": _object(data={"type": "array", "items": {"type": "object"}}),
    "Page": _object(object=_TEXT, data={"type": "array", "items": {"type": "object"}}, has_more={}),
    "Error": _object(error=_object(message=_TEXT)),
}


def document(kind: ServerType) -> Json:
    """Return the OpenAPI document of a type of server."""
    paths: Json = {}
    for one in _operations(kind):
        if one.path.split("/")[1] in kind.routes:
            paths.setdefault(one.path, {})[one.method] = _described(one)
    key: Json = {"bearer": {"type": "http", "scheme": "bearer"}}
    if kind.api_key_header:
        key["header"] = {"type": "apiKey", "in": "header", "name": "api-key"}
    return {
        "openapi": "3.1.0",
        "info": {"title": f"filesync's emulator, like {kind.name}", "version": "1"},
        "servers": [{"url": kind.path}],
        "security": [{name: []} for name in key],
        "paths": paths,
        "components": {"schemas": _SCHEMAS, "securitySchemes": key},
    }


def _described(one: Operation) -> Json:
    schema: Json = {"$ref": f"#/components/schemas/{one.answer}"}
    kind = "application/json"
    if one.answer == "content":
        schema, kind = {"type": "string", "format": "binary"}, "application/octet-stream"
    wrong: Json = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    answers: Json = {"200": {"description": "Done.", "content": {kind: {"schema": schema}}}}
    for status, why in _REFUSALS.items():
        answers[status] = {"description": why, "content": wrong}
    words = [word[1:-1] for word in one.path.split("/") if word.startswith("{")]
    found: Json = {
        "responses": answers,
        "parameters": [
            *({"name": word, "in": "path", "required": True, "schema": _NAME} for word in words),
            *({"name": name, "in": "query", "schema": said} for name, said in one.query.items()),
        ],
    }
    if one.body is not None:
        form: Json = {
            "type": "object",
            "properties": one.body,
            "required": list(one.required),
            "additionalProperties": False,
        }
        media = "multipart/form-data" if one.form else "application/json"
        found["requestBody"] = {"required": True, "content": {media: {"schema": form}}}
    return found


async def serve(request: Request) -> Response:
    """GET /openapi.json."""
    store: Store = request.app.state.store
    return json_response(document(store.type))

"""One call as the routes see it: its JSON, its query and its paging, and how a route answers."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from filesync.emulator.checks import from_text, whole_number
from filesync.emulator.database import Page
from filesync.emulator.errors import (
    ApiError,
    Json,
    invalid_value,
    missing_parameter,
    unknown_parameter,
)
from filesync.emulator.store import Store

Endpoint = Callable[[Request], Awaitable[Response]]

# A request that completes 8 GB of small parts is the largest JSON we are sent.
MAX_JSON_BYTES = 8 * 1024 * 1024
_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def json_response(body: Json, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(_to_json(body).encode(), status, media_type="application/json")


@dataclass(frozen=True, slots=True)
class Call:
    """One request, its body read whole: everything but a file's content is small."""

    store: Store
    path: Mapping[str, str]
    query: Mapping[str, str]
    content_type: str
    raw: bytes

    def fields(self, known: Collection[str], required: Collection[str] = ()) -> Json:
        """The JSON object sent, with no field outside `known` and none of `required` missing."""
        if not self.raw:
            body: object = {}
        elif self.content_type.partition(";")[0].strip().lower() != "application/json":
            raise ApiError(
                f"Unsupported content type: '{self.content_type}'. Send 'application/json'.",
                code="unsupported_content_type",
            )
        else:
            body = _parse(self.raw)
        if not isinstance(body, dict):
            raise ApiError("The body of this request must be a JSON object.")
        for name in body:
            if name not in known:
                raise unknown_parameter(name)
        for name in required:
            if body.get(name) is None:
                raise missing_parameter(name)
        return body

    def page(self, top: int = 100, default: int = 20, extra: Collection[str] = ()) -> Page:
        """The paging asked for; query parameters outside it and `extra` are refused."""
        for name in self.query:
            if name not in ("limit", "order", "after", "before", *extra):
                raise unknown_parameter(name)
        after, before = self.query.get("after"), self.query.get("before")
        if after is not None and before is not None:
            raise invalid_value("before", "'after' and 'before' cannot both be given.")
        order = self.query.get("order", "desc")
        if order not in ("asc", "desc"):
            raise invalid_value("order", "expected 'asc' or 'desc'.")
        limit = whole_number("limit", from_text(self.query.get("limit", str(default))), 1, top)
        return Page(limit, "asc" if order == "asc" else "desc", after, before)


def endpoint(work: Callable[[Call], Json]) -> Endpoint:
    """A route from a plain function: body read on the event loop, the work done in a thread."""

    async def handle(request: Request) -> Response:
        raw = bytearray()
        async for chunk in request.stream():
            raw += chunk
            if len(raw) > MAX_JSON_BYTES:
                raise ApiError("The body of this request is too large.", status=413)
        call = Call(
            request.app.state.store,
            request.path_params,
            request.query_params,
            request.headers.get("content-type", ""),
            bytes(raw),
        )
        return await run_in_threadpool(lambda: json_response(work(call)))

    return handle


def _parse(raw: bytes) -> object:
    try:
        body: object = json.loads(raw, parse_constant=_refuse_constant)
        # A lone surrogate is legal JSON that neither SQLite nor an answer can carry.
        json.dumps(body, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise ApiError(
            "We could not parse the JSON body of your request. The API expects a JSON payload."
        ) from error
    return body


def _refuse_constant(name: str) -> object:
    raise ValueError(name)

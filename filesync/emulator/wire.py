"""One call as the routes see it: JSON, query and paging checked as strictly as the API does."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

if TYPE_CHECKING:
    from filesync.emulator.store import Store

Json = dict[str, Any]
Endpoint = Callable[[Request], Awaitable[Response]]

# A request that completes 8 GB of small parts is the largest JSON we are sent.
MAX_JSON_BYTES = 8 * 1024 * 1024
PURPOSES = ("assistants", "batch", "fine-tune", "vision", "user_data", "evals")
MIN_EXPIRY, MAX_EXPIRY = 3600, 2_592_000


class ApiError(Exception):
    """An error answer in the API's shape."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        param: str | None = None,
        code: str | None = None,
        kind: str = "invalid_request_error",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body: Json = {
            "error": {"message": message, "type": kind, "param": param, "code": code}
        }


def unknown_parameter(name: str) -> ApiError:
    """The refusal of a field or query parameter the route does not have."""
    return ApiError(f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")


def missing_parameter(name: str) -> ApiError:
    """The refusal of a request without a required field."""
    return ApiError(
        f"Missing required parameter: '{name}'.", param=name, code="missing_required_parameter"
    )


def invalid_value(name: str, why: str, code: str = "invalid_value") -> ApiError:
    """The refusal of a field whose value is wrong."""
    return ApiError(f"Invalid '{name}': {why}", param=name, code=code)


def not_found(what: str, item: str, param: str = "id") -> ApiError:
    """The 404 for an object that is not there, or is there no more."""
    return ApiError(f"No such {what} object: {item}", status=404, param=param)


def json_response(body: Json, status: int = 200) -> Response:
    """A JSON answer."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(text.encode(), status, media_type="application/json")


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is asked for; at most one of the cursors is set."""

    limit: int
    order: Literal["asc", "desc"]
    after: str | None
    before: str | None


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


def text(body: Json, name: str) -> str:
    """A field that must be a string with something in it."""
    value = body[name]
    if not isinstance(value, str) or not value:
        raise invalid_value(name, "expected a non-empty string.", "invalid_type")
    return value


def from_text(value: str) -> object:
    """The number that a form or query spells in digits; JSON has numbers of its own."""
    return int(value) if re.fullmatch(r"-?[0-9]{1,18}", value) else value


def whole_number(name: str, value: object, low: int, high: int) -> int:
    """An integer within bounds."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise invalid_value(name, "expected an integer.", "invalid_type")
    if value < low:
        raise invalid_value(
            name,
            f"integer below minimum value. Expected a value >= {low}, but got {value} instead.",
            "integer_below_min_value",
        )
    if value > high:
        raise invalid_value(
            name,
            f"integer above maximum value. Expected a value <= {high}, but got {value} instead.",
            "integer_above_max_value",
        )
    return value


def purpose(value: str) -> str:
    """A purpose that may be uploaded to."""
    if value not in PURPOSES:
        raise invalid_value("purpose", f"'{value}' is not one of {list(PURPOSES)}.")
    return value


def expiry(value: object) -> int | None:
    """The seconds of an `expires_after` object, which needs both its fields."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise invalid_value("expires_after", "expected an object.", "invalid_type")
    for name in value:
        if name not in ("anchor", "seconds"):
            raise unknown_parameter(f"expires_after[{name}]")
    for name in ("anchor", "seconds"):
        if name not in value:
            raise missing_parameter(f"expires_after[{name}]")
    if value["anchor"] != "created_at":
        raise invalid_value("expires_after[anchor]", "expected 'created_at'.")
    return whole_number("expires_after[seconds]", value["seconds"], MIN_EXPIRY, MAX_EXPIRY)


def metadata(value: object) -> Json | None:
    """Up to 16 short strings by short names, as jobs, batches and vector stores take them."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise invalid_value("metadata", "expected an object.", "invalid_type")
    if len(value) > 16:
        raise invalid_value("metadata", "at most 16 pairs.")
    for key, item in value.items():
        if len(key) > 64 or not isinstance(item, str) or len(item) > 512:
            raise invalid_value(f"metadata[{key}]", "keys to 64 characters, strings to 512.")
    return value

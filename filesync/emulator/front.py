"""Around every request: who may ask, which path is meant, what breaks, and what is logged."""

from __future__ import annotations

import asyncio
import functools
import logging
import secrets
import time
from email.utils import formatdate
from urllib.parse import parse_qsl, urlsplit

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from filesync.emulator import line
from filesync.emulator.call import json_response
from filesync.emulator.errors import ApiError, Json
from filesync.emulator.faults import Faults
from filesync.emulator.limits import RateLimit
from filesync.emulator.request_log import RequestLog
from filesync.emulator.store import Store
from filesync.emulator.tokens import Tokens

API = "/v1"
"""Where the app has the routes of the API, whatever path the type of server has them at."""

OWN = ("/_emulator/", "/oauth/token", "/openapi.json")
_WITHOUT_KEY = ("/oauth/token", "/openapi.json")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_log = logging.getLogger(__name__)


class Front:
    """The outermost layer: it answers every error in the API's shape."""

    def __init__(
        self, app: ASGIApp, *, store: Store, api_key: str | None, tokens: Tokens, log: RequestLog
    ) -> None:
        self._app = app
        self._store = store
        self._api_key = api_key
        self._tokens = tokens
        self._log = log
        self._faults = Faults()
        self._limit = RateLimit()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        seen = _Seen(scope, receive, send, self._store)
        try:
            await self._answer(scope, seen)
        except (ClientDisconnect, line.Gone):
            pass  # nobody is there to be answered
        except ApiError as error:
            await self._refuse(error, scope, seen)
        except Exception as error:
            if seen.status is not None:
                # The content went away under a download; the short answer tells the client.
                _log.warning("%s broke off: %s", scope["path"], error)
                raise
            _log.exception("%s %s failed", scope["method"], scope["path"])
            why = "The server had an error while processing your request."
            await self._refuse(ApiError(why, status=500, kind="server_error"), scope, seen)
        finally:
            self._log.add(seen.record())

    async def _answer(self, scope: Scope, seen: _Seen) -> None:
        headers = Headers(scope=scope)
        _check_origin(headers)
        path: str = scope["path"]
        if path not in _WITHOUT_KEY:
            self._check_key(headers, path)
        if path.startswith(OWN):
            await self._app(scope, seen.receive, seen.send)
            return
        inside = self._inside(scope)
        settings = self._store.settings
        if settings["latency"]:
            await asyncio.sleep(settings["latency"])
        seen.fault = self._faults.for_request(
            settings["faults"], scope["method"], inside.removeprefix(API)
        )
        receive, send = line.slowed(seen.receive, seen.send, settings["bandwidth"])
        match seen.fault:
            case "drop":
                await line.break_off(seen.raw_receive)
            case "html":
                await line.send_page(send)
                return
            case "lose" | "cut":
                send = line.losing(seen.raw_receive, send, half=seen.fault == "cut")
            case None:
                pass
            case status:
                raise ApiError(
                    "This request was made to fail.", status=int(status), kind="server_error"
                )
        self._limit.take(settings["requests_per_minute"], self._store.moment())
        await self._app({**scope, "path": inside, "asked": scope["path"]}, receive, send)

    async def _refuse(self, error: ApiError, scope: Scope, seen: _Seen) -> None:
        body = error.body
        if self._store.type.plain_errors and scope["path"].startswith(self._store.type.path):
            body = {"error": {"message": body["error"]["message"]}}
        response = json_response(body, error.status)
        response.headers.update(error.headers)
        await response(scope, seen.receive, seen.send)

    def _inside(self, scope: Scope) -> str:
        """The path as the app knows it, if this type of server has such a route."""
        kind = self._store.type
        path: str = scope["path"]
        rest = path.removeprefix(kind.path)
        if rest != path and rest.startswith("/") and rest.split("/")[1] in kind.routes:
            return API + rest
        raise no_route(scope)

    def _check_key(self, headers: Headers, path: str) -> None:
        scheme, _, key = headers.get("authorization", "").partition(" ")
        key = key.strip() if scheme.lower() == "bearer" else ""
        if not key and self._store.type.api_key_header:
            key = headers.get("api-key", "").strip()
        if not key:
            raise ApiError(
                "You didn't provide an API key. Send it in an Authorization header, as in"
                " 'Authorization: Bearer YOUR_KEY'.",
                status=401,
            )
        if path.startswith("/_emulator/github/") or self._tokens.check(key, self._store.moment()):
            return
        if self._api_key is not None and not secrets.compare_digest(
            key.encode(), self._api_key.encode()
        ):
            raise ApiError("Incorrect API key provided.", status=401, code="invalid_api_key")


class _Seen:
    """One request as it goes by: what is added to its answer, and what the log says of it."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, store: Store) -> None:
        self.raw_receive = receive
        self.status: int | None = None
        self.fault: str | None = None
        self._scope = scope
        self._send = send
        self._store = store
        self._id = f"req_{secrets.token_hex(16)}"
        self._time = store.moment()
        self._began = time.monotonic()
        self._read = self._wrote = 0

    async def receive(self) -> Message:
        message = await self.raw_receive()
        self._read += len(message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [
                *message["headers"],
                (b"x-request-id", self._id.encode()),
                (b"date", _date(self._store.now())),
            ]
        else:
            self._wrote += len(message.get("body", b""))
        await self._send(message)

    def record(self) -> Json:
        """What the log keeps; `status` is None where no answer was sent."""
        return {
            "time": self._time,
            "method": self._scope["method"],
            "path": self._scope["path"],
            "query": dict(parse_qsl(self._scope["query_string"].decode("latin-1"))),
            "status": self.status,
            "fault": self.fault,
            "request_bytes": self._read,
            "response_bytes": self._wrote,
            "seconds": round(time.monotonic() - self._began, 6),
            "request_id": self._id,
        }


@functools.lru_cache(maxsize=1)
def _date(second: int) -> bytes:
    return formatdate(second, usegmt=True).encode()


def no_route(scope: Scope) -> ApiError:
    """The answer for a path that is not there."""
    asked = scope.get("asked", scope["path"])
    return ApiError(f"Invalid URL ({scope['method']} {asked})", status=404)


def _check_origin(headers: Headers) -> None:
    """Refuse what a page of another site sends through a browser, by its name or by ours.

    A name of the attacker's that resolves to 127.0.0.1 (DNS rebinding) still stands in Host.
    """
    for name in ("host", "origin"):
        value = headers.get(name)
        if value is None:
            continue
        try:
            host = urlsplit(value if name == "origin" else f"http://{value}").hostname
        except ValueError:
            host = None
        if host not in _LOOPBACK:
            raise ApiError(f"This emulator answers loopback only: '{name}' is foreign.", status=403)

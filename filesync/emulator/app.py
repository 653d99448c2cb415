"""The application: routes, the key, and what every answer has."""

from __future__ import annotations

import contextlib
import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from email.utils import formatdate
from types import MappingProxyType
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from filesync.emulator import admin, file_batches, files, jobs, search, uploads, vector_stores
from filesync.emulator.call import Endpoint, endpoint, json_response
from filesync.emulator.errors import ApiError
from filesync.emulator.settings import checked
from filesync.emulator.store import Store

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_log = logging.getLogger(__name__)
# The parser says in its log what we say in the answer; without a handler it would reach stderr.
logging.getLogger("python_multipart").addHandler(logging.NullHandler())


def create_app(
    data_dir: str,
    *,
    api_key: str | None = None,
    clock: Callable[[], float] = time.time,
    on_request: Callable[[str], None] = lambda _request: None,
    settings: Mapping[str, object] = MappingProxyType({}),
) -> Starlette:
    """The API on the data in `data_dir`; without an `api_key` any key will do, but none will not.

    `settings` take precedence over those kept with the data, and are not kept themselves. ApiError
    for a wrong one.

    The directory is opened here (UnusableFolder says why it cannot be) and let go of when the app
    shuts down, or by `app.state.store.close()`.
    """
    given = checked(settings)
    store = Store(data_dir, clock)
    store.settings.update(given)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        store.close()

    app = Starlette(
        routes=[Mount("/v1", routes=_ROUTES), Mount("/_emulator", routes=_ADMIN)],
        middleware=[Middleware(_Front, api_key=api_key, clock=clock, on_request=on_request)],
        exception_handlers={HTTPException: _routing_error},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    for mount in app.routes:
        if isinstance(mount, Mount):
            mount.app.redirect_slashes = False  # type: ignore[attr-defined]
    app.state.store = store
    return app


class _Front:
    """Around every request: the key, the request id, the date, and the shape of what goes wrong."""

    def __init__(
        self,
        app: ASGIApp,
        api_key: str | None,
        clock: Callable[[], float],
        on_request: Callable[[str], None],
    ) -> None:
        self._app = app
        self._on_request = on_request
        self._api_key = api_key
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_on(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._on_request(f"{scope['method']} {scope['path']}: {message['status']}")
                message["headers"] = [
                    *message["headers"],
                    (b"x-request-id", f"req_{secrets.token_hex(16)}".encode()),
                    (b"date", formatdate(self._clock(), usegmt=True).encode()),
                ]
            await send(message)

        try:
            headers = Headers(scope=scope)
            _check_origin(headers)
            self._check_key(headers.get("authorization", ""))
            await self._app(scope, receive, send_on)
        except ClientDisconnect:
            pass  # nobody is there to be answered
        except ApiError as error:
            await json_response(error.body, error.status)(scope, receive, send_on)
        except Exception as error:
            if started:
                # The content went away under a download; the short answer tells the client.
                _log.warning("%s broke off: %s", scope["path"], error)
                raise
            _log.exception("%s %s failed", scope["method"], scope["path"])
            body = ApiError(
                "The server had an error while processing your request.", kind="server_error"
            ).body
            await json_response(body, 500)(scope, receive, send_on)

    def _check_key(self, authorization: str) -> None:
        scheme, _, key = authorization.partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer" or not key:
            raise ApiError(
                "You didn't provide an API key. Send it in an Authorization header, as in"
                " 'Authorization: Bearer YOUR_KEY'.",
                status=401,
            )
        if self._api_key is not None and not secrets.compare_digest(
            key.encode(), self._api_key.encode()
        ):
            raise ApiError("Incorrect API key provided.", status=401, code="invalid_api_key")


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


async def _routing_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 405:
        message = f"Not allowed to {request.method} on {request.url.path}."
    else:
        message = f"Invalid URL ({request.method} {request.url.path})"
    response = json_response(ApiError(message).body, status)
    response.headers.update(getattr(error, "headers", None) or {})
    return response


def _route(path: str, **methods: Endpoint) -> Route:
    async def dispatch(request: Request) -> Response:
        return await methods["GET" if request.method == "HEAD" else request.method](request)

    return Route(path, dispatch, methods=list(methods))


_ROUTES = [
    _route("/files", GET=endpoint(files.listing), POST=files.create),
    _route("/files/{file_id}", GET=endpoint(files.retrieve), DELETE=endpoint(files.delete)),
    _route("/files/{file_id}/content", GET=files.content),
    _route("/uploads", POST=endpoint(uploads.create)),
    _route("/uploads/{upload_id}/parts", POST=uploads.add_part),
    _route("/uploads/{upload_id}/complete", POST=endpoint(uploads.complete)),
    _route("/uploads/{upload_id}/cancel", POST=endpoint(uploads.cancel)),
    _route("/fine_tuning/jobs", GET=endpoint(jobs.list_jobs), POST=endpoint(jobs.create_job)),
    _route("/fine_tuning/jobs/{item}", GET=endpoint(jobs.get_job)),
    _route("/fine_tuning/jobs/{item}/cancel", POST=endpoint(jobs.cancel_job)),
    _route("/batches", GET=endpoint(jobs.list_batches), POST=endpoint(jobs.create_batch)),
    _route("/batches/{item}", GET=endpoint(jobs.get_batch)),
    _route("/batches/{item}/cancel", POST=endpoint(jobs.cancel_batch)),
    _route(
        "/vector_stores",
        GET=endpoint(vector_stores.listing),
        POST=endpoint(vector_stores.create),
    ),
    _route(
        "/vector_stores/{item}",
        GET=endpoint(vector_stores.retrieve),
        POST=endpoint(vector_stores.update),
        DELETE=endpoint(vector_stores.delete),
    ),
    _route("/vector_stores/{item}/search", POST=endpoint(search.search)),
    _route(
        "/vector_stores/{item}/files",
        GET=endpoint(vector_stores.list_files),
        POST=endpoint(vector_stores.attach),
    ),
    _route(
        "/vector_stores/{item}/files/{file_id}",
        GET=endpoint(vector_stores.get_file),
        POST=endpoint(vector_stores.update_file),
        DELETE=endpoint(vector_stores.detach),
    ),
    _route("/vector_stores/{item}/files/{file_id}/content", GET=endpoint(vector_stores.content)),
    _route("/vector_stores/{item}/file_batches", POST=endpoint(file_batches.create)),
    _route("/vector_stores/{item}/file_batches/{batch}", GET=endpoint(file_batches.retrieve)),
    _route("/vector_stores/{item}/file_batches/{batch}/files", GET=endpoint(file_batches.listing)),
    _route("/vector_stores/{item}/file_batches/{batch}/cancel", POST=endpoint(file_batches.cancel)),
]
_ADMIN = [_route("/settings", GET=endpoint(admin.read), POST=endpoint(admin.change))]

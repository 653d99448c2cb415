"""The application: routes, the key, and what every answer has."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from types import MappingProxyType

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from filesync.emulator import (
    admin,
    file_batches,
    files,
    jobs,
    listings,
    openapi,
    search,
    tokens,
    uploads,
    vector_stores,
)
from filesync.emulator.call import Endpoint, endpoint
from filesync.emulator.errors import ApiError, Json
from filesync.emulator.front import API, OWN, Front, no_route
from filesync.emulator.request_log import RequestLog
from filesync.emulator.settings import checked
from filesync.emulator.store import Store

# The parser says in its log what we say in the answer; without a handler it would reach stderr.
logging.getLogger("python_multipart").addHandler(logging.NullHandler())


def create_app(
    data_dir: str,
    *,
    api_key: str | None = None,
    clock: Callable[[], float] = time.time,
    on_request: Callable[[Json], None] = lambda _record: None,
    settings: Mapping[str, object] = MappingProxyType({}),
) -> Starlette:
    """The API on the data in `data_dir`; without an `api_key` any key will do, but none will not.

    `settings` take precedence over those kept with the data, and are not kept themselves. ApiError
    for a wrong one.

    The directory is opened here (UnusableFolder says why it cannot be) and let go of when the app
    shuts down, or by `app.state.store.close()`. `on_request` is given each request's record.
    """
    given = checked(settings)
    store = Store(data_dir, clock)
    store.settings.update(given)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        store.close()

    given_out, log = tokens.Tokens(), RequestLog(api_key, on_request)
    app = Starlette(
        routes=_ROUTES,
        middleware=[Middleware(Front, store=store, api_key=api_key, tokens=given_out, log=log)],
        exception_handlers={HTTPException: _routing_error},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.store, app.state.tokens, app.state.log = store, given_out, log
    return app


async def _routing_error(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException) and error.status_code == 405:
        asked = request.scope.get("asked", request.url.path)
        message = f"Not allowed to {request.method} on {asked}."
        raise ApiError(message, status=405, headers=error.headers)
    raise no_route(request.scope)


def _route(path: str, **methods: Endpoint) -> Route:
    async def dispatch(request: Request) -> Response:
        return await methods["GET" if request.method == "HEAD" else request.method](request)

    return Route(path if path.startswith(OWN) else API + path, dispatch, methods=list(methods))


_ROUTES = [
    _route("/files", GET=endpoint(listings.listing), POST=files.create),
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
    _route("/_emulator/settings", GET=endpoint(admin.read), POST=endpoint(admin.change)),
    _route("/_emulator/requests", GET=admin.requests),
    _route("/_emulator/github/oidc", GET=tokens.identity),
    _route("/oauth/token", POST=tokens.exchange),
    _route("/openapi.json", GET=openapi.serve),
]

"""The routes below /_emulator: how it behaves, kept with the data, and what it was asked."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from filesync.emulator.call import Call, json_response
from filesync.emulator.errors import Json
from filesync.emulator.settings import SETTINGS, checked


def read(call: Call) -> Json:
    """GET /_emulator/settings."""
    return call.store.settings


def change(call: Call) -> Json:
    """POST /_emulator/settings: the settings named; the others stay as they are."""
    call.store.change_settings(checked(call.fields(tuple(SETTINGS))))
    return call.store.settings


async def requests(request: Request) -> Response:
    """GET /_emulator/requests: the last requests, the oldest first."""
    return json_response({"object": "list", "data": request.app.state.log.records()})

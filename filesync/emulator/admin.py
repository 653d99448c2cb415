"""GET and POST /_emulator/settings: how the emulator behaves, kept with the data."""

from __future__ import annotations

from filesync.emulator.call import Call
from filesync.emulator.errors import Json
from filesync.emulator.settings import SETTINGS, checked


def read(call: Call) -> Json:
    """GET /_emulator/settings."""
    return call.store.settings


def change(call: Call) -> Json:
    """POST /_emulator/settings: the settings named; the others stay as they are."""
    call.store.change_settings(checked(call.fields(tuple(SETTINGS))))
    return call.store.settings

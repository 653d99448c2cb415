"""GET and POST /_emulator/settings: how vector stores misbehave, kept with the data."""

from __future__ import annotations

from filesync.emulator import errors
from filesync.emulator.call import Call
from filesync.emulator.errors import Json
from filesync.emulator.store import DEFAULT_SETTINGS


def read(call: Call) -> Json:
    """GET /_emulator/settings."""
    return call.store.settings


def change(call: Call) -> Json:
    """POST /_emulator/settings: the settings named; the others stay as they are."""
    body = call.fields(tuple(DEFAULT_SETTINGS))
    for name, value in body.items():
        _check(name, value)
    call.store.change_settings(body)
    return call.store.settings


def _check(name: str, value: object) -> None:
    default = DEFAULT_SETTINGS[name]
    if isinstance(default, bool):
        fits = isinstance(value, bool)
    elif isinstance(default, int):
        fits = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    else:
        fits = isinstance(value, list) and all(isinstance(one, str) for one in value)
    if not fits:
        raise errors.invalid_value(name, f"expected a value like {default!r}.", "invalid_type")

"""What can be changed about the emulator's behaviour: one row a setting."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from filesync.emulator import faults
from filesync.emulator.errors import Json, invalid_value, unknown_parameter
from filesync.emulator.server_types import SERVER_TYPES


def _flag(name: str, value: object) -> None:
    if not isinstance(value, bool):
        raise invalid_value(name, "expected true or false.", "invalid_type")


def _amount(name: str, value: object) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < 1e12:
        raise invalid_value(name, "expected a number that is not negative.", "invalid_type")


def _patterns(name: str, value: object) -> None:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise invalid_value(name, "expected a list of patterns.", "invalid_type")


def _difference(name: str, value: object) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not -1e10 < value < 1e10:
        raise invalid_value(name, "expected a number.", "invalid_type")


def _type(name: str, value: object) -> None:
    if not isinstance(value, str) or value not in SERVER_TYPES:
        raise invalid_value(name, f"expected one of {list(SERVER_TYPES)}.")


def _faults(name: str, value: object) -> None:
    _patterns(name, value)
    assert isinstance(value, list)
    for one in value:
        try:
            faults.parse(one)
        except ValueError:
            raise invalid_value(name, f"'{one}' is not {faults.SYNTAX}.") from None


class Setting(NamedTuple):
    """What a setting is unless somebody changes it, and what refuses a wrong value."""

    default: object
    check: Callable[[str, object], None]


# The traps among them are each from a public thread.
SETTINGS = {
    "type": Setting("openai", _type),  # which server to be like
    # The line to the server, and its patience.
    "latency": Setting(0, _amount),  # seconds before anything is done
    "bandwidth": Setting(0, _amount),  # bytes a second and connection, each way; 0: no limit
    "faults": Setting([], _faults),  # which requests fail, and how
    "requests_per_minute": Setting(0, _amount),  # more are answered 429; 0: no limit
    # Time.
    "listing_lag": Setting(0, _amount),  # seconds until a listing shows what was made or deleted
    "clock_offset": Setting(0, _difference),  # seconds that the server's clock is ahead
    "token_seconds": Setting(3600, _amount),  # how long an exchanged token lives
    # Vector stores.
    "index_delay": Setting(0, _amount),  # seconds from attaching a file to its being indexed
    "index_fails": Setting([], _patterns),  # filenames that fail
    "stuck": Setting([], _patterns),  # filenames that stay in_progress (openai-python#3097)
    "batch_answers_store_id": Setting(False, _flag),  # openai-python#2724
    "detach_everywhere": Setting(False, _flag),  # openai-node#1710
    "wrong_counts": Setting(False, _flag),  # deleted while attached, yet counted: openai-dotnet#540
    "attach_not_found_seconds": Setting(0, _amount),  # after the upload: azure-sdk-for-net#47121
}


def defaults() -> Json:
    """Each setting with its default."""
    return {name: setting.default for name, setting in SETTINGS.items()}


def checked(given: Mapping[str, object]) -> Json:
    """The settings given, each of which must exist and have a value that fits; else ApiError."""
    for name, value in given.items():
        if name not in SETTINGS:
            raise unknown_parameter(name)
        SETTINGS[name].check(name, value)
    return dict(given)

"""Checks of single values, as strict as the API's: each returns the value or raises ApiError."""

from __future__ import annotations

import re
from collections.abc import Sequence

from filesync.emulator.errors import Json, invalid_value, missing_parameter, unknown_parameter

MIN_EXPIRY, MAX_EXPIRY = 3600, 2_592_000


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


def purpose(value: str, known: Sequence[str]) -> str:
    """A purpose that may be uploaded to."""
    if value not in known:
        raise invalid_value("purpose", f"'{value}' is not one of {list(known)}.")
    return value


def expiry(value: object, bounds: tuple[int, int] | None = (MIN_EXPIRY, MAX_EXPIRY)) -> int | None:
    """The seconds of an `expires_after` object, which needs both its fields."""
    if value is None:
        return None
    if bounds is None:
        raise unknown_parameter("expires_after")
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
    return whole_number("expires_after[seconds]", value["seconds"], *bounds)


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

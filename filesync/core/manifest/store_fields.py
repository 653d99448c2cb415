"""Checks of single values of a vector store, in the API's terms (document 2.3.0).

As in `fields`, each returns the value in its final form, or raises ValueError with a sentence that
follows the field's name.
"""

from __future__ import annotations

import math

from filesync.core.durations import parse_duration
from filesync.core.stores.declared import (
    MAX_ATTRIBUTE_NAME,
    MAX_ATTRIBUTE_TEXT,
    MAX_ATTRIBUTES,
    placeholder_problem,
)
from filesync.core.stores.model import DAY, MARK, Chunking, Scalar
from filesync.core.text import has_controls, quoted

MIN_TOKENS, MAX_TOKENS = 100, 4096
MAX_OVERLAP = MAX_TOKENS // 2
MAX_DAYS = 365
MAX_METADATA, MAX_METADATA_NAME, MAX_METADATA_TEXT = 15, 64, 512  # the 16th pair is our mark
_DAYS_RULE = f"must be whole days, 1d to {MAX_DAYS}d, or never"


def check_name(value: str) -> str:
    """Return a store's name."""
    if not value.strip():
        raise ValueError("is empty: give the store a name, or remove the line")
    if has_controls(value):
        raise ValueError("must not have control characters in it")
    return value


def parse_days(value: object) -> int | None:
    """Return a store's life since its last use in seconds, None for never."""
    if value == "never":
        return None
    if isinstance(value, dict):
        days = value.get("days")
        if value.get("anchor") != "last_active_at" or len(value) != 2 or type(days) is not int:
            raise ValueError("must be {anchor: last_active_at, days: N}, with nothing else in it")
        value = f"{days}d" if days >= 0 else None
    try:
        seconds = parse_duration(value)
    except ValueError:
        raise ValueError(_DAYS_RULE) from None
    if seconds % DAY or not DAY <= seconds <= MAX_DAYS * DAY:
        raise ValueError(_DAYS_RULE)
    return seconds


def parse_chunking(value: object) -> Chunking | None:
    """Return how documents are cut, None for auto."""
    if value == "auto":
        return None
    if not isinstance(value, dict) or value.keys() != {"max_tokens", "overlap"}:
        raise ValueError("must be auto, or {max_tokens: N, overlap: M}")
    tokens, overlap = value["max_tokens"], value["overlap"]
    if type(tokens) is not int or not MIN_TOKENS <= tokens <= MAX_TOKENS:
        raise ValueError(f"max_tokens must be a whole number, {MIN_TOKENS} to {MAX_TOKENS}")
    if type(overlap) is not int or not 0 <= overlap <= tokens // 2:
        raise ValueError(f"overlap must be 0 to {tokens // 2}, half of max_tokens at the most")
    return Chunking(tokens, overlap)


def check_metadata(value: object) -> dict[str, str]:
    """Return a store's metadata: text by name."""
    pairs = _pairs(value, MAX_METADATA, MAX_METADATA_NAME)
    for name, text in pairs.items():
        if name == MARK:
            raise ValueError(f"cannot have {MARK!r}: filesync marks its stores with it")
        if not isinstance(text, str):
            raise ValueError(f"{quoted(name)} must be text: write it in quotes")  # noqa: TRY004
        if len(text) > MAX_METADATA_TEXT:
            raise ValueError(
                f"{quoted(name)} must not be longer than {MAX_METADATA_TEXT} characters"
            )
    return {name: str(text) for name, text in pairs.items()}


def check_attributes(value: object) -> dict[str, Scalar]:
    """Return the attributes of a file in stores: text, numbers, true and false, by name."""
    checked: dict[str, Scalar] = {}
    for name, one in _pairs(value, MAX_ATTRIBUTES, MAX_ATTRIBUTE_NAME).items():
        if not isinstance(one, str | int | float) or (
            isinstance(one, float) and not math.isfinite(one)
        ):
            raise ValueError(f"{quoted(name)} must be text, a number, true or false")
        if isinstance(one, str):
            if len(one) > MAX_ATTRIBUTE_TEXT:
                raise ValueError(
                    f"{quoted(name)} must not be longer than {MAX_ATTRIBUTE_TEXT} characters"
                )
            if wrong := placeholder_problem(one):
                raise ValueError(f"{quoted(name)} {wrong}")
        elif isinstance(one, int) and abs(one) > 2**53:
            raise ValueError(f"{quoted(name)} is too large a number: write it in quotes")
        checked[name] = one
    return checked


def _pairs(value: object, most: int, longest: int) -> dict[str, object]:
    if not isinstance(value, dict):
        message = "must be a mapping: lines of 'name: value' below it, or {}"
        raise ValueError(message)  # noqa: TRY004 - what pydantic reports
    if len(value) > most:
        raise ValueError(f"must not have more than {most} pairs")
    for name in value:
        if not name or len(name) > longest or has_controls(name):
            raise ValueError(
                f"has the name {quoted(name[:longest])}: it must have 1 to {longest} characters, "
                "no control characters among them"
            )
    return dict(value)

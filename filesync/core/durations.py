"""Durations as people write them in a manifest: `3600`, `90m`, `12h`, `7d`, `2w`."""

from __future__ import annotations

import re

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
# ASCII digits only, and few of them: int() takes "٣" for 3, and refuses 5,000 digits.
_TEXT = re.compile(r"([0-9]{1,9})([smhdw]?)")
# Keeps created_at + duration within the years that datetime can show.
_LONGEST = 3650 * _UNITS["d"]

TEXT_PATTERN = r"^[0-9]{1,9}[smhdw]?$"
"""What a duration written as text looks like, as a JSON Schema pattern."""


def parse_duration(value: object) -> int:
    """Return a duration in seconds: an integer is seconds, text is a number and s, m, h, d or w.

    Raises ValueError, with a sentence that follows the field's name, for anything else.
    """
    if isinstance(value, str) and (match := _TEXT.fullmatch(value)):
        seconds = int(match[1]) * _UNITS[match[2] or "s"]
    elif isinstance(value, int) and not isinstance(value, bool):
        seconds = value
    else:
        raise ValueError("must be a duration: seconds such as 3600, or text such as 90m, 12h or 7d")
    if seconds < 0:
        raise ValueError("must not be negative")
    if seconds > _LONGEST:
        raise ValueError("must not be longer than 10 years (3650d)")
    return seconds


def format_duration(seconds: int) -> str:
    """Return `seconds` exactly, in whole days, hours, minutes or seconds: "14d", "90m", "0s"."""
    for unit in "dhm":
        if seconds and seconds % _UNITS[unit] == 0:
            return f"{seconds // _UNITS[unit]}{unit}"
    return f"{seconds}s"

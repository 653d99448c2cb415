"""Checks of arguments that the command line makes of its options."""

from __future__ import annotations

from filesync.errors import FilesyncError


def positive(name: str, value: float | None) -> None:
    """Raise FilesyncError unless a number is more than zero, or None where that is allowed."""
    if value is not None and not (isinstance(value, (int, float)) and value > 0):
        raise FilesyncError(f"{name} must be a number above 0, not {value!r}", f"correct {name}")

"""A moment to come as people name it, `+7d` or `2026-12-01T12:00Z`, and moments told in UTC."""

from __future__ import annotations

import datetime
from typing import NamedTuple

from filesync.core.durations import parse_duration
from filesync.errors import FilesyncError


class Moment(NamedTuple):
    """A moment as it was named: seconds from now if `relative`, otherwise Unix seconds."""

    seconds: int
    relative: bool

    def seen_from(self, now: int) -> int:
        """Return it in Unix seconds; raises ValueError for one that has passed."""
        at = now + self.seconds if self.relative else self.seconds
        if at < now:
            raise ValueError(f"is in the past: {utc(at)} UTC")
        return at


def parse_moment(text: str) -> Moment:
    """Return the moment that a text names: + and a duration, or a date with or without a time.

    A time without an offset is UTC. Raises ValueError, with a sentence that follows the
    option's name, for anything else.
    """
    if text.startswith("+"):
        return Moment(parse_duration(text[1:]), relative=True)
    try:
        named = datetime.datetime.fromisoformat(text)
        if named.tzinfo is None:
            named = named.replace(tzinfo=datetime.UTC)
        return Moment(int(named.timestamp()), relative=False)
    except (ValueError, OverflowError):
        raise ValueError(
            "must be + and a duration, such as +90m, +12h or +7d, or a date, such as "
            "2026-12-01 or 2026-12-01T12:00Z"
        ) from None


def moment_named(text: str | None) -> Moment | None:
    """Return the moment that `--at` names, None without it; FilesyncError if it names none."""
    if text is None:
        return None
    try:
        return parse_moment(text)
    except ValueError as error:
        raise FilesyncError(f"--at {error}") from None


def utc(seconds: int) -> str:
    """Return a moment to the minute, e.g. "2026-12-01 12:00"; one of no year as a number."""
    try:
        moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    except (OverflowError, ValueError, OSError):  # a server may send any number
        return str(seconds)
    return moment.strftime("%Y-%m-%d %H:%M")

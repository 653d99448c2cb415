"""The seconds until requests that a server did not take are sent again."""

from __future__ import annotations

import math

_WORTH_COUNTING = 1.0  # seconds; a shorter wait is over before it is read


class Countdown:
    """The waits of one run; `now` is any clock in seconds. Its caller keeps threads apart."""

    def __init__(self) -> None:
        self._due: list[float] = []

    def add(self, now: float, seconds: float) -> None:
        """Count a wait of `seconds` that begins now."""
        if seconds >= _WORTH_COUNTING:
            self._due = [due for due in self._due if due > now]
            self._due.append(now + seconds)

    def line(self, now: float) -> str:
        """Return how long the first of the waiting requests still waits, "" if none does."""
        left = [due - now for due in self._due if due > now]
        if not left:
            return ""
        seconds = f"{math.ceil(min(left)):,} s"
        if len(left) == 1:
            return f"trying again in {seconds}"
        return f"{len(left):,} requests wait, trying again in {seconds}"

"""The rate limit: so many requests a minute, which come back one by one."""

from __future__ import annotations

from filesync.emulator.errors import ApiError


class RateLimit:
    """A bucket that holds a minute's requests; used from the event loop only."""

    def __init__(self) -> None:
        self._per_minute = 0.0
        self._left = 0.0
        self._at = 0.0

    def take(self, per_minute: float, now: float) -> None:
        """Count a request; ApiError 429 where there is none left. 0: unlimited."""
        if not per_minute:
            return
        if per_minute != self._per_minute:
            self._per_minute, self._left, self._at = per_minute, per_minute, now
        self._left = min(per_minute, self._left + max(0.0, now - self._at) * per_minute / 60)
        self._at = now
        if self._left < 1:
            wait = (1 - self._left) * 60 / per_minute
            raise ApiError(
                f"Rate limit reached: {per_minute:g} requests per minute. Please try again in "
                f"{wait:.3f}s.",
                status=429,
                code="rate_limit_exceeded",
                kind="requests",
                headers={
                    "retry-after": f"{max(1, round(wait + 0.5))}",
                    "retry-after-ms": f"{int(wait * 1000) + 1}",
                },
            )
        self._left -= 1

"""One pace for all threads of a client: under the limit, and slower together after a 429.

A token bucket. It refills at `requests_per_minute` and holds a little over three seconds' worth:
54 requests at 1,000 a minute. A server that counts the same way with room for 60 then keeps a
few tokens in hand, which is what absorbs requests that bunch up on the way; asking with the very
same bucket would meet a 429 at the first jitter, and a much smaller one would waste the start.

After a 429 no request starts for as long as the server asks. The rate is halved, because the
configured one may be wrong for this server, and each success raises it by 5%: 14 of them undo one
halving.
"""

from __future__ import annotations

import threading

from filesync.remote.timing import ClientSettings

_BURST_SECONDS = 3.24
_SLOWEST = 1 / 64  # of the configured rate; a floor, so that a bad hour is not the end
_RECOVERY = 1.05
# A wait computed to the last bit may end a rounding error short of a whole token.
_WHOLE = 1 - 1e-6


class Pacer:
    """Lets requests start at no more than a number per minute; safe to share between threads."""

    def __init__(self, requests_per_minute: float, settings: ClientSettings) -> None:
        self._settings = settings
        self._full_rate = self._rate = requests_per_minute / 60
        self._burst = max(1.0, self._full_rate * _BURST_SECONDS)
        self._tokens = self._burst
        self._counted_at = self._resume_at = settings.monotonic()
        self._state = threading.Lock()
        # Held while waiting: one thread waits for the next token, the others wait for that thread.
        self._turn = threading.Lock()

    def start(self) -> None:
        """Return when one more request may be sent; raise Interrupted when stopped."""
        with self._turn:
            self._settings.check_stop()
            while (delay := self._take()) > 0:
                self._settings.pause(delay)

    def hold(self, seconds: float) -> None:
        """Let no request start for `seconds`, and then slow down, because the server sent a 429."""
        with self._state:
            now = self._settings.monotonic()
            if now >= self._resume_at:  # otherwise it is another answer to the same burst
                self._rate = max(self._rate / 2, self._full_rate * _SLOWEST)
            self._resume_at = self._counted_at = max(self._resume_at, now + seconds)
            self._tokens = 1.0

    def recover(self) -> None:
        """Speed up a little, because a request succeeded."""
        with self._state:
            self._rate = min(self._full_rate, self._rate * _RECOVERY)

    def _take(self) -> float:
        """Take a token and return 0, or return how long to wait for one."""
        with self._state:
            now = self._settings.monotonic()
            if now < self._resume_at:
                return self._resume_at - now
            refill = (now - self._counted_at) * self._rate
            self._tokens = min(self._burst, self._tokens + refill)
            self._counted_at = now
            if self._tokens < _WHOLE:
                return (1 - self._tokens) / self._rate
            self._tokens -= 1
            return 0.0

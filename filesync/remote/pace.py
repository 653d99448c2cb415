"""One pace for all threads of a client: under the limit, and no slower than refusals demand.

A token bucket. It refills at `requests_per_minute` and holds a little over three seconds' worth:
54 requests at 1,000 a minute. A server that counts the same way with room for 60 then keeps a
few tokens in hand, which is what absorbs requests that bunch up on the way; asking with the very
same bucket would meet a 429 at the first jitter, and a much smaller one would waste the start.

A 429 can have two causes. Either we send more than this server takes, or others share its limit
and it refuses requests whatever our rate is. Only the first is a reason to send less, so the pace
finds out: it tries the rate that was accepted since the refusals began, and keeps it only if
refusals become rare there. If they do not, it returns to the old rate and takes that share of
refusals for the server's own; then a refused request waits as long as the server asks, and the
others continue. A rate that was lowered climbs back by time.
"""

from __future__ import annotations

import threading

from filesync.remote.timing import ClientSettings

_BURST_SECONDS = 3.24
_SLOWEST = 1 / 64  # of the configured rate; a floor, so that a bad hour is not the end
# A wait computed to the last bit may end a rounding error short of a whole token.
_WHOLE = 1 - 1e-6

_SAMPLE = 40  # answers to judge a rate by
_ENOUGH = 6  # refusals that are worth judging before the sample is full
_RARE = 0.03  # a share of refusals that nothing is done about
_TRIAL_SAMPLE = 50  # answers to judge a slower rate by: one refusal more or less must not decide
_SATURATED = 0.5  # a share that a limit of our own explains best
_TRIAL = 0.85  # of the accepted rate: low enough to see whether refusals follow
_BELOW = 0.98  # of the rate at which refusals began
_CLIMB = 0.05  # a second, up to there
_PROBE = 0.004  # a second, beyond it; and faster the longer nothing is refused
_PROBE_SECONDS = 5.0
_TRIALS = 1  # slower rates without fewer refusals, before the next one settles it
_KNOWN_SECONDS = 60.0  # after which it is found out again whether refusals follow our rate
_LONG_ENOUGH = 1.5  # seconds in which to measure what a server accepts
_ROW = 3  # refusals in a row that hold everybody
_ROW_OF_NOISE = 5  # the same where some refusals are the server's own


class Pace:
    """The state of a pace, in seconds of the caller's clock; not safe to share by itself."""

    def __init__(self, per_second: float, now: float) -> None:
        self.rate = per_second
        self._full = per_second
        self._burst = max(1.0, per_second * _BURST_SECONDS)
        self._tokens = self._burst
        self._counted_at = self._resume_at = now
        self._ceiling = per_second  # where refusals began last
        self._noise = 0.0  # the share of refusals that do not follow our rate
        self._trials = 0
        self._known_until = now
        self._before: tuple[float, float] | None = None  # rate and refusals before a trial
        self._lowered_at = now
        self._row = _ROW - 1  # the first answer of all may hold everybody
        self._begin_sample()

    def take(self, now: float) -> float:
        """Take a token and return 0, or return how long to wait for one."""
        if now < self._resume_at:
            return self._resume_at - now
        elapsed = max(0.0, now - self._counted_at)
        self._climb(elapsed, now)
        self._tokens = min(self._burst, self._tokens + elapsed * self.rate)
        self._counted_at = max(self._counted_at, now)
        if self._tokens < _WHOLE:
            return (1 - self._tokens) / self.rate
        self._tokens -= 1
        return 0.0

    def accepted(self, now: float) -> None:
        """Note that a request was taken."""
        self._row = 0
        self._answers += 1
        if self._refusals:
            self._accepted_since += 1
        self._judge(now)

    def refused(self, now: float, seconds: float) -> None:
        """Note a 429, and start nothing for `seconds` unless refusals are the server's own."""
        self._row += 1
        self._answers += 1
        if not self._refusals:
            self._refused_at = now
        self._refusals += 1
        if now >= self._resume_at:  # else it is one more answer to the same burst
            self._events += 1
        if self._row >= (_ROW_OF_NOISE if self._noise else _ROW):
            self._resume_at = max(self._resume_at, now + seconds)
            # What was saved up is what was refused; the server refills as it takes from us.
            self._tokens = min(self._tokens, 1.0)
        self._judge(now)

    def _climb(self, seconds: float, now: float) -> None:
        if self.rate >= self._full or self._before is not None:
            return
        below = _BELOW * self._ceiling
        if self.rate < below:
            self.rate = min(below, self.rate * (1 + _CLIMB * seconds))
        else:
            quiet = (now - self._lowered_at) / _PROBE_SECONDS
            # The slower the rate, the later there are answers enough to judge a step by.
            self.rate *= 1 + _PROBE * (1 + quiet) * seconds * self.rate / self._full
        self.rate = min(self.rate, self._full)

    def _begin_sample(self) -> None:
        self._answers = self._refusals = self._events = 0
        self._accepted_since = 0
        self._refused_at = 0.0

    def _judge(self, now: float) -> None:
        """Once there are answers enough, decide whether refusals follow our rate."""
        early = not self._noise and (self._events >= _ENOUGH or self._row >= _SAMPLE // 2)
        if self._answers < (_SAMPLE if self._before is None else _TRIAL_SAMPLE) and not early:
            return
        share = self._refusals / self._answers
        if self._before is None:
            if now >= self._known_until:
                self._noise = 0.0
            if share > 2 * _RARE + 2.5 * self._noise:
                self._try_slower(now, share)
            elif share <= _RARE:
                self._noise = self._noise / 2 if self._noise > _RARE / 2 else 0.0
        elif share <= _RARE:
            self._before, self._noise, self._trials = None, 0.0, 0
            self._lowered_at = now
        elif share >= _SATURATED or self._trials < _TRIALS:
            self._trials += share < _SATURATED
            self._try_slower(now, share)
        else:
            self.rate = self._before[0]
            self._noise = max(share, self._before[1])
            self._known_until = now + _KNOWN_SECONDS
            self._before, self._trials = None, 0
        self._begin_sample()

    def _try_slower(self, now: float, share: float) -> None:
        if self._before is None:
            self._before = (self.rate, share)
        # Before its first refusal a server may have lived on what it had saved up.
        tail = (self._refusals - 1) / max(1, self._refusals - 1 + self._accepted_since)
        since = now - self._refused_at
        found = self.rate * (1 - tail)
        if since >= _LONG_ENOUGH:
            found = min(found, self._accepted_since / since)
        self._ceiling = max(found, self.rate / 4)
        self.rate = max(self._ceiling * _TRIAL, self._full * _SLOWEST)
        self._lowered_at = now


class Pacer:
    """Lets requests start at no more than a number per minute; safe to share between threads."""

    def __init__(self, requests_per_minute: float, settings: ClientSettings) -> None:
        self._settings = settings
        self._pace = Pace(requests_per_minute / 60, settings.monotonic())
        self._state = threading.Lock()
        # Held while waiting: one thread waits for the next token, the others for that thread.
        self._turn = threading.Lock()

    def start(self) -> None:
        """Return when one more request may be sent; raise Interrupted when stopped."""
        with self._turn:
            self._settings.check_stop()
            while (delay := self._take()) > 0:
                self._settings.pause(delay)

    def refused(self, seconds: float) -> None:
        """Note a 429, after which the server wants nothing for `seconds`."""
        with self._state:
            self._pace.refused(self._settings.monotonic(), seconds)

    def accepted(self) -> None:
        """Note that a request was taken."""
        with self._state:
            self._pace.accepted(self._settings.monotonic())

    def _take(self) -> float:
        with self._state:
            return self._pace.take(self._settings.monotonic())

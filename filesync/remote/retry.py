"""Decide whether a failed request is sent again, by what sending it twice would do.

Pure: takes an Outcome, returns a Decision. The reason for all rules: the API has no idempotency
key, so a second POST /files makes a second file. Such a request is repeated only if the first one
cannot have been carried out. If that is unknown the verdict is AMBIGUOUS, and the caller has to
look for the file first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from filesync.remote.timing import ClientSettings

_LONGEST_WISH = 120.0  # seconds; as the official client (docs/design/api-notes.md)


NO_QUOTA = "insufficient_quota"
"""The code of a 429 that does not go away: the account is out of credit."""


NOT_IMPLEMENTED = 501
"""The one status from 500 on that does not pass."""


class Kind(Enum):
    """What it means to send a request twice."""

    #: No more than once: GET, cancel, a part (only the ids named at the end count), and opening
    #: an upload session (one whose answer was lost stays empty and is gone after an hour).
    REPEATABLE = "repeatable"
    #: The same, and 409 means that the file is still being processed.
    DELETE = "delete"
    #: A second file: POST /files and completing an upload.
    ONCE = "once"


class Outcome(NamedTuple):
    """How one attempt ended, as far as a retry cares.

    status        of the answer, None if there was none
    sent          the whole body was sent; if not, nothing can have been carried out
    garbled       a success status with a body that is not the API's
    told          that body is an error in the server's own words
    api_error     the error body has the API's shape, so it does not come from a gateway
    wait          seconds that the server asked for
    should_retry  the server's `x-should-retry`, None without it
    hopeless      another attempt would end in the same way, e.g. an untrusted certificate
    rarely_heals  it most likely would, e.g. an unknown host, or JSON that is not the API's
    """

    status: int | None = None
    sent: bool = True
    garbled: bool = False
    told: bool = False
    code: str | None = None
    api_error: bool = False
    wait: float | None = None
    should_retry: bool | None = None
    hopeless: bool = False
    rarely_heals: bool = False


class Failed(Exception):
    """One attempt that did not succeed; `reason` is for people, already without secrets.

    `short` is the reason without the host. `party` is who failed, if it is not the server.
    `web_page`: the answer is a web page, so it does not come from an API, and even its 404 says
    nothing about a file.
    """

    def __init__(
        self,
        outcome: Outcome,
        reason: str,
        hint: str = "",
        *,
        short: str = "",
        party: str = "",
        web_page: bool = False,
    ) -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.reason = reason
        self.hint = hint
        self.short = short or reason
        self.party = party
        self.web_page = web_page


class Verdict(Enum):
    """What to do after a failed attempt."""

    RETRY = "retry"
    FAIL = "fail"
    AMBIGUOUS = "ambiguous"


class Decision(NamedTuple):
    """A verdict and, for RETRY, the seconds to wait before."""

    verdict: Verdict
    delay: float = 0.0


def decide(
    kind: Kind, outcome: Outcome, *, attempt: int, waited: float, settings: ClientSettings
) -> Decision:
    """Return what to do after attempt number `attempt` (from 1).

    `waited` are the seconds that the run has waited so far; where the server did not just say
    "not yet", those since its last good answer.
    """
    verdict = judge(kind, outcome)
    if verdict is not Verdict.RETRY:
        return Decision(verdict)
    delay = backoff(attempt, settings.jitter) if outcome.wait is None else outcome.wait
    not_yet = outcome.status == 429 or (kind is Kind.DELETE and outcome.status == 409)
    attempts = settings.patient_attempts if not_yet else settings.attempts
    longest = settings.patience if not_yet else settings.dark
    if outcome.rarely_heals:
        attempts = settings.few_attempts
    if attempt >= attempts or waited + delay > longest:
        return Decision(Verdict.FAIL)
    return Decision(Verdict.RETRY, delay)


def judge(kind: Kind, outcome: Outcome) -> Verdict:
    """Return the verdict on an outcome, ignoring the limits on attempts and time."""
    status = outcome.status
    if outcome.hopeless or status in (401, 403):
        return Verdict.FAIL
    if status == 429:
        # Out of credit is also a 429, and waiting does not help.
        final = outcome.code == NO_QUOTA or outcome.should_retry is False
        return Verdict.FAIL if final else Verdict.RETRY
    if kind is Kind.ONCE:
        return _judge_once(outcome)
    if outcome.told:
        return Verdict.FAIL
    if status is None or outcome.garbled:
        return Verdict.RETRY
    if outcome.should_retry is not None:
        return Verdict.RETRY if outcome.should_retry else Verdict.FAIL
    passing = status >= 500 and status != NOT_IMPLEMENTED
    return Verdict.RETRY if status in (408, 409, 425) or passing else Verdict.FAIL


def _judge_once(outcome: Outcome) -> Verdict:
    """Return the verdict for a request whose repetition could make a second file."""
    status = outcome.status
    if outcome.garbled:
        return Verdict.AMBIGUOUS
    if status is not None and status != 408 and status < 500:
        # A refusal: nothing was created. Only a 425 asks for another attempt.
        return Verdict.RETRY if status == 425 else Verdict.FAIL
    # "Overloaded" from the API itself and with a time to come back: it was turned away unread.
    # One of the two alone was also seen after the file was made.
    turned_away = status == 503 and outcome.api_error and outcome.wait is not None
    if outcome.sent and not turned_away:
        # `x-should-retry: true` does not promise that nothing was created, so it is ignored here.
        return Verdict.AMBIGUOUS
    return Verdict.FAIL if outcome.should_retry is False else Verdict.RETRY


def backoff(attempt: int, jitter: Callable[[], float]) -> float:
    """Return the official client's wait: 0.5 s doubling up to 8 s, less up to a quarter."""
    return min(8.0, 0.5 * 2.0 ** (min(attempt, 10) - 1)) * (1 - 0.25 * jitter())


def wished_wait(headers: Mapping[str, str], wall_clock: Callable[[], float]) -> float | None:
    """Return how many seconds the answer asks us to wait, None if it doesn't say."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) / unit
        except ValueError:
            continue
        if math.isfinite(seconds):
            return min(max(seconds, 0.0), _LONGEST_WISH)
    when = http_date(headers.get("retry-after"))
    if when is None:
        return None
    # A date is by the server's clock: compare it with the server's own "now" where it says so.
    now = http_date(headers.get("date"))
    return min(max(when - (wall_clock() if now is None else now), 0.0), _LONGEST_WISH)


@lru_cache(maxsize=16)  # every answer has one, and those of one second the same
def http_date(text: str | None) -> float | None:
    """Return an HTTP date as Unix seconds, None for anything else."""
    try:
        when = parsedate_to_datetime(text or "")
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None

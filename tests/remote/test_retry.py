from __future__ import annotations

from collections.abc import Mapping

import pytest

from filesync.remote.retry import (
    Decision,
    Kind,
    Outcome,
    Verdict,
    backoff,
    decide,
    http_date,
    judge,
    wished_wait,
)
from tests.remote.helpers import fast

RETRY, FAIL, AMBIGUOUS = Verdict.RETRY, Verdict.FAIL, Verdict.AMBIGUOUS
KINDS = (Kind.REPEATABLE, Kind.DELETE, Kind.ONCE)

# What happened; then the verdict for each kind, in the order of KINDS.
TABLE: list[tuple[Outcome, tuple[Verdict, Verdict, Verdict]]] = [
    (Outcome(), (RETRY, RETRY, AMBIGUOUS)),
    (Outcome(sent=False), (RETRY, RETRY, RETRY)),
    (Outcome(sent=False, hopeless=True), (FAIL, FAIL, FAIL)),
    (Outcome(200, garbled=True), (RETRY, RETRY, AMBIGUOUS)),
    (Outcome(200, garbled=True, sent=False), (RETRY, RETRY, AMBIGUOUS)),
    (Outcome(301), (FAIL, FAIL, FAIL)),
    (Outcome(307), (FAIL, FAIL, FAIL)),
    (Outcome(400), (FAIL, FAIL, FAIL)),
    (Outcome(404), (FAIL, FAIL, FAIL)),
    (Outcome(413), (FAIL, FAIL, FAIL)),
    (Outcome(413, sent=False), (FAIL, FAIL, FAIL)),
    (Outcome(422), (FAIL, FAIL, FAIL)),
    (Outcome(401), (FAIL, FAIL, FAIL)),
    (Outcome(403), (FAIL, FAIL, FAIL)),
    (Outcome(401, should_retry=True), (FAIL, FAIL, FAIL)),
    (Outcome(408), (RETRY, RETRY, AMBIGUOUS)),
    (Outcome(408, sent=False), (RETRY, RETRY, RETRY)),
    (Outcome(409), (RETRY, RETRY, FAIL)),
    (Outcome(425), (RETRY, RETRY, RETRY)),
    (Outcome(429), (RETRY, RETRY, RETRY)),
    (Outcome(429, should_retry=False), (FAIL, FAIL, FAIL)),
    (Outcome(429, code="insufficient_quota"), (FAIL, FAIL, FAIL)),
    (Outcome(429, code="rate_limit_exceeded"), (RETRY, RETRY, RETRY)),
    (Outcome(500), (RETRY, RETRY, AMBIGUOUS)),
    (Outcome(500, api_error=True), (RETRY, RETRY, AMBIGUOUS)),
    (Outcome(500, sent=False), (RETRY, RETRY, RETRY)),
    (Outcome(500, sent=False, should_retry=False), (FAIL, FAIL, FAIL)),
    (Outcome(500, should_retry=True), (RETRY, RETRY, AMBIGUOUS)),
    (Outcome(500, should_retry=False), (FAIL, FAIL, AMBIGUOUS)),
    (Outcome(501), (FAIL, FAIL, AMBIGUOUS)),
    (Outcome(501, should_retry=True), (RETRY, RETRY, AMBIGUOUS)),
    (Outcome(502), (RETRY, RETRY, AMBIGUOUS)),
    (Outcome(503), (RETRY, RETRY, AMBIGUOUS)),
    (Outcome(503, wait=1.0), (RETRY, RETRY, AMBIGUOUS)),
    (Outcome(503, api_error=True), (RETRY, RETRY, AMBIGUOUS)),
    (Outcome(503, api_error=True, wait=1.0), (RETRY, RETRY, RETRY)),
    (Outcome(503, api_error=True, wait=1.0, should_retry=False), (FAIL, FAIL, FAIL)),
    (Outcome(504), (RETRY, RETRY, AMBIGUOUS)),
    (Outcome(504, wait=1.0), (RETRY, RETRY, AMBIGUOUS)),
    (Outcome(529), (RETRY, RETRY, AMBIGUOUS)),
    (Outcome(400, should_retry=True), (RETRY, RETRY, FAIL)),
]


@pytest.mark.parametrize(("outcome", "verdicts"), TABLE, ids=str)
def test_verdicts(outcome: Outcome, verdicts: tuple[Verdict, Verdict, Verdict]) -> None:
    assert tuple(judge(kind, outcome) for kind in KINDS) == verdicts


def test_what_could_double_a_file_is_never_repeated() -> None:
    for status in (None, *range(200, 600)):
        if status is None or status >= 500:
            assert judge(Kind.ONCE, Outcome(status)) is AMBIGUOUS
        for kind in (Kind.REPEATABLE, Kind.DELETE):
            for sent in (True, False):
                assert judge(kind, Outcome(status, sent=sent)) is not AMBIGUOUS


def run(kind: Kind, outcome: Outcome) -> tuple[int, float]:
    """Return how many attempts such an outcome gets, and the waiting between them."""
    waited, attempt = 0.0, 1
    while True:
        verdict, delay = decide(kind, outcome, attempt=attempt, waited=waited, settings=fast())
        if verdict is not RETRY:
            return attempt, waited
        waited += delay
        attempt += 1


def test_attempts_and_patience_end() -> None:
    assert run(Kind.REPEATABLE, Outcome(500)) == (6, 0.5 + 1 + 2 + 4 + 8)
    assert run(Kind.REPEATABLE, Outcome(409))[0] == 6
    assert run(Kind.ONCE, Outcome(sent=False, rarely_heals=True)) == (3, 0.5 + 1)
    assert run(Kind.DELETE, Outcome(409)) == (20, 0.5 + 1 + 2 + 4 + 15 * 8)
    assert run(Kind.ONCE, Outcome(429, wait=0.0)) == (20, 0)
    assert run(Kind.REPEATABLE, Outcome(429, wait=120.0)) == (3, 240)


def test_the_servers_wish_comes_before_our_backoff() -> None:
    decision = decide(Kind.ONCE, Outcome(429, wait=3.5), attempt=1, waited=0.0, settings=fast())
    assert decision == Decision(RETRY, 3.5)


def test_backoff_doubles_up_to_eight_seconds_less_a_quarter_at_most() -> None:
    assert [backoff(n, lambda: 0.0) for n in range(1, 8)] == [0.5, 1, 2, 4, 8, 8, 8]
    assert backoff(1, lambda: 1.0) == 0.375
    assert backoff(5000, lambda: 0.0) == 8


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "9999"}, 120),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after-ms": "x", "retry-after": "7"}, 7),
        # A date counts from the server's own clock, which is an hour ahead of ours here.
        (
            {
                "retry-after": "Tue, 14 Nov 2023 23:13:30 GMT",
                "date": "Tue, 14 Nov 2023 23:13:20 GMT",
            },
            10,
        ),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:50 GMT"}, 30),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:50 GMT", "date": "nonsense"}, 30),
        ({"retry-after": "Tue, 14 Nov 2023 22:00:00 GMT"}, 0),
        ({"retry-after": "Thu, 14 Nov 2030 22:00:00 GMT"}, 120),
    ],
)
def test_wished_wait(headers: Mapping[str, str], seconds: float | None) -> None:
    assert wished_wait(headers, lambda: 1_700_000_000.0) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Tue, 14 Nov 2023 22:13:20 GMT", 1_700_000_000),
        ("Tue, 14 Nov 2023 22:13:20 -0000", 1_700_000_000),
        ("", None),
        (None, None),
        ("Tue", None),
        ("Tue, 99 Nov 2023 22:13:20 GMT", None),
        ("Tue, 14 Nov 99999999 22:13:20 GMT", None),
    ],
)
def test_http_date(text: str | None, seconds: float | None) -> None:
    assert http_date(text) == seconds

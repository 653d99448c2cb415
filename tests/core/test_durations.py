"""Durations: what is taken, what is refused, and in which words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filesync.core.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (0, 0),
        (3600, 3600),
        ("3600", 3600),
        ("45s", 45),
        ("90m", 5400),
        ("12h", 43200),
        ("7d", 604800),
        ("2w", 1209600),
        ("3650d", 315360000),
    ],
)
def test_durations_in_seconds(value: object, seconds: int) -> None:
    assert parse_duration(value) == seconds


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (True, "must be a duration"),
        (1.5, "must be a duration"),
        (None, "must be a duration"),
        ([], "must be a duration"),
        ("", "must be a duration"),
        ("d", "must be a duration"),
        ("7 d", "must be a duration"),
        ("7D", "must be a duration"),
        ("-7d", "must be a duration"),
        ("1h30m", "must be a duration"),
        ("7d\n", "must be a duration"),
        ("٣d", "must be a duration"),
        ("9" * 5000, "must be a duration"),
        (-1, "must not be negative"),
        ("3651d", "must not be longer than 10 years"),
        (10**30, "must not be longer than 10 years"),
    ],
)
def test_what_is_no_duration(value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_duration(value)


@given(st.integers(0, 3650 * 86400))
def test_a_formatted_duration_reads_back(seconds: int) -> None:
    assert parse_duration(format_duration(seconds)) == seconds


def test_format_uses_the_largest_exact_unit() -> None:
    assert [format_duration(s) for s in (0, 59, 5400, 7200, 1209600)] == [
        "0s",
        "59s",
        "90m",
        "2h",
        "14d",
    ]

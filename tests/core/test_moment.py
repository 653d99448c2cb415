"""Moments to come: what names one, and what is there then."""

from __future__ import annotations

import pytest

from filesync.core.decide.pipeline import still_there
from filesync.core.lockfile.lock import Lockfile
from filesync.core.model import LockEntry, RemoteFile
from filesync.core.moment import Moment, parse_moment, utc

NOON = 1796126400  # 2026-12-01 12:00 UTC


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("+90m", Moment(5400, relative=True)),
        ("+12h", Moment(43200, relative=True)),
        ("+7d", Moment(604800, relative=True)),
        ("+0", Moment(0, relative=True)),
        ("2026-12-01", Moment(NOON - 43200, relative=False)),
        ("2026-12-01T12:00Z", Moment(NOON, relative=False)),
        ("2026-12-01 12:00", Moment(NOON, relative=False)),  # UTC where nothing is said
        ("2026-12-01T13:00+01:00", Moment(NOON, relative=False)),
    ],
)
def test_a_duration_or_a_date_names_a_moment(text: str, moment: Moment) -> None:
    assert parse_moment(text) == moment


@pytest.mark.parametrize(
    "text", ["", "7d", "+", "+7x", "-7d", "+-7d", "tomorrow", "12:00", "+9999d"]
)
def test_anything_else_does_not(text: str) -> None:
    with pytest.raises(ValueError, match="must"):
        parse_moment(text)


def test_a_moment_is_not_in_the_past() -> None:
    assert Moment(60, relative=True).seen_from(NOON) == NOON + 60
    assert Moment(NOON, relative=False).seen_from(NOON) == NOON
    with pytest.raises(ValueError, match="past: 2026-12-01 12:00 UTC"):
        Moment(NOON, relative=False).seen_from(NOON + 1)


def test_utc_tells_the_minute_and_any_number() -> None:
    assert utc(NOON) == "2026-12-01 12:00"
    assert utc(10**18) == str(10**18)


def _remote(file_id: str, expires_at: int | None) -> RemoteFile:
    return RemoteFile(file_id, "a.txt", "user_data", 1, NOON - 100, expires_at, None)


def test_what_has_expired_by_then_is_not_there() -> None:
    entry = LockEntry(
        "file-told", "a", "0" * 64, 1, "a.txt", "user_data", 3600, NOON - 100, NOON + 50
    )
    lock = Lockfile("test", "http://x", {"a": entry})
    remote = {
        file.id: file
        for file in (
            _remote("file-never", None),
            _remote("file-later", NOON + 101),
            _remote("file-then", NOON + 100),
            _remote("file-told", None),  # the server does not say; the lockfile does
        )
    }
    assert list(still_there(remote, lock, NOON + 100)) == ["file-never", "file-later"]
    assert list(still_there(remote, lock, NOON)) == list(remote)

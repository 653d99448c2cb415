"""Which keys a shard uploads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filesync.core.model import Entry, Policy, ScannedFile
from filesync.core.run import Shard
from filesync.core.shard import number_of, parse_shard, share_of

POLICY = Policy("user_data", None, 0, False, 0, "keep", False)


def found(key: str, size: int = 1, *, fingerprint: bool = False) -> ScannedFile:
    policy = POLICY._replace(fingerprint=fingerprint)
    entry = Entry(key, None, "**", (), False, None, policy, {})
    return ScannedFile(entry, key, key, f"/{key}", size, 0, 0, 0)


@pytest.mark.parametrize(
    ("text", "shard"), [("1/1", (1, 1)), (" 2/4 ", (2, 4)), ("1000/1000", (1000, 1000))]
)
def test_shard_is_read(text: str, shard: tuple[int, int]) -> None:
    assert parse_shard(text) == Shard(*shard)


@pytest.mark.parametrize(
    "text", ["", "1", "0/4", "5/4", "-1/4", "1/0", "a/b", "1/2/3", "01/4", "1 /4", "1/1001", "²/4"]
)
def test_what_names_no_shard_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        parse_shard(text)


@given(st.sets(st.text(min_size=1, max_size=9), max_size=40), st.integers(1, 9))
def test_every_key_is_in_one_share(keys: set[str], of: int) -> None:
    files = [found(key, len(key)) for key in keys]
    shares = [share_of(files, Shard(number, of)) for number in range(1, of + 1)]
    assert sorted(key for share in shares for key in share) == sorted(keys)


def test_a_key_stays_where_it_is_whatever_else_there_is() -> None:
    files = [found(f"k{n}", n) for n in range(200)]
    whole = {number: share_of(files, Shard(number, 3)) for number in (1, 2, 3)}
    assert all(len(share) > 40 for share in whole.values())
    for number, share in whole.items():
        assert share_of(files[:50], Shard(number, 3)) == {f"k{n}" for n in range(50)} & share
        assert all(number_of(key, 3) == number for key in share)


def test_files_that_a_listing_cannot_tell_apart_stay_together() -> None:
    alike = [found(f"{n}/README.md", 9) for n in range(30)]
    shares = [share_of(alike, Shard(number, 4)) for number in (1, 2, 3, 4)]
    assert sorted(map(len, shares)) == [0, 0, 0, 30]
    marked = [found(f"{n}/README.md", 9, fingerprint=True) for n in range(30)]
    assert all(share_of(marked, Shard(number, 4)) for number in (1, 2, 3, 4))

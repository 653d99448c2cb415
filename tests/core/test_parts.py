"""How files are cut: everything once, in order, no part above the API's limit."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from filesync.core.parts import MAX_PART, MAX_SINGLE, MIB, MIN_PART, PARTS_FROM, cut

GB8 = 8 * 1024 * MIB


@given(st.integers(PARTS_FROM, GB8), st.integers(1, 64))
def test_parts_cover_the_file_once_in_order(size: int, lanes: int) -> None:
    parts = cut(size, lanes)
    assert parts[0].offset == 0
    assert all(a.offset + a.length == b.offset for a, b in pairwise(parts))
    assert sum(part.length for part in parts) == size
    assert all(0 < part.length <= MAX_PART for part in parts)


def test_limits_are_the_smaller_reading_of_the_api() -> None:
    assert MAX_PART <= 64_000_000
    assert MAX_SINGLE <= 512_000_000
    assert PARTS_FROM < MAX_SINGLE


def test_every_lane_gets_as_much() -> None:
    assert len(cut(1024 * MIB, 8)) % 8 == 0
    assert len(cut(PARTS_FROM, 8)) == 8
    assert min(part.length for part in cut(PARTS_FROM, 64)) >= MIN_PART

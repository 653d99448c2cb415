"""What a listing shows of a file, compared with one that is known."""

from __future__ import annotations

from typing import Any

import pytest

from filesync.core.resemblance import resembles
from tests.core.builders import desired, live


@pytest.mark.parametrize(
    ("shown", "alike"),
    [
        ({}, True),
        ({"bytes": None}, True),
        ({"purpose": ""}, True),
        ({"bytes": None, "purpose": ""}, True),
        ({"bytes": 11}, False),
        ({"bytes": 0}, False),
        ({"purpose": "assistants"}, False),
        ({"filename": "other.txt"}, False),
        ({"filename": "other.txt", "bytes": None, "purpose": ""}, False),
    ],
)
def test_only_what_is_told_is_compared(shown: dict[str, Any], alike: bool) -> None:
    assert resembles(live(**shown), desired()) is alike
    assert resembles(live(**shown), desired().stored) is alike


def test_a_name_is_compared_as_any_server_may_store_it() -> None:
    assert resembles(live(filename="a__.txt"), desired(filename="a é.txt"))

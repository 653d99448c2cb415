"""What differs between two sets of attributes or settings, named value by value."""

from __future__ import annotations

from typing import Any

import pytest

from filesync.core.stores.explain import changed_fields, explained

# fmt: off
PAIRS: list[tuple[dict[str, Any], dict[str, Any], list[tuple[str, Any, Any]]]] = [
    ({"a": 1}, {"a": 1}, []),
    ({"a": 1}, {"a": 2}, [("a", 1, 2)]),
    ({"a": 1}, {}, [("a", 1, None)]),
    ({}, {"a": 1}, [("a", None, 1)]),
    # nothing, or next to nothing, in common
    ({"a": 1}, {"b": 1}, [("a", 1, None), ("b", None, 1)]),
    (dict.fromkeys("abcdefgh", 1), {"a": 2}, [("a", 1, 2), *((one, 1, None) for one in "bcdefgh")]),
    # numbers and truth
    ({"a": 1}, {"a": 1.0}, []),
    ({"a": True}, {"a": 1}, [("a", True, 1)]),
    ({"a": 0.0}, {"a": False}, [("a", 0.0, False)]),
    ({"a": "1"}, {"a": 1}, [("a", "1", 1)]),
    # names that have a meaning elsewhere
    ({"__a": 1, "_b": 1}, {"__a": 2, "_b": 2}, [("__a", 1, 2), ("_b", 1, 2)]),
    ({"a'\"[0]": 1}, {"a'\"[0]": 2}, [("a'\"[0]", 1, 2)]),
    # inside
    ({"m": {"a": "x", "b": "y"}}, {"m": {"c": "z"}}, [("m.a", "x", None), ("m.b", "y", None), ("m.c", None, "z")]),  # noqa: E501
    ({"m": {"__a": "x"}}, {"m": {"__a": "y"}}, [("m.__a", "x", "y")]),
]
# fmt: on


@pytest.mark.parametrize(("before", "after", "expected"), PAIRS)
def test_each_value_that_differs_is_named(
    before: dict[str, Any], after: dict[str, Any], expected: list[tuple[str, Any, Any]]
) -> None:
    assert explained(before, after) == expected
    top = {name.partition(".")[0] for name, _, _ in expected}
    if top:
        assert set(changed_fields(before, after)) >= top

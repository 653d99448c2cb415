"""What changed between two texts, against difflib and by applying what is shown."""

from __future__ import annotations

import difflib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filesync.core.line_changes import LineChanges, line_changes, unified

LINES = st.lists(st.sampled_from([f"{one}\n" for one in "abcdefgh"]), max_size=30)
A = [f"line {number}\n" for number in range(5000)]


def applied(old: list[str], hunks: list[str]) -> list[str]:
    """The new text: the old one with the hunks of a unified diff applied to it."""
    made: list[str] = []
    at = 0
    for line in hunks:
        if found := re.match(r"@@ -(\d+)(?:,(\d+))? ", line):
            start = int(found[1]) - (found[2] != "0")
            made += old[at:start]
            at = start
            continue
        if line[0] in " -":
            assert old[at] == line[1:]
            at += 1
        if line[0] in " +":
            made.append(line[1:])
    return made + old[at:]


@given(LINES, LINES)
def test_what_is_shown_leads_from_one_text_to_the_other(old: list[str], new: list[str]) -> None:
    assert applied(old, list(unified(old, new))) == new
    changes = line_changes(old, new)
    assert changes.added - changes.removed == len(new) - len(old)
    assert (changes.total == 0) == (old == new)


@pytest.mark.parametrize(
    ("new", "changes"),
    [
        (A, (0, 0, 0)),
        ([*A[:3], "x\n", *A[4:]], (1, 1, 0)),
        (A[1:], (0, 1, 0)),
        (A[7:8] + A[:7] + A[8:], (0, 0, 1)),
        ([*A[:-1], "line 4999"], (1, 1, 0)),
        (A[::-1], (0, 0, 4999)),
        ([], (0, 5000, 0)),
    ],
)
def test_changes_are_counted_and_shown_as_difflib_shows_them(
    new: list[str], changes: tuple[int, int, int]
) -> None:
    assert line_changes(A, new) == LineChanges(*changes)
    if changes[2] <= 1 and new:
        shown = list(difflib.unified_diff(A, new, lineterm="", n=2))[2:]
        assert list(unified(A, new)) == shown


def test_many_changes_far_apart_take_little_work() -> None:
    """Each is found by itself: difflib alone looks through the whole text for every one."""
    new = [f"x{line}" if number % 10 == 0 else line for number, line in enumerate(A)]
    assert line_changes(A, new) == (500, 500, 0)
    assert applied(A, list(unified(A, new))) == new

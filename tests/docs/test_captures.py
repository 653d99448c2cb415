"""docs/reading-a-plan.md shows what a terminal shows."""

from __future__ import annotations

import re

import captures

PAGE = captures.PAGE.read_text(encoding="utf-8")


def test_captures_are_what_the_command_writes() -> None:
    """Those of thousands of changes are left to `make docs`: they take seconds."""
    assert captures.updated(PAGE, captures.COUNTS[:2]) == PAGE, "run `make docs`"


def test_each_count_and_width_is_there_and_none_is_wider_than_its_terminal() -> None:
    found = re.findall(r"^At ([\d, and]+) columns:\n\n```plan\n(.*?)```", PAGE, re.M | re.S)
    seen = []
    for named, shown in found:
        widths = [int(width) for width in re.findall(r"\d+", named)]
        assert max(map(len, shown.splitlines())) <= min(widths), shown
        seen += widths
    assert sorted(seen) == sorted(captures.WIDTHS * len(captures.COUNTS))

"""How long it is until requests are sent again, by a clock that is an argument."""

from __future__ import annotations

from filesync.output.countdown import Countdown


def test_the_seconds_left_count_down_to_nothing() -> None:
    waits = Countdown()
    assert waits.line(100.0) == ""
    waits.add(100.0, 3.0)
    shown = [waits.line(100.0 + tenths / 10) for tenths in range(0, 35, 5)]
    assert shown == [*(f"trying again in {left} s" for left in (3, 3, 2, 2, 1, 1)), ""]


def test_the_first_of_several_counts_and_those_that_are_over_do_not() -> None:
    waits = Countdown()
    waits.add(0.0, 5.0)
    waits.add(1.0, 60.0)
    assert waits.line(1.0) == "2 requests wait, trying again in 4 s"
    assert waits.line(5.5) == "trying again in 56 s"
    waits.add(70.0, 2.0)
    assert waits.line(70.0) == "trying again in 2 s"
    assert waits.line(72.0) == ""


def test_a_wait_too_short_to_read_is_not_counted() -> None:
    waits = Countdown()
    waits.add(0.0, 0.5)
    assert waits.line(0.1) == ""

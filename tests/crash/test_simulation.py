"""Some rounds of the simulation; `python -m tests.crash.simulation 500` runs more."""

from __future__ import annotations

import pytest

from tests.crash.simulation import simulate

# Rounds in which a stranger's file of the same looks was once taken for ours: listed before it,
# or after the listing had shown that it is late.
TAKEN_FOR_OURS = (19, 336, 346, 420)


@pytest.mark.parametrize("seed", [*range(1, 9), *TAKEN_FOR_OURS])
def test_teams_on_a_bad_day(seed: int) -> None:
    counts, wrongs = simulate(1, seed)
    assert wrongs == []
    assert counts["rounds"] == 1

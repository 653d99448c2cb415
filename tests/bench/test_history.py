"""The history of `make bench`."""

from __future__ import annotations

import csv
import math
from pathlib import Path

from tests.bench.history import COLUMNS, History


def test_runs_are_added_below_each_other(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    for ratio in (1.23456, 250.0):
        history = History(path)
        history.append("no-op plan, 10,000 files", ratio)
        history.append("it failed", math.nan)
    with path.open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [tuple(line) for line in lines] == [COLUMNS, COLUMNS]
    assert [line["ratio"] for line in lines] == ["1.235", "250"]
    assert {line["row"] for line in lines} == {"no-op plan, 10,000 files"}
    assert all(line["date"] and "Python 3" in line["machine"] for line in lines)

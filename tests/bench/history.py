"""What `make bench` measured before, a line a row: so that a change for the worse is seen."""

from __future__ import annotations

import csv
import math
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

COLUMNS = ("date", "commit", "machine", "row", "ratio")


class History:
    """A table that only grows, in a file; `ratio` is what the row's target bounds."""

    def __init__(self, path: Path) -> None:
        self._path = path
        day = datetime.now(UTC).strftime("%Y-%m-%d")
        machine = f"{os.cpu_count()} CPUs {platform.machine()} {platform.system()}"
        self._run = (day, commit(path.parent), f"{machine}, Python {platform.python_version()}")

    def append(self, row: str, ratio: float) -> None:
        """Add a line; nothing where the row failed."""
        if math.isnan(ratio):
            return
        new = not self._path.exists()
        with self._path.open("a", newline="", encoding="utf-8") as file:
            lines = csv.writer(file, lineterminator="\n")
            if new:
                lines.writerow(COLUMNS)
            lines.writerow((*self._run, row, f"{ratio:.4g}"))


def commit(folder: Path) -> str:
    """Return the commit that is checked out, with a + if files differ from it; "" without git."""
    asked = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
    try:
        return subprocess.run(
            asked, cwd=folder, capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""

"""Apply without asking. The command itself writes the job's summary and the step's outputs."""

from __future__ import annotations

from command import filesync
from job import words


def run() -> int:
    """Return the exit code of `filesync apply`."""
    return filesync("apply", "--yes", *words())[0]

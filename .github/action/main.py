"""The steps of action.yml: `main.py STEP`, one module a step. What each is asked is in its `env`.

check      the inputs are sound; the name of the cache
plan       `filesync plan`, for the modes plan and drift
comment    the plan on the pull request
issue      the issue on drift
may_push   before an apply: on a branch, and its lockfile may be pushed
apply      `filesync apply`
push       the lockfile committed and pushed

`check` runs before anything is installed, the rest in the action's own virtual environment.
"""

from __future__ import annotations

import importlib
import sys

from job import Stop, error


def main() -> int:
    """Run the step that is named; return its exit code."""
    try:
        return int(importlib.import_module(sys.argv[1]).run() or 0)
    except Stop as stopped:
        error(str(stopped))
        return 1


if __name__ == "__main__":
    sys.exit(main())

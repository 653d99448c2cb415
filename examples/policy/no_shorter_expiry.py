"""Refuse a plan that lets a file, or a vector store, expire sooner than now.

    filesync plan --json | python no_shorter_expiry.py
    python no_shorter_expiry.py plan.json        # what `plan --out plan.json` saved

Prints what it refuses and exits with 1; exits with 2 for what is not a plan. Needs only Python.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from typing import Any


def shortened(plan: dict[str, Any]) -> Iterator[str]:
    """Yield a sentence for each file and vector store that would expire sooner than it does now.

    `before` and `after` are null where there is no file, and an `expires_after` of null is never.
    """
    for kind, changes in (("file", plan["changes"]), ("vector store", plan["vector_stores"])):
        for change in changes:
            before, after = change["before"], change["after"]
            if before is None or after is None:
                continue
            old, new = before["expires_after"], after["expires_after"]
            if seconds(new) < seconds(old):
                # A name may hold anything, control sequences too.
                name = json.dumps(change["key"])
                yield f"{kind} {name} would expire after {words(new)} instead of {words(old)}"


def seconds(expires_after: int | None) -> float:
    return math.inf if expires_after is None else expires_after


def words(expires_after: int | None) -> str:
    return "never" if expires_after is None else f"{expires_after:,} seconds"


def main() -> int:
    """Check the plan that the first argument names, or stdin."""
    try:
        if len(sys.argv) > 1:
            with open(sys.argv[1], encoding="utf-8") as file:
                plan = json.load(file)
        else:
            plan = json.load(sys.stdin)
        version = plan["format_version"].partition(".")[0]
        refused = list(shortened(plan))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"not a plan: {error!r}", file=sys.stderr)
        return 2
    if version != "1":
        print("a plan of a later format, which this policy cannot check", file=sys.stderr)
        return 2
    for sentence in refused:
        print(f"refused: {sentence}", file=sys.stderr)
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())

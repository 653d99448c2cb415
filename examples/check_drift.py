"""Say what moved on the platform since the last apply; exit with 3 if anything did.

    python examples/check_drift.py manifests/fine-tuning.yaml

`filesync drift` does the same. From Python you decide what to do about it: here, a line per file
that a chat or a pager could get. Needs OPENAI_API_KEY.
"""

from __future__ import annotations

import sys

import filesync

MOVED = ("missing_remotely", "expired", "remote_error", "orphan")


def main() -> None:
    try:
        plan = filesync.plan(sys.argv[1] if len(sys.argv) > 1 else "filesync.yaml")
    except filesync.FilesyncError as error:
        sys.exit(f"{error.message}\n{error.hint}")
    if not plan.has_drift:
        print(f"{plan.project} is as the lockfile says")
        return
    for change in plan.changes:
        if change.reason in MOVED:
            print(f"{change.key or change.filename}: {change.reason}")
    sys.exit(3)


if __name__ == "__main__":
    main()

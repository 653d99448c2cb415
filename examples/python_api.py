"""Plan and apply from Python, as `filesync plan` and `filesync apply -y` do.

    python examples/python_api.py manifests/fine-tuning.yaml

Needs OPENAI_API_KEY. To try it without a key: OPENAI_BASE_URL=emulator:/tmp/emulator.
"""

from __future__ import annotations

import sys

import filesync


def main() -> None:
    try:
        plan = filesync.plan(sys.argv[1] if len(sys.argv) > 1 else "filesync.yaml")
        for warning in plan.warnings:
            print(f"warning: {warning}")
        for change in plan.changes:
            print(f"{change.action} {change.key or change.id}: {change.reason}")
        if not plan.has_changes:
            print("nothing to do")
            return
        result = filesync.apply(plan, check=False)
    except filesync.FilesyncError as error:  # a bad manifest, no key, a refusal
        sys.exit(f"{error.message}\n{error.hint}")

    # One file's failure stops no other: both lists can have something in them.
    for done in result.applied:
        print(f"{done.key} is {done.id}")
    if result.failed:
        sys.exit("\n".join(f"{failed.key}: {failed.error}" for failed in result.failed))


if __name__ == "__main__":
    main()

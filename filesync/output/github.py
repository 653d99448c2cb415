"""A plan or an apply as the outputs of a GitHub Actions step, which later steps can test."""

from __future__ import annotations

import secrets

from filesync.core.events import Result
from filesync.core.plan.document import PlanDocument
from filesync.core.plan.several import Several


def outputs(plan: PlanDocument | Several, path: str | None) -> str:
    """Return lines for $GITHUB_OUTPUT: flags, counts, and the plan file's path if it was saved."""
    lines = [
        f"has_changes={str(plan.has_changes).lower()}",
        f"has_drift={str(plan.has_drift).lower()}",
        *(f"{name}={count}" for name, count in plan.summary._asdict().items()),
    ]
    if path is not None:
        lines.append(_pair("plan_path", path))
    return "\n".join(lines) + "\n"


def applied_outputs(plan: PlanDocument, result: Result) -> str:
    """Return lines for $GITHUB_OUTPUT: those of the plan, and how many changes were made or not."""
    counts = f"applied={len(result.applied)}\nfailed={len(result.failed)}\n"
    return outputs(plan, None) + counts


def _pair(name: str, value: str) -> str:
    """Return one output. A value of several lines is put between random delimiters."""
    if "\n" not in value and "\r" not in value:
        return f"{name}={value}"
    mark = f"end-{secrets.token_hex(8)}"
    return f"{name}<<{mark}\n{value}\n{mark}"

"""Plans as a plan file holds them, to be shown in each form."""

from __future__ import annotations

import json
from typing import Any

from filesync.core.plan.document import PlanDocument, parse_plan

COUNTED = ("create", "replace", "adopt", "delete", "forget")


def change(key: str | None, action: str, reason: str = "new", **more: Any) -> dict[str, Any]:
    """A change of a plan file."""
    told = dict.fromkeys(("path", "filename", "purpose", "bytes", "sha256", "id"))
    return {"key": key, "action": action, "reason": reason, **told, "fields": []} | more


def plan_of(changes: list[dict[str, Any]], *warnings: str, **more: Any) -> PlanDocument:
    """A plan file with these changes, read back."""
    counts = {name: sum(one["action"] == name for one in changes) for name in COUNTED}
    document = {
        "format_version": "1.0",
        "project": "test",
        "base_url": "https://api.openai.com/v1",
        "manifest_sha256": "0" * 64,
        "lock_sha256": None,
        "has_changes": bool(changes),
        "has_drift": False,
        "summary": {**counts, "noop": 7, "unmanaged": 0, "upload_bytes": 12345},
        "changes": changes,
        "warnings": list(warnings),
    }
    return parse_plan(json.dumps(document | more).encode(), "plan.json")

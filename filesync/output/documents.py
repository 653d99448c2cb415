"""The JSON documents that other programs read; their shape is the contract's."""

from __future__ import annotations

import json
from typing import Any

from filesync.apply.applier import Result
from filesync.core.diff import Change
from filesync.core.plan import Plan

FORMAT_VERSION = "1.0"


def plan_document(plan: Plan) -> dict[str, Any]:
    """Return `plan --json`: deletes first, no noops, no file content and no key."""
    inputs = plan.inputs
    return {
        "format_version": FORMAT_VERSION,
        "project": inputs.project,
        "base_url": inputs.base_url,
        "manifest_sha256": inputs.manifest_sha256,
        "lock_sha256": inputs.lock_sha256,
        "has_changes": plan.has_changes,
        "has_drift": plan.has_drift,
        "summary": plan.summary._asdict(),
        "changes": [_change(change) for change in plan.changes],
        "warnings": list(plan.warnings),
    }


def _change(change: Change) -> dict[str, Any]:
    """Return one change: as desired, or for what is to go as locked or as the server tells it."""
    want, locked, remote = change.desired, change.locked, change.remote
    told: tuple[str | None, str | None, str | None, int | None, str | None]
    if want is not None:
        told = (want.path, want.filename, want.policy.purpose, want.bytes, want.sha256)
    elif locked is not None:
        told = (locked.path, locked.filename, locked.purpose, locked.bytes, locked.sha256)
    elif remote is not None:
        told = (None, remote.filename, remote.purpose, remote.bytes, None)
    else:
        told = (None, None, None, None, None)
    path, filename, purpose, size, sha256 = told
    return {
        "key": change.key,
        "action": change.action.value,
        "reason": change.reason.value,
        "path": path,
        "filename": filename,
        "purpose": purpose,
        "bytes": size,
        "sha256": sha256,
        "id": change.id,
        "fields": list(change.fields),
    }


def apply_document(plan: Plan, result: Result) -> dict[str, Any]:
    """Return `apply --json`: what was planned, what was done, what failed and why."""
    return {
        "format_version": FORMAT_VERSION,
        "summary": plan.summary._asdict(),
        "applied": [
            {"key": done.key, "action": done.action.value, "id": done.id} for done in result.applied
        ],
        "failed": [
            {"key": failed.key, "action": failed.action.value, "error": failed.error}
            for failed in result.failed
        ],
    }


def to_text(document: object) -> str:
    """Return a document as indented JSON text, without the newline at its end.

    Everything outside ASCII is escaped: a remote name may hold what a terminal obeys.
    """
    return json.dumps(document, indent=2)

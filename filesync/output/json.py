"""The JSON documents that other programs read, as docs/design/contract.md promises them."""

from __future__ import annotations

import json
from io import StringIO
from typing import TYPE_CHECKING, Any

from filesync.core.plan.document import FORMAT_VERSION, PlanDocument
from filesync.core.plan.plan import Plan, Summary

if TYPE_CHECKING:  # it comes with the HTTP client
    from filesync.core.events import Result


def saved_document(plan: PlanDocument) -> dict[str, Any]:
    """Return the document of `plan --out`: `plan --json` and what is needed to repeat the plan."""
    only, exclude, purposes, _ = plan.filters
    more = {
        "only": only[0] if len(only) == 1 else list(only),
        "exclude": list(exclude),
        "purposes": list(purposes),
        "env": plan.env,
        "filled_sha256": plan.filled_sha256,
        "strict": plan.strict,
        "allow_shrink": plan.allow_shrink,
        "origin": plan.origin.document(),
    }
    return plan.document() | {name: value for name, value in more.items() if value}


def apply_document(plan: Plan, result: Result) -> dict[str, Any]:
    """Return the document of `apply --json`: what was planned, done, and failed (and why)."""
    return {
        "format_version": FORMAT_VERSION,
        "summary": plan.summary._asdict(),
        "applied": [
            _of_store(done.store) | {"key": done.key, "action": done.action.value, "id": done.id}
            for done in result.applied
        ],
        "failed": [
            _of_store(failed.store)
            | {"key": failed.key, "action": failed.action.value, "error": failed.error}
            for failed in result.failed
        ],
    }


def nothing_applied() -> dict[str, Any]:
    """Return the document of `apply --json` for a run that had nothing to do."""
    summary = Summary(*(0 for _ in Summary._fields))
    return {
        "format_version": FORMAT_VERSION,
        "summary": summary._asdict(),
        "applied": [],
        "failed": [],
    }


def _of_store(store: str | None) -> dict[str, Any]:
    """Return the field that says of which vector store an entry is; its key is None for itself."""
    return {} if store is None else {"store": store}


def to_text(document: object) -> str:
    """Return a document as indented JSON text, without the newline at its end.

    Everything outside ASCII is escaped, because a remote name may contain control sequences.
    """
    text = StringIO()
    json.dump(document, text, indent=2)  # `dumps` would hold each of its pieces until the end
    return text.getvalue()

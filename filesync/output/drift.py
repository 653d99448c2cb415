"""What `drift` shows: where the platform has moved away from the lockfile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from filesync.core.decide.change import Reason
from filesync.core.decide.reasons import DRIFT
from filesync.core.plan.document import FORMAT_VERSION, ChangeDocument, PlanDocument
from filesync.core.plan.stores import StoreDocument
from filesync.core.stores.change import STORE_DRIFT
from filesync.core.text import printable
from filesync.output.plan_stores import store_reason_named
from filesync.output.reasons import drift_of, reason_of

_REASONS = {reason.value for reason in DRIFT}
_STORE_REASONS = {reason.value for reason in STORE_DRIFT}


def drift_document(plan: PlanDocument) -> dict[str, Any]:
    """Return the document of `drift --json`: the plan's changes that are drift."""
    return {
        "format_version": FORMAT_VERSION,
        "project": plan.project,
        "base_url": plan.base_url,
        "has_drift": plan.has_drift,
        "changes": [change.document() for change in _changes(plan)],
        "vector_stores": [store.document() for store in _stores(plan)],
        "warnings": list(plan.warnings),
    }


def render_drift(plan: PlanDocument, ids: Mapping[str, str]) -> str:
    """Return a sentence, and below it a line for each file, store or document that drifted.

    `ids` are the lockfile's, by key: a change does not name the id of a file that is gone."""
    if not plan.has_drift:
        return "No drift: the platform is as the lockfile says."
    changes, stores = _changes(plan), _stores(plan)
    head = drift_of(plan)
    lines = [head[:1].upper() + head[1:], ""]
    lines += [
        f"  {_named(one.name, one.id or ids.get(one.key or ''))}: {_words(one)}" for one in changes
    ]
    for store in stores:
        name = f"vector store {_named(store.key, store.id)}"
        if store.reason in _STORE_REASONS:
            lines.append(f"  {name}: {store_reason_named(store.reason)}")
        for member in store.members:
            if member.reason in _STORE_REASONS:
                lines.append(
                    f"  {name}: {printable(member.key or '')}: {store_reason_named(member.reason)}"
                )
    return "\n".join(lines)


def _changes(plan: PlanDocument) -> list[ChangeDocument]:
    return [change for change in plan.changes if change.reason in _REASONS]


def _stores(plan: PlanDocument) -> list[StoreDocument]:
    return [
        store
        for store in plan.stores
        if store.reason in _STORE_REASONS
        or any(member.reason in _STORE_REASONS for member in store.members)
    ]


def _named(name: str, file_id: str | None) -> str:
    return printable(name) + (f" ({printable(file_id)})" if file_id else "")


def _words(change: ChangeDocument) -> str:
    orphan = change.reason == Reason.ORPHAN
    return reason_of(change) + (f"; `{change.action}` planned" if orphan else "")

"""Why a plan changes something, and how the platform has drifted, in words."""

from __future__ import annotations

from collections import Counter

from filesync.core.decide.change import Reason
from filesync.core.decide.reasons import REASONS
from filesync.core.durations import format_duration
from filesync.core.plan.document import ChangeDocument, PlanDocument
from filesync.core.text import plural, printable


def reason_of(change: ChangeDocument) -> str:
    """Return why, in words; the bare name of a reason that a later version may have added."""
    if change.fields and not change.before:  # a plan file does not tell what was there
        return printable(", ".join(change.fields)) + " changed"
    if change.fields:
        both = zip(change.fields, change.before, strict=True)
        return ", ".join(
            f"{field} {_value(field, before)} -> {_value(field, getattr(change, field))}"
            for field, before in both
        )
    if change.moved_from is not None:
        return f"moved from {printable(change.moved_from)}"
    if change.shared_with is not None:
        return f"shared with {printable(change.shared_with)}"
    return reason_named(change.reason)


def reason_named(reason: str) -> str:
    """Return a reason in words; its bare name where this version does not know it."""
    try:
        return REASONS[Reason(reason)].words
    except ValueError:
        return printable(reason)


def holds_names(change: ChangeDocument) -> bool:
    """Say whether the reason contains names of files or keys, which may be long."""
    return bool(change.fields or change.moved_from or change.shared_with)


def _value(field: str, value: str | int | None) -> str:
    if field == "expires_after":
        return "never" if value is None else format_duration(int(value))
    return printable(str(value))


def drift_of(plan: PlanDocument) -> str:
    """Return a sentence that says how the platform has drifted from the lockfile.

    In a plan for a later time it lists files that will have expired by then.
    """
    count = Counter(change.reason for change in plan.changes)
    told = []
    for reason, row in REASONS.items():
        if row.drift is not None and (number := count[reason]):
            did = row.drift[0] if number == 1 else row.drift[1]
            if reason is Reason.EXPIRED and plan.at is not None:
                did = "will have expired by then"
            told.append(f"{plural(number, 'file')} {did}")
    return "; ".join(told or ["the platform has drifted from the lockfile"]) + "."

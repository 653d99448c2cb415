"""Why a plan changes something, and how the platform has drifted, in words."""

from __future__ import annotations

from collections import Counter

from filesync.core.decide.change import Reason
from filesync.core.durations import format_duration
from filesync.core.plan.document import ChangeDocument, PlanDocument
from filesync.core.text import plural, printable

REASONS = {
    Reason.FINGERPRINT_MATCH: "already there, by its fingerprint",
    Reason.NEW: "new",
    Reason.UP_TO_DATE: "up to date",
    Reason.CONTENT_CHANGED: "content changed",
    Reason.ATTRIBUTES_CHANGED: "changed",
    Reason.REMOTE_ERROR: "the platform reports an error",
    Reason.EXPIRING: "expires soon",
    Reason.EXPIRED: "expired",
    Reason.MISSING_REMOTELY: "missing on the platform",
    Reason.REMOVED_FROM_MANIFEST: "not in the manifest",
    Reason.GONE: "gone from the platform",
    Reason.RETIRED: "retired by an earlier apply",
    Reason.ORPHAN: "ours by its name, in no lockfile",
    Reason.UNMANAGED: "matches prune",
    Reason.SHARED: "shared with another key",
    Reason.MOVED: "moved",
    Reason.RECOVERED: "uploaded by an apply that was cut short",
    Reason.DESTROYED: "owned by the lockfile",
}

# Drift in words: of one file, and of several.
_DRIFTED = {
    Reason.MISSING_REMOTELY: ("is missing on the platform", "are missing on the platform"),
    Reason.EXPIRED: ("has expired", "have expired"),
    Reason.REMOTE_ERROR: ("cannot be used by the platform", "cannot be used by the platform"),
    Reason.ORPHAN: ("of ours is there and in no lockfile", "of ours are there and in no lockfile"),
}


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
    try:
        return REASONS[Reason(change.reason)]
    except ValueError:
        return printable(change.reason)


def holds_names(change: ChangeDocument) -> bool:
    """Say whether the reason names files or keys, which may be of any length."""
    return bool(change.fields or change.moved_from or change.shared_with)


def _value(field: str, value: str | int | None) -> str:
    if field == "expires_after":
        return "never" if value is None else format_duration(int(value))
    return printable(str(value))


def drift_of(plan: PlanDocument) -> str:
    """Return in a sentence how the platform is not as the lockfile says; who did it is not known.

    Of a plan for a later time, what expires is told as what will have expired by then.
    """
    count = Counter(change.reason for change in plan.changes)
    told = []
    for reason, (one, several) in _DRIFTED.items():
        if number := count[reason]:
            did = one if number == 1 else several
            if reason is Reason.EXPIRED and plan.at is not None:
                did = "will have expired by then"
            told.append(f"{plural(number, 'file')} {did}")
    return "; ".join(told or ["the platform is not as the lockfile says"]) + "."

"""Why a plan changes something, and how the platform has drifted, in words."""

from __future__ import annotations

from collections import Counter

from filesync.core import fingerprint
from filesync.core.decide.change import Action, Reason
from filesync.core.decide.reasons import REASONS
from filesync.core.durations import format_duration
from filesync.core.plan.document import ChangeDocument, FileDocument, PlanDocument
from filesync.core.text import human_bytes, plural, printable


def reason_of(change: ChangeDocument) -> str:
    """Return why, in words; the bare name of a reason that a later version may have added."""
    differences = [] if change.action == Action.FORGET else _differences(change)
    if differences and change.reason in _DIFFER:
        return ", ".join(differences)
    if change.moved_from is not None:
        return f"moved from {printable(change.moved_from)}"
    if change.shared_with is not None:
        return f"shared with {printable(change.shared_with)}"
    return ", ".join([reason_named(change.reason), *differences])


# The reasons that are no more than what differs.
_DIFFER = (Reason.CONTENT_CHANGED, Reason.ATTRIBUTES_CHANGED)


def reason_named(reason: str) -> str:
    """Return a reason in words; its bare name where this version does not know it."""
    try:
        return REASONS[Reason(reason)].words
    except ValueError:
        return printable(reason)


def group_reason_of(change: ChangeDocument) -> str:
    """Return the reason that a change has in common with others, without names and values."""
    if change.reason == Reason.ATTRIBUTES_CHANGED and change.fields:
        return printable(", ".join(change.fields)) + " changed"
    return reason_named(change.reason)


def detail_of(change: ChangeDocument) -> str:
    """Return what a change has of its own beside its group's reason: an id, a size, values."""
    if change.action == Action.DELETE:  # it cannot be undone: the id instead of the size
        return printable(change.id or "")
    if change.moved_from is not None:
        return f"from {printable(change.moved_from)}"
    if change.shared_with is not None:
        return f"with {printable(change.shared_with)}"
    if change.action == Action.FORGET:
        return printable(change.id or "")
    return ", ".join(filter(None, [sizes_of(change), changes_of(change)]))


def sizes_of(change: ChangeDocument) -> str:
    """Return a file's size, old -> new where its content changed to another; "" if unknown."""
    before, after = change.before, change.after
    size = "" if change.bytes is None else human_bytes(change.bytes)
    if before is None or after is None or "content" not in change.fields:
        return size
    return size if before.bytes == after.bytes else f"{_size(before.bytes)} -> {size}"


def changes_of(change: ChangeDocument) -> str:
    """Return what a change has of its own but its size: values old -> new, or another key."""
    if change.moved_from is not None:
        return f"from {printable(change.moved_from)}"
    if change.shared_with is not None:
        return f"with {printable(change.shared_with)}"
    if change.action == Action.FORGET or change.before is None or change.after is None:
        return ""
    told = _differences(change)
    return ", ".join(text for text in told if not text.startswith("content changed"))


def _differences(change: ChangeDocument) -> list[str]:
    """Return what differs, old -> new, whether or not it is the reason for the change."""
    before, after = change.before, change.after
    if before is None or after is None:  # a plan file of a version that did not write them
        told = bool(change.fields) and change.reason in _DIFFER
        return [printable(", ".join(change.fields)) + " changed"] if told else []
    found = []
    for field in change.fields:
        if field == "content":
            sizes = f" ({_size(before.bytes)} -> {_size(after.bytes)})"
            found.append("content changed" + (sizes if before.bytes != after.bytes else ""))
        elif field not in FileDocument._fields:
            found.append(f"{printable(field)} changed")  # a later version may know more
        elif not (field == "filename" and _differ_by_fingerprint(before, after)):
            old, new = (_value(field, getattr(file, field)) for file in (before, after))
            found.append(f"{field} {old} -> {new}")
    return found


def _differ_by_fingerprint(before: FileDocument, after: FileDocument) -> bool:
    """Say whether two remote names are alike but for the content's hash in them."""
    old, new = before.filename or "", after.filename or ""
    marked = fingerprint.parse(old) is not None and fingerprint.parse(new) is not None
    return marked and fingerprint.without(old) == fingerprint.without(new)


def _size(size: int | None) -> str:
    return "?" if size is None else human_bytes(size)


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

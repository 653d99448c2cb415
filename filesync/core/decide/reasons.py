"""What each reason means: one row a reason. Reports, docs and the stale check are read off it."""

from __future__ import annotations

import enum
from typing import NamedTuple

from filesync.core.decide.change import Reason


class Cause(enum.Enum):
    """Where a change comes from."""

    REPO = "the manifest or the local files"
    PLATFORM = "the platform's files"
    TIME = "time that has passed"
    US = "an earlier run of filesync, or this command"


class ReasonRow(NamedTuple):
    """One reason, explained. `drift` is the verb of drift for one file and for several."""

    words: str  #: as plans show it
    sentence: str  #: for the reference
    cause: Cause
    drift: tuple[str, str] | None = None


REASONS = {
    Reason.FINGERPRINT_MATCH: ReasonRow(
        "already uploaded (same fingerprint)",
        "A remote file has the wanted fingerprint, purpose and size and is not in the lockfile; "
        "the lockfile takes its id.",
        Cause.US,
    ),
    Reason.NEW: ReasonRow(
        "new",
        "The manifest names it, and neither the lockfile nor the platform has it.",
        Cause.REPO,
    ),
    Reason.UP_TO_DATE: ReasonRow("up to date", "Nothing to do.", Cause.US),
    Reason.CONTENT_CHANGED: ReasonRow(
        "content changed",
        "The file's content differs from what the lockfile says was uploaded.",
        Cause.REPO,
    ),
    Reason.ATTRIBUTES_CHANGED: ReasonRow(
        "changed",
        "Purpose, remote filename or `expires_after` changed; `fields` lists which.",
        Cause.REPO,
    ),
    Reason.REMOTE_ERROR: ReasonRow(
        "the platform reports an error",
        "The platform could not use the file: its status is `error`.",
        Cause.PLATFORM,
        ("cannot be used by the platform", "cannot be used by the platform"),
    ),
    Reason.EXPIRING: ReasonRow(
        "expires soon",
        "Less than `renew_before` is left before it expires, so it is uploaded again.",
        Cause.TIME,
    ),
    Reason.EXPIRED: ReasonRow(
        "expired",
        "It is gone, and the time at which it was to expire has passed.",
        Cause.TIME,
        ("has expired", "have expired"),
    ),
    Reason.MISSING_REMOTELY: ReasonRow(
        "missing on the platform",
        "Somebody else deleted it: the server answers 404 for its id.",
        Cause.PLATFORM,
        ("is missing on the platform", "are missing on the platform"),
    ),
    Reason.REMOVED_FROM_MANIFEST: ReasonRow(
        "not in the manifest", "The lockfile has it and the manifest does not.", Cause.REPO
    ),
    Reason.GONE: ReasonRow(
        "gone from the platform",
        "The manifest no longer names it, and it is gone: its line leaves the lockfile.",
        Cause.PLATFORM,
    ),
    Reason.RETIRED: ReasonRow(
        "retired by an earlier apply",
        "An earlier apply replaced or removed it, and the time to keep it is over.",
        Cause.US,
    ),
    Reason.ORPHAN: ReasonRow(
        "orphan: has this project's tag but is not in the lockfile",
        "Its name has this project's owner token, and no lockfile line names it.",
        Cause.PLATFORM,
        (
            "has this project's tag and is not in the lockfile",
            "have this project's tag and are not in the lockfile",
        ),
    ),
    Reason.UNMANAGED: ReasonRow(
        "matches prune", "Nobody declared it, and `prune` matches it.", Cause.PLATFORM
    ),
    Reason.SHARED: ReasonRow(
        "shared with another key",
        "Another key has this very file, or uploads it: both keys share the id, and nothing is "
        "sent or deleted for this one.",
        Cause.US,
    ),
    Reason.MOVED: ReasonRow(
        "moved",
        "The same content under another key, or in another folder: the id stays, nothing is sent.",
        Cause.REPO,
    ),
    Reason.RECOVERED: ReasonRow(
        "uploaded by an interrupted apply",
        "An interrupted apply uploaded it; the journal says so.",
        Cause.US,
    ),
    Reason.DESTROYED: ReasonRow(
        "owned by the lockfile", "`filesync destroy` deletes all that the lockfile owns.", Cause.US
    ),
}

DRIFT = frozenset(reason for reason, row in REASONS.items() if row.drift is not None)
"""The reasons for which the platform moved, not the repository."""


def has_cause(reason: str, *causes: Cause) -> bool:
    """Say whether a reason, by its name, has one of these causes; an unknown one has none."""
    try:
        return REASONS[Reason(reason)].cause in causes
    except ValueError:
        return False

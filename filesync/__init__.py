"""filesync: Terraform's habits for the OpenAI Files API.

    import filesync

    filesync.load_lock("filesync.lock").id("train")   # "file-abc"

    plan = filesync.plan("filesync.yaml")             # what would change
    if plan.has_changes:
        filesync.apply(plan)                          # change it

Importing this loads neither the HTTP client nor the planner: a job that only needs an id pays
for reading the lockfile and nothing else. docs/python.md describes all of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from filesync.errors import (
    AmbiguousError,
    ApiError,
    ApplyFailed,
    AuthError,
    ContentError,
    FilesyncError,
    Interrupted,
    ListingError,
    LocalFileError,
    LockfileError,
    ManifestError,
    Problem,
    Refused,
    RemoteError,
    UnknownKeyError,
)
from filesync.version import __version__

if TYPE_CHECKING:
    from filesync.api.jobs import adopt, apply, ids, load_lock, plan, status, validate
    from filesync.api.plan import Change, Plan
    from filesync.api.results import ContentFinding, FileStatus
    from filesync.core.events import (
        Done,
        Event,
        Failed,
        Hashed,
        Indexing,
        Note,
        Result,
        Sent,
        Started,
    )
    from filesync.core.lockfile.lock import Lockfile
    from filesync.workflow.adopt import Adopted

__all__ = [
    "Adopted",
    "AmbiguousError",
    "ApiError",
    "ApplyFailed",
    "AuthError",
    "Change",
    "ContentError",
    "ContentFinding",
    "Done",
    "Event",
    "Failed",
    "FileStatus",
    "FilesyncError",
    "Hashed",
    "Indexing",
    "Interrupted",
    "ListingError",
    "LocalFileError",
    "Lockfile",
    "LockfileError",
    "ManifestError",
    "Note",
    "Plan",
    "Problem",
    "Refused",
    "RemoteError",
    "Result",
    "Sent",
    "Started",
    "UnknownKeyError",
    "__version__",
    "adopt",
    "apply",
    "ids",
    "load_lock",
    "plan",
    "status",
    "validate",
]

_HOMES = {
    "filesync.api.jobs": ("adopt", "apply", "ids", "load_lock", "plan", "status", "validate"),
    "filesync.api.plan": ("Change", "Plan"),
    "filesync.api.results": ("ContentFinding", "FileStatus"),
    "filesync.core.events": (
        "Done",
        "Event",
        "Failed",
        "Hashed",
        "Indexing",
        "Note",
        "Result",
        "Sent",
        "Started",
    ),
    "filesync.core.lockfile.lock": ("Lockfile",),
    "filesync.workflow.adopt": ("Adopted",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import what is used for the first time."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'filesync' has no attribute {name!r}")
    import importlib

    found = getattr(importlib.import_module(_HOME_OF[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""Finding the manifest of a run that names none: in this folder, or in one above, as git does."""

from __future__ import annotations

import os
import stat

from filesync.core.commands import DEFAULT_MANIFEST
from filesync.errors import FilesyncError

_NAMES = (DEFAULT_MANIFEST, "filesync.yml")
_LOCK = "filesync.lock"


def find_manifest(start: str = ".") -> str | None:
    """Return the path of the nearest manifest, relative to the working folder; None if none.

    A lockfile alone counts, too: `filesync id` needs nothing else. The search ends at the top of
    a git repository, and before a folder above that every user of this machine may write to.
    Raises FilesyncError for a folder with a manifest under both names, which share one lockfile.
    """
    folder = start
    while True:
        found = [name for name in _NAMES if os.path.isfile(os.path.join(folder, name))]
        if len(found) > 1:
            raise FilesyncError(
                f"{' and '.join(found)} are both in {os.path.abspath(folder)}",
                "keep one, or name the one to use with --manifest PATH",
            )
        if found or os.path.lexists(os.path.join(folder, _LOCK)):
            name = found[0] if found else DEFAULT_MANIFEST
            return os.path.normpath(os.path.join(folder, name))
        if os.path.lexists(os.path.join(folder, ".git")):
            return None
        above = os.path.join(folder, os.pardir)
        if os.path.realpath(above) == os.path.realpath(folder) or _anyones(above):
            return None
        folder = above


def _anyones(folder: str) -> bool:
    """Say whether every user may write to a folder: then what it holds may be anyone's."""
    try:
        return bool(os.stat(folder).st_mode & stat.S_IWOTH)
    except OSError:
        return True

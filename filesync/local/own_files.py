"""Files that filesync itself has written, recognised by their content: no glob takes them.

Lockfiles, also those of other manifests, saved plans, and the data of an emulator would change
with each apply that uploads them, and so never settle.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection

from filesync.core.text import suffix_of
from filesync.local.files import READ_FLAGS

# A lockfile and a plan in JSON, as their first lines are written; editors may add a BOM or CRs.
_BEGINS = re.compile(
    rb'(?:\xef\xbb\xbf)?\s*\{\s*"(?:version|format_version)"\s*:\s*"?[0-9.]+"?\s*,\s*"project"\s*:'
)
_LONGEST = 128  # bytes of that
# What files for a platform are called: none of them is opened, since there may be many.
_OTHERS = frozenset(
    {
        ".c",
        ".cpp",
        ".cs",
        ".css",
        ".csv",
        ".doc",
        ".docx",
        ".gif",
        ".go",
        ".htm",
        ".html",
        ".java",
        ".jpeg",
        ".jpg",
        ".js",
        ".jsonl",
        ".md",
        ".pdf",
        ".php",
        ".png",
        ".ppt",
        ".pptx",
        ".py",
        ".rb",
        ".rst",
        ".sh",
        ".svg",
        ".tex",
        ".ts",
        ".txt",
        ".webp",
        ".xlsx",
        ".xml",
        ".yaml",
        ".yml",
    }
)
_DATABASE = "emulator.db"
_EMULATORS = frozenset((_DATABASE, f"{_DATABASE}-wal", f"{_DATABASE}-shm", f"{_DATABASE}-journal"))
_BLOBS = "blobs"


def is_written_by_us(path: str) -> bool:
    """Say whether a file is a lockfile or a saved plan; False for one that cannot be read."""
    if suffix_of(path.rpartition("/")[2]).lower() in _OTHERS:
        return False
    try:
        fd = os.open(path, READ_FLAGS)
        try:
            return _BEGINS.match(os.read(fd, _LONGEST)) is not None
        finally:
            os.close(fd)
    except OSError:
        return False


def emulators_own(names: Collection[str]) -> frozenset[str]:
    """Return which names of a folder are an emulator's data, of all the names that it has."""
    if _DATABASE in names and _BLOBS in names:
        return _EMULATORS | {_BLOBS}
    return frozenset()

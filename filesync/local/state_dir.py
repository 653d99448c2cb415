"""The folder `.filesync` next to the manifest: journal, hash cache, downloads. Never committed."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re

from filesync.core.text import printable
from filesync.errors import LocalFileError
from filesync.local.files import APPEND_FLAGS, why, write_atomic

STATE_DIR = ".filesync"

VARIABLE = "FILESYNC_STATE_DIR"
"""Names another place for the state; the option --state-dir sets it."""

_READABLE = 40  # characters of the folder's name, for people who look into the state folder

SCHEMA_FILE = "filesync.schema.json"
"""The manifest's JSON Schema for editors, beside the manifest; not in the folder: it is shared."""


def state_dir(manifest_path: str) -> str:
    """Return the path of a manifest's state folder, which need not exist.

    It is `.filesync` next to the manifest. FILESYNC_STATE_DIR (--state-dir) names another place,
    for a working tree that is read-only. Each folder with manifests has its own folder there: two
    manifests of the same name must not share a journal.
    """
    elsewhere = os.environ.get(VARIABLE)
    if not elsewhere:
        return os.path.join(os.path.dirname(manifest_path), STATE_DIR)
    home = os.path.realpath(os.path.dirname(manifest_path) or ".")
    readable = re.sub(r"[^A-Za-z0-9._-]", "_", os.path.basename(home))[:_READABLE] or "root"
    return os.path.join(elsewhere, f"{readable}-{_digest(home)}")


def lock_dir(manifest_path: str) -> str:
    """Create the folder for the lock of an apply, and return its path.

    It is next to the manifest, also if the state is elsewhere, unless that is read-only: two
    applies on one lockfile must meet, wherever each of them keeps its state. Raises
    LocalFileError.
    """
    beside = os.path.join(os.path.dirname(manifest_path), STATE_DIR)
    if os.environ.get(VARIABLE):
        with contextlib.suppress(OSError):
            make_state_dir(beside)
        if os.access(beside, os.W_OK):
            return beside
    return ensure_state_dir(manifest_path)


def _digest(folder: str) -> str:
    return hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]


def ensure_state_dir(manifest_path: str) -> str:
    """Create a manifest's state folder if it is missing, and return its path.

    Raises LocalFileError if the folder cannot be created.
    """
    folder = state_dir(manifest_path)
    try:
        make_state_dir(folder)
    except OSError as error:
        raise LocalFileError(f"cannot create {printable(folder)}: {why(error)}") from error
    return folder


def make_state_dir(folder: str) -> None:
    """Create the state folder itself, for the owner only and ignored by git; raises OSError."""
    if elsewhere := os.environ.get(VARIABLE):
        os.makedirs(elsewhere, 0o700, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        os.mkdir(folder, 0o700)
    ignore = os.path.join(folder, ".gitignore")
    if not os.path.lexists(ignore):
        with open(ignore, "w", encoding="ascii") as file:
            file.write("*\n")


def put_back(fd: int, path: str, manifest_path: str) -> None:
    """Put a file of the state folder that is open, with APPEND_FLAGS, back if it was removed.

    `git clean -fdx` may do that under a running apply. Raises OSError, and LocalFileError if the
    folder cannot be created.
    """
    found = os.fstat(fd)
    if found.st_nlink:
        return
    ensure_state_dir(manifest_path)
    write_atomic(path, os.pread(fd, found.st_size, 0), mode=0o600)
    again = os.open(path, APPEND_FLAGS)
    os.dup2(again, fd, inheritable=False)  # threads may hold the number
    os.close(again)

"""The folder `.filesync` next to the manifest: journal, hash cache, downloads. Never committed."""

from __future__ import annotations

import contextlib
import os

from filesync.core.text import printable
from filesync.errors import LocalFileError
from filesync.local.files import why

STATE_DIR = ".filesync"

SCHEMA_FILE = "filesync.schema.json"
"""The manifest's JSON Schema for editors, beside the manifest; not in the folder: it is shared."""


def state_dir(manifest_path: str) -> str:
    """Return the path of `.filesync` beside the manifest; it need not exist."""
    return os.path.join(os.path.dirname(manifest_path), STATE_DIR)


def ensure_state_dir(manifest_path: str) -> str:
    """Create `.filesync` next to the manifest if it is missing, and return its path.

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
    with contextlib.suppress(FileExistsError):
        os.mkdir(folder, 0o700)
    ignore = os.path.join(folder, ".gitignore")
    if not os.path.lexists(ignore):
        with open(ignore, "w", encoding="ascii") as file:
            file.write("*\n")

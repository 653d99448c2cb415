"""Starting out: a manifest where there is none, and beside it the schema that editors read."""

from __future__ import annotations

import contextlib
import json
import os
import re

from filesync.core.text import printable
from filesync.errors import FilesyncError
from filesync.local.files import create_atomic
from filesync.local.state import SCHEMA_FILE


def project_for(manifest: str) -> str:
    """Return a project's name made of that of the manifest's folder."""
    folder = os.path.basename(os.path.dirname(os.path.abspath(manifest)))
    name = re.sub(r"[^a-z0-9]+", "-", folder.lower()).strip("-")[:63].strip("-")
    return name or "my-project"


def write_manifest(path: str, text: str) -> None:
    """Write a new manifest and, where there is none beside it, its schema.

    Raises FilesyncError, with nothing overwritten, if there is a manifest already.
    """
    try:
        create_atomic(path, text.encode())
    except FileExistsError:
        raise FilesyncError(
            f"{printable(path)} is there already", "edit it, or name another with --manifest PATH"
        ) from None
    with contextlib.suppress(FileExistsError):  # another manifest's; `validate` tells an old one
        create_atomic(schema_path(path), schema_text().encode())


def schema_path(manifest: str) -> str:
    """Return where a manifest's first line says that its schema is."""
    return os.path.join(os.path.dirname(manifest), SCHEMA_FILE)


def schema_text() -> str:
    """Return the JSON Schema of the manifest as the text of a file."""
    from filesync.core.schema import json_schema

    return json.dumps(json_schema(), indent=2) + "\n"


def schema_is_old(manifest: str) -> bool:
    """Say whether the schema beside a manifest is another than this version's."""
    try:
        with open(schema_path(manifest), "rb") as file:
            return file.read() != schema_text().encode()
    except OSError:
        return False

"""Starting out: a manifest where there is none, and beside it the schema that editors read."""

from __future__ import annotations

import contextlib
import json
import os
import re

from filesync.core.fields import check_project
from filesync.core.text import printable
from filesync.errors import FilesyncError
from filesync.local.files import create_atomic
from filesync.local.lockstore import lock_path
from filesync.local.state import SCHEMA_FILE


def project_named(name: str | None, manifest: str) -> str:
    """Return the project's name that was asked for, or one made of the manifest's folder's.

    Raises FilesyncError for what is no project's name.
    """
    try:
        return check_project(name) if name is not None else _project_of_folder(manifest)
    except ValueError as error:
        raise FilesyncError(f"--project {error}") from None


def _project_of_folder(manifest: str) -> str:
    folder = os.path.basename(os.path.dirname(os.path.abspath(manifest)))
    name = re.sub(r"[^a-z0-9]+", "-", folder.lower()).strip("-")[:63].strip("-")
    return name or "my-project"


def refuse_existing(path: str) -> None:
    """Raise FilesyncError if there is a manifest already, or the lockfile of one."""
    for one in (path, lock_path(path)):
        if os.path.lexists(one):
            raise FilesyncError(
                f"{printable(one)} is there already, and nothing is overwritten",
                "name another manifest with --manifest PATH",
            )


def write_manifest(path: str, text: str) -> None:
    """Write a new manifest and, where there is none beside it, its schema.

    Raises FilesyncError, with nothing overwritten, if there is a manifest already.
    """
    there = FilesyncError(
        f"{printable(path)} is there already", "edit it, or name another with --manifest PATH"
    )
    if os.path.lexists(path):
        raise there
    # The manifest last: once it is there, all is.
    with contextlib.suppress(FileExistsError):  # another manifest's; `validate` tells an old one
        create_atomic(schema_path(path), schema_text().encode())
    try:
        create_atomic(path, text.encode())
    except FileExistsError:
        raise there from None


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

"""Starting out: a manifest where there is none, and beside it the schema that editors read."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets

from filesync.core.commands import DEFAULT_MANIFEST
from filesync.core.manifest.fields import check_project
from filesync.core.text import printable
from filesync.errors import FilesyncError
from filesync.local.files import create_atomic, open_regular, write_atomic
from filesync.local.lockfile import lock_path
from filesync.local.state_dir import SCHEMA_FILE


def project_named(name: str | None, manifest: str) -> str:
    """Return the project's name that was asked for, or one made of the manifest's folder's.

    Raises FilesyncError for an invalid name, and for the name of another manifest in the folder:
    the two would delete each other's files.
    """
    try:
        found = check_project(name) if name is not None else _project_of_folder(manifest)
    except ValueError as error:
        raise FilesyncError(f"--project {error}") from None
    for other in _manifests_beside(manifest):
        if _project_in(other) == found:
            raise FilesyncError(
                f"{printable(other)} has the project {found} already, and two manifests of one "
                "project delete each other's files",
                "name another with --project NAME",
            )
    return found


def _project_of_folder(manifest: str) -> str:
    """Return a name of the folder's, with the manifest's own where it is not the usual one."""
    folder, file = os.path.split(os.path.abspath(manifest))
    stem = os.path.splitext(file)[0]
    own = "" if file == DEFAULT_MANIFEST else stem
    name = re.sub(r"[^a-z0-9]+", "-", f"{os.path.basename(folder)} {own}".lower())
    if found := name.strip("-")[:58].strip("-"):
        # A name that no other folder has: two manifests of one project claim each other's files.
        return f"{found}-{secrets.token_hex(2)}"
    raise FilesyncError(
        "the folder's name makes no project's name, which has a-z, 0-9 and '-'",
        "give one with --project NAME, unique in your account",
    )


def _manifests_beside(manifest: str) -> list[str]:
    folder, own = os.path.split(manifest)
    try:
        names = sorted(os.listdir(folder or "."))
    except OSError:
        return []  # it is reported when the manifest is written
    return [
        os.path.join(folder, name)
        for name in names
        if name != own and name.endswith((".yaml", ".yml"))
    ]


def _project_in(path: str) -> str | None:
    try:
        with open_regular(path) as file:
            text = file.read(1 << 16).decode("utf-8", "replace")
    except OSError:
        return None
    found = re.search(r"^project:[ \t]*[\"']?([a-z0-9-]+)", text, re.MULTILINE)
    return None if found is None else found[1]


def _is_blank(path: str) -> bool:
    """Say whether a file is there and has nothing in it, as `touch` makes one."""
    try:
        with open_regular(path) as file:
            return not os.path.islink(path) and not file.read().strip()
    except OSError:
        return False


def refuse_existing(path: str) -> None:
    """Raise FilesyncError if there is a manifest already, or the lockfile of one."""
    for one in (path, lock_path(path)):
        if os.path.lexists(one) and not (one == path and _is_blank(path)):
            raise FilesyncError(
                f"{printable(one)} is there already, and nothing is overwritten",
                "name another manifest with --manifest PATH",
            )


def write_manifest(path: str, text: str) -> None:
    """Write a new manifest and, where there is none beside it, its schema.

    Raises FilesyncError, with nothing overwritten, if there is a manifest already that is not
    empty.
    """
    there = FilesyncError(
        f"{printable(path)} is there already", "edit it, or name another with --manifest PATH"
    )
    blank = _is_blank(path)
    if os.path.lexists(path) and not blank:
        raise there
    # The manifest last: once it is there, all is.
    with contextlib.suppress(FileExistsError):  # another manifest's; `validate` tells an old one
        create_atomic(schema_path(path), schema_text().encode())
    if blank:
        write_atomic(path, text.encode())
        return
    try:
        create_atomic(path, text.encode())
    except FileExistsError:
        raise there from None


def schema_path(manifest: str) -> str:
    """Return where a manifest's first line says that its schema is."""
    return os.path.join(os.path.dirname(manifest), SCHEMA_FILE)


def schema_text() -> str:
    """Return the JSON Schema of the manifest as the text of a file."""
    from filesync.core.manifest.schema import json_schema

    return json.dumps(json_schema(), indent=2) + "\n"


def schema_is_old(manifest: str) -> bool:
    """Say whether the schema beside a manifest is another than this version's."""
    try:
        with open_regular(schema_path(manifest)) as file:
            return file.read() != schema_text().encode()
    except OSError:
        return False

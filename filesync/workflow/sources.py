"""The manifest's files that are in object stores: hashed there, or not looked at offline."""

from __future__ import annotations

from collections.abc import Callable

from filesync.core.decide.as_locked import found_as_locked
from filesync.core.hashed import HashObjects
from filesync.core.lockfile.lock import Lockfile
from filesync.core.model import Manifest, ScannedFile
from filesync.core.text import listed, plural
from filesync.workflow.workspace import in_stores

_NAMED = 5


def hashing(
    manifest: Manifest, on_md5: Callable[[ScannedFile, str], None] | None = None
) -> HashObjects | None:
    """Return what hashes the manifest's objects, None if it has none.

    `on_md5` is given the md5 of each that is sent in parts.
    """
    if not in_stores(manifest):
        return None
    from filesync.storage.hashing import ObjectHashing
    from filesync.storage.objects import Objects

    return ObjectHashing(Objects(), on_md5)


def not_looked_at(manifest: Manifest) -> str:
    """Return a sentence about the sources that an offline command does not look at, "" for none."""
    sources = [entry.source for entry in in_stores(manifest)]
    if not sources:
        return ""
    count, named = plural(len(sources), "source"), listed(sources, _NAMED)
    return f"not checked, as that needs a network: {count} in object stores ({named})"


def unseen_objects(manifest: Manifest, lock: Lockfile) -> list[tuple[ScannedFile, str]]:
    """Return the files in object stores as the lockfile knows them, with their sha256.

    For a plan without a network: an object that is not in the lockfile yet is not among them.
    """
    if not in_stores(manifest):
        return []
    return [
        (file, lock.files[file.key].sha256)
        for file in found_as_locked(manifest, lock.files.items())
        if file.entry.in_store
    ]

"""Where the lockfile is: on this disk beside the manifest, or in a bucket."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from filesync.core.env_names import with_env
from filesync.core.object_url import is_url, object_url
from filesync.core.text import printable
from filesync.errors import FilesyncError, LockfileError
from filesync.local.lockfile import LockOnDisk, lock_path

if TYPE_CHECKING:  # whoever commits the lockfile needs no object store
    from filesync.storage.lockfile import StoredLock

    LockPlace = LockOnDisk | StoredLock


def place_at(where: str) -> LockPlace:
    """Return the lockfile at a path or URL; FilesyncError for one that is not in a bucket."""
    if not is_url(where):
        return LockOnDisk(where)
    from filesync.core.manifest.fields import check_lockfile
    from filesync.storage.lockfile import StoredLock

    try:
        return StoredLock(object_url(check_lockfile(where)))
    except ValueError as error:
        raise FilesyncError(f"{printable(where.partition('?')[0])} {error}") from None


def place_of(manifest_path: str, env: str | None, url: str | None) -> LockPlace:
    """Return the lockfile of a manifest, whose `lockfile` is `url`, for an environment."""
    if url is None:
        return LockOnDisk(lock_path(manifest_path, env))
    return place_at(with_env(url.removesuffix(".lock"), env) + ".lock")


def read_at(place: LockPlace, manifest_path: str, env: str | None) -> bytes | None:
    """Return a lockfile's bytes, None if there is none.

    Raises LockfileError where it is to be in a bucket and is still on this disk: as a missing
    one, every locked file would look new.
    """
    found = place.read()
    path = lock_path(manifest_path, env)
    if found is None and not isinstance(place, LockOnDisk) and os.path.lexists(path):
        raise LockfileError(
            f"there is no lockfile {place.name}, but there is {printable(path)} on this disk",
            f"copy it there, then remove it here: `aws s3 cp {printable(path)} {place.name}` or "
            "what your cloud has for it",
        )
    return found

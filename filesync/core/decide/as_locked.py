"""Wanted files as the lockfile has them: those that another run looks after, or has just sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from filesync.core.model import DesiredFile, Entry, LockEntry, Manifest, ScannedFile


def wanted_as_locked(file: ScannedFile, locked: LockEntry) -> DesiredFile:
    """Return the wanted file of a key with the content and attributes that it is locked with."""
    policy = file.entry.policy._replace(
        purpose=locked.purpose, expires_after=locked.expires_after, protect=locked.protect
    )
    return DesiredFile(
        file.key, locked.path, locked.bytes, locked.sha256, locked.filename, policy, file
    )


def found_as_locked(
    manifest: Manifest, locked: Iterable[tuple[str, LockEntry]]
) -> Iterator[ScannedFile]:
    """Yield the files of lock entries as if they had been found on disk, which is not asked.

    A key that no entry of the manifest can have made is left out.
    """
    paths = {entry.key: entry for entry in manifest.entries if entry.path}
    globs = {entry.key: entry for entry in manifest.entries if entry.glob}
    for key, its in locked:
        entry = paths.get(key) or _above(key, globs)
        if entry is not None:
            yield ScannedFile(entry, key, its.path, "", its.bytes, 0, 0, 0)


def _above(key: str, globs: dict[str, Entry]) -> Entry | None:
    """Return the glob's entry that a key comes from: of several the one with the longest key."""
    while "/" in key:
        key = key.rpartition("/")[0]
        if key in globs:
            return globs[key]
    return None

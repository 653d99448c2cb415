"""What changed in files since the lockfile was written."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from filesync.core.model import LockEntry, ScannedFile
from filesync.core.run import Run
from filesync.core.unknown_key import unknown_key
from filesync.errors import FilesyncError
from filesync.local.git import version_in_git
from filesync.local.hash_cache import HashCache
from filesync.local.hashes import hash_files
from filesync.workflow.sources import hashing
from filesync.workflow.workspace import open_workspace, read_lock, scan

_MAX_BYTES = 64 * 2**20  # of a version that is compared line by line


class FileDiff(NamedTuple):
    """One file that changed: sizes in bytes, the lines, and where the old version came from.

    `before` is None for a file that is not in the lockfile yet, `now` for one that is not declared
    any more; `old` and `new` are None where the text is not to be had, or is not text, and `added`
    and `removed` with them. Lines have their ends.
    """

    key: str
    path: str
    before: int | None
    now: int | None
    source: str | None
    old: list[str] | None
    new: list[str] | None
    added: int | None
    removed: int | None


def changed_files(run: Run, key: str | None, *, ask_server: bool) -> Iterator[FileDiff]:
    """Yield what changed since the last apply, of one key or of all.

    The old text is the version in git that the lockfile's sha256 names; without one, and with
    `ask_server`, what the API gives out. Raises FilesyncError for a key that the manifest does not
    have.
    """
    if not ask_server and run.base_url is None:
        # Nothing is asked of a server: the lockfile may be for whichever it is.
        run = run._replace(base_url=read_lock(run).base_url)
    space = open_workspace(run)
    files = scan(run, space.manifest, space.problems)
    if key is not None and key not in {file.key for file in files}:
        raise unknown_key(key, [file.key for file in files], run.manifest)
    chosen = [file for file in files if key is None or file.key == key]
    hashed = hash_files(chosen, HashCache.beside(run.manifest), objects=hashing(space.manifest))
    for file, sha256 in hashed:
        locked = space.lock.files.get(file.key)
        if locked is None:
            yield FileDiff(file.key, file.path, None, file.bytes, None, None, None, None, None)
        elif locked.sha256 != sha256:
            old, source = _old(run, file, locked, ask_server)
            yield _compared(file, locked, old, source)
    gone = space.lock.files.keys() - {file.key for file in files} if key is None else ()
    for name in sorted(gone):
        left = space.lock.files[name]
        yield FileDiff(name, left.path, left.bytes, None, None, None, None, None, None)


def _old(
    run: Run, file: ScannedFile, locked: LockEntry, ask_server: bool
) -> tuple[bytes | None, str | None]:
    if locked.bytes > _MAX_BYTES or file.bytes > _MAX_BYTES:
        return None, None
    on_disk = file.version is None
    found = version_in_git(file.absolute, locked.sha256) if on_disk else None
    if found is not None:
        return found, "git"
    if not ask_server:
        return None, None
    space = open_workspace(run)
    content = b""
    try:
        with space.reader() as client:
            for chunk in client.download(locked.id):
                content += chunk
                if len(content) > locked.bytes:
                    break
    except FilesyncError:
        return None, None  # the API does not give out files of every purpose
    same = hashlib.sha256(content).hexdigest() == locked.sha256
    return (content, "the server") if same else (None, None)


def _compared(
    file: ScannedFile, locked: LockEntry, old: bytes | None, source: str | None
) -> FileDiff:
    before, after = _lines(old), _lines(_content(file))
    if before is None or after is None:
        before = after = added = removed = None
    else:
        count, other = Counter(after), Counter(before)
        added, removed = (count - other).total(), (other - count).total()
    return FileDiff(
        file.key, file.path, locked.bytes, file.bytes, source, before, after, added, removed
    )


def _content(file: ScannedFile) -> bytes | None:
    if file.bytes > _MAX_BYTES or not os.path.isfile(file.absolute):
        return None
    with open(file.absolute, "rb") as opened:
        return opened.read(_MAX_BYTES + 1)


def _lines(content: bytes | None) -> list[str] | None:
    if content is None or b"\0" in content[:8192]:
        return None
    try:
        lines = content.decode().split("\n")
    except UnicodeDecodeError:
        return None
    last = lines.pop()
    return [f"{line}\n" for line in lines] + ([last] if last else [])

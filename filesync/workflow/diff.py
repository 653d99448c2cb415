"""What changed in files since the lockfile was written."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from typing import NamedTuple

from filesync.core.line_changes import LineChanges, line_changes
from filesync.core.model import LockEntry, ScannedFile
from filesync.core.run import Run
from filesync.core.text import human_bytes
from filesync.core.unknown_key import unknown_key
from filesync.errors import FilesyncError
from filesync.local.git import version_in_git
from filesync.local.hash_cache import HashCache
from filesync.local.hashes import hash_files
from filesync.workflow.sources import hashing
from filesync.workflow.workspace import open_workspace, read_lock, scan

_MAX_BYTES = 64 * 2**20  # of a version that is compared line by line


class FileDiff(NamedTuple):
    """One file that changed: sizes in bytes, and the lines of both versions, with their ends.

    `before` is None for a file that is not in the lockfile yet, `now` for one that is not declared
    any more. `old`, `new` and `changes` are None where the text cannot be compared; `why_not` says
    why, for a file that has two versions.
    """

    key: str
    path: str
    before: int | None
    now: int | None
    old: list[str] | None = None
    new: list[str] | None = None
    changes: LineChanges | None = None
    why_not: str = ""


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
            yield FileDiff(file.key, file.path, None, file.bytes)
        elif locked.sha256 != sha256:
            yield _compared(run, file, locked, ask_server)
    gone = space.lock.files.keys() - {file.key for file in files} if key is None else ()
    for name in sorted(gone):
        left = space.lock.files[name]
        yield FileDiff(name, left.path, left.bytes, None)


def _compared(run: Run, file: ScannedFile, locked: LockEntry, ask_server: bool) -> FileDiff:
    both = FileDiff(file.key, file.path, locked.bytes, file.bytes)
    if locked.bytes > _MAX_BYTES or file.bytes > _MAX_BYTES:
        return both._replace(why_not=f"more than {human_bytes(_MAX_BYTES)}: too large to compare")
    now = _content(file)
    if now is None:
        return both._replace(why_not="the new text is in an object store")
    if (new := _lines(now)) is None:
        return both._replace(why_not="not text")
    before = _old(run, file, locked, ask_server)
    if before is None:
        where = "git has no such version"
        if ask_server:
            where += f", and the server does not give it out (purpose {locked.purpose})"
        return both._replace(why_not=f"no old text to show: {where}")
    if (old := _lines(before)) is None:
        return both._replace(why_not="not text")
    return both._replace(old=old, new=new, changes=line_changes(old, new))


def _old(run: Run, file: ScannedFile, locked: LockEntry, ask_server: bool) -> bytes | None:
    found = version_in_git(file.absolute, locked.sha256)
    if found is not None or not ask_server:
        return found
    content = b""
    try:
        with open_workspace(run).reader() as client:
            for chunk in client.download(locked.id):
                content += chunk
                if len(content) > locked.bytes:
                    break
    except FilesyncError:
        return None  # the API does not give out files of every purpose
    return content if hashlib.sha256(content).hexdigest() == locked.sha256 else None


def _content(file: ScannedFile) -> bytes | None:
    if file.version is not None or not os.path.isfile(file.absolute):
        return None
    with open(file.absolute, "rb") as opened:
        return opened.read(_MAX_BYTES + 1)


def _lines(content: bytes) -> list[str] | None:
    """Return the lines of a text with their ends, None for what is not text."""
    is_utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    if not is_utf16 and b"\0" in content[:8192]:
        return None
    try:
        lines = content.decode("utf-16" if is_utf16 else "utf-8-sig").split("\n")
    except UnicodeDecodeError:
        return None
    last = lines.pop()
    return [f"{line}\n" for line in lines] + ([last] if last else [])

"""The journal: every upload, written to disk before its request and after its answer.

It lives in `.filesync/`, one for each lockfile and server, and only its owner may read it.
What it says and how it is read back is in `core.recovery.journal`.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import threading
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Self

from filesync.core.env_names import with_env
from filesync.core.lockfile.lock import Lockfile
from filesync.core.recovery.journal import (
    GHOST_SECONDS,
    Attempt,
    History,
    lines,
    read_history,
    still_open,
    text_of,
)
from filesync.core.recovery.journal_writer import JournalWriter
from filesync.core.run import Shard
from filesync.core.servers import canonical_url
from filesync.core.text import printable
from filesync.errors import LocalFileError
from filesync.local.files import APPEND_FLAGS, why, write_atomic
from filesync.local.state_dir import ensure_state_dir, put_back, state_dir


def journal_path(
    manifest_path: str,
    project: str,
    base_url: str,
    env: str | None = None,
    shard: Shard | None = None,
) -> str:
    """Return the path of the journal for this project, server, environment and shard."""
    who = hashlib.sha256(f"{project}\n{canonical_url(base_url)}".encode()).hexdigest()[:8]
    stem = with_env(os.path.splitext(os.path.basename(manifest_path))[0], env)
    stem += "" if shard is None else f".{shard.suffix}"
    return os.path.join(state_dir(manifest_path), f"{stem}-{who}.journal")


def read_journal(path: str) -> History:
    """Return what the journal says, an empty history if there is none.

    One that others may read was not written here, since ours are for the owner only: it came with
    a checkout, which keeps no such bits.
    """
    try:
        with open(path, "rb") as file:
            history = read_history(file.read())
            shared = stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077
    except FileNotFoundError:
        return History()
    except OSError as error:
        # An unreadable journal is not an empty one: its uploads would be repeated.
        raise LocalFileError(f"cannot read {printable(path)}: {why(error)}") from None
    history.ours = not shared or not _keeps_modes(os.path.dirname(path))
    return history


class Journal(JournalWriter):
    """An open journal; safe to write to from many threads, which share their fsyncs."""

    def __init__(self, manifest_path: str, path: str) -> None:
        ensure_state_dir(manifest_path)
        self._manifest_path = manifest_path
        self._path = path
        found = read_journal(path)
        super().__init__(found.last_number)
        if not found.ours:
            _discard(path)
        self._guard = threading.Lock()
        self._sync_guard = threading.Lock()
        self._written = 0
        self._synced = 0
        self._torn = False  # the last line, by a disk that was full
        self._fd = self._open()

    def _open(self) -> int:
        try:
            fd = os.open(self._path, APPEND_FLAGS, 0o600)
            if _ends_torn(self._path):
                os.write(fd, b"\n")  # a line that a crash cut off must not swallow the next one
        except OSError as error:
            raise LocalFileError(f"cannot write {printable(self._path)}: {why(error)}") from None
        return fd

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        with self._guard:
            # After a second Ctrl-C a thread may still run; it must not write to another file.
            fd, self._fd = self._fd, -1
        if fd != -1:
            os.close(fd)

    def compact(
        self, lock: Lockfile, now: int, looked: int | None = None, unclear: Collection[str] = ()
    ) -> None:
        """Keep only the lines that are still needed; remove the journal if there are none.

        `looked` is when the platform was looked at, if not `now`: what may have been listed only
        since then is kept for the next look. `unclear` are the keys for which the user has not
        decided which file was uploaded. Save the lockfile before, and call this when nothing else
        writes.
        """
        try:
            put_back(self._fd, self._path, self._manifest_path)
        except OSError as error:
            raise LocalFileError(f"cannot write {printable(self._path)}: {why(error)}") from None
        history = read_journal(self._path)
        still = still_open(history, lock, now if looked is None else looked, unclear)
        records = [record for attempt in still for record in lines(attempt)]
        records += [
            {"deleted": file_id, "at": at}
            for file_id, at in history.deleted.items()
            if now - at < GHOST_SECONDS
        ]
        records += [
            {"deleting": file_id} for file_id in sorted(history.deleting & lock.owned_ids())
        ]
        text = text_of(records)
        fd, self._fd = self._fd, -1  # reopening can fail, and then another file may have the number
        os.close(fd)
        try:
            if text:
                write_atomic(self._path, text, mode=0o600)
            else:
                os.unlink(self._path)
        finally:
            self._fd = self._open()

    def _write(self, *records: dict[str, Any], sync: bool = False) -> None:
        data = text_of(records)
        try:
            with self._guard:
                put_back(self._fd, self._path, self._manifest_path)
                if self._torn:
                    data = b"\n" + data  # or this line would be lost with the torn one
                # One write for all: they are whole in the file, or torn at the very end.
                self._torn = True
                while data:
                    data = data[os.write(self._fd, data) :]
                self._torn = False
                self._written += 1
                mine = self._written
            if sync:
                self._sync(mine)
        except OSError as error:
            raise LocalFileError(
                f"cannot write {printable(self._path)}: {why(error)}",
                "nothing is sent that cannot be written down first: make room, then apply again",
            ) from None

    def _sync(self, upto: int) -> None:
        """Flush lines to disk; threads that write at the same time share one fsync."""
        with self._sync_guard:
            if self._synced < upto:
                written = self._written
                os.fdatasync(self._fd)
                self._synced = written


def end_attempts(manifest_path: str, path: str, attempts: Iterable[Attempt]) -> None:
    """Record in a journal that these attempts are over."""
    if numbers := [attempt.number for attempt in attempts]:
        with Journal(manifest_path, path) as journal:
            for number in numbers:
                journal.end(number)


def rename_in_journal(path: str, names: Mapping[str, str]) -> None:
    """Give the attempts of a journal the new names of their keys; nothing if there is none."""
    try:
        with open(path, "rb") as file:
            text = file.read()
    except FileNotFoundError:
        return
    except OSError as error:
        raise LocalFileError(f"cannot read {printable(path)}: {why(error)}") from None
    changed = renamed(text, names)
    if changed != text:
        write_atomic(path, changed, sync=True)  # its mode says who wrote it


def renamed(text: bytes, names: Mapping[str, str]) -> bytes:
    """Return a journal's text with the new names of its keys."""
    return b"".join(_renamed(line, names) for line in text.splitlines(keepends=True))


def _renamed(line: bytes, names: Mapping[str, str]) -> bytes:
    try:
        record = json.loads(line)
        name = names.get(record["begin"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return line  # not the beginning of an attempt, or torn by a crash
    return line if name is None else json.dumps(record | {"begin": name}).encode() + b"\n"


def _keeps_modes(folder: str) -> bool:
    """Say whether files in a folder keep the bits that say who may read them."""
    probe = os.path.join(folder, f".filesync-{os.urandom(8).hex()}.tmp")
    try:
        fd = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            return not stat.S_IMODE(os.fstat(fd).st_mode) & 0o077
        finally:
            os.close(fd)
            os.unlink(probe)
    except OSError:
        return True


def _discard(path: str) -> None:
    try:
        os.unlink(path)
    except OSError as error:
        raise LocalFileError(f"cannot write {printable(path)}: {why(error)}") from None


def _ends_torn(path: str) -> bool:
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        if not size:
            return False
        file.seek(size - 1)
        return file.read(1) != b"\n"

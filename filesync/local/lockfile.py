"""The lockfile on disk: its path, reading it, replacing it."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from collections.abc import Callable

from filesync.core.env_names import ENV_PATTERN, with_env
from filesync.core.run import Shard
from filesync.core.text import human_bytes, printable
from filesync.errors import LocalFileError, LockfileError
from filesync.local.files import READ_FLAGS, create_atomic, open_regular, why, write_atomic

# A lockfile of 100,000 files has about 30 MB, so a larger file is something else.
_MAX_BYTES = 512 * 1000**2
_MOST_HEAD = 4096
_PIECE = r"\.[1-9]\d{0,3}-of-[1-9]\d{0,3}"


def lock_path(manifest_path: str, env: str | None = None) -> str:
    """Return the lockfile's path: the manifest's with .yaml or .yml replaced by .lock.

    Another suffix stays, and `.lock` follows it. An environment's name goes before it; raises
    FilesyncError if it is not a valid name.
    """
    stem, suffix = os.path.splitext(manifest_path)
    return with_env(stem if suffix.lower() in (".yaml", ".yml") else manifest_path, env) + ".lock"


def lock_paths(manifest_path: str) -> list[str]:
    """Return the paths of all lockfiles of a manifest and their pieces, for every environment.

    That includes environments which have been removed from the manifest.
    """
    stem = lock_path(manifest_path).removesuffix(".lock")
    folder, name = os.path.split(stem)
    return _matching(folder, rf"{re.escape(name)}(\.{ENV_PATTERN})?\.lock({_PIECE})?")


def piece_path(path: str, shard: Shard) -> str:
    """Return the path of a shard's piece of a lockfile: beside it, as filesync.lock.2-of-4."""
    return f"{path}.{shard.suffix}"


def piece_paths(path: str) -> list[str]:
    """Return the paths of all pieces there are of a lockfile, in the order of their numbers."""
    folder, name = os.path.split(path)
    found = _matching(folder, re.escape(name) + _PIECE)
    return sorted(found, key=lambda one: [int(part) for part in re.findall(r"\d+", one)[-2:]])


def read_piece_head(path: str) -> bytes:
    """Return the line of a piece that says what it is a piece of; b"" if it cannot be read."""
    try:
        with open_regular(path) as file:
            return file.read(_MOST_HEAD).partition(b",\n")[0]
    except OSError:
        return b""


def _matching(folder: str, pattern: str) -> list[str]:
    try:
        names = os.listdir(folder or ".")
    except OSError:
        return []  # no folder, no lockfile
    return [os.path.join(folder, name) for name in names if re.fullmatch(pattern, name)]


def read_lock_bytes(path: str) -> bytes | None:
    """Return the lockfile's bytes, None if there is no lockfile.

    Raises LockfileError if the path exists but cannot be read: if that counted as missing, every
    locked file would look new.
    """
    name = printable(path)
    try:
        fd = os.open(path, READ_FLAGS)
    except FileNotFoundError:
        if os.path.islink(path):
            raise LockfileError(f"{name} is a symlink to a file that does not exist") from None
        return None
    except OSError as error:
        raise LockfileError(f"cannot read {name}: {why(error)}") from error
    try:
        st = os.fstat(fd)
        if not stat.S_ISREG(st.st_mode):
            raise LockfileError(f"{name} is not a regular file")
        if st.st_size > _MAX_BYTES:
            raise LockfileError(f"{name} is too large for a lockfile: {human_bytes(st.st_size)}")
        with open(fd, "rb", closefd=False) as file:
            return file.read()
    except OSError as error:
        raise LockfileError(f"cannot read {name}: {why(error)}") from error
    finally:
        os.close(fd)


def require_writable(path: str) -> None:
    """Raise LocalFileError if a lockfile could not be written, before anything depends on it."""
    target = os.path.realpath(path)
    folder = os.path.dirname(target) or "."
    try:
        # A mount of its own may be read-only in a folder that is not.
        os.close(os.open(target, os.O_WRONLY | os.O_CLOEXEC | os.O_NONBLOCK))
    except OSError as error:
        if error.errno in (errno.EROFS, errno.EPERM) and os.path.exists(target):
            raise LocalFileError(
                f"cannot write the lockfile {printable(path)}: {why(error)}",
                "mount it so that it can be written, or apply elsewhere",
            ) from None
    if not os.access(folder, os.W_OK):
        raise LocalFileError(
            f"cannot write the lockfile {printable(path)}: its folder is read-only",
            "apply where the lockfile can be written; --state-dir moves only cache and journal",
        )


def save_lock(path: str, data: bytes, sync: bool) -> None:
    """Replace the lockfile atomically; with `sync` it outlives a power cut.

    Raises LocalFileError, and then the old lockfile is untouched.
    """
    write_atomic(path, data, sync=sync)


class LockOnDisk:
    """A lockfile on this disk: the same methods as `storage.lockfile.StoredLock` has."""

    def __init__(self, path: str) -> None:
        self._path = path

    @property
    def name(self) -> str:
        """Return how messages name it."""
        return printable(self._path)

    def exists(self) -> bool:
        """Say whether there is one, whatever it holds."""
        return os.path.lexists(self._path)

    def read(self) -> bytes | None:
        """Return its bytes, None if there is none; LockfileError if it cannot be read."""
        return read_lock_bytes(self._path)

    def save(self, data: bytes) -> None:
        """Replace it; LocalFileError, and then the old one is untouched."""
        save_lock(self._path, data, sync=True)

    def save_over(
        self,
        data: bytes,
        saved: bytes | None,
        may_write: Callable[[], None],  # noqa: ARG002 - nobody takes a disk's lease over
    ) -> str | None:
        """Replace it where it may have changed since it was `saved`, as LockWriter does."""
        return LockWriter(self._path, saved).save(data)


class LockWriter:
    """Saves one lockfile again and again, and loses nothing that others write to it meanwhile.

    `saved` is what was read from it, None if there was none.
    """

    def __init__(self, path: str, saved: bytes | None) -> None:
        self._path = path
        self._saved = saved

    def save(self, data: bytes) -> str | None:
        """Replace the lockfile where `data` is new; it outlives a power cut.

        What somebody else has written meanwhile (a merge, a checkout) is kept beside it; return
        where, None for nothing. Raises LocalFileError, and then the old lockfile is untouched.
        """
        found = self._found()
        theirs = None if found in (None, self._saved, data) else self._keep(found)
        if data != found:
            save_lock(self._path, data, sync=True)
        self._saved = data
        return theirs

    def _found(self) -> bytes | None:
        try:
            return read_lock_bytes(self._path)
        except LockfileError:
            return None  # not a regular file: saving says what is wrong

    def _keep(self, found: bytes | None) -> str:
        for number in range(1, 100):
            kept = f"{self._path}.theirs" + ("" if number == 1 else f"-{number}")
            with contextlib.suppress(FileExistsError):
                create_atomic(kept, found or b"")
                return kept
        raise LockfileError(
            f"{printable(self._path)} has changed, and there is no room for a copy of it",
            f"remove the old {printable(self._path)}.theirs files",
        )

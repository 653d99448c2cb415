"""Reading and replacing single files: open flags, file identity, atomic writes."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import unicodedata
from collections.abc import Iterable
from typing import BinaryIO, Literal

from filesync.core.text import printable
from filesync.errors import LocalFileError

# A path may turn into a FIFO between the stat and the open; without O_NONBLOCK that open would
# wait for a writer for ever. On regular files the flag does nothing.
READ_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
# To read, too: so that what was written can be put back.
APPEND_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC

Identity = tuple[int, int, int, int]

_WORDS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.ENOENT: "it does not exist",
    errno.EISDIR: "it is a folder",
    errno.ENOTDIR: "a part of its path is not a folder",
    errno.ELOOP: "its symlinks go in a circle",
}
_REMEDIES = {
    errno.ENOSPC: "free some space, then run it again",
    errno.EDQUOT: "free some space, then run it again",
    errno.EROFS: "write it elsewhere, or mount the file system so that it can be written",
    errno.EACCES: "write it elsewhere, or change who may write there",
    errno.EPERM: "write it elsewhere, or change who may write there",
    errno.EISDIR: "name a file",
}


def why(error: OSError) -> str:
    """Return the cause of an OSError in words, for use after a colon."""
    return _WORDS.get(error.errno or 0) or (error.strerror or str(error)).lower()


def open_regular(path: str) -> BinaryIO:
    """Open a regular file to read; OSError for anything else, as for a file that is not there.

    A pipe without a writer would keep a plain `open` waiting for ever.
    """
    file = open(os.open(path, READ_FLAGS), "rb")  # noqa: SIM115 - the caller closes it
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "it is not a regular file", path)
    return file


def as_on_disk(root: str, path: str) -> str:
    """Return `path`, below `root`, with each name in the Unicode form (NFC or NFD) that exists.

    Where neither does, the name stays as it is written.
    """
    whole = os.path.join(root, path)
    if path.isascii() or os.path.lexists(whole):
        return whole
    found = root
    for name in path.split("/"):
        forms = (name, *(unicodedata.normalize(form, name) for form in _FORMS))
        tried = [os.path.join(found, form) for form in forms]
        found = next((one for one in tried if os.path.lexists(one)), tried[0])
    return found


_FORMS: tuple[Literal["NFC", "NFD"], ...] = ("NFC", "NFD")


def unwritable(path: str, error: OSError) -> LocalFileError:
    """Return the error for a file that cannot be written; it names a missing folder."""
    # For a symlink, the folder of its target.
    folder = os.path.dirname(os.path.realpath(path) if os.path.islink(path) else path)
    if error.errno == errno.ENOENT and not os.path.isdir(folder or "."):
        return LocalFileError(
            f"cannot write {printable(path)}: there is no folder {printable(folder)}",
            "make the folder first, or name another",
        )
    hint = _REMEDIES.get(error.errno or 0, "")
    return LocalFileError(f"cannot write {printable(path)}: {why(error)}", hint)


def identity(st: os.stat_result) -> Identity:
    """Return the values that change when a file is modified: size, mtime_ns, ctime_ns, inode."""
    return st.st_size, st.st_mtime_ns, st.st_ctime_ns, st.st_ino


def write_atomic(path: str, data: bytes, *, mode: int | None = None, sync: bool = True) -> None:
    """Replace the file at `path` with `data`, whole or not at all.

    `mode` are the permission bits; None keeps those of an existing file, or uses the umask for a
    new one. With `sync` the data survives a power cut once this returns. A symlink stays, and
    its target is replaced. A file that cannot be replaced, since it is a mount of its own, is
    written in place. Raises LocalFileError, and then leaves no temporary file behind.
    """
    target = os.path.realpath(path)
    folder = os.path.dirname(target)
    # In the same folder, because a rename across file systems is not atomic; short, because
    # the target's own name may already be as long as names can be.
    temporary = os.path.join(folder, f".filesync-{os.urandom(8).hex()}.tmp")
    try:
        if mode is None:
            mode = _existing_mode(target)
        _write_new(temporary, data, mode, sync)
        try:
            os.replace(temporary, target)
        except OSError as error:
            if error.errno not in _NOT_REPLACEABLE:
                raise
            _overwrite(target, data, sync)
            os.unlink(temporary)
        except BaseException:
            _unlink_quietly(temporary)
            raise
    except OSError as error:
        _unlink_quietly(temporary)
        raise unwritable(path, error) from error
    if sync:
        _sync_folder(folder)


# A file that is a mount of its own, as containers mount one, or another's in a sticky folder.
_NOT_REPLACEABLE = (errno.EBUSY, errno.EXDEV, errno.EPERM)


def _overwrite(path: str, data: bytes, sync: bool) -> None:
    """Write an existing file in its place; the caller keeps a whole copy until this returns."""
    with open(os.open(path, os.O_WRONLY | os.O_CLOEXEC), "wb") as file:
        file.write(data)
        file.flush()
        file.truncate(len(data))
        if sync:
            os.fsync(file.fileno())


def write_streamed(path: str, chunks: Iterable[bytes]) -> int:
    """Replace what is at `path` by a file of these chunks, whole or not at all; return its bytes.

    A symlink there is replaced, and its target stays as it is. Raises LocalFileError for what the
    disk does, and what `chunks` raises as it is; nothing is left behind.
    """
    temporary = os.path.join(os.path.dirname(path), f".filesync-{os.urandom(8).hex()}.tmp")
    size = 0
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with open(os.open(temporary, flags, 0o666), "wb") as file:
            for chunk in chunks:
                file.write(chunk)
                size += len(chunk)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        _unlink_quietly(temporary)
        if isinstance(error, OSError):
            raise unwritable(path, error) from None
        raise
    return size


def create_atomic(path: str, data: bytes) -> None:
    """Write a new file, whole or not at all; raises FileExistsError if the path exists.

    Raises LocalFileError for other errors, and then leaves no temporary file behind.
    """
    temporary = os.path.join(os.path.dirname(path), f".filesync-{os.urandom(8).hex()}.tmp")
    try:
        _write_new(temporary, data, None, sync=True)
        try:
            place(temporary, path)
        finally:
            _unlink_quietly(temporary)
    except FileExistsError:
        raise
    except OSError as error:
        raise unwritable(path, error) from error


def remove(path: str) -> None:
    """Remove a file that need not be there; LocalFileError if that fails."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise LocalFileError(f"cannot remove {printable(path)}: {why(error)}") from None


def place(source: str, target: str) -> None:
    """Hard-link a file to another name, or rename it where links are not supported.

    Raises FileExistsError if that name exists.
    """
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if os.path.lexists(target):
            raise FileExistsError(target) from None
        os.rename(source, target)


def _existing_mode(path: str) -> int | None:
    try:
        return stat.S_IMODE(os.stat(path).st_mode)
    except FileNotFoundError:
        return None


def _write_new(path: str, data: bytes, mode: int | None, sync: bool) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    # Created with narrow permissions if they are known; fchmod is not subject to the umask.
    fd = os.open(path, flags, 0o666 if mode is None else mode & 0o600)
    try:
        with open(fd, "wb") as file:
            if mode is not None:
                os.fchmod(fd, mode)
            file.write(data)
            file.flush()
            if sync:
                os.fsync(fd)
    except BaseException:
        _unlink_quietly(path)
        raise


def _unlink_quietly(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)


def _sync_folder(folder: str) -> None:
    # The rename is done. That a file system cannot sync a folder does not make it a failure.
    with contextlib.suppress(OSError):
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

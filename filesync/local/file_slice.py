"""A slice of a file, which an upload can read as often as it needs."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from filesync.core.text import printable
from filesync.errors import LocalFileError
from filesync.local.files import READ_FLAGS, Identity, identity, why

_CHUNK = 1 << 20


class FileSlice:
    """`length` bytes of a file from `offset`, as chunks of at most 1 MiB.

    A retry iterates it again: each iteration opens the file and reads by position, so slices of
    one file share nothing.

    Iterating raises LocalFileError if the file is gone, unreadable or too short.
    """

    def __init__(self, path: str, offset: int, length: int) -> None:
        self.path = path
        self.offset = offset
        self.size = length

    def __iter__(self) -> Iterator[bytes]:
        """Yield the bytes in order."""
        fd = self._open()
        try:
            position, end = self.offset, self.offset + self.size
            while position < end:
                chunk = self._read(fd, min(_CHUNK, end - position), position)
                position += len(chunk)
                yield chunk
        finally:
            os.close(fd)

    def _open(self) -> int:
        try:
            fd = os.open(self.path, READ_FLAGS)
        except OSError as error:
            raise _unreadable(self.path, error) from error
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise LocalFileError(f"{printable(self.path)} is not a regular file any more")
        return fd

    def _read(self, fd: int, length: int, position: int) -> bytes:
        try:
            chunk = os.pread(fd, length, position)
        except OSError as error:
            raise _unreadable(self.path, error) from error
        if not chunk:
            raise LocalFileError(
                f"{printable(self.path)} changed while it was sent: it ends at byte {position:,},"
                f" {self.offset + self.size:,} were expected"
            )
        return chunk


def stat_identity(path: str) -> Identity:
    """Return the file's size in bytes, mtime_ns, ctime_ns and inode: equal means unchanged.

    Symlinks are followed. Raises LocalFileError if there is no such file.
    """
    try:
        return identity(os.stat(path))
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: str, error: OSError) -> LocalFileError:
    return LocalFileError(f"cannot read {printable(path)}: {why(error)}")

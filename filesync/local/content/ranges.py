"""A range of a JSONL file, checked: all lines that begin in it."""

from __future__ import annotations

import os
from typing import NamedTuple

from filesync.core.content.frame import Frame
from filesync.core.content.lines import MAX_LINE, LineChecker, Part
from filesync.local.files import READ_FLAGS, Identity, identity

_MORE = 2**20


class Range(NamedTuple):
    """Bytes `start` to `end` of the file at `path`, which has to be the one that was scanned."""

    path: str
    identity: Identity
    start: int
    end: int
    frame: Frame


class FileChanged(Exception):
    """The file is not the one that was scanned."""


def check_range(job: Range, checker: LineChecker | None = None) -> list[Part]:
    """Return what is wrong with the lines that begin in a range.

    Takes memory for the range and for one line of at most MAX_LINE; a longer one is skipped and
    reported. Raises FileChanged, or an OSError.
    """
    checker = checker or LineChecker(job.frame)
    fd = os.open(job.path, READ_FLAGS)
    try:
        size = job.identity[0]
        if identity(os.fstat(fd)) != job.identity:
            raise FileChanged
        before = max(0, job.start - 1)
        data = _read(fd, before, job.end - before)
        if job.start:
            # Only lines that begin here; the one before belongs to whoever has its beginning.
            skipped = data.find(b"\n") + 1
            if not skipped:
                return []
            data = data[skipped:]
        offset = job.end - len(data)
        return _check(fd, checker, data, offset, size)
    finally:
        os.close(fd)


def _check(fd: int, checker: LineChecker, data: bytes, offset: int, size: int) -> list[Part]:
    """Check the lines of `data`, which ends within a line, and that line to its end."""
    first, at = offset == 0, offset + len(data)
    if not data:
        return []
    if data.endswith(b"\n") or at == size:
        return [checker.check(data, first=first, last=at == size)]
    whole = data.rfind(b"\n") + 1
    begun = data[whole:]
    parts = [checker.check(data[:whole], first=first)] if whole else []
    pieces, length = [begun], len(begun)
    while at < size:
        more = _read(fd, at, min(_MORE, size - at))
        end = more.find(b"\n") + 1
        piece = more[:end] if end else more
        length += len(piece)
        at += len(piece)
        if length <= MAX_LINE:
            pieces.append(piece)
        else:
            pieces.clear()
        if end:
            break
    if length > MAX_LINE:
        return [*parts, checker.too_long(length)]
    line = b"".join(pieces)
    return [*parts, checker.check(line, first=first and not whole, last=at == size)]


def _read(fd: int, at: int, count: int) -> bytes:
    data = os.pread(fd, count, at)
    while len(data) < count:
        more = os.pread(fd, count - len(data), at + len(data))
        if not more:
            raise FileChanged
        data += more
    return data

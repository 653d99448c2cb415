"""A range of a JSONL file, checked: all lines that begin in it."""

from __future__ import annotations

import os
from typing import NamedTuple

from filesync.core.content.frame import Frame
from filesync.core.content.lines import MAX_LINE, Found, LineChecker, Part
from filesync.local.files import READ_FLAGS, Identity, identity

_BLOCK = 120 * 2**10  # malloc takes no new pages from the system for pieces of this size
_LINE = 16 * 2**10  # most lines are shorter
_MORE = 128 * 2**10


class Range(NamedTuple):
    """Bytes `start` to `end` of the file at `path`, which has to be the one that was scanned."""

    path: str
    identity: Identity
    start: int
    end: int
    frame: Frame


class FileChanged(Exception):
    """The file is not the one that was scanned."""


def check_range(job: Range, checker: LineChecker | None = None) -> Part:
    """Return what is wrong with the lines that begin in a range.

    Takes memory for a block, or for one line of at most MAX_LINE; a longer one is skipped and
    reported. Raises FileChanged, or an OSError.
    """
    checker = checker or LineChecker(job.frame)
    fd = os.open(job.path, READ_FLAGS)
    try:
        if identity(os.fstat(fd)) != job.identity:
            raise FileChanged
        return _check(fd, job, checker)
    finally:
        os.close(fd)


def _check(fd: int, job: Range, checker: LineChecker) -> Part:
    """Check block by block: no piece of the file is copied that a processor's cache cannot hold."""
    size = job.identity[0]
    found = Found()
    at = _first_line(fd, job)
    while at < job.end:
        # A line that ends behind the block is read again with the next one: to put its pieces
        # together would copy the whole block.
        data = _read(fd, at, min(_BLOCK, job.end + _LINE - at, size - at))
        end = _end_of_lines(data, job.end - at, last=at + len(data) == size)
        if end:
            checker.add(found, data, end, first=at == 0, last=at + end == size)
        else:
            line, end = _long_line(fd, at, data, size)
            if line is None:
                checker.add_too_long(found, end)
            else:
                checker.add(found, line, end, first=at == 0, last=at + end == size)
        at += end
    return found.part()


def _first_line(fd: int, job: Range) -> int:
    """Return where the first line begins that begins in the range, or an end behind the range."""
    # A line that the range begins within belongs to whoever has its beginning.
    at = max(0, job.start - 1)
    while job.start and at < job.end:
        data = _read(fd, at, min(_LINE, job.identity[0] - at))
        end = data.find(b"\n") + 1
        if end:
            return at + end
        at += len(data)
    return at


def _end_of_lines(data: bytes, range_end: int, *, last: bool) -> int:
    """Return where the whole lines end that begin before `range_end`; 0 if there is none.

    `last` says that the data ends the file, and with it its last line.
    """
    end = data.find(b"\n", range_end - 1) + 1 if range_end <= len(data) else 0
    return end or (len(data) if last else data.rfind(b"\n") + 1)


def _long_line(fd: int, at: int, begun: bytes, size: int) -> tuple[bytes | None, int]:
    """Return a line at `at` and its length; None for the line if it is longer than MAX_LINE."""
    pieces, length = [begun], len(begun)
    end = 0
    while not end and at + length < size:
        more = _read(fd, at + length, min(_MORE, size - at - length))
        end = more.find(b"\n") + 1
        length += end or len(more)
        if length <= MAX_LINE:
            pieces.append(more[:end] if end else more)
        else:
            pieces.clear()
    return (b"".join(pieces) if length <= MAX_LINE else None), length


def _read(fd: int, at: int, count: int) -> bytes:
    data = os.pread(fd, count, at)
    while len(data) < count:
        more = os.pread(fd, count - len(data), at + len(data))
        if not more:
            raise FileChanged
        data += more
    return data

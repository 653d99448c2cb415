"""A range of a JSONL file, checked: all lines that begin in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

from filesync.core.content.frame import Frame
from filesync.core.content.lines import MAX_LINE, LineChecker, Part
from filesync.local.files import READ_FLAGS, Identity, identity

_BLOCK = 120 * 2**10  # malloc takes no new pages from the system for pieces of this size
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
        if identity(os.fstat(fd)) != job.identity:
            raise FileChanged
        return list(_parts(fd, job, checker))
    finally:
        os.close(fd)


def _parts(fd: int, job: Range, checker: LineChecker) -> Iterator[Part]:
    """Check block by block: no piece of the file is copied that a processor's cache cannot hold."""
    # A line that the range begins within belongs to whoever has its beginning.
    at, is_within = max(0, job.start - 1), job.start > 0
    begun: list[bytes] = []  # of a line whose end is not read yet
    first = job.start == 0
    while at < job.end:
        data = _read(fd, at, min(_BLOCK, job.end - at))
        at += len(data)
        start = data.find(b"\n") + 1 if is_within else 0
        if is_within and not start:
            continue
        is_within = False
        end = data.rfind(b"\n") + 1
        if end > start:
            # Copied once, where they are joined.
            whole: list[bytes | memoryview] = [*begun, memoryview(data)[start:end]]
            yield checker.check(b"".join(whole), first=first)
            begun, first, start = [], False, end
        begun.append(data[start:])
    if any(begun):
        yield _begun_line(fd, at, begun, job, checker, first=first)


def _begun_line(
    fd: int, at: int, begun: list[bytes], job: Range, checker: LineChecker, *, first: bool
) -> Part:
    """Check a line that continues behind the range, at `at`."""
    size = job.identity[0]
    length = sum(map(len, begun))
    while at < size:
        more = _read(fd, at, min(_MORE, size - at))
        end = more.find(b"\n") + 1
        piece = more[:end] if end else more
        length += len(piece)
        at += len(piece)
        if length <= MAX_LINE:
            begun.append(piece)
        else:
            begun.clear()
        if end:
            break
    if length > MAX_LINE:
        return checker.too_long(length)
    return checker.check(b"".join(begun), first=first, last=at == size)


def _read(fd: int, at: int, count: int) -> bytes:
    data = os.pread(fd, count, at)
    while len(data) < count:
        more = os.pread(fd, count - len(data), at + len(data))
        if not more:
            raise FileChanged
        data += more
    return data

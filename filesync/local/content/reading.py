"""One file, checked while it is hashed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial

from filesync.core.content import document
from filesync.core.content.asked import Asked
from filesync.core.content.document import HEAD, Beginning
from filesync.core.content.findings import Verdict, joined
from filesync.core.content.frame import frame_of
from filesync.core.content.images import image_facts
from filesync.core.content.lines import MAX_LINE, LineChecker, Part
from filesync.core.content.whole import Whole
from filesync.core.model import ScannedFile
from filesync.local.content.pool import Pool
from filesync.local.content.ranges import Range, check_range
from filesync.local.files import READ_FLAGS

POOL_FROM = 16 * 2**20
"""From how many bytes of JSONL on it pays to start processes: they take a tenth of a second."""

# To hand a range to a process takes as long as to check a fifth of a MiB, but the ranges of a small
# file have to keep all processes busy.
_RANGE = 4 * 2**20
_LARGEST_RANGE = 16 * 2**20
_RANGES = 64
_OUTSTANDING = 16  # ranges whose results have not been put together yet
_LINES_OF_FRAME = 50


class Session:
    """The checks of one open file, told how far it has been read; `verdict` ends it."""

    def __init__(self, fd: int, file: ScannedFile, asked: Asked, pool: Pool | None) -> None:
        self._file = file
        self._pool = pool
        head = os.pread(fd, HEAD, 0)
        read = partial(os.pread, fd)
        image = image_facts(read, head, file.bytes) if asked.purpose == "vision" and head else None
        listed = document.has_list_at_end(asked.purpose, asked.name, file.bytes)
        tail = read(HEAD, file.bytes - HEAD) if listed else b""
        beginning = Beginning(asked.purpose, asked.name, file.bytes, head, image, tail)
        self._beginning = document.of_beginning(beginning)
        self._whole: Whole | None = None
        if asked.has_lines and head and not document.is_lfs_pointer(beginning):
            lines = _first_lines(fd, file.bytes)
            self._frame = frame_of(asked.purpose, head, lines, asked.server)
            self._whole = Whole(asked.purpose, self._frame)
            self._checker = LineChecker(self._frame)
        self._range = min(max(file.bytes // _RANGES, _RANGE), _LARGEST_RANGE)
        self._done = 0
        self._waiting: list[Callable[[], Part]] = []
        self._starts: list[tuple[int, int]] = []  # of each range: its first line, its first byte

    def advance(self, read: int) -> None:
        """Take note that the file was read up to this byte: check it up to there."""
        if self._whole is None or self._frame.refused:
            return
        size = self._file.bytes
        while read - self._done >= self._range or (read == size and self._done < read):
            end = min(self._done + self._range, read)
            job = Range(self._file.absolute, self._file.identity, self._done, end, self._frame)
            if self._pool is None:
                self._add(job.start, check_range(job, self._checker))
            else:
                self._submit(job, self._pool)
            self._done = end

    def verdict(self) -> Verdict:
        """Return what the checks say, once the whole file has been read."""
        if self._whole is None:
            return self._beginning
        self._collect(0)
        return joined(self._beginning, self._whole.verdict(self._line))

    def _submit(self, job: Range, pool: Pool) -> None:
        result = pool.submit(job)
        self._waiting.append(lambda: self._add_result(job.start, result))
        self._collect(_OUTSTANDING)

    def _add_result(self, start: int, result: Callable[[], Part]) -> Part:
        part = result()
        self._add(start, part)
        return part

    def _collect(self, left: int) -> None:
        while len(self._waiting) > left:
            self._waiting.pop(0)()

    def _add(self, start: int, part: Part) -> None:
        assert self._whole is not None
        if part.lines:
            self._starts.append((self._whole.lines, start))
            self._whole.add(part)

    def _line(self, number: int) -> bytes:
        """Read one line again, by its number from 1."""
        lines, start = max(begun for begun in self._starts if begun[0] < number)
        with open(self._file.absolute, "rb", opener=_opener) as file:
            if start:
                file.seek(start - 1)
                file.readline(MAX_LINE)
            for _ in range(number - lines - 1):
                file.readline()
            return file.readline(MAX_LINE).rstrip(b"\n")


def _opener(path: str, flags: int) -> int:
    return os.open(path, flags | READ_FLAGS)


def _first_lines(fd: int, size: int) -> Iterator[bytes]:
    """Yield some of a file's first lines, whole ones, without their ends."""
    data = os.pread(fd, _RANGE, 0)
    if b"\n" not in data and size > len(data):
        data = os.pread(fd, MAX_LINE, 0)
    lines = data.split(b"\n", _LINES_OF_FRAME)
    whole = len(data) == size and len(lines) <= _LINES_OF_FRAME
    yield from lines if whole else lines[:-1]

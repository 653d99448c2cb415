"""One file checked while it arrives: for what is read once, in order, and from far away.

The checks are those of a file on disk (`local.content.reading`). Kept in memory are some MiB of
the file at a time: a stretch of whole lines, or one line of at most MAX_LINE.
"""

from __future__ import annotations

from collections.abc import Callable

from filesync.core.content import document
from filesync.core.content.asked import Asked
from filesync.core.content.document import HEAD, Beginning
from filesync.core.content.findings import Verdict, joined
from filesync.core.content.frame import Frame, frame_of
from filesync.core.content.images import image_facts
from filesync.core.content.lines import MAX_LINE, LineChecker
from filesync.core.content.whole import Whole

_STRETCH = 2 * 2**20
_LINES_OF_FRAME = 50

Read = Callable[[int, int], bytes]


class StreamedChecks:
    """The checks of one file of `size` bytes; `feed` takes its bytes in order.

    `read` returns so many bytes from an offset again: of what needs its end, an image or an Office
    document, and of lines that look alike.
    """

    def __init__(self, asked: Asked, size: int, read: Read) -> None:
        self._asked = asked
        self._size = size
        self._read = read
        self._beginning: Verdict | None = None
        self._lines: _Lines | None = None
        self._kept = bytearray()  # of what was fed, what is not checked yet
        self._fed = 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        self._fed += len(data)
        if self._beginning is not None and self._lines is None:
            return  # only its beginning says what it is
        self._kept += data
        complete = self._fed >= self._size
        if self._beginning is None:
            if not complete and not self._is_enough():
                return
            self._begin(bytes(self._kept[:HEAD]))
        if self._lines is None:
            self._kept.clear()
        elif complete or len(self._kept) >= _STRETCH:
            self._lines.check(self._kept, last=complete)

    def verdict(self) -> Verdict:
        """Return what the checks say, once the whole file was fed."""
        if self._beginning is None:
            self._begin(bytes(self._kept[:HEAD]))
        assert self._beginning is not None
        if self._lines is None:
            return self._beginning
        return joined(self._beginning, self._lines.verdict())

    def _is_enough(self) -> bool:
        """Say whether what has arrived shows what the file is: of lines, some whole ones."""
        kept = self._kept
        if not self._asked.has_lines:
            return len(kept) >= HEAD
        return len(kept) >= _STRETCH and (b"\n" in kept or len(kept) >= MAX_LINE)

    def _begin(self, head: bytes) -> None:
        asked, size = self._asked, self._size
        is_image = asked.purpose == "vision" and head
        image = image_facts(self._read, head, size) if is_image else None
        listed = document.has_list_at_end(asked.purpose, asked.name, size)
        tail = self._read(HEAD, size - HEAD) if listed else b""
        beginning = Beginning(asked.purpose, asked.name, size, head, image, tail)
        self._beginning = document.of_beginning(beginning)
        if asked.has_lines and head and not document.is_lfs_pointer(beginning):
            frame = frame_of(asked.purpose, head, self._first_lines(), asked.server)
            self._lines = _Lines(asked.purpose, frame, self._read)

    def _first_lines(self) -> list[bytes]:
        lines = bytes(self._kept).split(b"\n", _LINES_OF_FRAME)
        whole = len(self._kept) == self._size and len(lines) <= _LINES_OF_FRAME
        return lines if whole else lines[:-1]


class _Lines:
    """The checks of a JSONL file's lines."""

    def __init__(self, purpose: str, frame: Frame, read: Read) -> None:
        self._refused = frame.refused is not None
        self._whole = Whole(purpose, frame)
        self._checker = LineChecker(frame)
        self._read = read
        self._at = 0  # of the first byte that is not checked yet
        self._too_long = 0  # bytes of a line that is too long to be kept
        self._starts: list[tuple[int, int]] = []  # of each stretch: lines before it, first byte

    def check(self, kept: bytearray, *, last: bool) -> None:
        """Check the whole lines of `kept`, all of it if it is the `last`; what is left stays."""
        if self._refused:
            kept.clear()
            return
        if self._too_long:
            self._skip(kept, last=last)
        end = len(kept) if last else kept.rfind(b"\n") + 1
        if end:
            self._check(bytes(kept[:end]), last=last)
            del kept[:end]
        elif len(kept) > MAX_LINE:
            self._too_long = len(kept)
            kept.clear()

    def verdict(self) -> Verdict:
        """Return what was found in all lines."""
        return self._whole.verdict(self._line)

    def _check(self, data: bytes, *, last: bool) -> None:
        self._starts.append((self._whole.lines, self._at))
        self._whole.add(self._checker.check(data, first=self._at == 0, last=last))
        self._at += len(data)

    def _skip(self, kept: bytearray, *, last: bool) -> None:
        """Leave out the rest of a line that is too long, and report it where it ends."""
        end = kept.find(b"\n") + 1
        rest = end or len(kept)
        self._too_long += rest
        del kept[:rest]
        if end or last:
            self._starts.append((self._whole.lines, self._at))
            self._whole.add(self._checker.too_long(self._too_long))
            self._at += self._too_long
            self._too_long = 0

    def _line(self, number: int) -> bytes:
        """Read one line again, by its number from 1."""
        index = max(i for i, begun in enumerate(self._starts) if begun[0] < number)
        lines, start = self._starts[index]
        end = self._starts[index + 1][1] if index + 1 < len(self._starts) else self._at
        data = self._read(min(end - start, MAX_LINE + _STRETCH), start)
        found = data.split(b"\n", number - lines)
        return found[number - lines - 1]

"""A stretch of whole lines of a JSONL file, checked: what each process does with its share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from filesync.core.content import batch, chat
from filesync.core.content.findings import Finding, Tally
from filesync.core.content.frame import Frame
from filesync.core.content.json_line import BOM, LineParser
from filesync.core.content.plain_chat import PlainChat
from filesync.core.content.repeated import KEY_BYTES, NO_KEY, key_of
from filesync.core.content.table import faults_of
from filesync.core.servers import SERVER_TYPES

MAX_LINE = 64 * 2**20
"""Bytes of the longest line that is read: above what any request or example may have."""

_BLOCK = 256 * 2**10
_PATIENCE = 4  # blocks in a row of mostly unusual lines, before the fast way is no longer tried


class Part(NamedTuple):
    """What was found in a stretch; lines count from 1 at its beginning.

    `keys` has KEY_BYTES for each line, by which duplicates are found: the key of the line, of a
    batch's custom_id, or NO_KEY. `crlf` is how many lines end in CR LF, and the first of them.
    `images` counts examples with images, `inputs` embedding inputs.
    """

    lines: int
    findings: tuple[Finding, ...]
    errors: int
    warnings: int
    keys: bytes
    crlf: tuple[int, int] | None = None
    images: int = 0
    inputs: int = 0


class LineChecker:
    """Checks stretches of one file, in any order."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._server = SERVER_TYPES[frame.server]
        self._parser = LineParser()
        self._plain = PlainChat() if frame.format == "chat" else None
        self._unusual = 0

    def check(self, data: bytes, *, first: bool = False, last: bool = False) -> Part:
        """Return what is wrong with whole lines of a file.

        `first` says that they begin the file, `last` that they end it: there the last line may
        be without a line end.
        """
        found = Found()
        for start, end in _blocks(data):
            block = data[start:end]
            self.add(found, block, len(block), first=first and not start, last=last)
        return found.part()

    def add(
        self, found: Found, data: bytes, end: int, *, first: bool = False, last: bool = False
    ) -> None:
        """Add what is wrong with the whole lines before `end`, as `check` does, without a copy."""
        if first and data.startswith(BOM):
            if not self._server.byte_order_mark:
                found.tally.add(1, "byte-order-mark", "a byte order mark stands before the JSON")
            data, end = data[len(BOM) : end], end - len(BOM)
        keys = self._plain_keys(data, end)
        if keys is not None:
            found.keys += keys
        else:
            self._each(data[:end], found, cut=last)

    def too_long(self, size: int) -> Part:
        """Return the part of one line that is longer than MAX_LINE, of which nothing was kept."""
        found = Found()
        self.add_too_long(found, size)
        return found.part()

    def add_too_long(self, found: Found, size: int) -> None:
        """Add a line that is longer than MAX_LINE, of which nothing was kept."""
        found.keys += NO_KEY
        found.tally.add(
            found.lines, "line-too-long", f"the line has {size // 2**20:,} MiB; the limit is 64 MiB"
        )

    def _plain_keys(self, data: bytes, end: int) -> bytes | None:
        if self._plain is None or self._unusual > _PATIENCE or data[end - 1 : end] != b"\n":
            return None
        keys = self._plain.keys(data, end)
        self._unusual = 0 if keys is not None else self._unusual + 1
        return keys

    def _each(self, block: bytes, found: Found, *, cut: bool) -> None:
        lines = block.split(b"\n")
        ended = not lines[-1]
        if ended:
            lines.pop()
        final = len(lines) - 1
        plain = self._plain if self._unusual <= _PATIENCE else None
        ordinary = 0
        for i, line in enumerate(lines):
            if line[-1:] == b"\r" and (ended or i < final):
                found.end_with_cr()
            key = plain.keys(line.rstrip(b"\r") + b"\n") if plain else None
            if key is None:
                self._one(line, found, cut=cut and not ended and i == final)
            else:
                found.keys += key
                ordinary += 1
        if ordinary >= len(lines) / 2:
            self._unusual = 0

    def _one(self, line: bytes, found: Found, *, cut: bool) -> None:
        number = found.lines + 1
        if not line.strip():
            found.tally.add(number, "blank-line", "a blank line")
            found.keys += NO_KEY
            return
        value = self._parser.parse(line, cut=cut)
        found.tally.add_all(number, self._parser.faults)
        if value is None:
            found.keys += NO_KEY
            return
        if self._frame.format == "batch":
            value = batch.as_openai(value, self._server)
        found.tally.add_all(number, faults_of(value, self._frame))
        found.keys += self._key(line, value)
        if self._frame.format == "batch":
            found.inputs += batch.inputs_of(value)
        elif any(chat.image_parts(chat.conversation_of(value))):
            found.images += 1

    def _key(self, line: bytes, value: dict[str, Any]) -> bytes:
        if self._frame.format == "batch":
            custom_id = batch.custom_id_of(value)
            return key_of(custom_id.encode(errors="surrogatepass")) if custom_id else NO_KEY
        return key_of(line.rstrip(b"\r") + b"\n")  # as `plain_chat` has it


class Found:
    """What stretches that follow one another have brought up so far."""

    def __init__(self) -> None:
        self.keys = bytearray()
        self.tally = Tally()
        self.images = 0
        self.inputs = 0
        self._crlf: tuple[int, int] | None = None

    @property
    def lines(self) -> int:
        """How many lines there were."""
        return len(self.keys) // KEY_BYTES

    def end_with_cr(self) -> None:
        count, line = self._crlf or (0, self.lines + 1)
        self._crlf = count + 1, line

    def part(self) -> Part:
        counts = self.tally.counts
        return Part(
            lines=self.lines,
            findings=tuple(self.tally.kept()),
            errors=counts["error"],
            warnings=counts["warning"],
            keys=bytes(self.keys),
            crlf=self._crlf,
            images=self.images,
            inputs=self.inputs,
        )


def _blocks(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield where blocks of whole lines are; a line longer than a block is one by itself."""
    start, size = 0, len(data)
    while start < size:
        end = data.rfind(b"\n", start, start + _BLOCK) + 1
        if not end:
            end = data.find(b"\n", start + _BLOCK) + 1 or size
        yield start, end
        start = end

"""Reading an answer's body: never more bytes than a cap, compressed or not."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from filesync.core.text import human_bytes
from filesync.remote.decode import BadAnswer

MOST_OBJECT = 2 * 10**6
"""The most bytes of an answer about one object; real ones have less than 1 kB."""

MOST_PAGE = 128 * 10**6
"""The most bytes of a page of a listing: 10,000 files are about 4 MB, and some servers send all."""

MOST_ERROR = 64 * 1024
"""How much of an error's body is read. The rest says nothing that a person would read."""

_PIECE = 1 << 16
_GZIP = 16 + zlib.MAX_WBITS
_WINDOWS = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": zlib.MAX_WBITS}


def decoded(raw: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Yield the content in small pieces, so that a cap holds for what was compressed, too.

    Raises BadAnswer for an encoding that nobody asked for, and for damaged data.
    """
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        yield from raw
        return
    if encoding not in _WINDOWS:
        raise BadAnswer("the answer is encoded in a way that was not asked for")
    unpacker = zlib.decompressobj(_WINDOWS[encoding])
    try:
        for chunk in raw:
            while chunk:
                piece = unpacker.decompress(chunk, _PIECE)
                if piece:
                    yield piece
                elif not unpacker.unconsumed_tail:
                    break
                chunk = unpacker.unconsumed_tail
        while piece := unpacker.decompress(unpacker.unconsumed_tail, _PIECE):
            yield piece
    except zlib.error:
        raise BadAnswer("the answer's compressed data is damaged") from None
    if not unpacker.eof:
        raise BadAnswer("the answer broke off")


def read(pieces: Iterable[bytes], most: int) -> bytes:
    """Return all of a body; BadAnswer if it has more than `most` bytes."""
    body = bytearray()
    for piece in pieces:
        body += piece
        if len(body) > most:
            raise BadAnswer(f"the answer is larger than {human_bytes(most)}")
    return bytes(body)


def read_start(pieces: Iterable[bytes], most: int) -> bytes:
    """Return the first `most` bytes of a body, or what came of them before it broke."""
    body = bytearray()
    try:
        for piece in pieces:
            body += piece
            if len(body) >= most:
                break
    except BadAnswer:
        pass
    return bytes(body[:most])

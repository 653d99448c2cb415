"""A multipart/form-data body that is streamed, with its exact length known beforehand.

The length matters: a request that stops short of its Content-Length cannot have made a file,
and that is what lets a broken upload be sent again. Small fields go first, the file last, as
the API wants them. A file name is raw UTF-8 with the three characters escaped that HTML forms
escape, and backslashes doubled; RFC 5987's `filename*` is not understood everywhere.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from typing import Protocol

from filesync.core.text import printable
from filesync.errors import LocalFileError
from filesync.remote.mime_types import content_type

SMALL = 1 << 18  # bytes; more than that is sent as it is read


class Body(Protocol):
    """The bytes to send: `size` of them, in chunks, from the start at each iteration.

    An exception raised while it is iterated drops the connection and reaches the caller as is.
    """

    @property
    def size(self) -> int: ...

    def __iter__(self) -> Iterator[bytes]: ...


class Multipart:
    """Text fields and then one file, as a body of exactly `size` bytes; re-iterable."""

    def __init__(
        self, fields: Sequence[tuple[str, str]], *, field: str, filename: str, body: Body
    ) -> None:
        require_utf8(filename)
        boundary = secrets.token_hex(16)  # 128 random bits, which occur in no file
        self._filename = filename
        self._body = body
        self._head = (
            "".join(
                f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
                for name, value in fields
            )
            + f"--{boundary}\r\n"
            f'Content-Disposition: form-data; name="{field}"; filename="{_escaped(filename)}"\r\n'
            f"Content-Type: {content_type(filename)}\r\n\r\n"
        ).encode()
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self.size = len(self._head) + body.size + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the body; LocalFileError if the file turns out longer or shorter than told.

        A small one is one chunk: each write to a socket costs as much as 100 KB in it.
        """
        if self.size <= SMALL:
            yield b"".join(self._pieces())
        else:
            yield from self._pieces()

    def _pieces(self) -> Iterator[bytes]:
        """Yield head, file and tail.

        A wrong length is noticed before the odd bytes are sent: with a longer file they would
        fill the place of the closing boundary, and a lenient server would take the whole for
        complete.
        """
        yield self._head
        left = self._body.size
        for chunk in self._body:
            left -= len(chunk)
            if left < 0:
                break
            yield chunk
        if left:
            raise LocalFileError(f"{printable(self._filename)} changed while it was being sent")
        yield self._tail


def _escaped(filename: str) -> str:
    # A single backslash before the closing quote would take that into the name. The official
    # client doubles them, too.
    escaped = filename.replace("\\", "\\\\").replace('"', "%22")
    return escaped.replace("\r", "%0D").replace("\n", "%0A")


def require_utf8(filename: str) -> None:
    """Raise LocalFileError for a name that cannot be sent: on disk it may be any bytes."""
    try:
        filename.encode()
    except UnicodeEncodeError:
        raise LocalFileError(
            f"{printable(filename)}: the name is not valid UTF-8",
            "rename it, or give it a `filename` in the manifest",
        ) from None

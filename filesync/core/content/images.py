"""What an image is by its content: its format by puremagic, its width and height by imagesize."""

from __future__ import annotations

import io
from collections.abc import Callable

from filesync.core.content.document import Image

_TAIL = 64
# Stands before each picture of an animated GIF.
_GIF_CONTROL = b"\x21\xf9\x04"
_ENDS = {"png": b"IEND", "gif": b"\x3b", "jpeg": b"\xff\xd9"}
_FORMATS = {"image/jpeg": "jpeg", "image/png": "png", "image/webp": "webp", "image/gif": "gif"}


Read = Callable[[int, int], bytes]
"""Returns so many bytes of a file from an offset, fewer only where the file ends."""


def image_facts(read: Read, head: bytes, size: int) -> Image:
    """Return what is known of the image that a file is said to be; `read` reads of it.

    `head` are its first bytes, `size` is that of the whole file.
    """
    found = _format(head)
    width, height = _dimensions(head) if found in _FORMATS.values() else (None, None)
    if found == "jpeg" and width is None and size > len(head):
        # Metadata of more than the head may stand before the dimensions.
        width, height = _dimensions(read(size, 0))
    frames = head.count(_GIF_CONTROL) if found == "gif" else 1
    return Image(found, width, height, _is_cut(found, read, head, size), frames)


def _format(head: bytes) -> str | None:
    import puremagic

    try:
        guesses = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return None
    for guess in guesses:
        if guess.mime_type in _FORMATS:
            return _FORMATS[guess.mime_type]
    for guess in guesses:
        if guess.mime_type.startswith("image/"):
            return str(guess.mime_type).removeprefix("image/").removeprefix("x-")
    return None


def _dimensions(data: bytes) -> tuple[int | None, int | None]:
    import imagesize

    try:
        width, height = imagesize.get(io.BytesIO(data))
    except Exception:  # a header that is cut or made up: the library raises whatever it meets
        return None, None
    return (int(width), int(height)) if width > 0 and height > 0 else (None, None)


def _is_cut(found: str | None, read: Read, head: bytes, size: int) -> bool:
    """Say whether the end of the image is missing; bytes after the end do no harm."""
    if found == "webp":
        return int.from_bytes(head[4:8], "little") + 8 > size
    end = _ENDS.get(found or "")
    if end is None or end in read(_TAIL, max(0, size - _TAIL)):
        return False
    data = read(size, 0)
    return data.find(end, _jpeg_scan(data) if found == "jpeg" else 0) < 0


def _jpeg_scan(data: bytes) -> int:
    """Return where the picture of a JPEG begins, after its segments (a thumbnail is in one)."""
    at = 2
    while data[at : at + 1] == b"\xff" and data[at + 1 : at + 2] not in (b"", b"\xda"):
        at += 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big"))
    return at

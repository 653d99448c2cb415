"""What an image is by its content: its format by puremagic, its width and height by imagesize."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

from filesync.core.content.document import Image

# How a PNG and a JPEG end. The end of a GIF is one byte, which says nothing by itself.
_ENDS = {"png": b"IEND\xaeB`\x82", "jpeg": b"\xff\xd9"}
_TAIL = 64
# A larger file is refused for its size: to read all of it would only take memory.
_MOST = 64 * 2**20
_STARTS = {
    "png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "jpeg": re.compile(rb"\xff\xd8\xff"),
    "webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
    "gif": re.compile(rb"GIF8[79]a"),
}


Read = Callable[[int, int], bytes]
"""Returns so many bytes of a file from an offset, fewer only where the file ends."""


def image_facts(read: Read, head: bytes, size: int) -> Image:
    """Return what is known of the image that a file is said to be; `read` reads of it.

    `head` are its first bytes, `size` is that of the whole file.
    """
    found = _format(head)
    if found not in _STARTS:
        return Image(found, None, None, cut=False, frames=1)
    width, height = _dimensions(head)
    if found == "jpeg" and width is None and len(head) < size <= _MOST:
        # Metadata of more than the head may stand before the dimensions.
        width, height = _dimensions(read(size, 0))
    if size > _MOST:
        return Image(found, width, height, cut=False, frames=1)
    if found == "gif":
        frames, ends = _gif_frames(read(size, 0))
        return Image(found, width, height, not ends, frames)
    return Image(found, width, height, _is_cut(found, read, head, size), 1)


def _format(head: bytes) -> str | None:
    for name, start in _STARTS.items():
        if start.match(head):
            return name
    import puremagic

    try:
        guesses = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return None
    names = [
        guess.mime_type.removeprefix("image/").removeprefix("x-")
        for guess in guesses
        if guess.mime_type.startswith("image/")
    ]
    return next((name for name in names if name not in _STARTS), None)


def _dimensions(data: bytes) -> tuple[int | None, int | None]:
    import imagesize

    try:
        width, height = imagesize.get(io.BytesIO(data))
    except Exception:  # a header that is cut or made up: the library raises whatever it meets
        return None, None
    return (int(width), int(height)) if width > 0 and height > 0 else (None, None)


def _is_cut(found: str, read: Read, head: bytes, size: int) -> bool:
    """Say whether the end of the image is missing; bytes after the end do no harm."""
    if found == "webp":
        return int.from_bytes(head[4:8], "little") + 8 > size
    end, tail = _ENDS[found], max(0, size - _TAIL)
    picture = _jpeg_scan(head) if found == "jpeg" else 0
    at = read(_TAIL, tail).rfind(end)
    if at >= 0 and picture < len(head) and tail + at > picture:
        return False
    data = read(size, 0)
    return data.find(end, _jpeg_scan(data) if found == "jpeg" else 0) < 0


def _jpeg_scan(data: bytes) -> int:
    """Return where the picture of a JPEG begins, after its segments (a thumbnail is in one)."""
    at = 2
    while data[at : at + 1] == b"\xff" and (marker := data[at + 1 : at + 2]) not in (b"", b"\xda"):
        if marker == b"\xff":  # any number of these may stand before a marker
            at += 1
        else:
            at += 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big"))
    return at


def _gif_frames(data: bytes) -> tuple[int, bool]:
    """Return how many pictures a GIF has, and whether its end is there."""
    at = 13 + _colours(data[10:11])
    frames = 0
    while (block := data[at : at + 1]) in (b"\x21", b"\x2c"):
        if block == b"\x21":
            at += 2
        else:
            frames += 1
            at += 11 + _colours(data[at + 9 : at + 10])
        while length := data[at] if at < len(data) else 0:
            at += 1 + length
        at += 1
    return frames, block == b"\x3b"


def _colours(flags: bytes) -> int:
    """Return the bytes of a table of colours, which the first bit of its flags announces."""
    return 3 << ((flags[0] & 7) + 1) if flags and flags[0] & 0x80 else 0

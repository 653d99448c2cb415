"""Images by their content: good ones however they were written, cut ones, and other things.

Made by hand from the descriptions of PNG (W3C), GIF89a, JPEG (ITU T.81) and WEBP (RFC 9649).
"""

from __future__ import annotations

import struct
import zlib

import pytest

from filesync.core.content.images import image_facts
from tests.core.content.builders import rules_of


def chunk(name: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def segment(marker: int, data: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(data) + 2) + data


PNG = (
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 0, 0, 0, 0))
    + chunk(b"IDAT", zlib.compress(bytes(6)))
    + chunk(b"IEND")
)
FRAME = b"\x2c\0\0\0\0\x02\0\x02\0\0\x02\x03\x3b\x3b\x3b\0"
CONTROL = b"\x21\xf9\x04\0\0\0\0\0"
GIF = b"GIF89a\x02\0\x02\0\x80\0\0" + bytes(6) + CONTROL + FRAME + b"\x3b"
# A picture whose bytes look like the announcement of another one.
LIKE_TWO = GIF.replace(b"\x03\x3b\x3b\x3b", b"\x06" + CONTROL[:6])
ANIMATED = GIF[:-1] + b"\x21\xff\x03abc\0" + CONTROL + FRAME + b"\x3b"
SIZE = segment(0xC0, b"\x08\0\x02\0\x02\x01\x01\x11\0")
SCAN = segment(0xDA, b"\x01\x01\0\0\x3f\0") + b"\x01\x02\xff\0\x03" * 40 + b"\xff\xd9"
JPEG = b"\xff\xd8" + segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0") + SIZE + SCAN
THUMBNAIL = b"\xff\xd8" + segment(0xE1, b"Exif\0\0" + JPEG) + SIZE + SCAN
FILLED = JPEG.replace(b"\xff\xe0", b"\xff\xff\xff\xff\xe0", 1)
LONG = b"\xff\xd8" + segment(0xE2, bytes(65000)) * 3 + SIZE + SCAN
VP8X = b"WEBPVP8X\x0a\0\0\0\0\0\0\0\x01\0\0\x01\0\0VP8 \x08\0\0\0abcdefgh"
WEBP = b"RIFF" + struct.pack("<I", len(VP8X)) + VP8X
JP2 = b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 \0\0\0\0jp2 " + bytes(40)
GOOD = [
    ("a.png", PNG), ("a.gif", GIF), ("b.gif", LIKE_TWO), ("a.jpg", JPEG), ("a.jpeg", THUMBNAIL),
    ("a.jfif", JPEG), ("b.jpg", FILLED), ("c.jpg", LONG), ("a.webp", WEBP),
]  # fmt: skip


@pytest.mark.parametrize(("name", "data"), GOOD)
@pytest.mark.parametrize("behind", [b"", bytes(500), b"what some camera adds" * 20])
def test_nothing_is_found_in_a_good_image(name: str, data: bytes, behind: bytes) -> None:
    assert rules_of(name, "vision", data + behind) == set()


@pytest.mark.parametrize(("name", "data"), GOOD)
def test_an_image_is_found_to_be_cut_wherever_it_was(name: str, data: bytes) -> None:
    for end in range(1, len(data), max(1, len(data) // 400)):
        found = rules_of(name, "vision", data[:end])
        assert found & {"image-cut", "image-dimensions", "not-an-image", "image-format"}, end
    assert "image-cut" in rules_of(name, "vision", data[:-1])


@pytest.mark.parametrize(
    ("name", "data", "rules"),
    [
        ("a.gif", ANIMATED, {"animated"}),
        ("a.png", JPEG, {"image-name"}),
        ("a.txt", PNG, {"image-extension"}),
        ("a", PNG, {"image-extension"}),
        ("a.jpg", JP2, {"image-format"}),
        ("a.png", b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0" + bytes(52), {"image-format"}),
        ("a.webp", WEBP.replace(b"WEBPVP8X", b"WAVEfmt "), {"not-an-image"}),
        ("a.png", b"<html>404</html>", {"not-an-image"}),
        ("a.png", bytes(1000), {"not-an-image"}),
    ],
)
def test_what_is_wrong_with_an_image(name: str, data: bytes, rules: set[str]) -> None:
    assert rules_of(name, "vision", data) == rules


def test_an_image_that_is_too_large_is_not_read_whole() -> None:
    read: list[int] = []

    def more(count: int, at: int) -> bytes:
        read.append(count)
        return b""

    for data in (PNG, GIF, JPEG, WEBP):
        image_facts(more, data, 2**30)
    assert not read

"""How a file is cut for the Uploads API."""

from __future__ import annotations

from typing import NamedTuple

MIB = 1 << 20

# The API takes parts of at most "64 MB" and does not say which MB: 61 MiB is below both.
MAX_PART = 61 * MIB
# Smaller parts spread better over connections, but each costs a round trip.
MIN_PART = 16 * MIB
# POST /files takes at most "512 MB"; again the smaller reading.
MAX_SINGLE = 512_000_000
# Where parts begin to pay: from here on a file fills at least eight connections with parts of
# MIN_PART, which outweighs the two more requests (create, complete), and a break in the network
# costs a part, not the file. Below it one POST is quicker, and works on servers without Uploads.
PARTS_FROM = 8 * MIN_PART


class Part(NamedTuple):
    """One slice of a file, in bytes."""

    offset: int
    length: int


def cut(size: int, lanes: int) -> list[Part]:
    """Return the parts of a file of `size` bytes, near-equal, in order, none above MAX_PART.

    The count is a multiple of `lanes` (connections used at once) where parts of at least
    MIN_PART allow, so that no connection idles while another sends the last part.
    """
    count = -(-size // MAX_PART)
    rounded = -(-count // lanes) * lanes
    count = rounded if size // rounded >= MIN_PART else max(count, size // MIN_PART)
    return ranges(size, -(-size // count))


def ranges(size: int, length: int) -> list[Part]:
    """Return the parts of a file of `size` bytes that have `length` bytes each, the last fewer."""
    return [Part(offset, min(length, size - offset)) for offset in range(0, size, length)]

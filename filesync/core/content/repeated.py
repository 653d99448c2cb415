"""The lines of one file that look like an earlier one, found by a key of 64 bits for each line.

A key is the XXH3 of the line, which takes a quarter of the time of Python's `hash` and is the same
in all processes; CRC-32 and Adler-32 of the standard library take longer than `hash`. A key proves
nothing: `whole` compares the lines that it reports byte for byte.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import NamedTuple

from xxhash import xxh3_64_digest

from filesync.core.content.findings import SHOWN

key_of = xxh3_64_digest
KEY_BYTES = 8
NO_KEY = bytes(KEY_BYTES)
"""The key of a line that is like no other, whatever it holds."""

# Of which keys are looked up again; a file that is one long repetition needs no more.
_MOST_TWICE = 500_000


class Repeated(NamedTuple):
    """A line (1-based) that looks like an earlier one."""

    line: int
    first: int


class Keys:
    """The keys of a file's lines, added in their order; takes 9 bytes for each.

    They are kept in 256 groups, by one of their bytes: equal keys are in the same one, and a set
    of one group is small enough for a processor's cache, which takes a third of the time.
    """

    def __init__(self) -> None:
        self._groups: list[array[int]] = [array("q") for _ in range(256)]
        self._appends = [group.append for group in self._groups]
        self._order = bytearray()  # in which group each key is

    def add(self, keys: bytes) -> None:
        """Add the keys of the next lines, of KEY_BYTES each."""
        together: array[int] = array("q")
        together.frombytes(keys)
        order = keys[::KEY_BYTES]
        for number, key in zip(order, together, strict=True):
            self._appends[number](key)
        self._order += order

    def repeated(self) -> tuple[int, list[Repeated]]:
        """Return how many lines have an earlier line's key, and the first SHOWN of them."""
        count = 0
        twice: set[int] = set()
        for group in self._groups:
            different = set(group)
            more = len(group) - len(different)
            if 0 in different:
                more -= group.count(0) - 1
            if more:
                count += more
                if len(twice) < _MOST_TWICE:
                    twice.update(_twice(group))
        return count, self._first_repeated(twice) if twice else []

    def _first_repeated(self, twice: set[int]) -> list[Repeated]:
        left = list(map(iter, self._groups))
        first: dict[int, int] = {}
        found: list[Repeated] = []
        for line, group in enumerate(self._order, 1):
            key = next(left[group])
            if key in twice:
                if key in first:
                    found.append(Repeated(line, first[key]))
                    if len(found) == SHOWN:
                        break
                first.setdefault(key, line)
        return found


def _twice(group: array[int]) -> Iterator[int]:
    seen: set[int] = set()
    for key in group:
        if key in seen and key:
            yield key
        seen.add(key)

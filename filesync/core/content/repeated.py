"""The lines of one file that look like an earlier one, found by a key of 64 bits for each line."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from filesync.core.content.findings import SHOWN

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
        self._groups: defaultdict[int, array[int]] = defaultdict(partial(array, "q"))
        self._order = bytearray()  # in which group each key is

    def add(self, keys: bytes) -> None:
        """Add the keys of the next lines, of 8 bytes each; 0 is not a key, but counts as a line."""
        together: array[int] = array("q")
        together.frombytes(keys)
        order = keys[:: together.itemsize]
        for group, key in zip(order, together, strict=True):
            self._groups[group].append(key)
        self._order += order

    def repeated(self) -> tuple[int, list[Repeated]]:
        """Return how many lines have an earlier line's key, and the first SHOWN of them."""
        count = 0
        twice: set[int] = set()
        for group in self._groups.values():
            different = set(group)
            different.discard(0)
            more = len(group) - group.count(0) - len(different)
            if more:
                count += more
                if len(twice) < _MOST_TWICE:
                    twice.update(_twice(group))
        return count, self._first_repeated(twice) if twice else []

    def _first_repeated(self, twice: set[int]) -> list[Repeated]:
        left = {number: iter(group) for number, group in self._groups.items()}
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

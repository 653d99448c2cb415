"""What changed from one text to another, line by line, in little time however long they are.

How it works: lines that each text has once, in the longest row of them that is in the same order in
both, are taken for the same; only what stands between two of them is compared by difflib, whose
time grows with the square of what it is given.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from typing import NamedTuple

_CONTEXT = 2  # lines shown before and behind what changed
_COMPARED = 1000  # lines between two that are the same; of more, all count as replaced

_Code = tuple[str, int, int, int, int]


class LineChanges(NamedTuple):
    """Lines that only one of two texts has, and lines of both that stand in another order."""

    added: int
    removed: int
    moved: int

    @property
    def total(self) -> int:
        """Return how many lines changed in some way."""
        return self.added + self.removed + self.moved


def line_changes(old: Sequence[str], new: Sequence[str]) -> LineChanges:
    """Count what changed from one text to another."""
    before, after = Counter(old), Counter(new)
    both = before & after
    places: dict[str, list[int]] = defaultdict(list)
    for place, line in enumerate(old):
        places[line].append(place)
    taken: Counter[str] = Counter()
    row = []
    for line in new:
        if taken[line] < both[line]:
            row.append(places[line][taken[line]])
            taken[line] += 1
    moved = len(row) - len(_rising(row))
    return LineChanges((after - before).total(), (before - after).total(), moved)


def unified(old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """Yield the hunks of a unified diff, without its two lines of names; lines keep their ends."""
    for group in _Matcher(old, new).get_grouped_opcodes(_CONTEXT):
        first, last = group[0], group[-1]
        yield f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@"
        for tag, start, stop, new_start, new_stop in group:
            if tag == "equal":
                yield from (f" {line}" for line in old[start:stop])
            else:
                yield from (f"-{line}" for line in old[start:stop])
                yield from (f"+{line}" for line in new[new_start:new_stop])


class _Matcher(SequenceMatcher[str]):
    """difflib's matcher, which compares only what stands between lines that are the same."""

    def __init__(self, old: Sequence[str], new: Sequence[str]) -> None:
        self._old, self._new = old, new
        super().__init__(None, "", "")

    def get_opcodes(self) -> list[_Code]:  # type: ignore[override]
        same = [(-1, -1), *_same_once(self._old, self._new), (len(self._old), len(self._new))]
        codes: list[_Code] = []
        for (i, j), (stop, new_stop) in pairwise(same):
            if i >= 0:
                codes.append(("equal", i, i + 1, j, j + 1))
            codes += _between(self._old, self._new, (i + 1, stop, j + 1, new_stop))
        return _joined(codes)


def _same_once(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield the places of lines that both texts have once, and in the same order."""
    before, after = Counter(old), Counter(new)
    places = {line: place for place, line in enumerate(old) if before[line] == 1}
    row = [
        (places[line], place)
        for place, line in enumerate(new)
        if after[line] == 1 and line in places
    ]
    for at in _rising([place for place, _ in row]):
        yield row[at]


def _between(old: Sequence[str], new: Sequence[str], at: tuple[int, int, int, int]) -> list[_Code]:
    start, stop, new_start, new_stop = at
    if start == stop and new_start == new_stop:
        return []
    if stop - start > _COMPARED or new_stop - new_start > _COMPARED:
        return [("replace", *at)]
    found = SequenceMatcher(None, old[start:stop], new[new_start:new_stop], autojunk=False)
    return [
        (tag, i + start, i2 + start, j + new_start, j2 + new_start)
        for tag, i, i2, j, j2 in found.get_opcodes()
    ]


def _joined(codes: list[_Code]) -> list[_Code]:
    """Put parts that are equal one after the other together."""
    joined: list[_Code] = []
    for code in codes:
        if joined and code[0] == joined[-1][0] == "equal":
            _, start, _, new_start, _ = joined.pop()
            code = ("equal", start, code[2], new_start, code[4])
        joined.append(code)
    return joined


def _rising(row: Sequence[int]) -> list[int]:
    """Return where the numbers of a longest rising row among these are; none is there twice."""
    ends: list[int] = []  # the least last number of each length
    at: list[int] = []  # and where it is
    before: list[int] = []
    for place, number in enumerate(row):
        length = bisect_left(ends, number)
        ends[length : length + 1] = [number]
        at[length : length + 1] = [place]
        before.append(at[length - 1] if length else -1)
    found = []
    place = at[-1] if at else -1
    while place >= 0:
        found.append(place)
        place = before[place]
    return found[::-1]


def _range(start: int, stop: int) -> str:
    """Return a range of lines as a unified diff writes it."""
    length = stop - start
    if length == 1:
        return f"{start + 1}"
    return f"{start + 1 if length else start},{length}"

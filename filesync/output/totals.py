"""What the platform stores, in total and by purpose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from filesync.core.model import RemoteFile


class Totals(NamedTuple):
    """What the platform stores for one purpose; `untold` counts the files without a size."""

    files: int
    bytes: int
    untold: int


def totals_by_purpose(files: Iterable[RemoteFile]) -> dict[str, Totals]:
    """Return the totals of a whole listing by purpose, sorted by its name."""
    count: Counter[str] = Counter()
    size: Counter[str] = Counter()
    untold: Counter[str] = Counter()
    for file in files:
        count[file.purpose] += 1
        size[file.purpose] += file.bytes or 0
        untold[file.purpose] += file.bytes is None
    return {name: Totals(count[name], size[name], untold[name]) for name in sorted(count)}


def grand_total(held: Iterable[Totals]) -> Totals:
    """Return the sum of totals."""
    every = list(held)
    return Totals(
        sum(one.files for one in every),
        sum(one.bytes for one in every),
        sum(one.untold for one in every),
    )

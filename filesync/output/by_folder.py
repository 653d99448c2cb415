"""Names by folder for a terminal: the folder once, the names in it below, or how many they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from filesync.core.text import human_bytes, printable
from filesync.output.columns import padded, width, wrapped

# Above this many rows a folder gets one line, not each name.
ROLL_UP_FROM = 60
# Above this many folders they are summed up by their first parts.
_FOLDERS = 20
_NAME_COLUMNS = 44


class Named(NamedTuple):
    """A name with its folder, what stands beside it, and a size in bytes, None for none."""

    name: str
    detail: str
    bytes: int | None = None


def each_by_folder(rows: Sequence[Named], columns: int, indent: int) -> Iterator[str]:
    """Yield a line for each row, none cut: what does not fit beside a name stands below it."""
    room = min(max(width(_base(row)) for row in rows), _NAME_COLUMNS)
    for folder, inside in groupby(rows, key=lambda row: row.name.rpartition("/")[0]):
        start = indent
        if folder:
            yield f"{'':{indent}}{printable(folder)}/"
            start += 2
        for row in inside:
            name = _base(row)
            if max(width(name), room) + start + 2 + width(row.detail) <= columns:
                yield f"{'':{start}}{padded(name, room)}  {row.detail}".rstrip()
            else:
                yield f"{'':{start}}{name}"
                if row.detail:
                    yield from wrapped(row.detail, columns, start + 4)


def _base(row: Named) -> str:
    return printable(row.name.rpartition("/")[2])


def totals_by_folder(rows: Sequence[Named], action: str, indent: int) -> Iterator[str]:
    """Yield a line for each folder, e.g. `docs/  5,000 to create  9.8 MB`."""
    folders = shortened([row.name.rpartition("/")[0] for row in rows], _FOLDERS)
    count = Counter(folders)
    size: Counter[str] = Counter()
    for folder, row in zip(folders, rows, strict=True):
        size[folder] += row.bytes or 0
    sized = any(row.bytes is not None for row in rows)
    names = {folder: f"{printable(folder)}/" if folder else "(no folder)" for folder in count}
    room = min(max(map(width, names.values())), _NAME_COLUMNS)
    for folder, name in names.items():
        line = f"{'':{indent}}{padded(name, room)}  {count[folder]:>7,} to {printable(action)}"
        yield f"{line}  {human_bytes(size[folder]):>8}" if sized else line


def shortened(folders: Sequence[str], most: int) -> list[str]:
    """Return folders by as many of their first parts as leave at most `most` different ones.

    One part is left in any case.
    """
    cut = list(folders)
    depth = max((folder.count("/") for folder in set(cut)), default=0)
    while depth and len(set(cut)) > most:
        cut = ["/".join(folder.split("/", depth)[:depth]) for folder in cut]
        depth -= 1
    return cut

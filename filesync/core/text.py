"""Words for people, and names made safe to print: a remote file may be called anything."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

# C0, DEL and C1 controls, the Unicode line separators, the bidi overrides that can make a
# name read as another, and lone surrogates (a file name that is not UTF-8).
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(name: str) -> str:
    """Return `name` with control characters written as escapes (\\n, \\x1b, \\u202e)."""
    return _UNSAFE.sub(lambda m: m.group().encode("unicode_escape").decode("ascii"), name)


def quoted(name: str) -> str:
    """Return `name` made printable and in single quotes, for a sentence about it."""
    return f"'{printable(name)}'"


def plural(count: int, noun: str) -> str:
    """Return e.g. "1 file" or "2 files"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def human_bytes(count: int) -> str:
    """Return a size a person reads, in powers of 1000 as the API's own limits are told."""
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 999.5:
            return f"{count} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def human_duration(seconds: int) -> str:
    """Return a duration to the nearest of its largest unit, e.g. "14d", "5h", "12m", "40s"."""
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if abs(seconds) >= length:
            return f"{round(seconds / length)}{unit}"
    return f"{seconds}s"


def width(text: str) -> int:
    """Return how many columns of a terminal a text takes: CJK letters take two, accents none."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def padded(text: str, columns: int, *, right: bool = False) -> str:
    """Return a text filled up with spaces to so many columns; `right` puts it at their end."""
    spaces = " " * (columns - width(text))
    return spaces + text if right else text + spaces


def fitted(text: str, columns: int) -> str:
    """Return a text that takes no more than so many columns, if need be without its middle."""
    if width(text) <= columns:
        return text
    # The end gets the odd column: of a path it says more.
    head = (columns - 1) // 2
    tail = _taken(reversed(text), columns - 1 - head)
    return "".join(_taken(text, head)) + "…" + "".join(reversed(tail))


def pieces(text: str, columns: int) -> Iterator[str]:
    """Yield a text in pieces of no more than so many columns, two at least."""
    while True:
        piece = "".join(_taken(text, columns))
        yield piece
        text = text[len(piece) :]
        if not text:
            return


def _taken(letters: Iterable[str], columns: int) -> list[str]:
    """Return the first letters, as many as fit."""
    taken = []
    for letter in letters:
        columns -= _columns(letter)
        if columns < 0:
            break
        taken.append(letter)
    return taken


def _columns(letter: str) -> int:
    if unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0  # stands on the letter before it, or is not seen
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1

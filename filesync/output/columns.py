"""Texts fitted to the columns of a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator


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

"""Texts fitted to the columns of a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator

# (text, colour) -> text. Colours belong to the terminal, so whoever prints passes this in.
Paint = Callable[[str, str], str]


def no_paint(text: str, colour: str) -> str:  # noqa: ARG001
    """Return a text without colour."""
    return text


def width(text: str) -> int:
    """Return how many columns of a terminal a text takes: CJK letters take two, accents none."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def padded(text: str, columns: int, *, right: bool = False) -> str:
    """Return a text filled up with spaces to so many columns; `right` puts it at their end."""
    spaces = " " * (columns - width(text))
    return spaces + text if right else text + spaces


def wrapped(text: str, columns: int, indent: int) -> Iterator[str]:
    """Yield the lines of a text, broken between words only, each after `indent` spaces."""
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if line and indent + width(longer) > columns:
            yield f"{'':{indent}}{line}"
            line = word
        else:
            line = longer
    yield f"{'':{indent}}{line}"


def _columns(letter: str) -> int:
    if unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0  # stands on the letter before it, or is not seen
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1

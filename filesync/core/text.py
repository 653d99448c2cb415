"""Words for people, and names made safe to print: a remote file may be called anything."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence

# C0, DEL and C1 controls, the Unicode line separators, the bidi overrides that can make a
# name read as another, and lone surrogates (a file name that is not UTF-8).
_CONTROL = "[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
# GitHub's runner obeys a line of a log that begins so, and Azure's one that has this anywhere:
# https://docs.github.com/actions/reference/workflow-commands-for-github-actions
_COMMAND = r"\A[^\S\x00-\x1f\x7f-\x9f\u2028\u2029]*::|##\["
_CONTROLS, _UNSAFE = re.compile(_CONTROL), re.compile(f"{_CONTROL}|{_COMMAND}")


def has_controls(name: str) -> bool:
    """Say whether a name has control characters, or others that are never to be printed."""
    return _CONTROLS.search(name) is not None


def printable(name: str) -> str:
    """Return `name` with what is not to be printed as it is written as escapes.

    That is control characters (\\n, \\x1b, \\u202e), and what would command a runner that reads the
    log: `::` at the beginning becomes \\x3a: and `##[` becomes #\\x23[.
    """
    return _UNSAFE.sub(_escaped, name)


def _escaped(found: re.Match[str]) -> str:
    text = found.group()
    if text.endswith("::"):
        return f"{text[:-2]}\\x3a:"
    if text == "##[":
        return "#\\x23["
    return text.encode("unicode_escape").decode("ascii")


# Spaces that are not the space bar's, and characters of no width: pasted, and not to be seen.
_ODD = re.compile(
    "[\xa0\xad\u034f\u061c\u115f\u1160\u1680\u180e\u2000-\u200b\u202f\u205f\u2060-\u2064"
    "\u3164\ufeff\uffa0]"
)


def composed(text: str) -> str:
    """Return a text in Unicode's composed form (NFC): `é` as one character, not as two."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def encodable(data: object) -> bool:
    """Say whether data read from JSON can be written again: escapes may hold half a character."""
    try:
        json.dumps(data, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def odd_character(text: str) -> str:
    """Return the first space or invisible character in a text that no key types; "" for none.

    In words, such as "a no-break space (U+00A0)". The joiners of emoji and of Indic and Persian
    writing are not among them.
    """
    found = None if text.isascii() else _ODD.search(text)
    if found is None:
        return ""
    name = unicodedata.name(found[0], "an invisible character").lower()
    article = "an" if name[0] in "aeiou" else "a"
    return f"{article} {name} (U+{ord(found[0]):04X})"


def code_spans(text: str) -> Iterator[tuple[str, bool]]:
    """Yield a sentence in pieces, each with whether it stood between backticks, as commands do."""
    for number, part in enumerate(re.split("`([^`]+)`", text)):
        if part:
            yield part, number % 2 == 1


def suffix_of(name: str) -> str:
    """Return a filename's extension, with its dot; "" where it has none."""
    stem, dot, extension = name.rpartition(".")
    return f".{extension}" if dot and stem else ""


def quoted(name: str) -> str:
    """Return `name` made printable and in single quotes, for a sentence about it."""
    return f"'{printable(name)}'"


def plural(count: int, noun: str) -> str:
    """Return e.g. "1 file" or "2 files"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def first_of(items: Sequence[str], most: int) -> list[str]:
    """Return the first items; if there are more than `most`, with "and N more" as the last."""
    more = len(items) - most
    return [*items[:most], f"and {more:,} more"] if more > 0 else list(items)


def listed(items: Sequence[str], most: int) -> str:
    """Return the first items in a sentence, e.g. "a, b and 3 more"."""
    shown, more = ", ".join(items[:most]), len(items) - most
    return f"{shown} and {more:,} more" if more > 0 else shown


def human_bytes(count: int) -> str:
    """Return a size a person reads, in powers of 1000 as the API states its limits."""
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

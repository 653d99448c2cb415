"""What unquoted text in YAML means: a number, true or false, nothing, or text."""

from __future__ import annotations

import re

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_FRACTION = re.compile(r"[-+]?(?:[0-9]{1,18}\.[0-9]{0,18}|\.[0-9]{1,18})(?:[eE][-+]?[0-9]{1,3})?")
_WORDS: dict[str, bool | None] = {
    spelling: value
    for words, value in (("~ null", None), ("true yes on", True), ("false no off", False))
    for word in words.split()
    for spelling in (word, word.capitalize(), word.upper())
}
_WORDS[""] = None


def plain(text: str) -> str | int | float | bool | None:
    """Return what unquoted text means.

    Only what nobody can misread is a number. YAML 1.1's other readings (010 is 8, 1:30 is 90,
    1_000, dates) stay text, and the checks that follow say what was expected instead.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in "+-.0123456789":
        if _INTEGER.fullmatch(text):
            return int(text)
        if _FRACTION.fullmatch(text):
            return float(text)
    return text

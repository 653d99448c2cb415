"""The nearest known word to one that is not known."""

from __future__ import annotations

from collections.abc import Iterable

# Comparing costs length squared, and a word that long is not a slip of the finger.
_LONGEST = 80


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that is most like `word`, None if none is like it."""
    import difflib  # only mistakes need it

    if len(word) > _LONGEST:
        return None
    found = difflib.get_close_matches(word, list(known), n=1)
    return found[0] if found else None

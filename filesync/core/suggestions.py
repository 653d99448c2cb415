"""The nearest known word to one that is not known."""

from __future__ import annotations

from collections.abc import Iterable

# Comparing costs length squared, and a word that long is not a slip of the finger.
_LONGEST = 80
# Shorter words begin or end too many others by chance.
_SHORTEST_PART = 3
# How many of the most similar words are looked at closely.
_CANDIDATES = 5


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that `word` was probably meant to be, None if none is near.

    Near is a word that a few wrong, missing or swapped letters lead to, or one of which `word` is
    the beginning or the end, or that is the beginning of `word`. Letter case does not count.
    """
    import difflib  # only mistakes need it

    if len(word) > _LONGEST:
        return None
    bare = {_bare(one): one for one in known}
    typed = _bare(word)
    similar = difflib.get_close_matches(typed, list(bare), n=_CANDIDATES)
    return next((bare[one] for one in similar if _is_near(typed, one)), None)


def _bare(word: str) -> str:
    """Return a word without what all options begin with: it makes none of them similar."""
    return word.lower().lstrip("-")


def _is_near(word: str, known: str) -> bool:
    longer, shorter = (word, known) if len(word) > len(known) else (known, word)
    if len(shorter) >= _SHORTEST_PART and (
        longer.startswith(shorter) or known.endswith(word)  # a key without its folder
    ):
        return True
    slips = 1 if len(word) < 6 else 2 if len(word) < 10 else 3
    return _slips(word, known) <= slips


def _slips(word: str, known: str) -> int:
    """Return how many letters to change, add, leave out or swap with the next lead to `known`."""
    before: list[int] = []
    row = list(range(len(known) + 1))
    for number, letter in enumerate(word, start=1):
        older, before, row = before, row, [number]
        for place, other in enumerate(known, start=1):
            cost = min(before[place] + 1, row[-1] + 1, before[place - 1] + (letter != other))
            swapped = (
                number > 1 and place > 1 and word[number - 2 : number] == (other + known[place - 2])
            )
            row.append(min(cost, older[place - 2] + 1) if swapped else cost)
    return row[-1]

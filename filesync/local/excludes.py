"""The `exclude` patterns of a glob: what they leave out, and which of them match nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence

from filesync.core.globs import Glob, Matcher, States
from filesync.core.text import composed, printable, quoted

Excluded = tuple[States, ...]
"""The states of each pattern in one folder."""
Tests = list[tuple[int, Matcher]]


class Excludes:
    """The patterns of one glob; `unused` are the positions of those that have matched nothing.

    A pattern counts as used if it matches any name in the folders that the glob looks into, be it
    one that the glob does not match.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self.patterns = tuple(patterns)
        self.unused = set(range(len(self.patterns)))
        self._globs = [Glob(composed(pattern), dots=True) for pattern in patterns]
        self.start: Excluded = tuple(glob.start for glob in self._globs)

    def step(self, excluded: Excluded, name: str) -> Excluded:
        """Return the states inside a folder."""
        pairs = zip(self._globs, excluded, strict=True)
        return tuple(glob.step(states, name) for glob, states in pairs)

    def cover(self, excluded: Excluded, label: str) -> bool:
        """Say whether everything in a folder with these states is left out; `label` is its path."""
        pairs = zip(self._globs, excluded, strict=True)
        covering = [i for i, (glob, states) in enumerate(pairs) if glob.covers(states)]
        if covering and self.unused:
            # Nobody looks into it any more, so it stays open what another pattern matches there.
            open_now = (i for i in self.unused if self.patterns[i].startswith(label))
            self.unused.difference_update(covering, tuple(open_now))
        return bool(covering)

    def tests(self, excluded: Excluded) -> Tests:
        """Return the tests for the names of files in a folder with these states."""
        pairs = zip(self._globs, excluded, strict=True)
        return [(i, test) for i, (glob, states) in enumerate(pairs) if (test := glob.final(states))]

    def drop(self, tests: Tests, name: str) -> bool:
        """Say whether a file of this name is left out."""
        hit = False
        for i, test in tests:
            if (not hit or i in self.unused) and test(name):
                hit = True
                self.unused.discard(i)
        return hit


def matches_nothing(pattern: str) -> str:
    """Return the sentence about an exclude that matches nothing, with what may have been meant."""
    shown = quoted(pattern)
    if re.search(r"\{[^{}]*,[^{}]*\}", pattern):
        hint = "braces are not special: write one pattern for each alternative"
    elif "/" not in pattern.strip("/"):
        hint = (
            "it begins at the manifest's folder: for files of that name in any folder write "
            f"'**/{printable(pattern.strip('/'))}'"
        )
        if not any(sign in pattern for sign in "*?[."):
            hint += f", for all files of a folder '{printable(pattern.strip('/'))}/**'"
    elif not any(sign in pattern.rpartition("/")[2] for sign in "*?[."):
        hint = f"for all files of a folder write '{printable(pattern.rstrip('/'))}/**'"
    else:
        return f"{shown} matches nothing"
    return f"{shown} matches nothing; {hint}"

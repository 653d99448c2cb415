"""The glob language of manifests, matched one folder level at a time.

A pattern is split at `/`. Within a segment `*`, `?`, `[abc]` and `[!abc]` mean what they mean
to `fnmatch`, case-sensitive on every platform; braces are not special. A segment `**` stands for
zero or more folders; as the last segment it stands for every file below.
A trailing `/` is read as `/**`; empty segments and `.` are dropped.

Wildcards skip names that begin with a dot, unless the segment itself begins with one. With
`dots=True`, as in `exclude`, they match those names too.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable

Matcher = Callable[[str], object]  # truthy: the name matches
States = frozenset[int]  # the segments that the next name may match


class Glob:
    """A compiled pattern: a little automaton whose states are positions in `segments`.

    Begin with `start`; `step` returns the states inside a folder, and `final` the test for the
    names of files there. Empty states match nothing below, so the folder is not listed.
    """

    def __init__(self, pattern: str, *, dots: bool = False) -> None:
        self.segments = [s for s in pattern.split("/") if s not in ("", ".")]
        if pattern.endswith("/") and self.segments and self.segments[-1] != "**":
            self.segments.append("**")
        self._dots = dots
        self._last = len(self.segments) - 1
        self._matchers = [self._matcher(s) for s in self.segments]
        self.start = self._reach(0)

    @property
    def prefix(self) -> list[str]:
        """The leading segments without a wildcard, never the last segment."""
        fixed: list[str] = []
        for segment in self.segments[:-1]:
            if _has_wildcard(segment):
                break
            fixed.append(segment)
        return fixed

    def step(self, states: States, name: str, *, deep: bool = True) -> States:
        """Return the states inside folder `name`; with `deep` false `**` does not enter it."""
        inside: States = frozenset()
        for i in states:
            if self.segments[i] == "**":
                if deep and self._matchers[i](name):
                    inside |= self._reach(i)
            elif i < self._last and self._matchers[i](name):
                inside |= self._reach(i + 1)
        return inside

    def final(self, states: States) -> Matcher | None:
        """Return the test for file names in a folder with these states, None if all fail."""
        return self._matchers[self._last] if self._last in states else None

    def covers(self, states: States) -> bool:
        """Say whether a pattern with `dots` matches everything below, at any depth."""
        return self._dots and self._last in states and self.segments[self._last] == "**"

    def _reach(self, i: int) -> States:
        # `**` may stand for no folder, so the segment behind it is reached at once.
        reached = set()
        while i <= self._last:
            reached.add(i)
            if self.segments[i] != "**":
                break
            i += 1
        return frozenset(reached)

    def _matcher(self, segment: str) -> Matcher:
        if segment == "**":
            return _anything if self._dots else _visible
        if not _has_wildcard(segment):
            return segment.__eq__
        shy = "" if self._dots or segment.startswith(".") else r"(?!\.)"
        return re.compile(shy + fnmatch.translate(segment)).match


def _has_wildcard(segment: str) -> bool:
    return any(c in segment for c in "*?[")


def _visible(name: str) -> bool:
    return not name.startswith(".")


def _anything(name: str) -> bool:  # noqa: ARG001 - a Matcher takes the name
    return True

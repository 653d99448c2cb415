"""What checks found, and how much of it is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from filesync.core.content.rules import RULES, Severity

SHOWN = 20
"""How many errors, and how many warnings, of one file are kept; the rest is counted."""

Fault = tuple[str, str]
"""A rule's id, and in words what is wrong, as a check yields it."""


class Finding(NamedTuple):
    """One thing wrong in a file: 1-based line (None: the whole file), rule id, what is wrong."""

    line: int | None
    rule: str
    message: str

    @property
    def severity(self) -> Severity:
        """Return how bad it is, as its rule says."""
        return RULES[self.rule].severity


class Verdict(NamedTuple):
    """What the checks say about one file's content; the counts include findings not kept."""

    findings: tuple[Finding, ...]
    errors: int
    warnings: int


CLEAN = Verdict((), 0, 0)
"""The verdict on a file that nothing is wrong with."""


class Tally:
    """Collects findings in the order of their lines: the first SHOWN of a severity are kept."""

    def __init__(self) -> None:
        self._kept: dict[Severity, list[Finding]] = {"error": [], "warning": []}
        self.counts: dict[Severity, int] = {"error": 0, "warning": 0}

    def add(self, line: int | None, rule: str, message: str) -> None:
        """Count a finding, and keep it if it is among the first of its severity."""
        self.count(line, rule, message, 1)

    def add_all(self, line: int | None, faults: Iterable[Fault]) -> None:
        """Count all that a check yielded for one line."""
        for rule, message in faults:
            self.count(line, rule, message, 1)

    def count(self, line: int | None, rule: str, message: str, times: int) -> None:
        """Count `times` findings, of which at most one is kept."""
        severity = RULES[rule].severity
        self.counts[severity] += times
        if len(self._kept[severity]) < SHOWN:
            self._kept[severity].append(Finding(line, rule, message))

    def uncounted(self, severity: Severity, more: int) -> None:
        """Count findings of which nothing is kept."""
        self.counts[severity] += more

    def kept(self) -> Iterator[Finding]:
        """Yield what was kept, errors first."""
        yield from self._kept["error"]
        yield from self._kept["warning"]

    def verdict(self) -> Verdict:
        """Return the findings by line, those about the whole file first."""
        found = sorted(self.kept(), key=lambda one: one.line or 0)
        return Verdict(tuple(found), self.counts["error"], self.counts["warning"])


def joined(*verdicts: Verdict) -> Verdict:
    """Return several verdicts on one file as one; each keeps its first findings."""
    found = [finding for verdict in verdicts for finding in verdict.findings]
    return Verdict(
        tuple(sorted(found, key=lambda one: one.line or 0)),
        sum(verdict.errors for verdict in verdicts),
        sum(verdict.warnings for verdict in verdicts),
    )

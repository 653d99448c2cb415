"""What the checks say about all files of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from typing import NamedTuple

from filesync.core.commands import command
from filesync.core.content.findings import Finding, Verdict
from filesync.core.content.rules import Severity
from filesync.core.text import plural, printable

_FILES_NAMED = 10

UNREADABLE = "unreadable"
"""The rule of a file that cannot be read, or changed meanwhile."""


class FileFindings(NamedTuple):
    """What is wrong with one file; `path` leads to it from the working directory."""

    key: str
    path: str
    verdict: Verdict

    @property
    def is_unread(self) -> bool:
        """Say whether it could not be read, so that its content may be right."""
        return any(finding.rule == UNREADABLE for finding in self.verdict.findings)


class ContentReport(NamedTuple):
    """What was found in `files` files: `found` holds those that something is wrong with.

    With `strict` a warning counts as an error.
    """

    files: int = 0
    found: tuple[FileFindings, ...] = ()
    strict: bool = False

    @property
    def errors(self) -> int:
        """Return how many errors there are, with those that are only counted."""
        return sum(map(self.errors_in, self.found))

    @property
    def warnings(self) -> int:
        """Return how many warnings there are; none with `strict`."""
        return 0 if self.strict else sum(one.verdict.warnings for one in self.found)

    def severity(self, finding: Finding) -> Severity:
        """Return how bad a finding is in this run."""
        return "error" if self.strict else finding.severity

    def errors_in(self, file: FileFindings) -> int:
        """Return how many errors one file has."""
        return file.verdict.errors + (file.verdict.warnings if self.strict else 0)

    def about(self, keys: Collection[str]) -> ContentReport:
        """Return what was found in the files of these keys."""
        return self._replace(found=tuple(one for one in self.found if one.key in keys))

    def wrong(self) -> dict[str, FileFindings]:
        """Return the files that must not be uploaded, by key."""
        return {one.key: one for one in self.found if self.errors_in(one)}

    def lines(self, severity: Severity) -> Iterator[str]:
        """Yield `PATH:LINE: what` for each finding of a severity, and how many more there are.

        A warning that many files have is named for the first of them and counted for the others.
        """
        files: Counter[str] = Counter()
        for file in self.found:
            shown = [one for one in file.verdict.findings if self.severity(one) == severity]
            for one in shown:
                if one.line is None and severity == "warning":
                    files[one.rule] += 1
                if files[one.rule] <= _FILES_NAMED:
                    yield located(file.path, one)
            total = self.errors_in(file) if severity == "error" else file.verdict.warnings
            if (self.strict and severity == "warning") or total <= len(shown):
                continue
            yield f"{printable(file.path)}: and {plural(total - len(shown), f'more {severity}')}"
        for rule, count in files.items():
            if count > _FILES_NAMED:
                more = plural(count - _FILES_NAMED, "more file")
                every = command("validate", "--format", "json")
                yield f"and {more} with the warning {rule}: {every} names all"

    def why_not(self, file: FileFindings) -> str:
        """Return why a file is not uploaded, in one line."""
        first = next(one for one in file.verdict.findings if self.severity(one) == "error")
        more = self.errors_in(file) - 1
        return located(file.path, first) + (f" (and {plural(more, 'more error')})" if more else "")


def located(path: str, finding: Finding) -> str:
    """Return a finding as editors and CI read it: `PATH:LINE: what`."""
    line = "" if finding.line is None else f"{finding.line}:"
    return f"{printable(path)}:{line} {finding.message}"

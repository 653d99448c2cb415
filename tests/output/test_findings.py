"""Findings about content as lines of text."""

from __future__ import annotations

from filesync.core.content.findings import Finding, Verdict
from filesync.core.content.report import ContentReport, FileFindings


def report(count: int, line: int | None = None, *, strict: bool = False) -> ContentReport:
    """Return a report on files that all have the same warning, and one with another."""
    twin = Verdict((Finding(line, "duplicate-file", "as another"),), 0, 1)
    other = Verdict((Finding(None, "extension", "no extension"),), 0, 1)
    found = [FileFindings(f"k{n}", f"f{n:02}", twin) for n in range(count)]
    return ContentReport(count, (*found, FileFindings("o", "other", other)), strict)


def test_a_warning_that_many_files_have_is_named_for_some_and_counted_for_the_rest() -> None:
    lines = list(report(50).lines("warning"))
    assert lines[0] == "f00: as another"
    assert "other: no extension" in lines
    assert len(lines) == 12
    assert lines[-1].startswith("and 40 more files with the warning duplicate-file: ")


def test_few_warnings_those_with_lines_and_errors_are_all_named() -> None:
    assert len(list(report(10).lines("warning"))) == 11
    assert len(list(report(50, line=3).lines("warning"))) == 51
    assert len(list(report(50, strict=True).lines("error"))) == 51

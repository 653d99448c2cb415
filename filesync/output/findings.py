"""Findings about content, for people and for programs: JSON and GitHub annotations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from filesync.core.content.findings import Finding
from filesync.core.content.report import ContentReport, FileFindings
from filesync.core.text import plural, printable

_LINES_NAMED = 5


def findings_document(report: ContentReport) -> dict[str, Any]:
    """Return the findings as the JSON that `--format json` prints."""
    return {
        "findings": [
            {
                "key": file.key,
                "path": file.path,
                "line": one.line,
                "severity": report.severity(one),
                "rule": one.rule,
                "message": one.message,
            }
            for file in report.found
            for one in file.verdict.findings
        ],
        "summary": {"errors": report.errors, "warnings": report.warnings, "files": report.files},
    }


def github_annotations(report: ContentReport) -> Iterator[str]:
    """Yield workflow commands that annotate lines: one for each rule of a file.

    GitHub shows ten of a step and leaves out the others, so the lines of one rule share one.
    """
    for file in report.found:
        by_rule: dict[str, list[Finding]] = {}
        for one in file.verdict.findings:
            by_rule.setdefault(one.rule, []).append(one)
        for rule, found in by_rule.items():
            place = f"file={_property(file.path)}"
            if found[0].line is not None:
                place += f",line={found[0].line}"
            title = _property(f"filesync: {rule}")
            message = _message(printable(found[0].message) + _others(found))
            yield f"::{report.severity(found[0])} {place},title={title}::{message}"
        if more := _not_kept(file):
            place = f"file={_property(file.path)}"
            yield f"::{_worst(report, file)} {place}::{_message(plural(more, 'more finding'))}"


def _others(found: list[Finding]) -> str:
    lines = [str(one.line) for one in found[1:] if one.line is not None]
    if not lines:
        return ""
    named = ", ".join(lines[:_LINES_NAMED])
    more = len(lines) - _LINES_NAMED
    return f" (also: line {named}{f' and {more} more' if more > 0 else ''})"


def _not_kept(file: FileFindings) -> int:
    return file.verdict.errors + file.verdict.warnings - len(file.verdict.findings)


def _worst(report: ContentReport, file: FileFindings) -> str:
    return "error" if report.errors_in(file) else "warning"


def _message(text: str) -> str:
    """Return a text as the value of a workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Return a text as a property of a workflow command."""
    return _message(text).replace(":", "%3A").replace(",", "%2C")

"""Findings as SARIF 2.1.0, which code scanning services read."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from filesync.core.content.report import ContentReport, FileFindings
from filesync.core.content.rules import RULES
from filesync.core.object_url import is_url

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif_document(report: ContentReport, version: str) -> dict[str, Any]:
    """Return one run with a result for each finding, and the rules they are about.

    `version` is that of filesync.

    https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
    """
    used = sorted({one.rule for file in report.found for one in file.verdict.findings})
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "filesync",
                        "version": version,
                        "rules": [_rule(rule) for rule in used],
                    }
                },
                "columnKind": "unicodeCodePoints",
                # Of many findings in one file, only the first are results.
                "properties": {"errors": report.errors, "warnings": report.warnings},
                "results": [
                    result for file in report.found for result in _results(report, file, used)
                ],
            }
        ],
    }


def _rule(rule: str) -> dict[str, Any]:
    row = RULES[rule]
    return {
        "id": row.id,
        "shortDescription": {"text": row.why},
        "defaultConfiguration": {"level": row.severity},
    }


def _results(report: ContentReport, file: FileFindings, used: list[str]) -> list[dict[str, Any]]:
    results = []
    for one in file.verdict.findings:
        safe = "/:" if is_url(file.path) else "/"
        place: dict[str, Any] = {"artifactLocation": {"uri": quote(file.path, safe)}}
        if one.line is not None:
            place["region"] = {"startLine": one.line}
        results.append(
            {
                "ruleId": one.rule,
                "ruleIndex": used.index(one.rule),
                "level": report.severity(one),
                "message": {"text": one.message},
                "locations": [{"physicalLocation": place}],
                "properties": {"key": file.key},
            }
        )
    return results

"""SARIF says where a finding is, as a URI."""

from __future__ import annotations

import pytest

from filesync.core.content.findings import Finding, Verdict
from filesync.core.content.report import ContentReport, FileFindings
from filesync.output.sarif import sarif_document
from tests.output.sarif import faults


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("docs/a b#1.md", "docs/a%20b%231.md"),
        ("../ü:%.md", "../%C3%BC%3A%25.md"),
        ("s3://bucket/a b.md", "s3://bucket/a%20b.md"),
    ],
)
def test_a_place_is_a_uri(path: str, uri: str) -> None:
    verdict = Verdict((Finding(2, "secret", "looks like a key"),), 0, 1)
    log = sarif_document(ContentReport(1, (FileFindings("a", path, verdict),)), "1")
    assert faults(log) == []
    place = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": uri}, "region": {"startLine": 2}}

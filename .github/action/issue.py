"""Open an issue if the platform has drifted, keep it up to date, close it when that is over."""

from __future__ import annotations

from pathlib import Path

from github_api import GitHub, Unreachable, mark
from job import given, target, warning


def run() -> None:
    """Write the issue; only one that the token's owner opened, with our mark, is ever changed."""
    ours = mark("drift")
    body = f"{ours}\n{Path(given('REPORT')).read_text(encoding='utf-8')}"
    drifted = given("HAS_DRIFT") == "true"
    github = GitHub()
    try:
        found = github.find_issue(ours)
        if found is None and drifted:
            title = f"filesync: {target()} has drifted"
            github.write("POST", "issues", title=title, body=body)
        elif found is not None and not drifted:
            github.write("PATCH", f"issues/{found.number}", state="closed")
        elif found is not None and found.body.strip() != body.strip():
            github.write("PATCH", f"issues/{found.number}", body=body)
    except Unreachable as error:
        warning(f"could not write the issue on drift ({error}): the plan is in the summary")

"""Keep one comment on the pull request up to date."""

from __future__ import annotations

from pathlib import Path

from github_api import GitHub, Unreachable, mark
from job import given, warning


def run() -> None:
    """Write the comment; a new one only if the plan has changes or failed."""
    ours = mark("plan")
    body = f"{ours}\n{Path(given('REPORT')).read_text(encoding='utf-8')}"
    request = given("NUMBER")
    github = GitHub()
    try:
        found = github.find_comment(request, ours)
        if found is None and given("HAS_CHANGES") == "false":
            print("nothing changes, so there is no comment")
        elif found is None:
            github.write("POST", f"issues/{request}/comments", body=body)
        elif found.body.strip() != body.strip():
            github.change_comment(found, body)
    except Unreachable as error:
        warning(f"could not comment on the pull request ({error}): the plan is in the summary")

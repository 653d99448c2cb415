"""Where a plan is made, from git and from the variables of GitHub Actions or GitLab CI."""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.parse import quote

from filesync.core.plan.origin import Origin, sound
from filesync.core.run import Run
from filesync.local.git import Checkout, checkout

_MAX_EVENT_BYTES = 10 * 1000**2


def origin_of(run: Run) -> Origin:
    """Return where a run's plan is made; what neither git nor the CI system knows is left out."""
    found = checkout(run.folder)
    origin = Origin(run.manifest, found.branch, found.commit)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        origin = _on_github(origin, run, found)
    elif os.environ.get("GITLAB_CI") == "true":
        origin = _on_gitlab(origin, run, found)
    return sound(origin)


def _on_github(origin: Origin, run: Run, found: Checkout) -> Origin:
    """Return it with the run and the pull request.

    A job on a pull request has checked out a merge that no branch has; the event names the
    commit that its reader knows.
    """
    told = os.environ.get
    server, repository = told("GITHUB_SERVER_URL"), told("GITHUB_REPOSITORY")
    pull = _event().get("pull_request")
    head = pull.get("head") if isinstance(pull, dict) else None
    head = head if isinstance(head, dict) else {}
    branch = told("GITHUB_HEAD_REF") or told("GITHUB_REF_NAME") or origin.branch
    commit = str(head.get("sha") or told("GITHUB_SHA") or origin.commit or "") or None
    origin = origin._replace(branch=branch, commit=commit)
    if not server or not repository:
        return origin
    base = f"{server}/{repository}"
    if number := told("GITHUB_RUN_ID"):
        origin = origin._replace(run=f"{base}/actions/runs/{number}")
    if isinstance(pull, dict) and isinstance(pull.get("number"), int):
        origin = origin._replace(pull=f"{base}/pull/{pull['number']}")
    folder = _inside(run.folder, found.top or told("GITHUB_WORKSPACE"))
    if folder is not None and commit:
        origin = origin._replace(files=f"{base}/blob/{commit}/{quote(folder)}")
    return origin


def _on_gitlab(origin: Origin, run: Run, found: Checkout) -> Origin:
    """Return it with the job and the merge request (docs.gitlab.com/ci/variables)."""
    told = os.environ.get
    branch = told("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME") or told("CI_COMMIT_REF_NAME")
    commit = told("CI_COMMIT_SHA") or origin.commit
    origin = origin._replace(
        branch=branch or origin.branch, commit=commit, run=told("CI_JOB_URL") or None
    )
    base = told("CI_PROJECT_URL")
    if not base:
        return origin
    if number := told("CI_MERGE_REQUEST_IID"):
        origin = origin._replace(pull=f"{base}/-/merge_requests/{number}")
    folder = _inside(run.folder, found.top or told("CI_PROJECT_DIR"))
    if folder is not None and commit:
        origin = origin._replace(files=f"{base}/-/blob/{commit}/{quote(folder)}")
    return origin


def _event() -> dict[str, Any]:
    """Return what started the job, as GitHub describes it; empty if it cannot be read."""
    try:
        with open(os.environ.get("GITHUB_EVENT_PATH", ""), "rb") as file:
            event = json.loads(file.read(_MAX_EVENT_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}


def _inside(folder: str, top: str | None) -> str | None:
    """Return a folder's path in the repository, with "/" at its end; None if it is outside."""
    if not top:
        return None
    relative = os.path.relpath(os.path.realpath(folder), os.path.realpath(top))
    if relative == ".":
        return ""
    return None if relative.split("/")[0] == ".." else f"{relative}/"

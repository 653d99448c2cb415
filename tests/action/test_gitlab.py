"""The pipeline for GitLab: its scripts run as they stand, line after line, as a runner does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.action.conftest import Repository
from tests.action.runner import load
from tests.cli.fake_api import Answer, FakeApi, Request, error
from tests.cli.harness import Platform

PIPELINE = load("examples/ci/gitlab-ci.yml")


def run(repository: Repository, job: str, server: str, push: str = "") -> tuple[int, str]:
    """Run a job's script in a fresh checkout of a commit, not of a branch; exit code and log."""
    repository.jobs += 1
    folder = repository.temp / f"job-{repository.jobs}"
    tools = repository.temp / "tools"
    if not tools.exists():
        tools.mkdir()
        # The push goes to a host that is not here: what the script says is where, to our origin.
        git = tools / "git"
        git.write_text(
            '#!/bin/sh\n[ "$1 $2" = "remote set-url" ] && '
            'exec /usr/bin/git remote set-url --push origin "$ORIGIN"\nexec /usr/bin/git "$@"\n'
        )
        git.chmod(0o755)
    repository.git("clone", "-q", repository.origin, str(folder))
    repository.git("checkout", "-q", "--detach", cwd=folder)
    for artifact in ("plan.json",):
        if (kept := repository.temp / artifact).exists():
            (folder / artifact).write_bytes(kept.read_bytes())
    script: list[Any] = PIPELINE[job]["script"]
    path = [str(tools), str(Path(sys.executable).parent), repository.env["PATH"]]
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", "\n".join(script)],
        cwd=folder,
        env={
            **repository.env,
            "PATH": os.pathsep.join(path),
            "FILESYNC_SERVER": server,
            "CI_COMMIT_BRANCH": "main",
            "CI_SERVER_PROTOCOL": "https",
            "CI_PROJECT_URL": "https://gitlab.example.com/group/project",
            "ORIGIN": push or repository.origin,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    for artifact in PIPELINE[job].get("artifacts", {}).get("paths", []):
        if (made := folder / artifact).exists():
            (repository.temp / artifact).write_bytes(made.read_bytes())
    return done.returncode, done.stdout


def test_story(platform: Platform, repository: Repository) -> None:
    repository.project.files("a", "b")
    repository.commit("Declare the files")
    code, log = run(repository, "plan", platform.url)
    assert code == 0, log
    assert (repository.temp / "plan.html").is_file()
    repository.git("commit", "-q", "--allow-empty", "-m", "Meanwhile")
    repository.git("push", "-q")
    code, log = run(repository, "apply", platform.url)
    assert code == 0, log
    assert platform.names() == ["a.txt", "b.txt"]
    assert repository.log()[0] == "Update filesync.lock [skip ci]"
    repository.pull()
    code, log = run(repository, "drift", platform.url)
    assert code == 0, log
    platform.delete(repository.project.id("a"))
    code, log = run(repository, "drift", platform.url)
    assert code == 3
    assert "a" in log


def test_the_lockfile_goes_to_the_server_of_the_project(repository: Repository) -> None:
    """Also to one of one's own, with a port and below a path."""
    (line,) = (line for line in PIPELINE["apply"]["script"] if "set-url" in line)
    for url, pushed in (
        ("https://gitlab.com/a/b", "https://filesync:glpat-1@gitlab.com/a/b.git"),
        (
            "http://git.example:8080/git/a/b/c",
            "http://filesync:glpat-1@git.example:8080/git/a/b/c.git",
        ),
    ):
        variables = {"CI_PROJECT_URL": url, "CI_SERVER_PROTOCOL": url.partition(":")[0]}
        env = {**repository.env, **variables, "GITLAB_PUSH_TOKEN": "glpat-1"}
        subprocess.run(["bash", "-euc", line], cwd=repository.project.root, env=env, check=True)
        assert repository.git("remote", "get-url", "--push", "origin").strip() == pushed


def test_a_token_that_may_not_push_is_found_before_any_write(
    platform: Platform, repository: Repository
) -> None:
    repository.project.files("a")
    repository.commit("Declare the files")
    assert run(repository, "plan", platform.url)[0] == 0
    code, _ = run(repository, "apply", platform.url, push="/no/such/repository")
    assert code != 0
    assert platform.files() == {}


@pytest.mark.parametrize("times", [2, 9])
def test_push_is_repeated_on_top_of_what_was_pushed_meanwhile(
    times: int, platform: Platform, repository: Repository, tmp_path: Path
) -> None:
    repository.project.files("a")
    repository.commit("Declare the files")
    assert run(repository, "plan", platform.url)[0] == 0
    repository.hook_pushes_first(times)
    code, log = run(repository, "apply", platform.url)
    if times == 2:
        assert code == 0, log
        assert repository.log()[0] == "Update filesync.lock [skip ci]"
    else:
        assert code == 1
        assert "could not be pushed" in log
        assert next(iter(platform.files())) in log


def test_an_apply_that_fails_half_way_fails_the_job_and_pushes_its_lockfile(
    repository: Repository, fake: FakeApi
) -> None:
    repository.project.files("a", "b")
    repository.commit("Declare the files")
    assert run(repository, "plan", fake.url)[0] == 0

    def refuse(request: Request) -> Answer | None:
        return error(400, "not this one") if request.filename == "b.txt" else None

    fake.rule(refuse)
    code, log = run(repository, "apply", fake.url)
    assert code == 1, log
    repository.pull()
    assert set(repository.project.lock["files"]) == {"a"}


def test_a_report_names_job_commit_and_merge_request(repository: Repository) -> None:
    project = repository.project
    project.files("a")
    project.write("sub/b.txt")
    commit = "0123456789abcdef0123456789abcdef01234567"
    url = "https://gitlab.example/team/docs"
    env: dict[str, str | None] = {
        "GITLAB_CI": "true",
        "CI_JOB_URL": f"{url}/-/jobs/7",
        "CI_PROJECT_URL": url,
        "CI_PROJECT_DIR": str(project.root),
        "CI_COMMIT_SHA": commit,
        "CI_COMMIT_REF_NAME": "refs/merge-requests/12/head",
        "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "new-prices",
        "CI_MERGE_REQUEST_IID": "12",
    }
    head = project.run("plan", "--markdown", env=env).out
    assert f"[run]({url}/-/jobs/7)" in head
    assert f"[`0123456789ab`]({url}/-/merge_requests/12/diffs) of `new-prices`" in head
    assert f"({url}/-/blob/{commit}/filesync.yaml)" in head
    assert f"({url}/-/blob/{commit}/a.txt)" in head
    page = project.root / "plan.html"
    project.run("plan", "--html", "plan.html", env=env)
    assert "new-prices" in page.read_text()
    # On a branch, and a variable that is no link.
    env |= {"CI_MERGE_REQUEST_IID": None, "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": None}
    env |= {"CI_JOB_URL": "javascript:alert(1)", "CI_COMMIT_REF_NAME": "main"}
    head = project.run("plan", "--markdown", env=env).out
    assert "commit `0123456789ab` of `main`" in head
    assert "javascript" not in head

"""`doctor`: what a run needs, each with what to do where it is not there."""

from __future__ import annotations

import subprocess
from typing import Any

from tests.cli.harness import Platform, Project, Ran


def states(ran: Ran) -> dict[str, str]:
    return {check["name"]: check["state"] for check in ran.json["checks"]}


def message(ran: Ran, name: str) -> Any:
    return next(one["message"] for one in ran.json["checks"] if one["name"] == name)


def git(project: Project, *args: str) -> None:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    subprocess.run(["git", *who, *args], cwd=project.root, check=True, capture_output=True)


def test_all_is_well(platform: Platform, project: Project) -> None:
    project.files("a")
    project.run("schema", "-o", "filesync.schema.json")
    project.apply()
    git(project, "init")
    git(project, "add", "filesync.lock")
    git(project, "commit", "-m", "lock")
    ran = project.run("doctor", "--json")
    expected = "versions manifest schema lockfile git state lfs key server listing clock"
    assert states(ran) == dict.fromkeys([*expected.split(), "permissions"], "ok")
    shown = project.run("doctor").out.splitlines()
    assert len(shown) == len(ran.json["checks"])
    offline = project.run("doctor", "--offline", "--json", env={"OPENAI_API_KEY": None})
    assert states(offline)["server"] == "skipped"


def test_what_is_wrong_is_named_with_what_to_do(platform: Platform, project: Project) -> None:
    project.files("a")
    project.apply()
    project.write("a.txt", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
    project.write("filesync.schema.json", "{}")
    project.write(".gitignore", "*.lock\n")
    git(project, "init")
    ran = project.run("doctor", "--json", code=1, env={"OPENAI_API_KEY": None})
    found = states(ran)
    wrong = {name for name, state in found.items() if state == "failed"}
    assert wrong == {"git", "lfs", "key"}
    assert found["schema"] == "warning"
    assert "OPENAI_API_KEY" in message(ran, "key")
    assert "3 checks failed: git, lfs, key" in ran.err
    out = project.run("doctor", code=1).out
    assert "-> take it out of .gitignore, then run `git add filesync.lock`" in out
    assert "git lfs pull" in out


def test_a_key_that_is_refused_and_a_server_that_is_not_there(
    alone: Project,
) -> None:
    alone.files("a")
    env = {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    ran = alone.run("doctor", "--json", code=1, env=env)
    assert states(ran)["server"] == "failed"
    alone.manifest("files: {a: {path: no.txt}}")
    assert states(alone.run("doctor", "--json", code=1))["manifest"] == "failed"

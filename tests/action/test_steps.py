"""The action, the examples for CI and the hooks: sound YAML, and their shell steps run here."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from filesync.cli.commands import COMMANDS
from tests.action.runner import BOT, ROOT, Runner, load
from tests.cli.fake_api import Answer, FakeApi, Request, error
from tests.cli.harness import Platform, Project


class Repository:
    """A checkout with a remote of its own, in which a project lives."""

    def __init__(self, project: Project, origin: Path) -> None:
        self.project = project
        me = {
            f"GIT_{who}_{what}": f"{who.lower()}@example.org"
            for who in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        }
        alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        self.env = {**project.env, **alone, **me}
        subprocess.run(
            ["git", "init", "-q", "--bare", "-b", "main", str(origin)], check=True, env=self.env
        )
        self.git("init", "-q", "-b", "main")
        self.git("remote", "add", "origin", str(origin))

    def git(self, *args: str) -> str:
        done = subprocess.run(
            ["git", *args],
            cwd=self.project.root,
            env=self.env,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    def commit(self, message: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        branch = self.git("branch", "--show-current").strip()
        self.git("push", "-q", "-u", "origin", branch)

    def log(self) -> list[str]:
        """What was committed on origin's main, newest first."""
        self.git("fetch", "-q")
        return self.git("log", "--format=%s", "origin/main").splitlines()


@pytest.fixture
def repository(project: Project, tmp_path: Path) -> Repository:
    return Repository(project, tmp_path / "origin.git")


@pytest.fixture
def runner(repository: Repository, tmp_path: Path) -> Runner:
    return Runner(tmp_path / "runner", repository.project.root, repository.env)


def test_story_of_a_pull_request(
    platform: Platform, project: Project, repository: Repository, runner: Runner
) -> None:
    """Plan as a comment, merge, apply, lockfile committed, nothing left; drift found and mended."""
    project.files("handbook", "prices", "train")
    repository.commit("Declare the files")
    code, log = runner.run("apply")
    assert code == 0, log
    assert repository.log() == ["Update the lockfile of filesync", "Declare the files"]
    assert len(platform.files()) == 3

    # A branch: one file changed, one given up, one new.
    repository.git("checkout", "-q", "-b", "change")
    gone = project.id("prices")
    project.write("handbook.txt", "the second edition\n")
    (project.root / "prices.txt").unlink()
    project.files("handbook", "train", "faq")
    repository.commit("Change the files")
    code, log = runner.run("plan")
    assert code == 0, log
    (comment,) = runner.gh["comments"]
    assert comment["body"].startswith("<!-- filesync plan ")
    assert "1 to delete, 1 to replace, 1 to create" in comment["body"]
    assert gone in comment["body"]
    assert "1 to delete" in (runner.temp / "summary.md").read_text()
    assert len(platform.files()) == 3, "a plan changes nothing"

    # A second commit: the same comment says what is so now.
    project.files("handbook", "train")
    repository.commit("No questions after all")
    assert runner.run("plan")[0] == 0
    (comment,) = runner.gh["comments"]
    assert "1 to delete, 1 to replace (" in comment["body"]

    repository.git("checkout", "-q", "main")
    repository.git("merge", "-q", "--no-ff", "-m", "Merge the change", "change")
    repository.git("push", "-q")
    code, log = runner.run("apply")
    assert code == 0, log
    assert repository.log()[:2] == ["Update the lockfile of filesync", "Merge the change"]
    assert repository.git("show", "origin/main:filesync.lock") == project.lock_path.read_text()
    assert repository.git("status", "--porcelain") == ""
    assert gone not in platform.files()
    assert set(project.lock["files"]) == {"handbook", "train"}

    # A second run has nothing to do and commits nothing.
    commits = repository.log()
    assert runner.run("apply")[0] == 0
    assert project.plan().json["has_changes"] is False
    assert repository.log() == commits

    # Every day: nothing, until somebody deletes a file by hand.
    assert runner.run("drift")[0] == 0
    assert runner.gh["issues"] == []
    platform.delete(project.id("train"))
    assert project.plan().json["has_drift"] is True
    for _ in range(2):  # on the second day it is the same issue
        code, log = runner.run("drift")
        assert code == 1
        assert "::error::" in log
        (issue,) = runner.gh["issues"]
        assert issue["title"] == "filesync: filesync.yaml has drifted"
        assert "missing on the platform" in issue["body"]
        assert issue["state"] == "open"
    assert runner.run("apply")[0] == 0
    assert runner.run("drift")[0] == 0
    assert runner.gh["issues"][0]["state"] == "closed"


def test_plan_of_a_fork_needs_no_key(repository: Repository, runner: Runner) -> None:
    repository.project.files("a")
    del runner.env["OPENAI_API_KEY"]
    code, log = runner.run("plan", fork=True)
    assert code == 0, log
    assert "1 to create" in runner.gh["comments"][0]["body"]
    assert runner.run("plan")[0] == 1, "anybody else must not be shown half a plan"


def test_failed_plan_is_told_in_the_comment(repository: Repository, runner: Runner) -> None:
    repository.project.files("a")
    repository.project.write("filesync.yaml", "version: 1\nproject: x\nfiles: {<b>: 1}\n")
    code, log = runner.run("plan")
    assert code == 1
    assert "filesync.yaml:3:" in log
    body = runner.gh["comments"][0]["body"]
    assert "the plan failed" in body
    assert "&lt;b&gt;" in body
    repository.project.files("a")
    assert runner.run("plan")[0] == 0
    (comment,) = runner.gh["comments"]
    assert "1 to create" in comment["body"]


def test_comments_of_others_are_left_alone(repository: Repository, runner: Runner) -> None:
    repository.project.files("a")
    assert runner.run("plan")[0] == 0
    mark = runner.gh["comments"][0]["body"].splitlines()[0]
    runner.temp.joinpath("gh.json").write_text('{"comments": [], "issues": [], "calls": 0}')
    runner.gh_has("comments", id=1, login="mallory", body=f"{mark}\nall is well")
    assert runner.run("plan")[0] == 0
    assert [one["login"] for one in runner.gh["comments"]] == ["mallory", BOT]
    assert runner.gh["comments"][0]["body"].endswith("all is well")
    # Another manifest has a comment of its own.
    repository.project.write("prod.yaml", "version: 1\nproject: prod\nfiles: {a: {path: a.txt}}\n")
    assert runner.run("plan", manifest="prod.yaml")[0] == 0
    assert len(runner.gh["comments"]) == 3


def test_comment_that_cannot_be_made_fails_nothing(repository: Repository, runner: Runner) -> None:
    repository.project.files("a")
    code, log = runner.run("plan", token="")
    assert code == 0
    assert "::warning::" in log
    calls = runner.gh["calls"]
    assert runner.run("plan", comment="false")[0] == 0
    assert runner.gh["calls"] == calls


def test_lockfile_is_committed_after_an_apply_that_failed_half_way(
    fake: FakeApi, on_fake: Project, tmp_path: Path
) -> None:
    repository = Repository(on_fake, tmp_path / "origin.git")
    runner = Runner(tmp_path / "runner", on_fake.root, repository.env)
    on_fake.files("a", "b")
    repository.commit("Declare the files")

    def refuse(request: Request) -> Answer | None:
        return error(400, "not this one") if request.filename == "b.txt" else None

    fake.rule(refuse)
    code, log = runner.run("apply")
    assert code == 1
    assert "not this one" in log
    assert repository.log()[0] == "Update the lockfile of filesync"
    assert set(on_fake.lock["files"]) == {"a"}


def test_lockfile_is_rebased_on_what_was_pushed_meanwhile(
    tmp_path: Path, repository: Repository, runner: Runner
) -> None:
    project = repository.project
    project.files("a")
    repository.commit("Declare the files")
    other = tmp_path / "other"
    origin = repository.git("remote", "get-url", "origin").strip()
    for command in (
        ["clone", "-q", origin, str(other)],
        ["-C", str(other), "commit", "-q", "--allow-empty", "-m", "Meanwhile"],
        ["-C", str(other), "push", "-q"],
    ):
        repository.git(*command)
    code, log = runner.run("apply")
    assert code == 0, log
    assert repository.log()[:2] == ["Update the lockfile of filesync", "Meanwhile"]


def test_arguments_and_manifest_are_passed_on(
    platform: Platform, repository: Repository, runner: Runner
) -> None:
    project = repository.project
    for key in "abc":
        project.write(f"{key}.txt", key)
    (project.root / "envs").mkdir()
    text = "version: 1\nproject: prod\nfiles: {%s}\n"
    entries = ", ".join(f"{key}: {{path: {key}.txt}}" for key in "abc")
    project.write("envs/prod.yml", (text % entries).replace("path: ", "path: ../"))
    repository.commit("Declare the files")
    code, log = runner.run(
        "apply", manifest="envs/prod.yml", args="--only a --allow-outside", commit_message="Ids"
    )
    assert code == 0, log
    assert platform.names() == ["a.txt"]
    assert repository.log()[0] == "Ids"
    assert "envs/prod.lock" in repository.git("show", "--stat", "--format=", "origin/main")


def test_environment_has_its_own_lockfile_comment_and_issue(
    platform: Platform, repository: Repository, runner: Runner
) -> None:
    project = repository.project
    several = "environments: {staging: {project: test-staging, prefix: staging-}}\n"
    project.files("a", rest=several)
    repository.commit("Declare the files")
    code, log = runner.run("apply", environment="staging")
    assert code == 0, log
    assert platform.names() == ["staging-a.txt"]
    assert repository.git("show", "--name-only", "--format=").split() == ["filesync.staging.lock"]
    assert runner.run("apply")[0] == 0
    assert platform.names() == ["a.txt", "staging-a.txt"]
    assert repository.git("show", "--name-only", "--format=").split() == ["filesync.lock"]

    project.files("a", "b", rest=several)
    for environment in ("", "staging", ""):
        code, log = runner.run("plan", environment=environment)
        assert code == 0, log
    bodies = [comment["body"] for comment in runner.gh["comments"]]
    assert len(bodies) == 2
    assert "test-staging" in bodies[1]
    assert "test-staging" not in bodies[0]

    platform.delete(project.id("a"))
    assert runner.run("drift", environment="staging")[0] == 0
    assert runner.run("drift")[0] == 1
    # The job's variable does the same as the input.
    (staging,) = (id_ for id_, one in platform.files().items() if one["filename"] != "a.txt")
    platform.delete(staging)
    runner.env["FILESYNC_ENV"] = "staging"
    assert runner.run("drift")[0] == 1
    titles = [issue["title"] for issue in runner.gh["issues"]]
    assert titles == [
        "filesync: filesync.yaml has drifted",
        "filesync: filesync.yaml (staging) has drifted",
    ]
    repository.commit("Declare another")
    assert runner.run("apply")[0] == 0
    assert repository.git("show", "--name-only", "--format=").split() == ["filesync.staging.lock"]


def test_no_expression_stands_in_a_script() -> None:
    """Whoever names a branch or a file must not write our shell."""
    for step in load("action.yml")["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
        assert ("run" in step) == ("shell" in step)


def test_every_input_is_told_and_used() -> None:
    action = load("action.yml")
    text = (ROOT / "action.yml").read_text()
    assert action["runs"]["using"] == "composite"
    for name, one in action["inputs"].items():
        assert one["description"]
        assert f"inputs.{name}" in text
    ids = {step.get("id") for step in action["runs"]["steps"]}
    for one in action["outputs"].values():
        found = re.fullmatch(r"\$\{\{ steps\.(\w+)\.outputs\.\w+ \}\}", one["value"])
        assert found is not None
        assert found[1] in ids


def test_example_for_github_uses_the_action_as_it_is() -> None:
    action, workflow = load("action.yml"), load("examples/ci/github.yml")
    assert workflow["concurrency"]["cancel-in-progress"] is False
    modes = []
    for job in workflow["jobs"].values():
        (step,) = (one for one in job["steps"] if "/filesync@" in one["uses"])
        assert set(step["with"]) <= set(action["inputs"])
        modes.append(step["with"]["mode"])
    assert modes == ["plan", "apply", "drift"]
    assert "pull_request_target" not in workflow[True]  # YAML 1.1 reads `on` as true
    assert workflow["permissions"] == {"contents": "read"}


def run_script(project: Project, lines: list[str], env: dict[str, str]) -> tuple[int, str]:
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", "\n".join(lines)],
        cwd=project.root,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def test_example_for_gitlab_runs(
    platform: Platform, project: Project, repository: Repository, runner: Runner
) -> None:
    pipeline = load("examples/ci/gitlab-ci.yml")
    project.files("a", "b")
    repository.commit("Declare the files")
    code, log = run_script(project, pipeline["plan"]["script"], runner.env)
    assert code == 0, log
    for artifact in pipeline["plan"]["artifacts"]["paths"]:
        assert (project.root / artifact).is_file()
    code, log = run_script(project, pipeline["apply"]["script"], runner.env)
    assert code == 0, log
    assert platform.names() == ["a.txt", "b.txt"]
    origin = repository.git("remote", "get-url", "origin").strip()
    after = [
        re.sub(r'"https://[^"]*"', f"'{origin}'", line)
        for line in pipeline["apply"]["after_script"]
    ]
    env = {**runner.env, "CI_COMMIT_BRANCH": "main"}
    for _ in range(2):
        code, log = run_script(project, after, env)
        assert code == 0, log
    assert repository.log() == ["Update filesync.lock [skip ci]", "Declare the files"]
    assert run_script(project, pipeline["drift"]["script"], runner.env)[0] == 0
    platform.delete(project.id("a"))
    code, log = run_script(project, pipeline["drift"]["script"], runner.env)
    assert code == 1
    assert "missing on the platform" in log


def test_hooks_name_commands_that_are_there(project: Project) -> None:
    hooks: list[dict[str, Any]] = load(".pre-commit-hooks.yaml")
    assert [hook["id"] for hook in hooks] == ["filesync-validate", "filesync-locked"]
    project.files("a")
    project.apply()
    for hook in hooks:
        words = hook["entry"].split()
        assert words[0] == "filesync"
        assert words[1] in COMMANDS
        assert hook["pass_filenames"] is False
        project.run(*words[1:], env={"OPENAI_API_KEY": None, "OPENAI_BASE_URL": None})


def test_validate_locked_holds_manifest_files_and_lockfile_against_each_other(
    platform: Platform, project: Project
) -> None:
    offline: dict[str, str | None] = {"OPENAI_API_KEY": None, "OPENAI_BASE_URL": None}
    project.files("a", "b", e="expires_after: 1h, retain: 7d")
    assert "no lockfile" in project.run("validate", "--locked", env=offline, code=1).err
    project.apply()
    # A file that was superseded waits in the lockfile: nobody's fault.
    project.write("e.txt", "other\n")
    project.run("apply", "-y")
    assert project.lock["retired"]
    assert "agrees" in project.run("validate", "--locked", env=offline).err
    # Neither is a file that the platform has lost, nor one whose time is nearly over.
    platform.delete(project.id("a"))
    text = project.lock_path.read_text()
    expires = project.lock["files"]["e"]["expires_at"]
    project.lock_path.write_text(text.replace(str(expires), str(expires - 3599)))
    project.run("validate", "--locked", env=offline)
    for change, said in (
        (lambda: project.write("a.txt", "other\n"), "a: content changed"),
        (lambda: project.files("a", "b", "c", e="retain: 7d"), "c: new"),
        (lambda: project.files("a"), "b: not in the manifest"),
        (lambda: project.files("a", "b", e="expires_after: 2h"), "expires_after 1h -> 2h"),
    ):
        change()
        complaint = project.run("validate", "--locked", env=offline, code=1).err
        assert "does not agree" in complaint
        assert said in complaint
        assert "filesync apply" in complaint
    project.run("validate", env=offline)

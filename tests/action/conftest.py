"""A repository on a GitHub of our own, and jobs that run there."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.action.github_server import REPOSITORY, GitHubState, github
from tests.action.runner import Ended, Job, run_workflow
from tests.cli.harness import CANARY, Platform, Project

_ME = {
    f"GIT_{who}_{what}": f"{who.lower()}@example.org"
    for who in ("AUTHOR", "COMMITTER")
    for what in ("NAME", "EMAIL")
}


@dataclass
class Repository:
    """A person's checkout, in which a project lives, and the repository that it is pushed to."""

    project: Project
    github: GitHubState
    server: str
    temp: Path
    jobs: int = 0
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        origin = self.github.root / f"{REPOSITORY}.git"
        alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        self.env = {**self.project.env, **alone}
        subprocess.run(
            ["git", "init", "-q", "--bare", "-b", "main", str(origin)], check=True, env=self.env
        )
        self.origin = str(origin)
        self.git("init", "-q", "-b", "main")
        self.git("remote", "add", "origin", self.origin)

    def git(self, *args: str, cwd: Path | None = None) -> str:
        """Run git as a person does, in the person's checkout."""
        done = subprocess.run(
            ["git", *args],
            cwd=cwd or self.project.root,
            env={**self.env, **_ME},
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    def commit(self, message: str) -> None:
        """Commit all, and push the branch."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        self.git("push", "-q", "-u", "origin", "HEAD")

    def pull(self) -> None:
        """Take over what jobs have pushed."""
        self.git("pull", "-q", "--rebase", "origin", "main")

    def log(self) -> list[str]:
        """What was committed on origin's main, newest first."""
        return self.git("--git-dir", self.origin, "log", "--format=%s", "main").splitlines()

    def hook_pushes_first(self, times: int) -> None:
        """From now on, somebody pushes to main just before each push; so many times."""
        other = self.temp / "other"
        self.git("clone", "-q", self.origin, str(other))
        hook = Path(self.origin, "hooks", "pre-receive")
        hook.write_text(
            f"""#!/bin/sh
cat > /dev/null
unset $(git rev-parse --local-env-vars) GIT_QUARANTINE_PATH
n=$(cat "{self.temp}/n" 2> /dev/null || echo 0)
[ "$n" -ge {times} ] && exit 0
echo $((n + 1)) > "{self.temp}/n"
cd "{other}" && git pull -q
git -c user.name=x -c user.email=x@x commit -q --allow-empty -m "Meanwhile $n"
git push -q --receive-pack="git -c core.hooksPath=/dev/null receive-pack"
"""
        )
        hook.chmod(0o755)

    def job(self, event_name: str = "push", *, fork: bool = False) -> Job:
        """Return a job on a new machine, that this event started."""
        self.jobs += 1
        temp = self.temp / f"job-{self.jobs}"
        hidden = ("OPENAI_API_KEY", "OPENAI_BASE_URL")
        env = {name: value for name, value in self.env.items() if name not in hidden}
        job = Job(self.github, temp, temp / "files", env, event_name)
        job.event = {"repository": {"default_branch": "main"}}
        if event_name == "pull_request":
            job.event["pull_request"] = {"number": 7, "head": {"repo": {"fork": fork}}}
            job.ref = "refs/pull/7/merge"
            branch = self.git("branch", "--show-current").strip()
            self.git("--git-dir", self.origin, "update-ref", job.ref, f"refs/heads/{branch}")
        if not fork:
            job.secrets = {"OPENAI_API_KEY": CANARY}
        return job

    def run(self, mode: str, *, fork: bool = False, **inputs: str) -> Ended:
        """Check out, and run the action, in a new job; the last job is kept."""
        self.last = job = self.job({"plan": "pull_request"}.get(mode, "push"), fork=fork)
        steps: list[dict[str, Any]] = [{"uses": f"actions/checkout@{'a' * 40}"}]
        given = {"api-key": "" if fork else CANARY, "base-url": self.server}
        given |= {name.replace("_", "-"): value for name, value in inputs.items()}
        ours = {"uses": f"OWNER/filesync@{'0' * 40}", "with": {"mode": mode, **given}}
        steps.append({"id": "us", **ours})
        ended = job.steps(steps, job.contexts())
        assert CANARY not in ended.log + job.summary, "the key was printed"
        return Ended(ended.code, ended.log, ended.results["us"]["outputs"], ran=ended.ran)

    def run_workflow(self, workflow: dict[str, Any], event_name: str) -> dict[str, Ended]:
        """Run a workflow as an event starts it; our action is told of the test's server."""
        self.last = job = self.job(event_name)
        for one in workflow["jobs"].values():
            if "uses" in one:
                one["with"]["base-url"] = self.server
            for step in one.get("steps", []):
                if step.get("uses", "").startswith("OWNER/filesync@"):
                    step["with"]["base-url"] = self.server
        return run_workflow(workflow, job)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[GitHubState]:
    """GitHub."""
    root = tmp_path / "hub"
    (root / REPOSITORY).parent.mkdir(parents=True)
    with github(root) as state:
        yield state


@pytest.fixture
def repository(
    project: Project, hub: GitHubState, platform: Platform, tmp_path: Path
) -> Repository:
    """A repository whose jobs use `platform`."""
    return Repository(project, hub, platform.url, tmp_path)

"""GitHub's runner, as far as it takes to run workflows that use our action, and the action, here.

Steps run in order, each with GitHub's own rules for `if`, inputs, outputs, PATH and environment.
Of the actions of others, checkout is played by git, and setup-python by a Python that installs
nothing: its venv has the command that is under test.
"""

from __future__ import annotations

import copy
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.action.expressions import holds, inserted, shown
from tests.action.github_server import REPOSITORY, GitHubState
from tests.cli.harness import quick_command, quick_python

ROOT = Path(__file__).parents[2]

# `python3 -m venv` makes a folder of what a venv has; `-m pip` only says what it was asked. Scripts
# run with a `sys.executable` in that folder, and so find its `filesync`.
_PYTHON = """#!/bin/sh
if [ "$1 $2" = "-m venv" ]; then
  mkdir -p "$3/bin"
  cp "$0" "$3/bin/python"; cp "$0" "$3/bin/python3"; echo > "$3/bin/pip"
  ln -sf "{filesync}" "$3/bin/filesync"
elif [ "$1 $2" = "-m pip" ]; then
  echo "$@" >> "$RUNNER_TEMP/pip.log"
else
  exec {python} "$@"
fi
"""


def load(path: str) -> Any:
    """A YAML file of the checkout, the caller's to change."""
    return copy.deepcopy(_parsed(path))


@cache
def _parsed(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


@dataclass
class Ended:
    """How steps ended: exit code, log, outputs, each step's result by id, and which steps ran."""

    code: int = 0
    log: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    results: dict[str, Any] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)


@dataclass
class Job:
    """One job on a fresh machine: its folders, and what its steps leave for the next."""

    github: GitHubState
    temp: Path
    workspace: Path
    env: dict[str, str]
    event_name: str = "push"
    event: dict[str, Any] = field(default_factory=dict)
    ref: str = "refs/heads/main"
    secrets: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    seen: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.temp.mkdir(parents=True, exist_ok=True)
        self._path: list[str] = []
        python = self.temp / "hostedtoolcache" / "python3"
        python.parent.mkdir(exist_ok=True)
        python.write_text(_PYTHON.format(python=quick_python('"$0"'), filesync=quick_command()))
        python.chmod(0o755)
        self._python = str(python)
        (self.temp / "summary.md").touch()

    @property
    def summary(self) -> str:
        """What the job's summary says by now."""
        return (self.temp / "summary.md").read_text(encoding="utf-8")

    @property
    def on_path(self) -> list[str]:
        """The commands that steps have put on PATH."""
        return sorted(name for folder in self._path for name in os.listdir(folder))

    def contexts(self, **more: Any) -> dict[str, Any]:
        """What expressions of the workflow can ask for."""
        found = {
            "github": {
                "event_name": self.event_name,
                "event": self.event,
                "ref": self.ref,
                "ref_name": self.ref.removeprefix("refs/heads/"),
                "token": "job-token",
                "repository": REPOSITORY,
                "workflow": "files",
            },
            "secrets": self.secrets,
            "env": self.env,
            "steps": {},
            "runner": {"os": "Linux", "temp": str(self.temp)},
            "inputs": self.inputs,
        }
        return found | more

    def action(self, inputs: Mapping[str, object]) -> Ended:
        """Run the steps of action.yml; an input that it does not have is an error here."""
        action = load("action.yml")
        assert set(inputs) <= set(action["inputs"]), "unknown inputs"
        contexts = self.contexts()
        given = {name: shown(value) for name, value in inputs.items()}
        values = {
            name: given.get(name, shown(inserted(one.get("default", ""), contexts)))
            for name, one in action["inputs"].items()
        }
        ended = self.steps(action["runs"]["steps"], self.contexts(inputs=values), composite=True)
        contexts = self.contexts(inputs=values, steps=ended.results)
        outputs = {
            name: shown(inserted(one["value"], contexts)) for name, one in action["outputs"].items()
        }
        return Ended(ended.code, ended.log, outputs, ran=ended.ran)

    def steps(
        self, steps: list[dict[str, Any]], contexts: dict[str, Any], *, composite: bool = False
    ) -> Ended:
        """Run steps in order."""
        results: dict[str, Any] = contexts["steps"]
        ended = Ended(results=results)
        for number, step in enumerate(steps):
            name = step.get("id", f"step-{number}")
            if not holds(step.get("if", "true"), contexts, "failure" if ended.code else "success"):
                results[name] = {"outputs": {}, "outcome": "skipped", "conclusion": "skipped"}
                continue
            # What a step's `env` says is the text that its inputs and expressions make.
            extra = {
                key: shown(inserted(value, contexts)) for key, value in step.get("env", {}).items()
            }
            given = {
                key: shown(inserted(value, contexts)) for key, value in step.get("with", {}).items()
            }
            if "run" in step:
                assert not composite or step["shell"] == "bash", "a composite step names its shell"
                one = self._run(inserted(step["run"], contexts), extra)
            else:
                one = self._use(step["uses"], given)
            self.seen[step.get("name", step.get("uses", name))] = extra
            ended.ran.append(step.get("name", step.get("uses", name)))
            outcome = "failure" if one.code else "success"
            results[name] = {"outputs": one.outputs, "outcome": outcome, "conclusion": outcome}
            ended.log += one.log
            ended.code = ended.code or one.code
        return ended

    def _run(self, script: str, extra: Mapping[str, str]) -> Ended:
        files = {name: self.temp / f"{name.lower()}.txt" for name in ("OUTPUT", "ENV", "PATH")}
        for file in files.values():
            file.write_text("")
        (self.temp / "step.sh").write_text(script)
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", self.temp / "step.sh"],
            cwd=self.workspace,
            env={
                **self.env,
                "PATH": os.pathsep.join([*reversed(self._path), self.env["PATH"]]),
                "GITHUB_ACTIONS": "true",
                "GITHUB_ACTION_PATH": str(ROOT),
                "GITHUB_API_URL": f"{self.github.url}/api/v3",
                "GITHUB_GRAPHQL_URL": f"{self.github.url}/api/graphql",
                "GITHUB_SERVER_URL": self.github.url,
                "GITHUB_REPOSITORY": REPOSITORY,
                "GITHUB_RUN_ID": "42",
                "GITHUB_RUN_ATTEMPT": "1",
                "GITHUB_STEP_SUMMARY": str(self.temp / "summary.md"),
                "RUNNER_TEMP": str(self.temp),
                **{f"GITHUB_{name}": str(file) for name, file in files.items()},
                **extra,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=120,
        )
        self._path += files["PATH"].read_text().split()
        self.env.update(_pairs(files["ENV"].read_text()))
        return Ended(done.returncode, done.stdout, _pairs(files["OUTPUT"].read_text()))

    def _use(self, action: str, given: dict[str, str]) -> Ended:
        name, _, commit = action.partition("@")
        assert re.fullmatch("[0-9a-f]{40}", commit), f"{action} is not pinned by its commit"
        if name == "OWNER/filesync":
            return self.action(given)
        if name == "actions/checkout":
            return self._checkout(given)
        if name == "actions/setup-python":
            assert given["update-environment"] == "false"
            return Ended(outputs={"python-path": self._python})
        assert name == "actions/cache", name
        assert given["key"].startswith("filesync-")
        return Ended()

    def _checkout(self, given: dict[str, str]) -> Ended:
        """Check out as actions/checkout does: the ref that is asked for, else the event's."""
        shutil.rmtree(self.workspace, ignore_errors=True)
        url = f"{self.github.url}/{REPOSITORY}.git"
        self._git("clone", "--quiet", url, str(self.workspace), cwd=self.temp)
        ref = given.get("ref") or self.ref
        if ref.startswith("refs/pull/"):  # of a pull request, the merge: a commit, not a branch
            self._git("fetch", "--quiet", "origin", ref, cwd=self.workspace)
            self._git("checkout", "--quiet", "--detach", "FETCH_HEAD", cwd=self.workspace)
        else:
            branch = ref.removeprefix("refs/heads/")
            self._git("checkout", "--quiet", "-B", branch, f"origin/{branch}", cwd=self.workspace)
        if given.get("persist-credentials", "true") == "true":
            header = "AUTHORIZATION: basic eC1hY2Nlc3MtdG9rZW46am9iLXRva2Vu"
            name = f"http.{self.github.url}/.extraheader"
            self._git("config", "--local", name, header, cwd=self.workspace)
        return Ended()

    def _git(self, *args: str, cwd: Path) -> None:
        subprocess.run(["git", *args], cwd=cwd, env=self.env, check=True, capture_output=True)


def run_workflow(workflow: dict[str, Any], job: Job) -> dict[str, Ended]:
    """Run each job of a workflow whose `if` holds, as the event of `job` starts it.

    They share a machine here; the token may do what each job's permissions say. A workflow that
    is called must find all the permissions of its jobs with its caller.
    """
    ended: dict[str, Ended] = {}
    for name, one in workflow["jobs"].items():
        if not holds(one.get("if", "true"), job.contexts(), "success"):
            continue
        job.github.permissions = one.get("permissions", workflow.get("permissions", {}))
        if "uses" in one:
            return _call(one, job)
        before = dict(job.env)
        for env in (workflow.get("env", {}), one.get("env", {})):
            job.env |= {key: shown(inserted(value, job.contexts())) for key, value in env.items()}
        ended[name] = job.steps(one["steps"], job.contexts())
        job.env = before
    return ended


def _call(caller: dict[str, Any], job: Job) -> dict[str, Ended]:
    """Run the workflow that a job calls, with the inputs and secrets that it is given."""
    path, _, commit = caller["uses"].removeprefix("OWNER/filesync/").partition("@")
    assert re.fullmatch("[0-9a-f]{40}", commit)
    called = load(path)
    asked = called[True]["workflow_call"]  # YAML 1.1 reads `on` as true
    given = {name: shown(inserted(one, job.contexts())) for name, one in caller["with"].items()}
    assert set(given) <= set(asked["inputs"])
    assert set(caller["secrets"]) <= set(asked["secrets"])
    for one in called["jobs"].values():
        for scope, what in one["permissions"].items():
            assert caller["permissions"].get(scope) in (what, "write"), f"{scope} is not granted"
    secrets = {name: inserted(one, job.contexts()) for name, one in caller["secrets"].items()}
    job.inputs = {name: one["default"] for name, one in asked["inputs"].items()} | given
    job.secrets = secrets
    return run_workflow(called, job)


def _pairs(text: str) -> dict[str, str]:
    """Read the lines of $GITHUB_OUTPUT: `name=value`, or a value between two marks."""
    found, lines = {}, iter(text.splitlines())
    for line in lines:
        name, sign, value = line.partition("=")
        if "<<" in name or not sign:
            name, _, mark = line.partition("<<")
            kept = []
            for one in lines:
                if one == mark:
                    break
                kept.append(one)
            value = "\n".join(kept)
        found[name] = value
    return found

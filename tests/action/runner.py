"""A runner of GitHub's, as far as it takes to run the shell steps of our action.yml here."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
BOT = "github-actions[bot]"

# GitHub's command line tool, in front of comments and issues that are kept in a file. It knows
# the calls that the action makes, and fails at any other.
FAKE_GH = """
import json, os, re, sys
args = sys.argv[1:]
assert args.pop(0) == "api", sys.argv
state = json.load(open(os.environ["FAKE_GH"]))
state["calls"] += 1
options = {}
while args:
    arg = args.pop(0)
    if arg in ("--paginate", "--silent"):
        options[arg] = True
    elif arg in ("--jq", "--method", "-F", "-f"):
        options.setdefault(arg, []).append(args.pop(0))
    else:
        url = arg
method = options.get("--method", ["GET"])[0]
if url == "user" or not os.environ.get("GH_TOKEN"):
    sys.exit("gh: Resource not accessible by integration (HTTP 403)")
fields = dict(one.split("=", 1) for one in options.get("-f", []))
for one in options.get("-F", []):
    name, value = one.split("=", 1)
    assert value.startswith("@")
    fields[name] = open(value[1:]).read()
assert len(fields.get("body", "")) <= 65536
base = "repos/" + os.environ["GITHUB_REPOSITORY"] + "/issues"
assert url.startswith(base), url
rest = url.removeprefix(base)
if method == "GET" and (found := re.fullmatch(r"/(\\d+)/comments\\?per_page=100", rest)):
    expected = ".[] | select((.body | startswith(env.mark)) and .user.login == env.me) | .id"
    assert options["--jq"] == [expected]
    for one in state["comments"]:
        if one["body"].startswith(os.environ["mark"]) and one["login"] == os.environ["me"]:
            print(one["id"])
elif method == "GET" and rest == "?state=open&per_page=100":
    for one in state["issues"]:
        if one["title"] == os.environ["title"] and one["state"] == "open":
            print(one["number"])
elif method == "POST" and re.fullmatch(r"/\\d+/comments", rest):
    number = len(state["comments"]) + 1
    state["comments"].append({"id": number, "login": "github-actions[bot]", **fields})
elif method == "PATCH" and (found := re.fullmatch(r"/comments/(\\d+)", rest)):
    state["comments"][int(found[1]) - 1].update(fields)
elif method == "POST" and rest == "":
    number = len(state["issues"]) + 1
    state["issues"].append({"number": number, "state": "open", **fields})
elif method == "PATCH" and (found := re.fullmatch(r"/(\\d+)", rest)):
    state["issues"][int(found[1]) - 1].update(fields)
else:
    sys.exit(f"unknown call: {sys.argv}")
json.dump(state, open(os.environ["FAKE_GH"], "w"))
"""


def load(path: str) -> Any:
    """A YAML file of the checkout."""
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


class Runner:
    """Runs the steps of action.yml in a checkout, with the files and variables of a job."""

    def __init__(self, temp: Path, checkout: Path, env: dict[str, str]) -> None:
        self.temp, self.checkout = temp, checkout
        self.steps = load("action.yml")["runs"]["steps"]
        self.defaults = {
            name: str(one.get("default", "")) for name, one in load("action.yml")["inputs"].items()
        }
        tools = temp / "tools"
        tools.mkdir(parents=True)
        gh = tools / "gh"
        gh.write_text(f"#!{sys.executable}\n{FAKE_GH}")
        gh.chmod(0o755)
        (temp / "gh.json").write_text(json.dumps({"comments": [], "issues": [], "calls": 0}))
        path = os.pathsep.join([str(tools), os.path.dirname(sys.executable), env["PATH"]])
        self.env = {
            **env,
            "PATH": path,
            "RUNNER_TEMP": str(temp),
            "GITHUB_REPOSITORY": "acme/files",
            "FAKE_GH": str(temp / "gh.json"),
        }

    @property
    def gh(self) -> Any:
        """What GitHub holds by now: comments and issues."""
        return json.loads((self.temp / "gh.json").read_text())

    def gh_has(self, what: str, **fields: Any) -> None:
        """Put a comment or an issue there that is not ours."""
        state = self.gh
        state[what].append(fields)
        (self.temp / "gh.json").write_text(json.dumps(state))

    def run(self, mode: str, *, fork: bool = False, **inputs: str) -> tuple[int, str]:
        """Run the action's shell steps but for the installation; returns exit code and log."""
        values = {f"inputs.{name}": value for name, value in self.defaults.items()}
        values |= {f"inputs.{name.replace('_', '-')}": value for name, value in inputs.items()}
        values["inputs.mode"] = mode
        values["inputs.token"] = values.get("inputs.token", "").replace(
            "${{ github.token }}", "gh-token"
        )
        request = mode == "plan"
        values["github.event.pull_request.number"] = "7" if request else ""
        values["github.event.pull_request.head.repo.fork"] = str(fork).lower() if request else ""
        failed, log = 0, ""
        for step in self.steps:
            if "run" not in step or step["name"] == "Install":
                continue
            condition = step.get("if", "true")
            if failed and "always()" not in condition:
                continue
            if not _holds(condition, values):
                continue
            code, said = self._step(step, values)
            log += said
            failed = failed or code
        return failed, log

    def _step(self, step: Any, values: dict[str, str]) -> tuple[int, str]:
        assert step["shell"] == "bash"
        output, summary = self.temp / "output.txt", self.temp / "summary.md"
        output.write_text("")
        env = {
            name: re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda found: values.get(found[1], ""), str(one))
            for name, one in step.get("env", {}).items()
        }
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.checkout,
            env={
                **self.env,
                **env,
                "GITHUB_OUTPUT": str(output),
                "GITHUB_STEP_SUMMARY": str(summary),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=120,
        )
        for line in output.read_text().splitlines():
            name, value = line.split("=", 1)
            values[f"steps.{step['id']}.outputs.{name}"] = value
        return done.returncode, done.stdout


def _holds(condition: str, values: dict[str, str]) -> bool:
    """Say whether a step's `if` holds: `==`, `&&` and `||` of contexts and texts, no brackets."""

    def term(text: str) -> bool:
        text = text.strip()
        if text in ("always()", "true"):
            return True
        left, sign, right = text.partition("==")
        value = values.get(left.strip(), "")
        return value == right.strip().strip("'") if sign else bool(value)

    return any(
        all(term(one) for one in part.split("&&"))
        for part in " ".join(condition.split()).split("||")
    )

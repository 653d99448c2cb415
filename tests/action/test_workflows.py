"""The workflows to copy and to call: run as events start them, and what must be true of each."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.action.conftest import Repository
from tests.action.expressions import evaluate, inserted
from tests.action.runner import ROOT, load
from tests.cli.harness import CANARY, Platform

EXAMPLE, CALLED = "examples/ci/github.yml", ".github/workflows/files.yml"
CALLER = "examples/ci/caller.yml"
EVERY = sorted(
    str(path.relative_to(ROOT))
    for folder in (".github/workflows", "examples/ci", "examples/shards")
    for path in (ROOT / folder).glob("*.yml")
    if path.name != "gitlab-ci.yml"
)


@pytest.mark.parametrize("workflow", [EXAMPLE, CALLER])
def test_story(workflow: str, platform: Platform, repository: Repository) -> None:
    """A pull request, a merge, a day: each event starts one job, with only what it needs."""
    repository.project.files("a", "b")
    repository.git("checkout", "-q", "-b", "change")
    repository.commit("Declare the files")
    (plan,) = repository.run_workflow(load(workflow), "pull_request").items()
    assert (plan[0], plan[1].code) == ("plan", 0), plan[1].log
    (comment,) = repository.github.comments
    assert "2 to create" in comment["body"]
    assert platform.files() == {}

    repository.git("checkout", "-q", "-b", "main")
    repository.commit("Merge the change")
    (apply,) = repository.run_workflow(load(workflow), "push").items()
    assert (apply[0], apply[1].code) == ("apply", 0), apply[1].log
    assert platform.names() == ["a.txt", "b.txt"]
    assert repository.log()[0] == "Update the lockfile of filesync"

    repository.pull()
    platform.delete(repository.project.id("a"))
    (drift,) = repository.run_workflow(load(workflow), "schedule").items()
    assert (drift[0], drift[1].code) == ("drift", 1), drift[1].log
    (issue,) = repository.github.issues
    assert "missing on the platform" in issue["body"]
    assert CANARY not in plan[1].log + apply[1].log + drift[1].log


def test_one_apply_with_options_that_a_person_starts(
    platform: Platform, repository: Repository
) -> None:
    repository.project.files("a", "b")
    repository.commit("Declare the files")
    workflow = load(CALLER)
    workflow["jobs"]["files"]["with"]["apply-args"] = "--only a"
    (apply,) = repository.run_workflow(workflow, "workflow_dispatch").values()
    assert apply.code == 0, apply.log
    assert platform.names() == ["a.txt"]


@pytest.mark.parametrize("path", [EXAMPLE, CALLED])
def test_apply_is_alone_in_its_group_and_never_cancelled(path: str) -> None:
    jobs = load(path)["jobs"]
    assert "concurrency" not in load(path)
    groups: dict[str, set[str]] = {}
    for number in (1, 2):
        contexts: dict[str, Any] = {
            "github": {"event": {"pull_request": {"number": number}}},
            "inputs": {"manifest": "filesync.yaml", "environment": ""},
        }
        for name, job in jobs.items():
            group = inserted(job["concurrency"]["group"], contexts)
            groups.setdefault(name, set()).add(group)
    assert len(groups["apply"]) == 1
    assert not groups["apply"] & (groups["plan"] | groups["drift"])
    assert len(groups["plan"]) == 2, "only plans of one pull request cancel each other"
    assert jobs["plan"]["concurrency"]["cancel-in-progress"] is True
    assert jobs["apply"]["concurrency"]["cancel-in-progress"] is False
    assert jobs["apply"]["concurrency"]["queue"] == "max"


@pytest.mark.parametrize("path", EVERY)
def test_workflow_pins_what_it_uses_and_gives_each_job_only_what_it_needs(path: str) -> None:
    workflow = load(path)
    assert workflow["permissions"] == {}
    assert "pull_request_target" not in workflow[True]  # YAML 1.1 reads `on` as true
    assert "env" not in workflow, "no key for every step"
    for job in workflow["jobs"].values():
        assert "permissions" in job
        assert job.get("concurrency", {}).get("queue", "max") in ("single", "max")
        for one in (job, *job.get("steps", [])):
            assert "@" not in one.get("uses", "") or len(one["uses"].partition("@")[2]) == 40


@pytest.mark.parametrize("path", [EXAMPLE, CALLER])
def test_only_a_change_of_the_files_starts_it(path: str) -> None:
    events = load(path)[True]
    assert events["push"]["paths"] == events["pull_request"]["paths"]
    assert "filesync.yaml" in events["push"]["paths"]


@pytest.mark.parametrize("path", [EXAMPLE, CALLED])
def test_inputs_of_the_action_are_those_it_has(path: str) -> None:
    for mode, job in load(path)["jobs"].items():
        (step,) = (one for one in job["steps"] if one["uses"].startswith("OWNER/filesync@"))
        assert set(step["with"]) <= set(load("action.yml")["inputs"])
        assert step["with"]["mode"] == mode


def test_zizmor_finds_nothing() -> None:
    zizmor = shutil.which("zizmor", path=str(Path(sys.executable).parent))
    assert zizmor is not None, "it is among the development requirements"
    done = subprocess.run(
        [zizmor, "--offline", "--no-progress", "--quiet", *EVERY, "action.yml"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_actionlint_finds_nothing() -> None:
    """It looks at the scripts with shellcheck as well, where that is installed."""
    actionlint = shutil.which("actionlint")
    if actionlint is None:
        pytest.skip("actionlint is not installed; CI runs it")
    done = subprocess.run(
        [actionlint, *EVERY], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def scripts() -> dict[str, str]:
    """Every shell script there is, by where it stands: of steps, of GitLab's jobs, and files."""
    found = {}
    for path in (*EVERY, "action.yml"):
        whole = load(path)
        jobs = whole.get("jobs") or {"runs": whole["runs"]}
        for name, job in jobs.items():
            for number, step in enumerate(job.get("steps", ())):
                if "run" in step:
                    # GitHub fills in an expression before the shell reads it, so it is a word.
                    text = re.sub(r"\$\{\{.*?\}\}", "expression", step["run"])
                    found[f"{path} {name} {number}"] = f"#!/bin/bash\n{text}"
    gitlab = load("examples/ci/gitlab-ci.yml")
    for name, job in {**gitlab, "default": {"script": gitlab["default"]["before_script"]}}.items():
        if isinstance(job, dict) and "script" in job:
            found[f"gitlab-ci.yml {name}"] = "#!/bin/bash\n" + "\n".join(job["script"])
    files = (".ci/run", "examples/demo.sh", "examples/shards/slurm.sh")
    return found | {path: (ROOT / path).read_text(encoding="utf-8") for path in files}


def test_shellcheck_finds_nothing(tmp_path: Path) -> None:
    shellcheck = shutil.which("shellcheck")
    if shellcheck is None:
        pytest.skip("shellcheck is not installed; in CI actionlint runs it on the workflows")
    for number, text in enumerate(scripts().values()):
        (tmp_path / f"{number}.sh").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [shellcheck, "--exclude=SC2016", *sorted(tmp_path.iterdir())],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{dict(enumerate(scripts()))}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'A' == 'a'", True),
        ("github.event.no.such == ''", False),
        ("github.event.no.such == null", True),
        ("'' || 'python3'", "python3"),
        ("'0' || 'x'", "0"),
        ("!('x' == 'y') && github['ref']", "refs/heads/main"),
        ("'it''s'", "it's"),
        ("contains('ABC', 'b')", True),
    ],
)
def test_expressions_are_read_by_the_rules_of_github(text: str, value: object) -> None:
    assert evaluate(text, {"github": {"event": {}, "ref": "refs/heads/main"}}) == value


@pytest.mark.parametrize("text", ["a b", "nothing.here", "'x", "nothing('x')", "1 +"])
def test_what_is_not_an_expression_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        evaluate(text, {"a": {}, "b": {}})

"""docs/ci.md describes the action, the outputs and the hooks as they are."""

from __future__ import annotations

import re
from typing import Any

import generate
import yaml
from docs_pages import blocks_of, sections_of, table_of, text_of

from filesync.core.plan.document import document_of
from filesync.output.github import outputs

ACTION = yaml.safe_load(text_of("action.yml"))
MODES = ("plan", "apply", "drift")


def blocks_in_yaml(page: str) -> list[Any]:
    return [yaml.safe_load(one.text) for one in blocks_of(text_of(page)) if one.language == "yaml"]


def uses_of_the_action(found: object) -> list[dict[str, Any]]:
    """Return the steps, wherever they stand, that use our action."""
    if isinstance(found, list):
        return [step for one in found for step in uses_of_the_action(one)]
    if not isinstance(found, dict):
        return []
    if "/filesync@" in str(found.get("uses")):
        return [found]
    return uses_of_the_action(list(found.values()))


def test_workflows_use_the_action_as_it_is() -> None:
    steps = uses_of_the_action(blocks_in_yaml("docs/ci.md"))
    assert steps
    for step in steps:
        assert set(step["with"]) <= set(ACTION["inputs"])
        assert any(mode in step["with"]["mode"] for mode in MODES)


def test_workflow_of_one_job_has_every_mode() -> None:
    section = text_of("docs/ci.md").split("### One job for all three")[1].split("\n### ")[0]
    (step,) = uses_of_the_action([yaml.safe_load(one.text) for one in blocks_of(section)])
    for mode in MODES:  # run in tests/action
        assert f"inputs.mode == '{mode}'" in str(ACTION["runs"])
        assert f"'{mode}'" in step["with"]["mode"]


def test_whole_workflows_have_what_the_page_demands() -> None:
    """The key for one step, one apply at a time, and an apply with the newest lockfile."""
    # YAML 1.1 reads `on` as true.
    found = [one for one in blocks_in_yaml("docs/ci.md") if isinstance(one, dict) and True in one]
    whole = [one for one in found if uses_of_the_action(one)]
    assert whole
    for workflow in whole:
        assert "env" not in workflow
        assert workflow["permissions"] == {}
        for job in workflow["jobs"].values():
            assert job["permissions"]
            assert job["concurrency"]["group"].startswith("files-")
            assert "OPENAI_API_KEY" in job["steps"][-1]["with"]["api-key"]
            if "apply" in str(job["steps"][-1]["with"]["mode"]):
                assert "main" in job["steps"][0]["with"]["ref"]


def test_renewal_and_drift_are_told_apart_by_their_times() -> None:
    section = sections_of(text_of("docs/ci.md"))["Renewal"]
    (shown,) = (yaml.safe_load(one.text) for one in blocks_of(section))
    example = yaml.safe_load(text_of("examples/ci/github.yml"))
    assert set(shown[True]) == set(example[True])
    times = [one["cron"] for one in shown[True]["schedule"]]
    assert len(times) == 2
    for job, time in zip(("apply", "drift"), times, strict=True):
        assert f"github.event.schedule == '{time}'" in shown["jobs"][job]["if"]
        assert job in example["jobs"]


def test_outputs_used_are_there() -> None:
    used = re.findall(r"steps\.files\.outputs\.(\w+)", text_of("docs/ci.md"))
    assert used
    assert set(used) <= set(ACTION["outputs"])


def test_every_permission_that_an_input_needs_is_named_with_its_mode() -> None:
    rows = {
        row[0].strip("`"): row[1]
        for row in table_of(text_of("docs/ci.md").split("### Permissions")[1])
    }
    assert set(rows) == set(MODES)
    told = " ".join(one["description"] for one in ACTION["inputs"].values())
    needed = re.findall(r"Whether `(\w+)` [^;]*; needs `([\w-]+):write`", told)
    assert len(needed) == told.count("; needs ")
    for mode, scope in needed:
        assert f"`{scope}: write`" in rows[mode]


def test_every_output_of_a_plan_is_named() -> None:
    names = [
        line.partition("=")[0] for line in outputs(document_of(generate.EMPTY), "x").splitlines()
    ]
    told = " ".join(sections_of(text_of("docs/ci.md"))["Other CI"].split())
    listed = told.partition("the step's outputs ")[2].partition(" where it is saved")[0]
    assert re.findall(r"`(\w+)`", listed) == names


def test_hooks_named_are_there() -> None:
    hooks = [one["id"] for one in yaml.safe_load(text_of(".pre-commit-hooks.yaml"))]
    section = sections_of(text_of("docs/ci.md"))["pre-commit"]
    assert [name for name in hooks if f"`{name}`" not in section] == []
    (config,) = (yaml.safe_load(one.text) for one in blocks_of(section))
    assert [one["id"] in hooks for one in config["repos"][0]["hooks"]] == [True]

"""The Markdown of a plan, as GitHub shows it: read back through a Markdown parser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.harness import Platform, Project
from tests.output.markdown import tables


def test_counts_first_then_deletes_by_name_then_the_rest(
    platform: Platform, project: Project
) -> None:
    project.files("a", "b", "c")
    project.apply()
    gone, lost = project.id("c"), project.id("b")
    platform.delete(lost)
    project.files("a", "b", d="purpose: fine-tune, filename: other.jsonl")
    project.write("a.txt", "other\n")
    markdown = project.run("plan", "--markdown").out
    headline = "### filesync: 1 to delete, 1 to replace, 2 to create (26 B to upload)"
    assert markdown.splitlines()[0] == headline
    assert "**Drift:** 1 file is missing on the platform." in markdown
    assert re.findall(r"^#### (.*)$", markdown, re.MULTILINE) == [
        "Delete 1",
        "Replace 1",
        "Create 2",
    ]
    deletes, replaces, creates = tables(markdown)
    assert deletes == [
        ["Key", "Id", "Size", "Reason", "Purpose"],
        ["c", gone, "10 B", "not in the manifest", "user_data"],
    ]
    assert replaces[1] == ["a", "6 B", "content changed (10 B -> 6 B)", "user_data"]
    assert creates[0] == ["Key", "Size", "Reason", "Purpose", "Remote name"]
    assert creates[1] == ["b", "10 B", "missing on the platform", "user_data", ""]
    assert creates[2] == ["d", "10 B", "new", "fine-tune", "other.jsonl"]


def test_no_changes_is_said_in_a_line(project: Project) -> None:
    project.files("a", "b")
    project.apply()
    markdown = project.run("plan", "--markdown").out
    assert markdown.startswith("### filesync: no changes, 2 files up to date\n")
    assert tables(markdown) == []


def github(project: Project, **more: str | None) -> dict[str, str | None]:
    return {
        "GITHUB_STEP_SUMMARY": str(project.root / "summary.md"),
        "GITHUB_OUTPUT": str(project.root / "output.txt"),
        **more,
    }


def outputs(path: Path) -> dict[str, str]:
    """The outputs of a step, as the runner reads them."""
    return dict(line.split("=", 1) for line in path.read_text().splitlines())


@pytest.mark.parametrize("form", [[], ["--json"], ["--markdown"], ["--html", "-"], ["--quiet"]])
def test_plan_tells_github_actions(platform: Platform, project: Project, form: list[str]) -> None:
    project.files("a", "b")
    project.apply()
    platform.delete(project.id("a"))
    project.files("a", "c")
    project.write("summary.md", "before\n")
    project.write("output.txt", "earlier=1\n")
    project.run("plan", "--out", "my plan.json", *form, env=github(project))
    summary = (project.root / "summary.md").read_text()
    assert summary == "before\n" + project.run("plan", "--markdown").out
    assert outputs(project.root / "output.txt") == {
        "earlier": "1",
        "has_changes": "true",
        "has_drift": "true",
        "create": "2",
        "replace": "0",
        "adopt": "0",
        "delete": "1",
        "forget": "0",
        "noop": "0",
        "unmanaged": "0",
        "upload_bytes": "20",
        "attach": "0",
        "detach": "0",
        "swap": "0",
        "update": "0",
        "plan_path": "my plan.json",
    }


def test_output_cannot_be_forged_by_a_file_name(project: Project) -> None:
    project.files("a")
    name = "x\nhas_changes=false\n"
    project.run("plan", "--out", name, "-q", env=github(project))
    text = (project.root / "output.txt").read_text()
    found = re.search(r"^plan_path<<(end-\w{16})\n(.*)\n\1\n\Z", text, re.DOTALL | re.MULTILINE)
    assert found is not None
    assert found.group(2) == name


def test_unwritable_github_files_are_a_warning_only(project: Project) -> None:
    project.files("a")
    nowhere = {"GITHUB_STEP_SUMMARY": "no/such/file", "GITHUB_OUTPUT": str(project.root)}
    ran = project.run("plan", "--json", env=nowhere)
    assert ran.json["has_changes"] is True
    assert ran.err.count("warning: ") == 2
    project.run("plan", env={"GITHUB_STEP_SUMMARY": "", "GITHUB_OUTPUT": ""})


def test_one_form_at_a_time_on_stdout(project: Project) -> None:
    project.files("a")
    project.all_refused(
        ["plan", "--json", "--markdown"],
        ["plan", "--json", "--html", "-"],
        ["plan", "--markdown", "--html", "-"],
    )
    project.run("plan", "--json", "--html", "page.html")
    assert (project.root / "page.html").read_text().startswith("<!doctype html>")

"""Saved plans: written, applied exactly or refused as stale, and read long after."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.harness import CANARY, Platform, Project, check_plan


def saved(project: Project, name: str = "plan.json") -> Any:
    """A plan file, parsed."""
    return json.loads((project.root / name).read_bytes())


def test_plan_file_is_what_json_prints_and_holds_no_content_and_no_key(project: Project) -> None:
    project.files("a", "b")
    project.write("a.txt", "a secret sentence\n")
    ran = project.run("plan", "--out", "plan.json", "--json")
    text = (project.root / "plan.json").read_text()
    assert json.loads(text) == ran.json
    check_plan(ran.json)
    assert "a secret sentence" not in text
    assert CANARY not in text
    assert text.endswith("\n")
    assert "filesync apply plan.json" in ran.err
    left = {name for name in os.listdir(project.root) if name != ".filesync"}
    assert left == {"a.txt", "b.txt", "filesync.yaml", "plan.json"}


def test_plan_file_is_applied_exactly(platform: Platform, project: Project) -> None:
    project.files("a", "b", "c")
    project.apply()
    gone = project.id("c")
    project.files("a", "b", "d")
    project.write("a.txt", "other\n")
    project.run("plan", "--out", "plan.json", "-q")
    planned = saved(project)
    ran = project.apply("plan.json")
    done = {(one["key"], one["action"]) for one in ran.json["applied"]}
    assert done == {(one["key"], one["action"]) for one in planned["changes"]}
    assert ran.json["summary"] == planned["summary"]
    assert gone not in platform.files()
    # What is done cannot be done twice.
    assert "the lockfile has changed" in project.refused("apply", "-y", "plan.json")


def test_a_plan_that_is_written_into_a_glob_is_mentioned(project: Project) -> None:
    project.manifest("files: {all: {glob: 'docs/**', purpose: user_data}}")
    project.write("docs/a.txt", "a")
    ran = project.run("plan", "--out", "docs/plan.txt", "--html", "docs/plan.html")
    for name in ("plan.txt", "plan.html"):
        assert f"docs/{name} is now one of the files of all" in ran.err
    # By these names a plan is told from other files.
    ran = project.run("plan", "--out", "docs/plan.json", "--html", "plan.html")
    assert "is now one of the files" not in ran.err
    assert "plan.json" not in ran.out


def test_apply_asks_with_a_plan_file_too(project: Project) -> None:
    project.files("a")
    project.run("plan", "--out", "plan.json")
    assert "--yes" in project.refused("apply", "plan.json")


def test_plan_without_changes_can_be_saved_and_applied(project: Project) -> None:
    project.files("a")
    project.apply()
    project.run("plan", "--out", "plan.json")
    assert project.apply("plan.json").json["applied"] == []


def test_only_is_kept(platform: Platform, project: Project) -> None:
    project.files("a", "b")
    project.run("plan", "--out", "plan.json", "--only", "a")
    assert saved(project)["only"] == "a"
    assert "only a" in project.run("show-plan", "plan.json").out
    assert "--only" in project.refused("apply", "-y", "plan.json", "--only", "a")
    project.apply("plan.json", settled=False)
    assert platform.names() == ["a.txt"]


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("manifest", "the manifest has changed"),
        ("lockfile", "the lockfile has changed"),
        ("no lockfile", "the lockfile has changed"),
        ("content planned", "the content of b has changed"),
        ("content not planned", "the content of a has changed"),
        ("content put back", "the content of b has changed"),
        ("file added", "the file of docs/two.md is there now"),
        ("file gone", "the file of docs/one.md is gone"),
        ("remote gone", "a: create, missing_remotely (planned: nothing to do)"),
        ("remote of a delete gone", "old: forget, gone (planned: delete, removed_from_manifest)"),
        ("expired", "c: create, expired (planned: nothing to do)"),
    ],
)
def test_stale_plan_is_refused_and_says_what_moved(
    platform: Platform, project: Project, what: str, said: str
) -> None:
    rest = "files:\n  docs: {glob: docs/*.md}\n  b: {path: b.txt}\n"
    rest += "  a: {path: a.txt}\n  c: {path: c.txt, expires_after: 1h}\n"
    for name in ("a.txt", "b.txt", "c.txt", "old.txt", "docs/one.md", "docs/keep.md"):
        project.write(name, f"this is {name}\n")
    project.manifest(rest + "  old: {path: old.txt}\n")
    project.apply()
    project.manifest(rest)
    project.write("b.txt", "as planned\n")
    project.run("plan", "--out", "plan.json")
    assert saved(project)["summary"]["noop"] == 4
    match what:
        case "manifest":
            project.manifest(rest + "# a remark\n")
        case "lockfile":
            project.lock_path.write_bytes(project.lock_path.read_bytes().replace(b"\n", b"\n "))
        case "no lockfile":
            project.lock_path.unlink()
        case "content planned":
            project.write("b.txt", "not as planned\n")
        case "content not planned":
            project.write("a.txt", "not as planned\n")
        case "content put back":
            project.write("b.txt", "this is b.txt\n")
        case "file added":
            project.write("docs/two.md")
        case "file gone":
            (project.root / "docs/one.md").unlink()
        case "remote gone":
            platform.delete(project.id("a"))
        case "remote of a delete gone":
            platform.delete(project.id("old"))
        case "expired":
            platform.clock.offset = 2 * 3600
    before = platform.files()
    complaint = project.refused("apply", "-y", "plan.json")
    assert "stale" in complaint
    assert said in complaint
    assert "filesync plan --out plan.json" in complaint
    assert platform.files() == before
    # Seen again and saved again, it goes.
    project.run("plan", "--out", "plan.json")
    if what != "no lockfile":  # then every file has a look-alike, which is another refusal
        project.apply("plan.json")


def test_what_a_new_lockfile_explains_is_not_told_for_each_file(project: Project) -> None:
    project.files("a", "b", "c")
    project.run("plan", "--out", "plan.json")
    project.run("apply", "-y", "--only", "a")
    complaint = project.refused("apply", "-y", "plan.json")
    assert "the lockfile has changed" in complaint
    assert "planned:" not in complaint


def test_guards_hold_for_plan_files(project: Project) -> None:
    project.files(*(f"f{number}" for number in range(12)))
    project.apply()
    project.files("f0")
    assert "11" in project.run("plan", "--out", "plan.json").err
    assert "--max-delete 11" in project.refused("apply", "-y", "plan.json")
    project.apply("plan.json", "--max-delete", "11")


def test_what_is_no_plan_file_is_refused(project: Project) -> None:
    project.files("a")
    project.run("plan", "--out", "good.json")
    good = saved(project, "good.json")
    cases: dict[str, tuple[bytes | Any, str]] = {
        "empty": (b"", "not valid JSON"),
        "cut": ((project.root / "good.json").read_bytes()[:-40], "not valid JSON"),
        "binary": (b"\xff\xfe", "it is UTF-16"),
        "not text": (b"\x80\x81", "not JSON"),
        "deep": (b"[" * 100_000, "JSON"),
        "digits": (b"1" * 10_000, "JSON"),
        "list": ([], "not a JSON object"),
        "other": ({"version": 1}, "format_version"),
        "applied": ({"format_version": "1.0", "summary": {}, "applied": []}, "no changes"),
        "two": (good | {"format_version": "2.0"}, "format_version 2.0"),
        "bool": (good | {"has_changes": "yes"}, "'has_changes'"),
        "counts": (good | {"summary": good["summary"] | {"create": -1}}, "'create'"),
        "edited": (good | {"changes": []}, "its summary says create: 1"),
        "strange": (good | {"changes": [1]}, "not an object"),
        "action": (good | {"changes": [good["changes"][0] | {"action": 1}]}, "'action'"),
        "project": (good | {"project": "other"}, "project 'other'"),
        "server": (good | {"base_url": "http://127.0.0.1:1/v1"}, "--base-url"),
    }
    for name, (content, _) in cases.items():
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        project.write(f"{name}.json", raw)
    told = project.all_refused(*(["apply", "-y", f"{name}.json"] for name in cases))
    for complaint, (name, (_, said)) in zip(told, cases.items(), strict=True):
        assert said in complaint, name
        assert f"{name}.json" in complaint
    shown = project.run_all(*(["show-plan", f"{name}.json"] for name in cases), code=None)
    for ran, name in zip(shown, cases, strict=True):
        # Whose plan it is makes no difference to reading it.
        assert (ran.code == 0) == (name in ("project", "server")), name
    assert "there is no plan file" in project.refused("apply", "-y", "none.json")
    assert "folder" in project.refused("apply", "-y", ".")


def test_later_version_may_say_more(project: Project) -> None:
    project.files("a", "b")
    project.run("plan", "--out", "plan.json")
    document = saved(project)
    document["format_version"] = "1.7"
    document["mood"] = "good"
    document["changes"][0]["mood"] = "bad"
    project.write("plan.json", json.dumps(document))
    assert "a" in project.run("show-plan", "plan.json").out
    document["changes"][0] |= {"action": "polish", "reason": "dull"}
    document["summary"]["create"] = 1
    project.write("newer.json", json.dumps(document))
    assert "polish" in project.run("show-plan", "newer.json").out
    assert "dull" in project.run("show-plan", "newer.json", "--markdown").out
    assert "dull" in project.run("show-plan", "newer.json", "--html", "-").out
    assert "stale" in project.refused("apply", "-y", "newer.json")
    project.apply("plan.json")


def test_offline_plan_is_not_saved(project: Project) -> None:
    project.files("a")
    assert "--offline" in project.refused("plan", "--offline", "--out", "plan.json")
    assert not (project.root / "plan.json").exists()


def test_show_plan_needs_neither_manifest_nor_server(project: Project, tmp_path: Path) -> None:
    project.files("a", "b", "c")
    project.apply()
    gone = project.id("c")
    project.files("a", "b", d="purpose: fine-tune, filename: other.jsonl")
    project.write("a.txt", "other\n")
    plan = project.run("plan", "--out", "plan.json")
    markdown = project.run("plan", "--markdown").out
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.move(project.root / "plan.json", elsewhere)
    nothing = {"OPENAI_API_KEY": None, "OPENAI_BASE_URL": None}
    text = project.run("show-plan", "plan.json", cwd=elsewhere, env=nothing)
    assert text.out == plan.out
    assert gone in text.out
    shown = project.run("show-plan", "plan.json", "--markdown", cwd=elsewhere, env=nothing)
    assert shown.out == markdown
    project.run("show-plan", "plan.json", "--html", "plan.html", cwd=elsewhere, env=nothing)
    assert gone in (elsewhere / "plan.html").read_text()
    assert sorted(os.listdir(elsewhere)) == ["plan.html", "plan.json"]


def test_outputs_never_replace_what_they_are_made_from(project: Project) -> None:
    project.files("a")
    project.apply()
    names = ["filesync.yaml", "filesync.lock", "./a.txt"]
    before = {name: (project.root / name).read_bytes() for name in names}
    commands = [["plan", option, name] for name in names for option in ("--out", "--html")]
    for complaint in project.all_refused(*commands):
        assert "would be overwritten" in complaint
    assert {name: (project.root / name).read_bytes() for name in names} == before
    project.run("plan", "--out", "plan.json")
    assert "overwritten" in project.refused("show-plan", "plan.json", "--html", "plan.json")
    assert "cannot write" in project.refused("plan", "--out", "no/such/folder.json")
    assert "cannot write" in project.refused("plan", "--out", ".")
    assert "--json" in project.refused("plan", "--out", "-")


def test_plan_goes_into_a_pipe_as_it_comes(project: Project) -> None:
    project.files("a")
    pipe = project.root / "pipe"
    os.mkfifo(pipe)
    process = project.start("plan", "--out", "pipe")
    assert json.loads(pipe.read_bytes())["summary"]["create"] == 1
    project.finish(process)
    assert pipe.is_fifo()

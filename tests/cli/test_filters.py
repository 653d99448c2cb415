"""`--only`, `--exclude` and `--purpose`, on every command that takes them."""

from __future__ import annotations

import json

from tests.cli.harness import Platform, Project


def test_filters_go_into_a_plan_file_and_are_applied_from_it(project: Project) -> None:
    project.files("a", "b", "c", d="purpose: assistants")
    project.run("plan", "--only", "a", "--out", "one.json")
    assert json.loads((project.root / "one.json").read_text())["only"] == "a"
    project.run("plan", "--only", "a", "--only", "[bcd]", "--exclude", "b", "--out", "many.json")
    saved = json.loads((project.root / "many.json").read_text())
    assert (saved["only"], saved["exclude"]) == (["a", "[bcd]"], ["b"])
    err = project.run("apply", "many.json", "-y", "--exclude", "a", code=1).err
    assert "leave out --exclude" in err
    project.run("apply", "many.json", "-y")
    assert set(project.lock["files"]) == {"a", "c", "d"}
    assert project.plan("--purpose", "assistants").json["changes"] == []
    assert list(project.plan("--purpose", "user_data").actions) == ["b"]


def test_filters_of_ids_exec_and_status(platform: Platform, project: Project) -> None:
    project.files("a", "bb", c="purpose: assistants")
    project.apply()
    some = project.run("ids", "--only", "a", "--only", "c", "--exclude", "c").json
    assert some == {"a": project.id("a")}
    assert set(project.run("ids", "--purpose", "assistants").json) == {"c"}
    told = project.run(
        "exec", "--exclude", "a", "--", "sh", "-c", "echo $FILESYNC_A-$FILESYNC_BB"
    ).out
    assert told == f"-{project.id('bb')}\n"
    assert "selects none of the lockfile's 3 files" in project.run("ids", "--only", "x", code=1).err

    project.write("a.txt", "it is another text now\n")
    platform.delete(project.id("c"))
    files = project.run("status", "--json", "--changed", "--sort", "size").json["files"]
    assert [one["key"] for one in files] == ["a", "c"]
    files = project.run("status", "--json", "--only", "[bc]*", "--sort", "state").json["files"]
    assert [one["key"] for one in files] == ["c", "bb"]
    shown = project.run("status", "--changed", "--only", "bb").out
    assert shown.startswith("Every file is up to date.\n")

"""Where the manifest is found: above, with -C, under another suffix; and where it is not."""

from __future__ import annotations

import os

from tests.cli.harness import Project


def test_a_run_in_a_subfolder_uses_the_manifest_above(project: Project) -> None:
    project.files("a")
    deep = project.root / "x" / "y"
    deep.mkdir(parents=True)
    project.run("apply", "-y", cwd=deep)
    assert project.run("id", "a", cwd=deep).out == f"{project.id('a')}\n"
    assert os.listdir(deep) == []
    assert project.run("status", "--json", cwd=deep).json["files"][0]["state"] == "up to date"
    # What is declared stays relative to the manifest, and what a message names can be opened here.
    (project.root / "a.txt").unlink()
    assert "../../filesync.yaml:" in project.run("validate", code=1, cwd=deep).err
    # Commands that messages name find it, too.
    assert "`filesync ids`" in project.run("id", "b", code=1, cwd=deep).err
    # A lockfile is enough for an id; init never looks above.
    (project.root / "filesync.yaml").unlink()
    assert project.run("id", "a", cwd=deep).out == f"{project.id('a')}\n"
    project.run("init", cwd=deep)
    assert (deep / "filesync.yaml").is_file()


def test_the_search_ends_at_a_repository_and_at_a_folder_of_everybody(alone: Project) -> None:
    alone.files("a")
    for name in ("repository", "everybody"):
        (alone.root / name / "below").mkdir(parents=True)
    (alone.root / "repository" / ".git").write_text("gitdir: elsewhere\n")
    (alone.root / "everybody").chmod(0o777)
    for name in ("repository", "repository/below", "everybody/below"):
        err = alone.run("validate", code=1, cwd=alone.root / name).err
        assert "there is no manifest filesync.yaml in this folder or above it" in err
    alone.run("validate", cwd=alone.root / "everybody")


def test_run_in_another_folder(alone: Project) -> None:
    alone.write("other/a.txt")
    alone.manifest("files: {a: {path: a.txt}}", name="other/filesync.yml")
    url = ("--base-url", "emulator:data")
    ran = alone.run("-C", "other", "plan", "--detailed-exitcode", "--out", "p.json", *url, code=2)
    assert "filesync -C other --base-url emulator:data apply p.json" in ran.err
    assert (alone.root / "other/p.json").is_file()
    alone.run("apply", "-y", "-C", "other", *url)
    assert (alone.root / "other/data").is_dir(), "emulator:DIR is relative to the manifest"
    assert not (alone.root / "data").exists()
    assert alone.run("id", "a", "-C", "other").out
    # The same server from anywhere.
    alone.run("plan", "-m", "other/filesync.yml", *url)
    assert not (alone.root / "data").exists()
    err = alone.run("id", "a", "-C", "no-such", code=1).err
    assert "cannot run in 'no-such': No such file or directory" in err


def test_an_absolute_folder_of_an_emulator_is_recorded_relative_to_the_manifest(
    alone: Project,
) -> None:
    alone.files("a")
    absolute = f"emulator:{alone.root.parent}/data"
    alone.run("apply", "-y", "--base-url", absolute)
    assert alone.lock["base_url"] == "emulator:../data"
    for url in (absolute, "emulator:../data"):
        alone.run("plan", "--detailed-exitcode", "--base-url", url)
    # So it was recorded once.
    text = (alone.root / "filesync.lock").read_text()
    alone.write("filesync.lock", text.replace("emulator:../data", absolute))
    alone.run("plan", "--detailed-exitcode", "--base-url", absolute)


def test_a_folder_as_manifest_and_two_manifests(alone: Project) -> None:
    alone.files("a")
    for command in ("plan", "validate", "apply", "status"):
        err = alone.run(command, "-m", ".", code=1).err
        assert "'.' is a folder, not a manifest" in err
        assert "--manifest ./filesync.yaml" in err
    alone.write("filesync.yml", "version: 1")
    err = alone.run("validate", code=1).err
    assert "filesync.yaml and filesync.yml are both in" in err
    alone.run("validate", "-m", "filesync.yaml")

"""The hooks for pre-commit, and `validate --locked`, which one of them runs."""

from __future__ import annotations

from typing import Any

from filesync.cli.commands import COMMANDS
from tests.action.runner import load
from tests.cli.harness import Platform, Project


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
        assert hook["always_run"] is True
        offline: dict[str, str | None] = {"OPENAI_API_KEY": None, "OPENAI_BASE_URL": None}
        project.run(*words[1:], env=offline)
        # pre-commit puts `args` behind the entry.
        ran = project.run(*words[1:], "-m", "no.yaml", env=offline, code=1)
        assert "no.yaml" in ran.err


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

"""Folders and names as other systems have them: read-only trees, odd names, no HOME."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from tests.cli.harness import Project

READ_ONLY = 0o500


def test_state_goes_where_it_is_told_to(project: Project, tmp_path: Path) -> None:
    state = tmp_path / "state of it"
    project.write("a.txt", "a")
    project.manifest("files: {a: {path: a.txt}}")
    assert project.run("apply", "-y", "--state-dir", str(state)).code == 0
    kept = [path.name for path in state.glob("*/*")]
    assert any(name.endswith(".journal") for name in kept)
    assert not list((project.root / ".filesync").glob("*.journal"))
    again = project.run("plan", "--detailed-exitcode", env={"FILESYNC_STATE_DIR": str(state)})
    assert again.code == 0, again.err


def test_two_manifests_of_one_name_do_not_share_their_state(
    project: Project, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    for folder in ("one", "two"):
        project.write(f"{folder}/a.txt", folder)
        project.write(f"{folder}/filesync.yaml", f"version: 1\nproject: {folder}\n")
        found = project.run("plan", "-m", f"{folder}/filesync.yaml", "--state-dir", str(state))
        assert found.code == 0, found.err
        ran = project.run("apply", "-y", "-m", f"{folder}/filesync.yaml", "--state-dir", str(state))
        assert ran.code == 0, ran.err
    assert len(list(state.iterdir())) == 2


def test_a_state_folder_in_the_manifests_folder_is_no_file_of_a_glob(project: Project) -> None:
    project.write("a.txt", "a")
    project.manifest("files: {all: {glob: '**', exclude: ['filesync.*']}}")
    for _ in range(2):
        assert project.run("apply", "-y", "--state-dir", "state").code == 0
    assert project.run("plan", "--detailed-exitcode", "--state-dir", "state").code == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_tree_can_be_planned_and_says_why_it_cannot_be_applied(
    project: Project, tmp_path: Path
) -> None:
    project.write("a.txt", "a")
    project.manifest("files: {a: {path: a.txt}}")
    project.root.chmod(READ_ONLY)
    try:
        planned = project.run("plan", "--state-dir", str(tmp_path / "state"))
        applied = project.run("apply", "-y", "--state-dir", str(tmp_path / "state"), code=1)
    finally:
        project.root.chmod(0o700)
    assert planned.code == 0, planned.err
    assert applied.code == 1
    assert "read-only" in applied.err


NAMES = [
    "with space.txt",
    unicodedata.normalize("NFC", "é.txt"),
    unicodedata.normalize("NFD", "ü.txt"),
    "Upper.txt",
    "日本語.md",
    "'quote\" $(x).txt",
]


def test_names_as_they_come_converge(project: Project) -> None:
    for name in NAMES:
        project.write(f"in here/{name}", name)
    project.manifest("files: {all: {glob: 'in here/*'}}")
    applied = project.run("apply", "-y", "--json")
    assert applied.code == 0, applied.err
    assert applied.json["summary"]["create"] == len(NAMES)
    assert project.run("plan", "--detailed-exitcode").code == 0


def test_a_name_of_255_bytes_is_refused_by_name_or_renamed(project: Project) -> None:
    name = "n" * 251 + ".txt"
    project.write(name, "x")
    project.manifest(f"files: {{a: {{path: '{name}'}}}}")
    refused = project.run("plan", code=1)
    assert refused.code == 1
    assert "filename" in refused.err
    project.manifest(f"files: {{a: {{path: '{name}', filename: short.txt}}}}")
    assert project.run("apply", "-y").code == 0
    assert project.run("plan", "--detailed-exitcode").code == 0


def test_lockfile_and_manifest_with_the_line_ends_of_windows(project: Project) -> None:
    project.write("a.txt", "a")
    project.manifest("files: {a: {path: a.txt}}")
    assert project.run("apply", "-y").code == 0
    for name in ("filesync.yaml", "filesync.lock"):
        path = project.root / name
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    planned = project.run("plan", "--detailed-exitcode")
    assert planned.code == 0, planned.err


def test_without_a_home(project: Project) -> None:
    project.write("a.txt", "a")
    project.manifest("files: {a: {path: a.txt}}")
    assert project.run("apply", "-y", env={"HOME": None}).code == 0


def test_a_server_may_be_silent_for_as_long_as_is_said(project: Project) -> None:
    project.files("a")
    assert project.run("plan", "--timeout", "30").code == 0
    assert "--timeout" in project.run("plan", "--timeout", "0", code=1).err

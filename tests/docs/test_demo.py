"""`make demo` does its whole job, wherever it is called from and whatever the caller has set."""

from __future__ import annotations

from pathlib import Path

import pytest
from docs_helpers import ROOT, Shell

DEMO = ROOT / "examples/demo.sh"


@pytest.fixture
def temp(tmp_path: Path) -> Path:
    """Where the demo makes its folder."""
    folder = tmp_path / "temp"
    folder.mkdir()
    return folder


@pytest.fixture
def shell(tmp_path: Path, temp: Path) -> Shell:
    return Shell(tmp_path / "anywhere", tmp_path / "home", TMPDIR=str(temp))


def test_demo_does_the_whole_job_and_cleans_up(shell: Shell, temp: Path) -> None:
    story = shell.run(
        "sh",
        DEMO,
        OPENAI_API_KEY="sk-of-the-caller",
        OPENAI_BASE_URL="https://files.invalid/v1",
        FILESYNC_MANIFEST="of-the-caller.yaml",
        FILESYNC_ENV="of-the-caller",
    )

    assert "1 to delete, 1 to replace, 1 to create" in story
    assert story.count("No changes. 5 files up to date.") == 3
    assert "All of it as it should be." in story
    assert list(temp.iterdir()) == []


def test_demo_stops_at_the_first_thing_that_is_wrong(shell: Shell, temp: Path) -> None:
    broken = shell.folder / "filesync"
    broken.write_text("#!/bin/sh\necho not today >&2\nexit 1\n")
    broken.chmod(0o755)

    story = shell.run("sh", DEMO, status=1, PATH=f"{shell.folder}:/usr/bin:/bin")

    assert "exit status 1 of `filesync validate`, it should be 0" in story
    (kept,) = temp.iterdir()
    assert story.endswith(f"Its folder is kept: {kept}\n")

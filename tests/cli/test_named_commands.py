"""The commands that messages name can be copied: they reach the same manifest and server."""

from __future__ import annotations

import re
import shlex

import pytest

from filesync.core.commands import flags, with_flags
from tests.cli.harness import Platform, Project


def named(text: str, verb: str) -> list[str]:
    """Return the arguments of the one command with this verb that a message names."""
    found = {one for one in re.findall(r"`filesync ([^`]*)`", text) if verb in one.split()}
    (command,) = found
    return shlex.split(command)


@pytest.fixture
def odd(platform: Platform, project: Project) -> Project:
    """A project whose manifest, key and server have to be named, and no lockfile."""
    project.write("my file.txt", "hello")
    project.manifest('files: {"my key": {path: "my file.txt"}}\n', name="sub/my prod.yaml")
    (project.root / "my file.txt").rename(project.root / "sub" / "my file.txt")
    platform.upload("my file.txt", b"hello")
    project.env["OPENAI_BASE_URL"] = "http://127.0.0.1:9/v1"
    return project


def test_they_are_for_this_manifest_and_server(platform: Platform, odd: Project) -> None:
    here = ["-m", "sub/my prod.yaml", "--base-url", platform.url]
    said = odd.refused("apply", "-y", *here)
    odd.run(*named(said, "adopt"))
    assert odd.run("id", "my key", "-m", "sub/my prod.yaml").out.strip() in platform.files()
    assert odd.plan(*here).json["changes"] == []

    said = odd.refused("adopt", "my key", *here)
    odd.run(*named(said, "forget"))
    said = odd.refused("id", "my key", *here)
    odd.run(*named(said, "ids"))


def test_the_plan_is_saved_for_a_command_that_can_be_copied(
    platform: Platform, odd: Project
) -> None:
    for name in platform.files():
        platform.delete(name)
    here = ["-m", "sub/my prod.yaml", "--base-url", platform.url]
    said = odd.run("plan", *here, "--out", "my plan.json").err
    odd.run(*named(said, "apply"), "-y")
    assert platform.names() == ["my file.txt"]


def test_reports_name_them_too(platform: Platform, odd: Project) -> None:
    here = ["-m", "sub/my prod.yaml", "--base-url", platform.url]
    (warning,) = odd.plan(*here).json["warnings"]
    odd.run(*named(warning, "adopt"))


def test_what_needs_no_option_has_none() -> None:
    assert flags("filesync.yaml", None, None) == ""
    assert with_flags("run `filesync plan`", "") == "run `filesync plan`"
    # Twice is once.
    text = with_flags("run `filesync plan`", flags("a.yaml", "dev", None))
    assert text == "run `filesync -m a.yaml --env dev plan`"
    assert with_flags(text, "-m a.yaml ") == text

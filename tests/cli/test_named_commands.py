"""The commands that messages name can be copied: they reach the same manifest and server."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

import filesync
from filesync.core.commands import command, command_line, commands_for, flags
from tests.cli.harness import Platform, Project

PACKAGE = Path(filesync.__file__).parent


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


def test_a_key_that_looks_like_a_command_stays_as_it_is(
    platform: Platform, project: Project
) -> None:
    """Options belong to the commands that we name, not to what a user's words look like."""
    project.write("a.txt", "hello")
    project.manifest("files: {'`filesync x`': {path: a.txt}}\n", name="other.yaml")
    project.run("apply", "-y", "-m", "other.yaml", "--base-url", platform.url)
    said = project.refused("id", "`filesync y`", "-m", "other.yaml")
    assert "'`filesync y`' is not in the lockfile" in said
    assert "did you mean '`filesync x`'? `filesync -m other.yaml ids` lists the keys" in said


def test_a_command_has_the_options_of_its_run() -> None:
    assert flags("filesync.yaml", None, None) == ""
    assert command("plan") == "`filesync plan`"
    assert command("forget", "two words") == "`filesync forget 'two words'`"
    with commands_for(flags("a.yaml", "dev", None)):
        assert command_line("plan") == "filesync -m a.yaml --env dev plan"
    assert command("plan") == "`filesync plan`"


# Texts that are read before there is a run: help, a starter manifest, the schema, the reference.
BEFORE_A_RUN = {"init.py", "manifest_text.py", "schema.py", "reasons.py"}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.stem)
def test_messages_build_the_commands_they_name(path: Path) -> None:
    """A command that is typed into a message would not lead to the run's manifest and server."""
    if path.name not in BEFORE_A_RUN:
        assert list(_typed(ast.parse(path.read_text()))) == []


def _typed(tree: ast.AST) -> Iterator[str]:
    """Yield the texts that have a command in them, but for docstrings, helps and examples."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        if isinstance(node, ast.keyword) and node.arg in ("help", "examples"):
            continue
        if isinstance(node, ast.Constant) and re.search("`filesync [^-]", str(node.value)):
            yield str(node.value)
        yield from _typed(node)

"""--help: every command says what it does and shows how it is called."""

from __future__ import annotations

import re
import shlex

import click
import pytest

from filesync.cli import cli
from filesync.cli.commands import COMMANDS, all_commands
from tests.cli.harness import Project

NAMES = sorted(COMMANDS)


def examples(text: str) -> list[str]:
    """Return the command lines below "Examples:" in a command's help."""
    lines = text.split("\nExamples:\n")[1].splitlines()
    return [line.strip().split("  ")[0] for line in lines if line.startswith("  filesync ")]


@pytest.mark.parametrize("name", NAMES)
def test_help_has_examples_that_are_right_calls(alone: Project, name: str) -> None:
    shown = examples(alone.run(name, "--help").out)
    assert shown, "a command's help shows how it is called"
    for line in shown:
        words = shlex.split(line)
        for shell in (">", ">>", "|"):
            words = words[: words.index(shell)] if shell in words else words
        assert words[:2] == ["filesync", name], line
        command = all_commands()[name]
        with command.make_context(name, words[2:]) as context:  # raises for what does not parse
            assert isinstance(context, click.Context)


def test_without_a_command_it_says_what_there_is(alone: Project) -> None:
    ran = alone.run(code=1, env={"COLUMNS": "80"})
    assert ran.out == ""
    assert ran.err == alone.run("--help", env={"COLUMNS": "80"}).out
    assert "filesync [OPTIONS] COMMAND [ARGS]...\n" in ran.err
    listed = ran.err.split("\nDeclare:\n")[1]
    assert "..." not in listed, "a command's first sentence is too long for the list"


def test_help_of_a_command(alone: Project) -> None:
    env = {"COLUMNS": "80"}
    assert alone.run("help", env=env).out == alone.run("--help", env=env).out
    assert alone.run("help", "apply", env=env).out == alone.run("apply", "--help", env=env).out
    nested = alone.run("help", "state", "mv", env=env).out
    assert " state mv [OPTIONS] OLD NEW\n" in nested
    assert nested == alone.run("state", "mv", "--help", env=env).out
    err = alone.run("help", "aply", code=1).err
    assert "there is no command 'aply'; did you mean 'apply'?" in err


def test_help_fits_eighty_columns(alone: Project) -> None:
    for ran in alone.run_all(*([name, "--help"] for name in NAMES), env={"COLUMNS": "80"}):
        assert max(map(len, ran.out.splitlines())) <= 80, ran.out


def test_every_option_says_what_it_does() -> None:
    for command in (cli, *all_commands().values()):
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, f"{command.name} {parameter.opts}"


def test_help_has_no_words_of_programmers(alone: Project) -> None:
    commands = [["help", name] for name in NAMES]
    for ran in alone.run_all(*commands, ["help", "lock", "merge"], env={"COLUMNS": "80"}):
        assert not re.search(r"INTEGER|FLOAT|RANGE|BOOLEAN|x[<>]|[<>]=?x", ran.out), ran.out


@pytest.mark.parametrize(
    ("name", "some", "none"),
    [
        ("plan", ["--manifest", "--base-url", "--log-http"], []),
        ("ids", ["--manifest", "--env", "--base-url"], ["--log-http", "--log-format"]),
        ("schema", ["--color", "--quiet"], ["--manifest", "--base-url", "--env", "--log-http"]),
        ("emulator", ["--log-http", "-C DIR"], ["--manifest", "--base-url", "--state-dir"]),
    ],
)
def test_help_has_only_the_options_that_mean_something(
    alone: Project, name: str, some: list[str], none: list[str]
) -> None:
    text = alone.run("help", name).out
    assert all(f"{one}" in text for one in some)
    assert not [one for one in none if f" {one} " in text]
    # They may stand there all the same: a wrapper gives them to every command.
    if none and name != "emulator":
        assert alone.run("--log-format", "json", name, "--log-format", "json", "--help").out

"""The commands, one module each, named as the command (`show-plan` is `show_plan`)."""

from __future__ import annotations

import importlib

import click

COMMANDS = (
    "adopt",
    "apply",
    "completion",
    "destroy",
    "diff",
    "download",
    "emulator",
    "exec",
    "forget",
    "id",
    "ids",
    "init",
    "inspect",
    "ls",
    "plan",
    "render",
    "schema",
    "search",
    "show",
    "show-plan",
    "status",
    "validate",
    "verify",
)


def command_named(name: str) -> click.Command | None:
    """Import and return a command, None if there is none of that name."""
    if name not in COMMANDS:
        return None
    own = name.replace("-", "_")
    module = importlib.import_module(f"filesync.cli.commands.{own}")
    # `id` and `exec` are Python's own names, so their functions end in an underscore.
    command = vars(module).get(own) or vars(module)[f"{own}_"]
    assert isinstance(command, click.Command)
    return command


def all_commands() -> dict[str, click.Command]:
    """Return every command by its name; this imports them all."""
    return {name: command for name in COMMANDS if (command := command_named(name)) is not None}

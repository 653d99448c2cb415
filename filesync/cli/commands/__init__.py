"""The commands, one module each, named as the command (`show-plan` is `show_plan`)."""

from __future__ import annotations

import importlib

import click

GROUPS = {
    "Declare": ("init", "validate", "inspect", "doctor"),
    "Change the platform": ("plan", "diff", "apply", "show-plan", "destroy"),
    "Look": ("status", "drift", "verify", "ls", "show", "download", "search"),
    "Use the ids": ("id", "ids", "exec", "render"),
    "Change the lockfile": ("adopt", "forget", "state", "lock"),
    "Around it": ("emulator", "schema", "completion", "help"),
}
"""The commands as `filesync --help` groups them."""

COMMANDS = tuple(sorted(name for names in GROUPS.values() for name in names))


def command_named(name: str) -> click.Command | None:
    """Import and return a command, None if there is none of that name."""
    if name not in COMMANDS:
        return None
    own = name.replace("-", "_")
    module = importlib.import_module(f"filesync.cli.commands.{own}")
    # `id`, `exec` and `help` are Python's own names, so their functions end in an underscore.
    command = vars(module).get(own) or vars(module)[f"{own}_"]
    assert isinstance(command, click.Command)
    return command


def all_commands() -> dict[str, click.Command]:
    """Return every command by its name; this imports them all."""
    return {name: command for name in COMMANDS if (command := command_named(name)) is not None}

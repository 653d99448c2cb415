"""`filesync help`: print the help of a command."""

from __future__ import annotations

import click

from filesync.cli.options import Common, subcommand
from filesync.core.commands import command
from filesync.core.manifest.fields import did_you_mean
from filesync.core.text import quoted
from filesync.errors import FilesyncError


@subcommand(
    "help",
    click.argument("words", metavar="[COMMAND]...", nargs=-1),
    examples={"filesync help apply": "the same as `filesync apply --help`"},
    manifest=False,
)
def help_(common: Common, words: tuple[str, ...]) -> None:  # noqa: ARG001
    """Print the help of a command, or of filesync."""
    context = click.get_current_context().find_root()
    for word in words:
        group = context.command
        known = group.list_commands(context) if isinstance(group, click.Group) else []
        if not isinstance(group, click.Group) or word not in known:
            raise FilesyncError(
                f"there is no command {quoted(' '.join(words))}{did_you_mean(word, known)}",
                f"{command('help')} lists the commands",
            )
        found = group.get_command(context, word)
        assert found is not None
        context = click.Context(found, info_name=word, parent=context)
    click.echo(context.get_help())

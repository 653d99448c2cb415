"""`filesync completion`: print the shell completion script."""

from __future__ import annotations

import click

from filesync.cli.options import Common, subcommand


@subcommand(
    "completion",
    click.argument("shell", type=click.Choice(["bash", "zsh", "fish"])),
    examples={
        "filesync completion bash >> ~/.bashrc": "for every new shell",
        "filesync completion zsh >> ~/.zshrc": "below the line with compinit",
        "filesync completion fish > ~/.config/fish/completions/filesync.fish": "for fish",
    },
    manifest=False,
)
def completion(common: Common, shell: str) -> None:  # noqa: ARG001
    """Print the shell completion script."""
    from click.shell_completion import get_completion_class

    cli = click.get_current_context().find_root().command
    script = get_completion_class(shell)
    assert script is not None
    click.echo(script(cli, {}, "filesync", "_FILESYNC_COMPLETE").source())

"""`filesync ids`: print all keys with their ids."""

from __future__ import annotations

import click

from filesync.cli.options import Common, command


@command(
    "ids",
    click.option(
        "--format",
        "form",
        type=click.Choice(["json", "env", "github", "tfvars"]),
        default="json",
        show_default=True,
        help="env: FILESYNC_<KEY>=id; github: lines for $GITHUB_OUTPUT.",
    ),
    examples={
        "filesync ids": "as one JSON object, {key: id}",
        "filesync ids --format env > .env": "for a shell or a container",
        "filesync ids --format tfvars > ids.tfvars": "for Terraform",
    },
)
def ids(common: Common, form: str) -> None:
    """Print all keys with their ids."""
    from filesync.output.ids import render_ids
    from filesync.workflow.workspace import read_lock

    lock = read_lock(common.manifest, common.env)
    click.echo(render_ids({key: entry.id for key, entry in lock.files.items()}, form), nl=False)

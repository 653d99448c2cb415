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
    click.option("--stores", is_flag=True, help="The vector stores instead of the files."),
    examples={
        "filesync ids": "as one JSON object, {key: id}",
        "filesync ids --format env > .env": "for a shell or a container",
        "filesync ids --stores --format env": "vector stores, as FILESYNC_STORE_<KEY>",
        "filesync ids --format tfvars > ids.tfvars": "for Terraform",
    },
)
def ids(common: Common, form: str, stores: bool) -> None:
    """Print all keys with their ids."""
    from filesync.output.ids import render_ids, render_store_ids
    from filesync.workflow.workspace import read_lock

    lock = read_lock(common.manifest, common.env)
    if stores:
        own = {key: one.id for key, one in lock.stores.items()}
        click.echo(render_store_ids(own, form), nl=False)
        return
    click.echo(render_ids({key: entry.id for key, entry in lock.files.items()}, form), nl=False)

"""`filesync ids`: print all keys with their ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from filesync.cli.lock_steps import locked_selection
from filesync.cli.options import Common, filter_options, subcommand

if TYPE_CHECKING:
    from filesync.core.run import Filters


@subcommand(
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
    filter_options,
    examples={
        "filesync ids": "as one JSON object, {key: id}",
        "filesync ids --format env > .env": "for a shell or a container",
        "filesync ids --stores --format env": "vector stores, as FILESYNC_STORE_<KEY>",
        "filesync ids --format tfvars > ids.tfvars": "for Terraform",
        "filesync ids --only 'docs/*' --exclude '*/old/*'": "some of them",
    },
)
def ids(common: Common, form: str, stores: bool, filters: Filters) -> None:
    """Print all keys with their ids."""
    from filesync.output.ids import render_ids, render_store_ids
    from filesync.workflow.workspace import read_lock

    lock = read_lock(common.run())
    selected = locked_selection(lock, filters)
    if stores:
        chosen = {key: one.id for key, one in lock.stores.items() if selected.has_store(key)}
        click.echo(render_store_ids(chosen, form), nl=False)
        return
    own = {key: entry.id for key, entry in lock.files.items() if selected.has(key)}
    click.echo(render_ids(own, form), nl=False)

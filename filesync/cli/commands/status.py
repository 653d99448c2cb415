"""`filesync status`: each file with its id, age, time left and drift."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from filesync.cli.options import (
    Common,
    filter_options,
    insecure_option,
    json_option,
    outside_option,
    paint,
    subcommand,
)
from filesync.cli.plan_steps import make_with_progress

if TYPE_CHECKING:  # what costs time to import is imported by the command that needs it
    from filesync.core.run import Filters


@subcommand(
    "status",
    click.option("--changed", is_flag=True, help="Only files that an apply would change."),
    click.option(
        "--sort",
        type=click.Choice(["key", "size", "age", "left", "state"]),
        default="key",
        show_default=True,
        help="The largest, oldest, soonest to expire, or changed files first.",
    ),
    filter_options,
    json_option,
    outside_option,
    insecure_option,
    examples={
        "filesync status": "files, ids, time left, what differs",
        "filesync status --changed --only 'docs/*'": "what is to do below docs/",
        "filesync status --sort left": "what expires first",
        "filesync status --json": "the same for programs, times in seconds",
    },
)
def status(
    common: Common,
    changed: bool,
    sort: str,
    filters: Filters,
    as_json: bool,
    allow_outside: bool,
    allow_insecure_http: bool,
) -> None:
    """Show each file with its id, age, time left and drift.

    Below, what the platform holds of each purpose, whoever it belongs to, and each vector
    store: its documents, size, last use and time left.
    """
    from filesync.output.json import to_text
    from filesync.output.stores import render_stores, stores_document
    from filesync.output.tables import (
        StatusView,
        render_status,
        status_document,
        status_warnings,
    )

    run = common.run(
        filters=filters, allow_outside=allow_outside, allow_insecure_http=allow_insecure_http
    )
    view = StatusView(changed, sort)
    made = make_with_progress(common, run, protection=False)
    for warning in status_warnings(made):
        common.warn(warning)
    if as_json:
        document = status_document(made, view)
        if made.stores:
            document["vector_stores"] = stores_document(made)
        click.echo(to_text(document))
    else:
        columns = None if common.full else common.columns
        click.echo(render_status(made, paint=paint, columns=columns, view=view))
        if lines := render_stores(made, columns=columns):
            click.echo("\n" + "\n".join(lines))

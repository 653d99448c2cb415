"""`filesync status`: each file with its id, age, time left and drift."""

from __future__ import annotations

import click

from filesync.cli.options import (
    Common,
    command,
    insecure_option,
    json_option,
    outside_option,
    paint,
)
from filesync.cli.plan_steps import make_with_progress


@command(
    "status",
    json_option,
    outside_option,
    insecure_option,
    examples={
        "filesync status": "files, ids, time left, what differs",
        "filesync status --json": "the same for programs, times in seconds",
    },
)
def status(common: Common, as_json: bool, allow_outside: bool, allow_insecure_http: bool) -> None:
    """Show each file with its id, age, time left and drift.

    Below, what the platform holds of each purpose, whoever it belongs to, and each vector
    store: its documents, size, last use and time left.
    """
    from filesync.output.json import to_text
    from filesync.output.stores import render_stores, stores_document
    from filesync.output.tables import render_status, status_document, status_warnings

    run = common.run(allow_outside=allow_outside, allow_insecure_http=allow_insecure_http)
    made = make_with_progress(common, run, protection=False)
    for warning in status_warnings(made):
        common.warn(warning)
    if as_json:
        document = status_document(made)
        if made.stores:
            document["vector_stores"] = stores_document(made)
        click.echo(to_text(document))
    else:
        click.echo(common.here(render_status(made, paint=paint, columns=common.columns)))
        if lines := render_stores(made):
            click.echo("\n" + "\n".join(lines))

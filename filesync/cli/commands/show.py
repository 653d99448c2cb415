"""`filesync show`: print one remote file as the API describes it."""

from __future__ import annotations

import click

from filesync.cli.completions import locked_ids
from filesync.cli.connect import no_such_file, server_reader
from filesync.cli.options import Common, insecure_option, subcommand


@subcommand(
    "show",
    click.argument("file_id", metavar="ID", shell_complete=locked_ids),
    insecure_option,
    examples={"filesync show file-abc123": "name, size, purpose, expiry, status"},
)
def show(common: Common, file_id: str, allow_insecure_http: bool) -> None:
    """Print one remote file as the API describes it, in JSON."""
    from filesync.output.json import to_text

    with server_reader(common, allow_insecure_http) as client:
        found = client.get_raw(file_id)
    if found is None:
        raise no_such_file(file_id)
    click.echo(to_text(found))

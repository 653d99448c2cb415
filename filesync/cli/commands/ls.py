"""`filesync ls`: list the remote files."""

from __future__ import annotations

import click

from filesync.cli.completions import purposes
from filesync.cli.connect import server_reader
from filesync.cli.options import Common, insecure_option, json_option, subcommand
from filesync.core.text import quoted
from filesync.errors import FilesyncError


@subcommand(
    "ls",
    click.option(
        "--purpose",
        metavar="PURPOSE",
        help="Only files of this purpose.",
        shell_complete=purposes,
    ),
    click.option("--stores", is_flag=True, help="List the vector stores instead."),
    json_option,
    insecure_option,
    examples={
        "filesync ls": "everything, the oldest first",
        "filesync ls --purpose batch_output": "results of batches",
        "filesync ls --stores": "the vector stores",
    },
)
def ls(
    common: Common,
    purpose: str | None,
    stores: bool,
    as_json: bool,
    allow_insecure_http: bool,
) -> None:
    """List the remote files, whoever they belong to."""
    from filesync.output.json import to_text
    from filesync.output.tables import render_listing

    if stores:
        if purpose is not None:
            raise click.UsageError("--purpose is for files: leave it out with --stores")
        _list_stores(common, as_json, allow_insecure_http)
        return
    with server_reader(common, allow_insecure_http) as client:
        files = client.list_files(purpose)
    if purpose is not None and not files:
        _check_purpose(common, purpose)
    if as_json:
        click.echo(to_text([file._asdict() for file in files]))
    elif files:
        click.echo(render_listing(files, columns=None if common.full else common.columns))
    else:
        common.note("there is no file" + (f" of purpose {purpose}" if purpose else ""))


def _list_stores(common: Common, as_json: bool, allow_insecure_http: bool) -> None:
    from filesync.output.json import to_text
    from filesync.output.stores import all_stores_document, render_all_stores

    with server_reader(common, allow_insecure_http) as client:
        found = client.stores.list_stores()
    if as_json:
        click.echo(to_text(all_stores_document(found)))
    elif found:
        click.echo(render_all_stores(found, columns=None if common.full else common.columns))
    else:
        common.note("there are no vector stores")


def _check_purpose(common: Common, purpose: str) -> None:
    """Refuse a purpose that is a known one misspelt, and warn of any other that is not known.

    Only where it has no files: a server may have purposes that we have not heard of.
    """
    from filesync.core.purposes import OUTPUT_PURPOSES, PURPOSES
    from filesync.core.suggestions import nearest

    known = [*PURPOSES, *sorted(OUTPUT_PURPOSES)]
    if purpose in known:
        return
    if near := nearest(purpose, known):
        raise FilesyncError(
            f"no file has purpose {quoted(purpose)}, which is not one of the API's",
            f"did you mean {near}?",
        )
    common.warn(f"{quoted(purpose)} is not one of the API's purposes: {', '.join(known)}")

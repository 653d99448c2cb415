"""`filesync inspect`: facts about a file's content before it is sent."""

from __future__ import annotations

import click

from filesync.cli.completions import files
from filesync.cli.options import Common, json_option, subcommand
from filesync.cli.output_files import write_whole


@subcommand(
    "inspect",
    click.argument("name", metavar="KEY|PATH", shell_complete=files),
    json_option,
    click.option(
        "--html",
        metavar="FILE",
        help="Write it as one HTML page with plots; - for stdout.",
        shell_complete=files,
    ),
    examples={
        "filesync inspect train": "lines, messages by role, lengths, duplicates",
        "filesync inspect data/requests.jsonl --json": "a file that no manifest names",
    },
)
def inspect(common: Common, name: str, as_json: bool, html: str | None) -> None:
    """Show what a JSONL file holds, offline.

    Tokens are counted if the extra `tokens` is installed, otherwise characters.
    """
    from filesync.output.inspection import render_inspection, render_inspection_html
    from filesync.output.json import to_text
    from filesync.workflow.inspect import inspect_file

    if as_json and html == "-":
        raise click.UsageError("stdout takes one of --json and --html -")
    found = inspect_file(common.run(), name)
    if html is not None:
        page = render_inspection_html(*found)
        if html == "-":
            click.echo(page, nl=False)
            return
        write_whole(html, page)
        common.note(f"wrote {html}")
    if as_json:
        known = {"path": found.path, "bytes": found.bytes, **found.facts.document()}
        click.echo(to_text({**known, "note": found.note}))
    elif html is None:
        click.echo(render_inspection(*found))

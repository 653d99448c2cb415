"""`filesync search`: ask a vector store."""

from __future__ import annotations

import click

from filesync.cli.completions import locked_stores
from filesync.cli.options import Common, WholeNumber, insecure_option, json_option, subcommand


@subcommand(
    "search",
    click.argument("store", shell_complete=locked_stores),
    click.argument("text"),
    click.option(
        "--limit",
        type=WholeNumber(1, 50),
        metavar="N",
        default=5,
        show_default=True,
        help="At most so many passages.",
    ),
    json_option,
    insecure_option,
    examples={
        'filesync search handbook "how do I return a bike?"': "the best passages",
        "filesync search handbook returns --json": "the same for programs",
    },
)
def search(
    common: Common, store: str, text: str, limit: int, as_json: bool, allow_insecure_http: bool
) -> None:
    """Print what a vector store answers to TEXT.

    STORE is a key of the lockfile. The best passage comes first.
    """
    from filesync.output.json import to_text
    from filesync.output.passages import passages_document, render_passages
    from filesync.workflow.search import search as search_store

    found = search_store(common.run(allow_insecure_http=allow_insecure_http), store, text, limit)
    if as_json:
        click.echo(to_text(passages_document(found)))
    elif found:
        click.echo(render_passages(found))
    else:
        common.note("the vector store has no answer")

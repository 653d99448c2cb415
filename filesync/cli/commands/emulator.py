"""`filesync emulator`: serve the API on loopback."""

from __future__ import annotations

import os

import click

from filesync.cli.options import Common, command
from filesync.core.text import printable


@command(
    "emulator",
    click.option(
        "--port",
        type=click.IntRange(0, 65535),
        default=8787,
        show_default=True,
        help="Loopback port; 0 for any free one.",
    ),
    click.option(
        "--data",
        metavar="DIR",
        type=click.Path(file_okay=False),
        default=".filesync/emulator",
        show_default=True,
        help="Where it keeps its files.",
    ),
    click.option("--api-key", metavar="KEY", help="Accept only this key (default: any)."),
    click.option(
        "--index-delay",
        type=click.FloatRange(0),
        default=0,
        metavar="SECONDS",
        help="How long a vector store takes to index a file.  [default: 0]",
    ),
    click.option(
        "--index-fails",
        metavar="GLOB",
        multiple=True,
        help="Which filenames a vector store fails to index. Repeatable.",
    ),
    examples={
        "filesync emulator": "then set what it prints",
        "filesync emulator --port 0 --data /tmp/files": "any free port, another folder",
    },
)
def emulator(
    common: Common,
    port: int,
    data: str,
    api_key: str | None,
    index_delay: float,
    index_fails: tuple[str, ...],
) -> None:
    """Serve the Files and Uploads API on loopback until Ctrl-C."""
    from filesync.workflow.server import cannot_serve, emulator_installed

    with emulator_installed():
        from filesync.emulator.server import serve

    given = {"index_delay": index_delay, "index_fails": list(index_fails)}
    settings = {name: value for name, value in given.items() if value}
    data = os.path.expanduser(data)  # a shell leaves --data=~/x alone

    def on_request(request: str) -> None:
        if common.log_http:
            click.echo(printable(request), err=True)

    def ready(url: str) -> None:
        click.echo(url)
        common.note("serving the Files and Uploads API; Ctrl-C ends it. To use it:")
        common.note(f"  export OPENAI_BASE_URL={url} OPENAI_API_KEY={api_key or 'any'}")

    try:
        serve(data, port, api_key, ready, on_request, settings)
    except OSError as error:
        raise cannot_serve(data, error, port) from None

"""`filesync emulator`: serve the API on loopback."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
from typing import Any, TextIO

import click

from filesync.cli.options import Common, WholeNumber, subcommand
from filesync.core.text import printable
from filesync.errors import FilesyncError

_KEY = re.compile("[!-~]+")


@subcommand(
    "emulator",
    click.option(
        "--port",
        type=WholeNumber(0, 65535),
        metavar="PORT",
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
        "--type",
        "server_type",
        metavar="TYPE",
        help="Which server to be like: openai, azure, groq, mistral ...  [default: openai]",
    ),
    click.option("--latency", type=float, metavar="SECONDS", help="How long each request waits."),
    click.option(
        "--bandwidth",
        type=float,
        metavar="BYTES",
        help="Bytes per second, each way, for each connection.",
    ),
    click.option(
        "--fault",
        "faults",
        metavar="RULE",
        multiple=True,
        help="Which requests fail, such as 'POST /files 503 10%'. Repeatable.",
    ),
    click.option(
        "--requests-per-minute",
        type=float,
        metavar="N",
        help="Answer 429 to more requests than this.",
    ),
    click.option(
        "--listing-lag",
        type=float,
        metavar="SECONDS",
        help="How long the listing does not show a change.",
    ),
    click.option(
        "--clock-offset",
        type=float,
        metavar="SECONDS",
        help="How far the server's clock is ahead.",
    ),
    click.option(
        "--token-seconds",
        type=float,
        metavar="SECONDS",
        help="How long an exchanged token is valid.  [default: 3600]",
    ),
    click.option(
        "--index-delay",
        type=float,
        metavar="SECONDS",
        help="How long a vector store takes to index a file.  [default: 0]",
    ),
    click.option(
        "--index-fails",
        metavar="GLOB",
        multiple=True,
        help="Which filenames a vector store fails to index. Repeatable.",
    ),
    click.option(
        "--log",
        "log_path",
        metavar="FILE",
        type=click.Path(dir_okay=False),
        help="Add a line of JSON to FILE for each request.",
    ),
    examples={
        "filesync emulator": "then set what it prints",
        "filesync emulator --port 0 --data /tmp/files": "any free port, another folder",
    },
    manifest=False,
)
def emulator(
    common: Common,
    port: int,
    data: str,
    api_key: str | None,
    server_type: str | None,
    faults: tuple[str, ...],
    index_fails: tuple[str, ...],
    log_path: str | None,
    **numbers: float | None,
) -> None:
    """Serve the Files and Uploads API on loopback until Ctrl-C."""
    from filesync.workflow.server import cannot_serve, emulator_installed

    if api_key is not None and not _KEY.fullmatch(api_key):
        raise FilesyncError(
            "--api-key must be printable ASCII without spaces, since a header carries it",
            "leave --api-key out to accept any key",
        )
    with emulator_installed():
        from filesync.emulator.server import serve

    lists = {"faults": list(faults), "index_fails": list(index_fails)}
    given = {**numbers, "type": server_type, **lists}
    settings = {name: value for name, value in given.items() if value is not None and value != []}
    _check(settings)
    data = os.path.expanduser(data)  # a shell leaves --data=~/x alone

    def on_request(record: dict[str, Any]) -> None:
        if common.log_http:
            line = f"{record['method']} {record['path']}: {record['status'] or 'no answer'}"
            click.echo(printable(line), err=True)
        if log is not None:
            log.write(json.dumps(record) + "\n")
            log.flush()

    def ready(url: str) -> None:
        click.echo(url)
        common.note("serving the Files and Uploads API; Ctrl-C ends it. To use it:")
        key = shlex.quote(api_key or "any")
        common.note(f"  export OPENAI_BASE_URL={url} OPENAI_API_KEY={key}")

    with contextlib.ExitStack() as stack:
        log = None if log_path is None else stack.enter_context(_opened(log_path))
        try:
            serve(data, port, api_key, ready, on_request, settings)
        except OSError as error:
            raise cannot_serve(data, error, port) from None


def _check(settings: dict[str, Any]) -> None:
    """Raise FilesyncError for a setting with a wrong value, in the words of its option."""
    from filesync.emulator.errors import ApiError
    from filesync.emulator.settings import SETTINGS, checked

    for name, value in settings.items():
        try:
            checked({name: value})
        except ApiError as error:
            option = "--fault" if name == "faults" else "--" + name.replace("_", "-")
            why = str(error).partition(": ")[2]
            hint = f"leave {option} out for {SETTINGS[name].default!r}"
            raise FilesyncError(f"{option}: {printable(why)}", hint) from None


def _opened(path: str) -> TextIO:
    try:
        return open(os.path.expanduser(path), "a", encoding="utf-8")
    except OSError as error:
        why = error.strerror or str(error)
        raise FilesyncError(
            f"cannot write the log {printable(path)}: {why}", "name another file with --log"
        ) from None

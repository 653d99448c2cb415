"""Commands about what the platform holds, as it says it: ls, show, download."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from filesync.cli.completing import locked_ids, purposes
from filesync.cli.options import (
    Common,
    command,
    insecure_option,
    json_option,
    output_option,
)
from filesync.core.text import human_bytes, printable, quoted
from filesync.errors import FilesyncError

if TYPE_CHECKING:
    from filesync.remote.client import Reader


@command(
    "ls",
    click.option(
        "--purpose",
        metavar="PURPOSE",
        help="Only files of this purpose.",
        shell_complete=purposes,
    ),
    json_option,
    insecure_option,
    examples={
        "filesync ls": "everything, the oldest first",
        "filesync ls --purpose batch_output": "results of batches",
    },
)
def ls(common: Common, purpose: str | None, as_json: bool, allow_insecure_http: bool) -> None:
    """List the remote files, whoever they belong to."""
    from filesync.output.json import to_text
    from filesync.output.tables import render_listing

    with _reader(common, allow_insecure_http) as client:
        files = client.list_files(purpose)
    if purpose is not None and not files:
        _check_purpose(common, purpose)
    if as_json:
        click.echo(to_text([file._asdict() for file in files]))
    elif files:
        click.echo(render_listing(files, columns=common.columns))
    else:
        common.note("there is no file" + (f" of purpose {purpose}" if purpose else ""))


def _check_purpose(common: Common, purpose: str) -> None:
    """Refuse a purpose that is a known one misspelt, and warn of any other that is not known.

    Only where it has no files: a server may have purposes that we have not heard of.
    """
    import difflib

    from filesync.core.purposes import OUTPUT_PURPOSES, PURPOSES

    known = [*PURPOSES, *sorted(OUTPUT_PURPOSES)]
    if purpose in known:
        return
    if near := difflib.get_close_matches(purpose, known, n=1):
        raise FilesyncError(
            f"no file has purpose {quoted(purpose)}, which is not one of the API's",
            f"did you mean {near[0]}?",
        )
    common.warn(f"{quoted(purpose)} is not one of the API's purposes: {', '.join(known)}")


@command(
    "show",
    click.argument("file_id", metavar="ID", shell_complete=locked_ids),
    insecure_option,
    examples={"filesync show file-abc123": "name, size, purpose, expiry, status"},
)
def show(common: Common, file_id: str, allow_insecure_http: bool) -> None:
    """Print one remote file as the API describes it, in JSON."""
    from filesync.output.json import to_text

    with _reader(common, allow_insecure_http) as client:
        found = client.get_raw(file_id)
    if found is None:
        raise _none_such(file_id)
    click.echo(to_text(found))


@command(
    "download",
    click.argument("file_id", metavar="ID", shell_complete=locked_ids),
    output_option,
    insecure_option,
    examples={
        "filesync download file-abc123 -o out.jsonl": "whole, or not at all",
        "filesync download file-abc123 | head": "a look at the beginning",
    },
)
def download(common: Common, file_id: str, output: str | None, allow_insecure_http: bool) -> None:
    """Fetch a remote file's content, where the API allows it."""
    from filesync.errors import ApiError

    with _reader(common, allow_insecure_http) as client:
        try:
            chunks = client.download(file_id)
            if output is None or output == "-":
                for chunk in chunks:
                    sys.stdout.buffer.write(chunk)
                sys.stdout.buffer.flush()
                return
            size = _write(output, chunks)
        except ApiError as error:
            raise _none_such(file_id) if error.status == 404 else error from None
    common.note(f"wrote {output} ({human_bytes(size)})")


def _write(path: str, chunks: Iterator[bytes]) -> int:
    """Write a file that is either whole or not there."""
    from filesync.local.files import unwritable

    part = path + ".part"
    size = 0
    try:
        with open(part, "wb") as file:
            for chunk in chunks:
                file.write(chunk)
                size += len(chunk)
        os.replace(part, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(part)
        if isinstance(error, OSError):
            raise unwritable(path, error) from None
        raise
    return size


@contextlib.contextmanager
def _reader(common: Common, allow_insecure_http: bool) -> Iterator[Reader]:
    """Connect to the manifest's server, or where there is no manifest to the default one."""
    from filesync.errors import ManifestError
    from filesync.workflow.workspace import choose_server, read_manifest, reader

    run = common.run(allow_insecure_http=allow_insecure_http)
    says = None
    if os.path.exists(run.manifest):
        manifest, problems = read_manifest(run)
        if problems and run.base_url is None:
            raise ManifestError(run.manifest, problems)
        says = manifest.base_url
    with reader(choose_server(run, says), run) as client:
        yield client


def _none_such(file_id: str) -> FilesyncError:
    return FilesyncError(
        f"there is no file {printable(file_id)} on the platform", "`filesync ls` lists them"
    )


COMMANDS = (ls, show, download)

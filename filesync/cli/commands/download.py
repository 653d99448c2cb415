"""`filesync download`: fetch a remote file's content."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

import click

from filesync.cli.completions import locked_ids
from filesync.cli.connect import no_such_file, server_reader
from filesync.cli.options import Common, command, insecure_option, output_option
from filesync.core.text import human_bytes


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

    with server_reader(common, allow_insecure_http) as client:
        try:
            chunks = client.download(file_id)
            if output is None or output == "-":
                for chunk in chunks:
                    sys.stdout.buffer.write(chunk)
                sys.stdout.buffer.flush()
                return
            size = _write(output, chunks)
        except ApiError as error:
            raise no_such_file(file_id) if error.status == 404 else error from None
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

"""`filesync download`: fetch a remote file's content."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator

import click

from filesync.cli.completions import locked_ids
from filesync.cli.connect import no_such_file, server_reader
from filesync.cli.options import Common, insecure_option, output_option, subcommand
from filesync.cli.output_files import check_target
from filesync.core.text import human_bytes, printable
from filesync.errors import GONE, LocalFileError


@subcommand(
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

    if output is not None and output != "-":
        check_target(output, common)
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
            raise no_such_file(file_id) if error.status in GONE else error from None
    common.note(f"wrote {output} ({human_bytes(size)})")


def _write(path: str, chunks: Iterator[bytes]) -> int:
    """Write a file that is whole or not there; return its bytes.

    A device or a pipe takes the content as it comes. A symlink to a file is replaced, not followed.
    """
    from filesync.local.files import unwritable, write_streamed

    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return _pour(path, chunks)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise unwritable(path, error) from None
    except ValueError as error:  # a NUL in it
        raise LocalFileError(f"cannot write {printable(path)}: {error}") from None
    return write_streamed(path, chunks)


def _pour(path: str, chunks: Iterator[bytes]) -> int:
    size = 0
    with open(path, "wb") as file:
        for chunk in chunks:
            file.write(chunk)
            size += len(chunk)
    return size

"""`filesync render`: fill ids into a template."""

from __future__ import annotations

import sys

import click

from filesync.cli.completions import files
from filesync.cli.lock_steps import warn_of_expired
from filesync.cli.options import Common, output_option, subcommand
from filesync.cli.output_files import check_target, write_whole
from filesync.core.text import printable
from filesync.errors import LocalFileError


@subcommand(
    "render",
    click.argument("template", shell_complete=files),
    output_option,
    examples={
        "filesync render job.json": "to stdout",
        "filesync render job.json -o job.ready.json": "to a file",
    },
)
def render(common: Common, template: str, output: str | None) -> None:
    """Print TEMPLATE with ids in place of each ${filesync:KEY}.

    ${filesync:store:KEY} is a vector store's id. TEMPLATE is any text in UTF-8; - reads stdin.
    `$${filesync:KEY}` stands for itself.
    """
    from filesync.core.template import fill
    from filesync.workflow.workspace import read_lock

    if output is not None and output != "-":
        check_target(output, common, [] if template == "-" else [template])
    text = _read(template)
    lock = read_lock(common.run())
    ids = {key: entry.id for key, entry in lock.files.items()}
    ids |= {f"store:{key}": one.id for key, one in lock.stores.items()}
    filled, used = fill(text, ids, "stdin" if template == "-" else template)
    warn_of_expired(common, lock, used & lock.files.keys())
    if output is None or output == "-":
        sys.stdout.buffer.write(filled.encode())
        sys.stdout.buffer.flush()
    else:
        write_whole(output, filled)
        common.note(f"wrote {output}")


def _read(path: str) -> str:
    from filesync.local.files import why

    name = "stdin" if path == "-" else printable(path)
    try:
        if path == "-":
            return sys.stdin.buffer.read().decode()
        with open(path, "rb") as file:
            return file.read().decode()
    except FileNotFoundError:
        raise LocalFileError(
            f"there is no template {name}", "name a file of any text, or - for stdin"
        ) from None
    except UnicodeDecodeError as error:
        raise LocalFileError(
            f"{name} is not UTF-8 text (byte {error.start + 1})", "save it as UTF-8"
        ) from None
    except (OSError, ValueError) as error:
        because = why(error) if isinstance(error, OSError) else str(error)
        raise LocalFileError(f"cannot read {name}: {because}") from None

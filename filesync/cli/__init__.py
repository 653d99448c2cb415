"""The command line: options in, workflow called, output printed, exit code out."""

from __future__ import annotations

import gc
import os
import sys
from typing import NoReturn

import click

from filesync import __version__
from filesync.cli import changes, keys, plans, raw, setup, streams, using
from filesync.cli.options import common_options, paint
from filesync.core.text import printable
from filesync.errors import FilesyncError, ManifestError


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    invoke_without_command=True,
    subcommand_metavar="COMMAND [ARGS]...",
)
@click.version_option(__version__, message="filesync %(version)s")
@common_options
@click.pass_context
def cli(context: click.Context, /, **_common: object) -> None:
    """Declare the files an OpenAI project should hold, and keep it so.

    \b
    filesync init      writes a manifest to start from
    filesync plan      shows what would change
    filesync apply     makes it so and writes the ids to the lockfile
    filesync id KEY    prints a file's id for a job to use

    Each command's --help has examples.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(1)


for _module in (plans, changes, keys, using, raw, setup):
    for _command in _module.COMMANDS:
        cli.add_command(_command)


def main() -> NoReturn:
    """Run the command line; an expected error ends in a message, never a traceback."""
    streams.prepare()
    # A plan of 100,000 files makes a million tuples that live to its end. Looking through them
    # for garbage every 700 takes a quarter of the time; what there is can wait.
    gc.set_threshold(50_000, 20, 20)
    sys.exit(_run())


def _run() -> int:
    try:
        code = cli.main(standalone_mode=False)
        sys.stdout.flush()
    except ManifestError as error:
        # Each at the start of a line, where editors and CI look for PATH:LINE:COL.
        for line in error.message.splitlines():
            click.echo(printable(line), err=True)
        if sys.stderr.isatty():
            click.echo(f"  -> {printable(error.hint)}", err=True)
        return error.exit_code
    except FilesyncError as error:
        return _complain(error.message, error.hint, error.exit_code)
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "filesync"
        # click sets choices out in lines; here they would be escaped, as a name's are.
        message = error.format_message().replace("\n\t", " ")
        return _complain(message, f"`{command} --help` tells how to call it", 1)
    except click.ClickException as error:
        return _complain(error.format_message(), "", 1)
    except (click.Abort, KeyboardInterrupt):
        return _complain("interrupted", "", 130)
    except BrokenPipeError:
        # Whoever read our output has gone; Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if os.environ.get("FILESYNC_DEBUG"):
            raise
        return _complain(
            f"this is a defect in filesync: {type(error).__name__}: {error}",
            "please report it; FILESYNC_DEBUG=1 shows where it happened",
            1,
        )
    return code if isinstance(code, int) else 0


def _complain(message: str, hint: str, code: int) -> int:
    for number, line in enumerate(message.splitlines() or [""]):
        lead = paint("error: ", "red", sys.stderr) if number == 0 else ""
        click.echo(lead + printable(line), err=True)
    for line in hint.splitlines():
        click.echo(f"  -> {printable(line)}", err=True)
    return code

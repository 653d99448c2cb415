"""The command line: options in, workflow called, output printed, exit code out.

commands/     the commands, one module each
options       options that many commands share
plan_steps    steps that the commands with a plan share
picking       which parts of a plan to apply: `apply -i`
finding_steps  steps that `validate` and `plan` share: findings about content
several_plans  `plan` for several manifests or environments
lock_steps    steps that the commands with a lockfile share
connect       the server of commands that look at single remote files
pager         long output on a terminal
usage         what is wrong with a command line
streams       the standard streams, which may be closed or full
output_files  files that a command writes: whole or not at all
github_files  the summary and the outputs of a GitHub Actions job
completions   what a shell offers after Tab
logs          the log of requests
retry_notes   what is said while a request is sent again
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from typing import NoReturn

import click

from filesync.cli import streams
from filesync.cli.commands import COMMANDS, GROUPS, command_named
from filesync.cli.options import coloured, common_options, paint
from filesync.core.secret_names import SECRETS
from filesync.core.text import printable
from filesync.errors import ContentError, FilesyncError, ManifestError
from filesync.version import __version__


class _Commands(click.Group):
    """The commands of the table; a command's module is imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        return command_named(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        room = formatter.width - 6 - max(map(len, COMMANDS))
        for title, names in GROUPS.items():
            found = [(name, self.get_command(ctx, name)) for name in names]
            with formatter.section(title):
                formatter.write_dl(
                    [(name, one.get_short_help_str(room)) for name, one in found if one],
                    col_spacing=2 + max(map(len, COMMANDS)) - max(map(len, names)),
                )


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    invoke_without_command=True,
    subcommand_metavar="COMMAND [ARGS]...",
)
@click.version_option(__version__, message="filesync %(version)s")
@common_options
@click.pass_context
def cli(context: click.Context, /, **_common: object) -> None:
    """List the files an OpenAI project should have in a manifest, and keep it in sync.

    \b
    filesync init      writes a manifest to start from
    filesync plan      shows what would change
    filesync apply     makes these changes and writes the ids to the lockfile
    filesync id KEY    prints a file's id for a job to use

    Each command's --help has examples.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(1)


def main() -> NoReturn:
    """Run the command line; an expected error ends in a message, never a traceback."""
    _take_names_for_utf8()
    streams.prepare()
    # A plan of 100,000 files holds 600,000 tuples at its end. Looking through them for garbage
    # every 700 takes a quarter of the time; what there is can wait.
    gc.set_threshold(700_000, 20, 20)
    # As Ctrl-C: a sentence, and exit code 130. It stays ignored where it was.
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    code = _run()
    # Python looks through all objects for garbage once more as it ends, a sixth of the time of a
    # small plan, although the system takes all memory back at once. It passes by what is frozen.
    gc.freeze()
    sys.exit(code)


def _take_names_for_utf8() -> None:
    """Begin again in Python's UTF-8 mode where the locale names another encoding.

    Files are named in UTF-8 on every system of today, and read in another encoding they would be
    uploaded under wrong names, or not found.
    """
    other = sys.getfilesystemencoding() != "utf-8"
    if other and os.name == "posix" and sys.executable and os.environ.get("PYTHONUTF8") != "1":
        os.execve(sys.executable, sys.orig_argv, {**os.environ, "PYTHONUTF8": "1"})


def _run() -> int:
    try:
        code = cli.main(standalone_mode=False)
        sys.stdout.flush()
    except (ManifestError, ContentError) as error:
        # Each at the start of a line, where editors and CI look for PATH:LINE:COL.
        for line in error.message.splitlines():
            click.echo(_safe(line), err=True)
        if sys.stderr.isatty():
            click.echo(f"  -> {printable(error.hint)}", err=True)
        return error.exit_code
    except FilesyncError as error:
        return _complain(error.message, error.hint, error.exit_code)
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "filesync"
        from filesync.cli.usage import in_words

        return _complain(in_words(error), f"see `{command} --help`", 1)
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
        if isinstance(error, RuntimeError) and "start new thread" in str(error):
            return _complain(
                "this machine lets filesync start no more threads",
                "end other programs, or raise the limit of processes (`ulimit -u`, or that of the "
                "container); then run it again, which continues",
                1,
            )
        return _complain(
            f"this is a defect in filesync: {type(error).__name__}: {error}",
            "please report it; FILESYNC_DEBUG=1 shows where it happened",
            1,
        )
    return code if isinstance(code, int) else 0


def _complain(message: str, hint: str, code: int) -> int:
    for number, line in enumerate(message.splitlines() or [""]):
        lead = paint("error: ", "red", sys.stderr) if number == 0 else ""
        click.echo(lead + _safe(line), err=True, color=coloured(sys.stderr))
    for line in hint.splitlines():
        click.echo(f"  -> {_safe(line)}", err=True)
    return code


def _safe(text: str) -> str:
    """Return a line fit to be printed, without a key that was given in the wrong place."""
    from filesync.remote import redact

    for name in SECRETS:
        text = redact.without(os.environ.get(name, "").strip(), text)
    return printable(text)

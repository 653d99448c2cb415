"""Commands that hand ids to whatever uses them: exec and render."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Collection
from typing import TYPE_CHECKING

import click

from filesync.cli.completing import files
from filesync.cli.options import Common, command, only_option, output_option
from filesync.cli.writing import check_target, write_whole
from filesync.core.text import plural, printable, quoted
from filesync.errors import FilesyncError, LocalFileError

if TYPE_CHECKING:
    from filesync.core.lockfile.lock import Lockfile

# What filesync itself reads: a key of that name hides it from a filesync run by the command.
_OURS = ("FILESYNC_MANIFEST", "FILESYNC_ENV", "FILESYNC_DEBUG")


@command(
    "exec",
    only_option,
    click.argument(
        "cmd",
        metavar="CMD...",
        nargs=-1,
        required=True,
        type=click.UNPROCESSED,
        shell_complete=files,
    ),
    examples={
        "filesync exec -- python train.py": "FILESYNC_TRAIN is set for it",
        "filesync exec --only train -- sh -c 'echo $FILESYNC_TRAIN'": "one key, in a shell",
    },
)
def exec_(common: Common, only: str | None, cmd: tuple[str, ...]) -> None:
    """Run CMD with each file's id in its environment.

    The variables are called FILESYNC_<KEY>, as `filesync ids --format env` prints them. CMD takes
    our place: its exit code is the exit code.
    """
    from filesync.core.plan.plan import selects
    from filesync.output.ids import env_names
    from filesync.workflow.workspace import read_lock

    lock = read_lock(common.manifest, common.env)
    keys = [key for key in lock.files if only is None or selects(only, key)]
    if only is not None and not keys:
        raise FilesyncError(
            f"--only {quoted(only)} selects none of the lockfile's "
            f"{plural(len(lock.files), 'file')}",
            "`filesync ids` lists the keys; quote the glob so that the shell leaves it alone",
        )
    _warn_of_expired(common, lock, keys)
    try:
        named = env_names({key: lock.files[key].id for key in keys})
    except FilesyncError as error:
        error.hint = "rename one of them, or leave one out with --only GLOB"
        raise
    for name in _OURS:
        if name in named:
            common.warn(f"{name} holds a file's id for this command; filesync reads it, too")
    sys.stdout.flush()
    sys.stderr.flush()
    # Python ignores it, and a command would inherit that: `yes | head` must end.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        os.execvpe(cmd[0], cmd, {**os.environ, **named})
    except FileNotFoundError:
        raise FilesyncError(
            f"there is no command {quoted(cmd[0])}",
            "name a program on PATH, or a path to one: `filesync exec -- CMD ARGS...`; "
            "shell syntax needs a shell: `filesync exec -- sh -c '...'`",
        ) from None
    except (OSError, ValueError) as error:
        because = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise FilesyncError(f"cannot run {quoted(cmd[0])}: {because}") from None


# What follows CMD is CMD's, also without `--` in front of it.
exec_.context_settings["allow_interspersed_args"] = False


@command(
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

    TEMPLATE is any text in UTF-8; - reads stdin. `$${filesync:KEY}` stands for itself.
    """
    from filesync.core.template import fill
    from filesync.workflow.workspace import read_lock

    if output is not None and output != "-":
        check_target(output, common, [] if template == "-" else [template])
    text = _read(template)
    lock = read_lock(common.manifest, common.env)
    ids = {key: entry.id for key, entry in lock.files.items()}
    filled, used = fill(text, ids, "stdin" if template == "-" else template)
    _warn_of_expired(common, lock, used)
    if output is None or output == "-":
        sys.stdout.buffer.write(filled.encode())
        sys.stdout.buffer.flush()
    else:
        write_whole(output, filled)
        common.note(f"wrote {output}")


def _read(path: str) -> str:
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
        raise LocalFileError(f"{name} is not UTF-8 text (byte {error.start + 1})") from None
    except (OSError, ValueError) as error:
        because = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise LocalFileError(f"cannot read {name}: {because}") from None


def _warn_of_expired(common: Common, lock: Lockfile, keys: Collection[str]) -> None:
    """Say which of the ids lead to nothing any more."""
    now = time.time()
    expired = sorted(key for key in keys if (lock.files[key].expires_at or now + 1) <= now)
    if expired:
        more = f" and {len(expired) - 1:,} more" if len(expired) > 1 else ""
        common.warn(
            f"the file of {printable(expired[0])}{more} has expired: "
            "run `filesync apply` to upload it again"
        )


COMMANDS = (exec_, render)

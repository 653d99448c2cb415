"""`filesync exec`: run a command with the ids in its environment."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import click

from filesync.cli.completions import files
from filesync.cli.lock_steps import locked_selection, warn_of_expired
from filesync.cli.options import Common, filter_options, subcommand
from filesync.core.commands import command
from filesync.core.text import quoted
from filesync.errors import FilesyncError

if TYPE_CHECKING:
    from filesync.core.run import Filters

# What filesync itself reads: a key of that name hides it from a filesync run by the command.
_OURS = ("FILESYNC_MANIFEST", "FILESYNC_ENV", "FILESYNC_DEBUG")


@subcommand(
    "exec",
    filter_options,
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
def exec_(common: Common, filters: Filters, cmd: tuple[str, ...]) -> None:
    """Run CMD with each file's id in its environment.

    The variables are called FILESYNC_<KEY>, as `filesync ids --format env` prints them, and those
    of vector stores FILESYNC_STORE_<KEY>. filesync
    is replaced by CMD, so its exit code is returned.
    """
    from filesync.output.ids import env_names
    from filesync.workflow.workspace import read_lock

    lock = read_lock(common.run())
    selected = locked_selection(lock, filters)
    keys = [key for key in lock.files if selected.has(key)]
    stores = [key for key in lock.stores if selected.has_store(key)]
    warn_of_expired(common, lock, keys)
    try:
        named = env_names(
            {key: lock.files[key].id for key in keys}
            | {f"store:{key}": lock.store(key).id for key in stores}
        )
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
            "name a program on PATH, or a path to one: "
            f"{command('exec', '--', 'CMD', 'ARGS...')}; "
            f"shell syntax needs a shell: {command('exec', '--', 'sh', '-c', 'CMD | CMD')}",
        ) from None
    except (OSError, ValueError) as error:
        because = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise FilesyncError(f"cannot run {quoted(cmd[0])}: {because}") from None


# What follows CMD is CMD's, also without `--` in front of it.
exec_.context_settings["allow_interspersed_args"] = False

"""One apply at a time on one lockfile.

An flock, which the operating system releases when the process ends, so a dead process never
blocks. A file next to it says who holds the lock; it is used for messages only. A second flock lies
outside the working tree, where `git clean -fdx` does not remove it under a running apply.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

from filelock import FileLock, Timeout

from filesync.core.env_names import with_env
from filesync.core.run import Shard
from filesync.core.text import printable
from filesync.errors import FilesyncError, LocalFileError
from filesync.local.files import why, write_atomic
from filesync.local.state_dir import lock_dir


@contextmanager
def exclusive(
    manifest_path: str,
    env: str | None = None,
    *,
    shard: Shard | None = None,
    timeout: float,
    on_wait: Callable[[str], None],
) -> Iterator[None]:
    """Hold the lockfile of a manifest, or of its environment, while the context is open.

    With `shard`, hold only that shard's piece of it.

    Waits up to `timeout` seconds for another process, and calls `on_wait` with a description of
    it; then raises FilesyncError. Works on one machine, and across machines if the file system's
    flock does.
    """
    stem = with_env(os.path.splitext(os.path.basename(manifest_path))[0], env)
    stem += "" if shard is None else f".{shard.suffix}"
    base = os.path.join(lock_dir(manifest_path), f"{stem}.apply")
    holder = base + ".holder"
    with ExitStack() as held:
        for path in (base + ".lock", *_out_of_reach(base)):
            try:
                _acquire(held, path, holder, timeout, on_wait)
            except OSError as error:
                raise LocalFileError(f"cannot lock {printable(path)}: {why(error)}") from None
        me = {"host": socket.gethostname(), "pid": os.getpid(), "since": int(time.time())}
        write_atomic(holder, json.dumps(me).encode(), mode=0o600, sync=False)
        held.callback(_remove, holder)
        yield


def _acquire(
    held: ExitStack, path: str, holder: str, timeout: float, on_wait: Callable[[str], None]
) -> None:
    lock = FileLock(path, mode=0o600)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if timeout > 0:
            patience = f"{timeout:g} seconds at most (--lock-timeout)"
            on_wait(f"waiting for another run on this lockfile, {patience}: {_describe(holder)}")
        try:
            lock.acquire(timeout=timeout, poll_interval=0.1)
        except Timeout:
            raise FilesyncError(
                f"another run holds this lockfile: {_describe(holder)}",
                "let it finish, or wait longer with --lock-timeout SECONDS",
            ) from None
    held.callback(lock.release)


def _out_of_reach(base: str) -> list[str]:
    """Return the path of the second lock; none where the user has no place for it."""
    home = os.environ.get("HOME")
    state = os.environ.get("XDG_STATE_HOME") or (home and os.path.join(home, ".local", "state"))
    if not state:
        return []
    folder = os.path.join(state, "filesync")
    try:
        os.makedirs(folder, 0o700, exist_ok=True)
    except OSError:
        return []
    if not os.access(folder, os.W_OK):
        return []
    name = hashlib.sha256(os.fsencode(os.path.realpath(base))).hexdigest()[:16]
    return [os.path.join(folder, f"{name}.lock")]


def _remove(path: str) -> None:
    with suppress(OSError):
        os.unlink(path)


def _describe(holder: str) -> str:
    """Describe the process that holds the lock, as far as its file says."""
    try:
        with open(holder, "rb") as file:
            told = json.loads(file.read())
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(told["since"]))
        return f"process {int(told['pid'])} on {printable(str(told['host']))}, since {since}"
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return "a process that has only just begun"

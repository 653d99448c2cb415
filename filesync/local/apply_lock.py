"""One apply at a time on one lockfile.

An flock, which the operating system releases when the process ends, so a dead process never
blocks. A file next to it says who holds the lock; it is used for messages only.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

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
    lock = FileLock(base + ".lock", mode=0o600)
    holder = base + ".holder"
    try:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            who = _describe(holder)
            if timeout > 0:
                patience = f"{timeout:g} seconds at most (--lock-timeout)"
                on_wait(f"waiting for another run on this lockfile, {patience}: {who}")
            try:
                lock.acquire(timeout=timeout, poll_interval=0.1)
            except Timeout:
                raise FilesyncError(
                    f"another run holds this lockfile: {_describe(holder)}",
                    "let it finish, or wait longer with --lock-timeout SECONDS",
                ) from None
    except OSError as error:
        raise LocalFileError(f"cannot lock {printable(base)}.lock: {why(error)}") from None
    try:
        me = {"host": socket.gethostname(), "pid": os.getpid(), "since": int(time.time())}
        write_atomic(holder, json.dumps(me).encode(), mode=0o600, sync=False)
        yield
    finally:
        with suppress(OSError):
            os.unlink(holder)
        lock.release()


def _describe(holder: str) -> str:
    """Describe the process that holds the lock, as far as its file says."""
    try:
        with open(holder, "rb") as file:
            told = json.loads(file.read())
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(told["since"]))
        return f"process {int(told['pid'])} on {printable(str(told['host']))}, since {since}"
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return "a process that has only just begun"

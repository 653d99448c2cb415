"""Files that a command writes on request: whole or not at all, and never our own."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable

from filesync.cli.options import Common
from filesync.core.text import printable
from filesync.errors import FilesyncError, LocalFileError


def check_target(path: str, common: Common, others: Iterable[str] = ()) -> None:
    """Refuse to write over the manifest, its lockfile, or `others`; FilesyncError says which."""
    from filesync.local.lockfile import lock_path, lock_paths

    own = [("the manifest", common.manifest)]
    own += [("the lockfile", lock_path(common.manifest, env)) for env in {None, common.env}]
    own += [("a lockfile", lock) for lock in lock_paths(common.manifest)]
    target = _real(path)
    for what, other in (*own, *(("read by this command", one) for one in others)):
        if target == _real(other):
            raise FilesyncError(
                f"{printable(path)} is {what} and would be overwritten", "name another file"
            )


def write_whole(path: str, text: str) -> None:
    """Write a text file, whole or not at all; into a device or a pipe as it comes."""
    from filesync.local.files import unwritable, write_atomic

    # What cannot be said in UTF-8 (half a surrogate pair) was escaped where it was shown.
    data = text.encode(errors="backslashreplace")
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            with open(path, "wb") as file:  # replacing /dev/null by a file would be a surprise
                file.write(data)
            return
    except FileNotFoundError:
        pass
    except OSError as error:
        raise unwritable(path, error) from None
    except ValueError as error:  # a NUL in it
        raise LocalFileError(f"cannot write {printable(path)}: {error}") from None
    write_atomic(path, data)


def _real(path: str) -> str:
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):
        return path

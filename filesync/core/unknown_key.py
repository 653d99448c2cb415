"""The error for a key that is not there."""

from __future__ import annotations

from collections.abc import Iterable

from filesync.core.commands import command
from filesync.core.suggestions import nearest
from filesync.core.text import quoted
from filesync.errors import UnknownKeyError


def unknown_key(key: str, known: Iterable[str], where: str) -> UnknownKeyError:
    """Return the error for a key that is not there, with the nearest that is.

    `where` says where it was looked for, such as "the lockfile".
    """
    near = nearest(key, known)
    hint = f"did you mean {quoted(near)}? " if near else ""
    # They work without a server, and the first is right where a lockfile was read.
    lists = command("ids", "--stores") if "stores" in where else command("ids")
    if "manifest" in where:
        lists = command("validate", "--full")
    return UnknownKeyError(f"{quoted(key)} is not in {where}", f"{hint}{lists} lists the keys")

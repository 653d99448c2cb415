"""Whether a file in a listing may be one that we know of, by what a listing shows of it."""

from __future__ import annotations

from typing import Protocol

from filesync.core import fingerprint
from filesync.core.model import RemoteFile


class Known(Protocol):
    """A file whose name, size and purpose are known: uploaded, or to be uploaded."""

    @property
    def filename(self) -> str: ...
    @property
    def bytes(self) -> int: ...
    @property
    def purpose(self) -> str: ...


def shown_name(filename: str) -> str:
    """Return a filename in the one form that all servers' ways of storing it have in common."""
    return fingerprint.rewritten(filename)


def resembles(file: RemoteFile, known: Known) -> bool:
    """Say whether a listed file has the name, size and purpose of `known`.

    A name may be as a server rewrites it. A size of None and a purpose of "" are not told, and
    then do not count: a server may not know a size yet, and some list every file without purpose.
    """
    return (
        file.bytes in (known.bytes, None)
        and file.purpose in (known.purpose, "")
        and shown_name(file.filename) == shown_name(known.filename)
    )

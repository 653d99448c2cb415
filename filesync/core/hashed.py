"""What reading a file's content has brought: its hashes, and what the checks say."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple, Protocol

from filesync.core.content.asked import Asked
from filesync.core.content.findings import Verdict
from filesync.core.model import ScannedFile

Task = tuple[ScannedFile, Asked | None]
"""A file to read, and what its content is to be checked for."""


class Hashed(NamedTuple):
    """One file that was read: sha256 and md5 in hex, md5 None if it was not computed.

    `verdict` is None if nothing was checked; `at_ns` is the clock before it was opened. The sha256
    is "" if only the beginning was read, as that is hashed while it is sent.
    """

    file: ScannedFile
    asked: Asked | None
    sha256: str
    verdict: Verdict | None
    at_ns: int
    md5: str | None = None


class Unread(NamedTuple):
    """A file that could not be read, and why."""

    file: ScannedFile
    asked: Asked | None
    why: str


class Later:
    """What hashing leaves to those who send the files, and begins for them.

    The files on disk with these `keys` are hashed while they are sent; `looked` are those of them
    that no cache knew, with what their beginnings have shown. `on_idle` is given the largest file
    of all that were to be read as soon as a thread finds nothing left to read, the next one then.
    """

    def __init__(
        self,
        keys: Collection[str] = (),
        on_idle: Callable[[ScannedFile], None] | None = None,
    ) -> None:
        self.keys = keys
        self.on_idle = on_idle
        self.looked: list[Hashed] = []


class HashObjects(Protocol):
    """Reads objects of stores, for a caller that knows no network."""

    def read(
        self,
        tasks: list[Task],
        on_bytes: Callable[[int], None] | None,
        take: Callable[[Hashed | Unread], None],
    ) -> None:
        """Read objects; `take` is given what came of each, in the calling thread."""

    def take_md5(self, file: ScannedFile, md5: str) -> None:
        """Take note of an object's md5 in hex, so that nobody has to read it for that."""

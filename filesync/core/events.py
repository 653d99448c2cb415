"""What an apply tells whoever watches it. The watcher is called from several threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from filesync.core.decide.change import Action
from filesync.core.stores.change import MemberAction, StoreAction

AnyAction = Action | StoreAction | MemberAction
"""What is done with a file, a vector store, or a file in a store."""


class Started(NamedTuple):
    """A file is about to be sent."""

    key: str
    bytes: int


class Sent(NamedTuple):
    """More bytes of a file have left; negative when they must be sent again."""

    key: str
    bytes: int


class Done(NamedTuple):
    """A change was made. `id` is the file's id now, or the id that is gone.

    `filename` is the remote one, for a delete of a file that no key ever named.
    """

    key: str | None
    action: AnyAction
    id: str
    bytes: int = 0
    filename: str = ""
    store: str | None = None


class Failed(NamedTuple):
    """A change was not made, and why, in a sentence."""

    key: str | None
    action: AnyAction
    error: str
    store: str | None = None


class Indexing(NamedTuple):
    """How many of the documents that were attached to a vector store are indexed."""

    store: str
    indexed: int
    of: int


class Note(NamedTuple):
    """Something a person should know while it runs; a warning is told even if told to be quiet."""

    message: str
    warning: bool = False


Event = Started | Sent | Done | Failed | Indexing | Note
Watcher = Callable[[Event], None]


class Result(NamedTuple):
    """What an apply did, what it could not do, and whether it was cut short by Ctrl-C."""

    applied: tuple[Done, ...]
    failed: tuple[Failed, ...]
    interrupted: bool

"""What an apply tells whoever watches it. The watcher is called from several threads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from filesync.core.commands import command
from filesync.core.decide.change import Action
from filesync.core.stores.change import MemberAction, StoreAction
from filesync.core.text import plural, printable
from filesync.errors import ApplyFailed, Interrupted

AnyAction = Action | StoreAction | MemberAction
"""What is done with a file, a vector store, or a file in a store."""


@dataclass(frozen=True, slots=True)
class Started:
    """A file is about to be sent."""

    key: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Sent:
    """More bytes of a file have left; negative when they must be sent again."""

    key: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Done:
    """A change was made. `id` is the file's id now, or the id that is gone.

    `filename` is the remote one, for a delete of a file that no key ever named.
    """

    key: str | None
    action: AnyAction
    id: str
    bytes: int = 0
    filename: str = ""
    store: str | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """A change was not made, and why, in a sentence; `content`: because of what the file holds."""

    key: str | None
    action: AnyAction
    error: str
    store: str | None = None
    content: bool = False


@dataclass(frozen=True, slots=True)
class Indexing:
    """How many of the documents that were attached to a vector store are indexed."""

    store: str
    indexed: int
    of: int


@dataclass(frozen=True, slots=True)
class Note:
    """Something a person should know while it runs; a warning is printed even with `--quiet`."""

    message: str
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Hashed:
    """More bytes of local files are hashed, while a plan is made."""

    bytes: int


Event = Hashed | Started | Sent | Done | Failed | Indexing | Note
Watcher = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Result:
    """What an apply did, what it could not do, whether Ctrl-C interrupted it, and how many requests
    it sent again."""

    applied: tuple[Done, ...]
    failed: tuple[Failed, ...]
    interrupted: bool
    retries: int = 0


def failure_of(result: Result, again: str = "apply") -> ApplyFailed | Interrupted | None:
    """Return the error that a result is, None if all went well; `again` does the rest."""
    if result.interrupted:
        return Interrupted(
            "interrupted; the lockfile holds what was done until then",
            "run the same command again for the rest",
            result=result,
        )
    if not result.failed:
        return None
    lines = [f"  {_failed_name(one)}: {one.error}" for one in result.failed]
    hint = f"what was done is in the lockfile; run {command(again)} again for the rest"
    if any(one.content for one in result.failed):
        named = f"correct the content ({command('validate')} names all that is wrong)"
        hint = f"what was done is in the lockfile; {named}, and run {command(again)} again"
    return ApplyFailed(
        "\n".join([f"{plural(len(result.failed), 'change')} failed:", *lines]),
        hint,
        result=result,
    )


def _failed_name(one: Failed) -> str:
    """Return the file, the document in a store, or the store that a failure is about."""
    if one.store is None:
        return printable(one.key or one.action)
    store = f"vector store {printable(one.store)}"
    return store if one.key is None else f"{printable(one.key)} in {store}"

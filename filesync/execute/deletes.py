"""The deletes of a plan: last, looked up first, and never a file that someone still uses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from filesync.core.decide.change import Action, Change
from filesync.core.events import Note
from filesync.core.lockfile.lock import Lockfile
from filesync.core.model import InUse
from filesync.core.recovery.recover import is_new
from filesync.core.text import printable
from filesync.errors import FilesyncError, Interrupted
from filesync.execute.context import ApplyContext
from filesync.execute.in_use import Users
from filesync.execute.pool import Step, Task, run_tasks

# For so many seconds a new file may not be found by its id yet: see `workflow.listing`.
_TRIES_OF_A_NEW_FILE = 15
_PAUSE_SECONDS = 1.0


class Deletion(NamedTuple):
    """A remote file to delete; `planned` if the plan has a line for it.

    `filename` is the remote one, where no key ever named the file.
    """

    id: str
    key: str | None
    planned: bool
    filename: str = ""

    @property
    def name(self) -> str:
        """What to call it, safe to print."""
        called = printable(self.filename if self.key is None else self.key)
        return f"{called} ({self.id})" if called else self.id


class Deleted(NamedTuple):
    """What came of one delete; with an error the file may still be there."""

    doomed: Deletion
    error: FilesyncError | None


def deletions_of(
    changes: Iterable[Change], superseded: Sequence[Deletion], lock: Lockfile
) -> list[Deletion]:
    """Return what may be deleted now: nothing that another key holds."""
    planned = [
        Deletion(change.id, change.key, planned=True, filename=_unnamed(change))
        for change in changes
        if change.action is Action.DELETE and change.id is not None
    ]
    return [one for one in (*planned, *superseded) if not lock.held(one.id, besides=one.key)]


def _unnamed(change: Change) -> str:
    return change.remote.filename if change.key is None and change.remote is not None else ""


def split_by_use(
    doomed: Sequence[Deletion],
    users: Users,
    in_use: Callable[[Deletion], InUse],
    again: str = "apply",
) -> tuple[list[Deletion], list[Deletion]]:
    """Return which of the files may go and which stay because a job or store uses them.

    `in_use` is a file's policy; one whose policy is `delete` is not even looked up. `again` is the
    command that deletes later what stays.
    """
    asked = [one for one in doomed if in_use(one) == "keep"]
    if not asked:
        return list(doomed), []
    usage = users.look_up([one.id for one in asked])
    for warning in usage.warnings:
        users.watch(Note(warning, warning=True))
    used = [one for one in asked if one.id in usage.users]
    for one in used:
        why = usage.users[one.id]
        told = f"{one.name} is kept: {why}; the next {again} will try again"
        users.watch(Note(told, warning=True))
    kept = set(used)
    return [one for one in doomed if one not in kept], used


def delete_all(doomed: Iterable[Deletion], context: ApplyContext) -> Iterator[list[Deleted]]:
    """Delete remote files; yield outcomes in batches as they come. Gone already is success."""

    def task(one: Deletion) -> Task[Deleted]:
        def run() -> Step[Deleted]:
            context.journal.deleting(one.id)
            try:
                _delete(one, context)
            except FilesyncError as error:
                return Step(Deleted(one, error))
            context.journal.deleted(one.id, context.now())
            return Step(Deleted(one, None))

        return Task(0, run)

    return run_tasks([task(one) for one in doomed], workers=context.lanes, stop=context.stop)


def _delete(one: Deletion, context: ApplyContext) -> None:
    """Delete a file. A new one of which the server says that there is none may not be found yet.

    Raises Interrupted where the run is stopped before that is known.
    """
    stamp = context.answers.stamp(one.id)
    for _ in range(_TRIES_OF_A_NEW_FILE):
        if context.client.delete_file(one.id) or not is_new(stamp, context.now()):
            return
        if context.stop.wait(_PAUSE_SECONDS):
            raise Interrupted("interrupted before the file could be deleted")

"""The vocabulary of decisions: actions, reasons, changes."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from filesync.core.model import DesiredFile, LockEntry, RemoteFile


class Action(enum.StrEnum):
    """What apply does for one file; in the order a reader wants to see them."""

    DELETE = "delete"
    REPLACE = "replace"
    CREATE = "create"
    ADOPT = "adopt"
    FORGET = "forget"
    NOOP = "noop"


class Reason(enum.StrEnum):
    """Why; one for each row of the decision table."""

    FINGERPRINT_MATCH = "fingerprint_match"
    NEW = "new"
    UP_TO_DATE = "up_to_date"
    CONTENT_CHANGED = "content_changed"
    ATTRIBUTES_CHANGED = "attributes_changed"
    REMOTE_ERROR = "remote_error"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    MISSING_REMOTELY = "missing_remotely"
    REMOVED_FROM_MANIFEST = "removed_from_manifest"
    GONE = "gone"
    RETIRED = "retired"
    ORPHAN = "orphan"
    UNMANAGED = "unmanaged"
    SHARED = "shared"  # another key has this very file, or uploads it; see sharing
    MOVED = "moved"  # a key that is gone held this very file: it only gets another name here
    RECOVERED = "recovered"  # an interrupted apply uploaded it; the journal knows
    DESTROYED = "destroyed"  # only from `filesync destroy`, which asks no table


class Change(NamedTuple):
    """One decision. `id` is the remote file it concerns: kept, adopted, replaced or deleted.

    `key` is None for a remote file that no key ever named (orphan, unmanaged). `locked` and
    `remote` are what the lock and the server hold now, for a reader of the plan and for the
    guards. `fields` lists what differs from the lock entry, whatever the reason; `moved_from`
    is the key that held the file before, for moved only; `shared_with` is the other key, for
    shared only, and an adopt that has no id yet gets the one of that key's upload. `supersedes`
    is the live file that a key leaves for another. `recovered`: it waits in `retired` only since
    this run took up what an interrupted one left.
    """

    key: str | None
    action: Action
    reason: Reason
    id: str | None
    desired: DesiredFile | None = None
    locked: LockEntry | None = None
    remote: RemoteFile | None = None
    fields: tuple[str, ...] = ()
    moved_from: str | None = None
    shared_with: str | None = None
    supersedes: RemoteFile | None = None
    recovered: bool = False


class Kept(NamedTuple):
    """A file that is as it is wanted: the decision to do nothing, which most plans are made of."""

    desired: DesiredFile
    locked: LockEntry
    remote: RemoteFile

    @property
    def key(self) -> str:
        """Return its key."""
        return self.desired.key

    @property
    def row(self) -> Change:
        """Return it as a row of the table."""
        return Change(self.desired.key, Action.NOOP, Reason.UP_TO_DATE, self.locked.id, *self)


def reading_order(rows: Iterable[Change]) -> tuple[Change, ...]:
    """Return rows as a reader wants them: deletes first, then by action and key."""

    def rank(row: Change) -> tuple[int, bool, str, str]:
        return _RANK[row.action], row.key is None, row.key or "", row.id or ""

    return tuple(sorted(rows, key=rank))


_RANK = {action: rank for rank, action in enumerate(Action)}


class Decisions(NamedTuple):
    """All decisions, and the number of remote files that are not ours.

    `changes` are those that change something, `kept` the others: of most plans nearly all files,
    so what concerns changes alone does not look at them, and they are made rows only for whom
    needs them as such. `orphans` are files with our tag in their name that stay.
    """

    changes: tuple[Change, ...]
    unmanaged: int
    orphans: tuple[RemoteFile, ...] = ()
    kept: tuple[Kept, ...] = ()

    @property
    def rows(self) -> tuple[Change, ...]:
        """Return every decision as a row, in no order."""
        return (*self.changes, *(one.row for one in self.kept))

    def keys(self) -> Iterator[str | None]:
        """Yield the key of each decision."""
        yield from (row.key for row in self.changes)
        yield from (one.key for one in self.kept)

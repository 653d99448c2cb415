"""The vocabulary of decisions about stores: actions, reasons, changes."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from filesync.core.stores.model import (
    NO_ATTRIBUTES,
    Attributes,
    DesiredStore,
    FileCounts,
    LockedStore,
    RemoteMember,
    RemoteStore,
)


class StoreAction(StrEnum):
    """What apply does with one store, in the order a reader wants to see them."""

    DELETE = "delete"
    CREATE = "create"
    ADOPT = "adopt"
    UPDATE = "update"
    FORGET = "forget"
    NOOP = "noop"


class MemberAction(StrEnum):
    """What apply does with one file of a store, in the order a reader wants to see them."""

    DETACH = "detach"
    SWAP = "swap"
    REATTACH = "reattach"
    ATTACH = "attach"
    UPDATE = "update"
    NOOP = "noop"


class StoreReason(StrEnum):
    """Why; a swap has the reason of its file's change instead."""

    MARK_MATCH = "mark_match"
    NEW = "new"
    UP_TO_DATE = "up_to_date"
    ATTRIBUTES_CHANGED = "attributes_changed"
    MISSING_REMOTELY = "missing_remotely"
    EXPIRED = "expired"
    REMOVED_FROM_MANIFEST = "removed_from_manifest"
    GONE = "gone"
    CONTENT_CHANGED = "content_changed"
    CHUNKING_CHANGED = "chunking_changed"
    INDEX_FAILED = "index_failed"
    UNMANAGED = "unmanaged"
    DESTROYED = "destroyed"  # only from `filesync destroy`, which asks no table


# The remote moved, not the repo.
STORE_DRIFT = frozenset(
    (StoreReason.MISSING_REMOTELY, StoreReason.EXPIRED, StoreReason.INDEX_FAILED)
)


class MemberChange(NamedTuple):
    """One decision about a file in a store.

    `file_id` is the file to be in the store, None while it has to be uploaded first; for a detach
    it is None too. `old_ids` are files that leave the store: older ones of the same key, or the
    one to detach. `there` is the member with `file_id` as the server shows it, None if there is
    none. `error` is the server's, for index_failed.
    """

    key: str | None
    action: MemberAction
    reason: str
    file_id: str | None
    old_ids: tuple[str, ...] = ()
    attributes: Attributes = NO_ATTRIBUTES
    there: RemoteMember | None = None
    before: Attributes | None = None
    error: str = ""

    @property
    def old_file_id(self) -> str | None:
        """Return the file that leaves the store, for a reader."""
        return self.old_ids[0] if self.old_ids else None


class StoreChange(NamedTuple):
    """One decision about a store, with those about its members.

    `id` is the store that it is about, None for one to create. `fields` are what differs.
    `unmanaged` counts the members that are not ours and stay. `selected` is false where only
    members of this store are in the run (`--only`).
    """

    key: str
    action: StoreAction
    reason: StoreReason
    id: str | None
    desired: DesiredStore | None = None
    locked: LockedStore | None = None
    remote: RemoteStore | None = None
    fields: tuple[str, ...] = ()
    members: tuple[MemberChange, ...] = ()
    unmanaged: int = 0
    selected: bool = True
    #: What the members' own states add up to: the server's sum can be wrong.
    counts: FileCounts = FileCounts()
    #: Ids of the server's members that belong to nobody we know, for the guards.
    strangers: int = 0
    #: The ids of the members that the server showed.
    present: frozenset[str] = frozenset()
    #: When an interrupted run asked for this store, in Unix seconds: it may be there unlisted.
    begun: int | None = None
    #: Other live stores that carry our mark, too.
    twins: tuple[str, ...] = ()

    @property
    def member_changes(self) -> tuple[MemberChange, ...]:
        """Return the decisions about members that change something."""
        return tuple(one for one in self.members if one.action is not MemberAction.NOOP)

    @property
    def changes(self) -> bool:
        """Say whether the store or any member of it changes."""
        return self.action is not StoreAction.NOOP or any(
            one.action is not MemberAction.NOOP for one in self.members
        )

    @property
    def drifted(self) -> bool:
        """Say whether the platform moved, not the repo."""
        return self.reason in STORE_DRIFT or any(one.reason in STORE_DRIFT for one in self.members)

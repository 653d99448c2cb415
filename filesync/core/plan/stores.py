"""Vector stores in a plan's document: written from a plan, and read back from a plan file. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from filesync.core.stores.change import MemberAction, MemberChange, StoreAction, StoreChange
from filesync.core.stores.model import Chunking, LockedStore, same_attributes


class MemberDocument(NamedTuple):
    """One change of a file in a store. The action and the reason are text, as in ChangeDocument.

    `error` is the server's, and `before` and `after` are the attributes of a member that changes
    them, whatever else it does; each is in the document only where there is one.
    """

    key: str | None
    action: str
    reason: str
    file_id: str | None
    old_file_id: str | None
    error: str = ""
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None

    def document(self) -> dict[str, Any]:
        """Return the change as the contract writes it."""
        told: dict[str, Any] = dict(zip(_MEMBER, self[: len(_MEMBER)], strict=True))
        if self.error:
            told["error"] = self.error
        if self.before is not None or self.after is not None:
            told |= {"before": self.before, "after": self.after}
        return told


_MEMBER = ("key", "action", "reason", "file_id", "old_file_id")


class StoreDocument(NamedTuple):
    """One store of a plan with the changes of its members; a noop if only they change.

    `before` and `after` are what can be updated of the store, None where there is no store.
    `unmanaged` counts the members that are not ours.
    """

    key: str
    action: str
    reason: str
    id: str | None
    fields: tuple[str, ...]
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    members: tuple[MemberDocument, ...]
    unmanaged: int = 0

    def document(self) -> dict[str, Any]:
        """Return the store as the contract writes it."""
        return {
            "key": self.key,
            "action": self.action,
            "reason": self.reason,
            "id": self.id,
            "fields": list(self.fields),
            "before": self.before,
            "after": self.after,
            "members": [member.document() for member in self.members],
        }


def store_documents(rows: Iterable[StoreChange]) -> tuple[StoreDocument, ...]:
    """Return the stores of a plan that change or whose members do, deletes first."""
    order = {action: rank for rank, action in enumerate(StoreAction)}
    changed = [row for row in rows if row.changes]
    return tuple(
        _tell(row) for row in sorted(changed, key=lambda row: (order[row.action], row.key))
    )


def _tell(row: StoreChange) -> StoreDocument:
    return StoreDocument(
        key=row.key,
        action=row.action.value,
        reason=row.reason.value,
        id=row.id,
        fields=row.fields,
        before=_before(row),
        after=_after(row),
        members=tuple(_tell_member(one) for one in row.member_changes),
        unmanaged=row.unmanaged,
    )


def _tell_member(one: MemberChange) -> MemberDocument:
    changed = one.action is MemberAction.UPDATE or (
        one.action in (MemberAction.SWAP, MemberAction.REATTACH)
        and one.before is not None
        and not same_attributes(one.before, one.attributes)
    )
    return MemberDocument(
        key=one.key,
        action=one.action.value,
        reason=str(one.reason),
        file_id=one.file_id,
        old_file_id=one.old_file_id,
        error=one.error,
        before=dict(one.before or {}) if changed else None,
        after=dict(one.attributes) if changed else None,
    )


def _before(row: StoreChange) -> dict[str, Any] | None:
    """Return the store as it is: what the server reports, and else what the lock says."""
    locked, remote = row.locked, row.remote
    if row.action is StoreAction.CREATE or (locked is None and remote is None):
        return None
    known = locked if locked is not None else LockedStore("", "", None, {}, None, {})
    name, metadata, expires = known.name, known.metadata, known.expires_after
    if remote is not None:
        name = remote.name if remote.name is not None else name
        metadata = remote.metadata if remote.metadata is not None else metadata
        expires = remote.expires_after if remote.tells_expiry else expires
    return _fields(name, expires, dict(metadata), known.chunking)


def _after(row: StoreChange) -> dict[str, Any] | None:
    if row.desired is None:
        return None
    entry = row.desired.entry
    return _fields(entry.name, entry.expires_after, dict(row.desired.metadata), entry.chunking)


def _fields(
    name: str, expires_after: int | None, metadata: dict[str, str], chunking: Chunking | None
) -> dict[str, Any]:
    return {
        "name": name,
        "expires_after": expires_after,
        "metadata": metadata,
        "chunking": None if chunking is None else chunking._asdict(),
    }


def read_store(data: object, take: Callable[..., Any]) -> StoreDocument:
    """Return a store of a plan file; `take` reads a field and raises for an unsound one."""
    fields = take({"store": data}, "store", dict)
    names = take(fields, "fields", list)
    return StoreDocument(
        key=take(fields, "key", str),
        action=take(fields, "action", str),
        reason=take(fields, "reason", str),
        id=take(fields, "id", str, None),
        fields=tuple(str(name) for name in names),
        before=take(fields, "before", dict, None),
        after=take(fields, "after", dict, None),
        members=tuple(_read_member(one, take) for one in take(fields, "members", list)),
    )


def _read_member(data: object, take: Callable[..., Any]) -> MemberDocument:
    fields = take({"member": data}, "member", dict)
    return MemberDocument(
        key=take(fields, "key", str, None),
        action=take(fields, "action", str),
        reason=take(fields, "reason", str),
        file_id=take(fields, "file_id", str, None),
        old_file_id=take(fields, "old_file_id", str, None),
        error=take(fields, "error", str, None) or "",
        before=take(fields, "before", dict, None),
        after=take(fields, "after", dict, None),
    )

"""What is refused about vector stores: each says the count, the reason and how to override it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from filesync.core.commands import command
from filesync.core.decide.guards import CAP_FROM, Guard, Refusal, share_of
from filesync.core.model import MaxDelete
from filesync.core.stores.change import MemberAction, StoreAction, StoreChange
from filesync.core.text import plural, printable
from filesync.errors import Refused


def check_protected(rows: Iterable[StoreChange], declared: Iterable[str]) -> None:
    """Raise Refused if a protected store would be deleted: not even a plan is made.

    `declared` are the keys of the stores that the manifest protects.
    """
    protected = set(declared)
    hits = [
        f"{printable(row.key)} ({row.id}) would be deleted: {row.reason}"
        for row in rows
        if row.action is StoreAction.DELETE
        and (row.key in protected or (row.locked is not None and row.locked.protect))
    ]
    if hits:
        raise Refused(
            f"{plural(len(hits), 'protected vector store')} would be lost:\n  " + "\n  ".join(hits),
            "put the store back into the manifest, or set `protect: false` on it, apply that, and "
            f"then change it; {command('forget', '--store', 'KEY')} gives a store up without "
            "deleting it",
        )


def refusals(rows: Iterable[StoreChange], limit: MaxDelete) -> Iterator[Refusal]:
    """Yield every refusal about the stores of a plan."""
    for row in rows:
        if row.action is StoreAction.ADOPT and (row.twins or row.strangers):
            yield _foreign(row)
        leaving = detached(row)
        kept = [one for one in row.members if one.action is not MemberAction.DETACH]
        if row.desired is not None and not row.desired.members and (leaving or row.id is None):
            yield _emptied(row, leaving)
        elif leaving:
            had = leaving + sum(one.action is not MemberAction.ATTACH for one in kept)
            allowed = share_of(limit, had)
            if leaving > allowed and had > CAP_FROM:
                yield _too_many(row, leaving, had, limit, allowed)


def detached(row: StoreChange) -> int:
    """Return how many documents a store loses, the old halves of swaps not counted."""
    return sum(one.action is MemberAction.DETACH for one in row.members)


def most_detached(rows: Iterable[StoreChange]) -> int:
    """Return how many documents the store loses that loses most."""
    return max((detached(row) for row in rows), default=0)


def _too_many(row: StoreChange, leaving: int, had: int, limit: MaxDelete, allowed: int) -> Refusal:
    shown = f"{limit.value}{'%' if limit.percent else ''}"
    return Refusal(
        Guard.MAX_DELETE,
        f"the vector store {printable(row.key)} would lose {leaving} of {plural(had, 'document')}, "
        f"and limits.max_delete ({shown}) allows {allowed}",
        f"read the plan; if that is intended, pass --max-delete {leaving}",
    )


def _emptied(row: StoreChange, leaving: int) -> Refusal:
    what = (
        f"would lose all of its {plural(leaving, 'document')}"
        if leaving
        else "would be created without a document"
    )
    return Refusal(
        Guard.EMPTY_STORE,
        f"the vector store {printable(row.key)} {what}: its `files` match nothing that is there",
        "check `files` of the store and the folders behind it; if that is intended, pass "
        "--allow-empty-store",
    )


def _foreign(row: StoreChange) -> Refusal:
    key = printable(row.key)
    if row.twins:
        ids = ", ".join([row.id or "", *row.twins])
        why = f"{1 + len(row.twins)} vector stores carry the mark of {key}: {ids}"
    else:
        why = (
            f"the vector store {row.id} carries the mark of {key} and holds "
            f"{plural(row.strangers, 'file')} that this project does not know: it may be the "
            "store of another project of the same name"
        )
    return Refusal(
        Guard.FOREIGN_STORE,
        why,
        f"take one over with {command('adopt', '--store', row.key, row.id or 'ID')}, or give this "
        "project or store another name",
    )

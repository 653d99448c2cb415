"""What a plan's uploads add to what the platform stores, and when they expire. Pure.

All of it is in the plan's document, so a saved plan says it as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from filesync.core.decide.change import Action
from filesync.core.plan.document import ChangeDocument

_UPLOADS = (Action.CREATE, Action.REPLACE)


class Storage(NamedTuple):
    """The bytes that come and go with a plan, and how long what comes will stay.

    `deleted` counts the old halves of replaces, too. `expiring` holds for each lifetime in seconds
    how many of the new files have it, the shortest first; `lasting` never expire.
    """

    uploaded: int
    deleted: int
    expiring: tuple[tuple[int, int], ...]
    lasting: int


def storage_of(changes: Iterable[ChangeDocument]) -> Storage | None:
    """Return what a plan does to the storage, None where it uploads nothing."""
    every = list(changes)
    new = [one for one in every if one.action in _UPLOADS]
    if not new:
        return None
    lifetimes = Counter(one.after.expires_after if one.after is not None else None for one in new)
    lasting = lifetimes.pop(None, 0)
    expiring = sorted((seconds, count) for seconds, count in lifetimes.items() if seconds)
    # A file that several keys had goes once.
    going = {one.id: one for one in every if one.action in (Action.DELETE, Action.REPLACE)}
    return Storage(
        sum(one.bytes or 0 for one in new),
        sum(_bytes_before(one) for one in going.values()),
        tuple(expiring),
        lasting,
    )


def _bytes_before(change: ChangeDocument) -> int:
    if change.action == Action.DELETE:
        return change.bytes or 0
    return (change.before.bytes if change.before is not None else None) or 0

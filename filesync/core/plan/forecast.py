"""What time will do to files that nobody touches, and how full the platform is. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from filesync.core.decide.change import Action, Change
from filesync.core.lockfile.entries import live_expiry, renew_when_left

SOON = 86400


class Expiring(NamedTuple):
    """A declared file that expires within a day; durations in seconds.

    `renewed_now` says whether an apply would upload it again today, `renew_before` when it will.
    """

    key: str
    id: str
    left: int
    renew_before: int
    renewed_now: bool


def expiring_soon(rows: Iterable[Change], now: int) -> list[Expiring]:
    """Return the declared files that expire within a day, the nearest first."""
    found = []
    for row in rows:
        live, want = row.remote, row.desired
        if live is None or want is None:
            continue
        expires_at = live_expiry(live, row.locked)
        if expires_at is not None and expires_at - now < SOON:
            renewed = row.action is Action.REPLACE
            left = max(expires_at - now, 0)
            margin = want.policy.renew_before
            if row.locked is not None:
                margin = renew_when_left(want.policy, row.locked, expires_at)
            found.append(Expiring(want.key, live.id, left, margin, renewed))
    return sorted(found, key=lambda one: (one.left, one.key))

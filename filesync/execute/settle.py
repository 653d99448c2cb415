"""Settling doubts: after a request without a clear answer, look before anything is sent again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence, Set
from typing import NamedTuple

from filesync.core.commands import word
from filesync.core.history import CLOCK_SLACK, LISTING_LAG_SECONDS
from filesync.core.recover import lag_shown, listing_is_past, match
from filesync.errors import AmbiguousError, FilesyncError
from filesync.execute.events import Note
from filesync.execute.transfer import InDoubt, Line, NotUploaded, Uploaded

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 3.0


class Settled(NamedTuple):
    """What became of doubts: found on the platform, certainly absent, or not to be known."""

    found: list[tuple[InDoubt, Uploaded]]
    absent: list[InDoubt]
    failed: list[NotUploaded]


class _Doubt(NamedTuple):
    """A doubt in the form that `match` takes."""

    in_doubt: InDoubt
    sha256: str
    bytes: int
    filename: str
    purpose: str
    since: int
    by: int | None
    sent: int


def settle(
    doubts: Sequence[InDoubt],
    *,
    owned: Callable[[], Iterable[str]],
    known: Set[str],
    line: Line,
) -> Settled:
    """Look for the file of each doubt in the listing until it is found or cannot be there.

    Absence is believed when `listing_is_past` says so. `owned` gives the ids that belong to
    someone, `known` are those that were there when this run was planned. When the run is
    stopped, the rest is left undecided; the journal keeps it for the next one.
    """
    settled = Settled([], [], [])
    left = [_as_doubt(doubt) for doubt in doubts]
    pause = _FIRST_PAUSE
    began = time.monotonic()
    lag: int | None = None
    while left and not line.stop.is_set():
        try:
            listing = line.client.list_files()
        except FilesyncError as error:
            settled.failed.extend(NotUploaded(one.in_doubt.transfer.change, error) for one in left)
            break
        shown = lag_shown(listing, line.now())
        if shown is not None:
            lag = shown if lag is None else min(lag, shown)
        taken = set(owned()) | {uploaded.remote.id for _, uploaded in settled.found}
        taken |= known
        matches = match(left, (file for file in listing if file.id not in taken))
        settled.found.extend(
            (one.in_doubt, Uploaded(one.in_doubt.transfer.change, file))
            for one, file in matches.found
        )
        settled.failed.extend(_unclear(one.in_doubt, ids) for one, ids in matches.unclear)
        left = []
        for one in matches.absent:
            # Our own clock counts, too: the server's may stand still behind a cache.
            waited_out = time.monotonic() - began > LISTING_LAG_SECONDS
            if waited_out or listing_is_past(one.sent, listing, line.now(), lag):
                settled.absent.append(one.in_doubt)
            else:
                left.append(one)
        if left:
            if pause == _FIRST_PAUSE:
                line.watch(Note(f"not listed yet: waiting up to {LISTING_LAG_SECONDS} s for it"))
            line.stop.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
    return settled


def _as_doubt(doubt: InDoubt) -> _Doubt:
    want = doubt.transfer.want
    # What this run made is told from what was there before by `known`, whatever the server
    # stamps on it; for a doubt that an earlier run left, its stamp is all there is.
    ours = doubt.error is not None
    return _Doubt(
        doubt,
        want.sha256,
        want.bytes,
        want.filename,
        want.policy.purpose,
        since=0 if ours else doubt.since - CLOCK_SLACK,
        by=None if ours else doubt.until + LISTING_LAG_SECONDS,
        sent=doubt.until,
    )


def _unclear(doubt: InDoubt, ids: list[str]) -> NotUploaded:
    key = doubt.transfer.want.key
    return NotUploaded(
        doubt.transfer.change,
        AmbiguousError(
            f"no clear answer came, and {len(ids)} files on the platform could be it: "
            + ", ".join(ids),
            f"take one with `filesync adopt {word(key)} ID`",
        ),
    )

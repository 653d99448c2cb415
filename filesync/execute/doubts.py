"""Settling doubts: after a request without a clear answer, look before anything is sent again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence, Set
from typing import NamedTuple

from filesync.core.commands import word
from filesync.core.events import Note
from filesync.core.model import Stored
from filesync.core.recovery.journal import CLOCK_SLACK, LISTING_LAG_SECONDS
from filesync.core.recovery.recover import lag_shown, listing_is_past, match
from filesync.core.resemblance import resembles
from filesync.core.text import plural
from filesync.errors import AmbiguousError, FilesyncError
from filesync.execute.context import ApplyContext
from filesync.execute.transfer import NotUploaded, UnclearUpload, Uploaded

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 3.0


class Settled(NamedTuple):
    """What became of doubts: found on the platform, certainly absent, or not to be known."""

    found: list[tuple[UnclearUpload, Uploaded]]
    absent: list[UnclearUpload]
    failed: list[NotUploaded]


class _Doubt(NamedTuple):
    """A doubt in the form that `match` takes."""

    in_doubt: UnclearUpload
    stored: Stored
    sent: int
    # The seconds its file was made in for sure, or, where it is of `this_run`, was not made in.
    seconds: range
    this_run: bool

    def made_at(self, second: int) -> bool:
        """Say whether its file may have been made in this second."""
        return (second in self.seconds) is not self.this_run


def settle(
    doubts: Sequence[UnclearUpload],
    *,
    owned: Callable[[], Iterable[str]],
    known: Set[str],
    planned: int,
    began: int,
    context: ApplyContext,
) -> Settled:
    """Look for the file of each doubt in the listing until it is found or cannot be there.

    Absence is believed when `listing_is_past` says so. `owned` gives the ids that belong to
    someone, `known` are those that were there when this run was planned, at `planned`; its first
    upload `began` later. When the run is stopped, the rest is left undecided; the journal keeps
    it for the next one.
    """
    settled = Settled([], [], [])
    # What was made between the plan and the first upload is somebody else's.
    others = range(planned - LISTING_LAG_SECONDS, began - CLOCK_SLACK)
    left = [_as_doubt(doubt, others) for doubt in doubts]
    pause = _FIRST_PAUSE
    first_look = time.monotonic()
    lag: int | None = None
    while left and not context.stop.is_set():
        try:
            listing = context.client.list_files()
        except FilesyncError as error:
            settled.failed.extend(NotUploaded(one.in_doubt.transfer.change, error) for one in left)
            break
        shown = lag_shown(listing, context.now())
        if shown is not None:
            lag = shown if lag is None else min(lag, shown)
        taken = set(owned()) | {uploaded.remote.id for _, uploaded in settled.found}
        taken |= known
        loose = [file for file in listing if file.id not in taken]
        matches = match(left, loose)
        settled.found.extend(
            (one.in_doubt, Uploaded(one.in_doubt.transfer.change, file))
            for one, file in matches.found
        )
        settled.failed.extend(_unclear(one.in_doubt, ids) for one, ids in matches.unclear)
        left = []
        for one in matches.absent:
            # Our own clock counts, too: the server's may stand still behind a cache.
            waited_out = time.monotonic() - first_look > LISTING_LAG_SECONDS
            if not waited_out and not listing_is_past(one.sent, listing, context.now(), lag):
                left.append(one)
            elif alike := [file.id for file in loose if resembles(file, one.stored)]:
                # Made in a second that speaks against it. Clocks may be wrong: not sent again.
                settled.failed.append(_unclear(one.in_doubt, alike))
            else:
                settled.absent.append(one.in_doubt)
        if left:
            if pause == _FIRST_PAUSE:
                context.watch(Note(f"not listed yet: waiting up to {LISTING_LAG_SECONDS} s for it"))
            context.stop.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
    return settled


def _as_doubt(doubt: UnclearUpload, others: range) -> _Doubt:
    # What this run made is told from what was there before by `known`, even if the server stamps
    # odd times on it; for a doubt that an earlier run left, its stamp is all there is.
    this_run = doubt.error is not None
    theirs = range(doubt.since - CLOCK_SLACK, doubt.until + LISTING_LAG_SECONDS + 1)
    return _Doubt(
        doubt,
        doubt.transfer.want.stored,
        doubt.until,
        others if this_run else theirs,
        this_run,
    )


def _unclear(doubt: UnclearUpload, ids: list[str]) -> NotUploaded:
    key = doubt.transfer.want.key
    return NotUploaded(
        doubt.transfer.change,
        AmbiguousError(
            f"no clear answer came, and {plural(len(ids), 'file')} on the platform could be it: "
            + ", ".join(ids),
            f"take one with `filesync adopt {word(key)} ID`",
        ),
    )

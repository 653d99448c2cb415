"""Settling doubts: after a request without a clear answer, look before anything is sent again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence, Set
from typing import NamedTuple

from filesync.core.commands import word
from filesync.core.events import Note
from filesync.core.fingerprint import parse as fingerprint_of
from filesync.core.model import RemoteFile, Stored
from filesync.core.recovery.journal import (
    CLOCK_SLACK,
    LISTING_LAG_SECONDS,
    MADE_EARLY,
    MADE_LATE,
    STAMP_SKEW,
)
from filesync.core.recovery.recover import lag_shown, listing_is_past, match
from filesync.core.resemblance import Fit, fit, shown_name
from filesync.core.text import plural
from filesync.errors import AmbiguousError, FilesyncError, RemoteError
from filesync.execute.content import same_content
from filesync.execute.context import ApplyContext
from filesync.execute.transfer import NotUploaded, UnclearUpload, Uploaded, spoiled

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 3.0
# So many files that a listing does not describe are asked for one by one, at most.
_MOST_CLOSER_LOOKS = 20


class Settled(NamedTuple):
    """What became of doubts: found on the platform, certainly absent, or not to be known."""

    found: list[tuple[UnclearUpload, Uploaded]]
    absent: list[UnclearUpload]
    failed: list[NotUploaded]


class _Doubt(NamedTuple):
    """A doubt in the form that `match` takes: `others` are seconds in which only others made
    files, `known` the files that were there before."""

    in_doubt: UnclearUpload
    stored: Stored
    others: range
    known: Set[str]

    @property
    def sent(self) -> int:
        """Return the second in which the last of it was sent."""
        return self.in_doubt.until

    def fit(self, file: RemoteFile) -> Fit:
        """Say whether it may have made a listed file.

        What the plan had seen cannot have come of a request of this run; it can of an earlier
        run's, whose journal says what was there before.
        """
        doubt = self.in_doubt
        if doubt.attempt is not None:
            return doubt.attempt.fit(file)
        if file.id in self.known:
            return Fit.NO
        look = fit(file, self.stored)
        made = file.created_at
        if made in self.others:
            return min(look, Fit.MAYBE)
        # A server that stamps any time on its files says nothing by it.
        honest = made in range(doubt.since - STAMP_SKEW, doubt.until + STAMP_SKEW)
        ours = made in range(doubt.since - MADE_EARLY, doubt.until + MADE_LATE + 1)
        return min(look, Fit.MAYBE) if honest and not ours else look


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
    # What was made between the plan and the first upload is somebody else's.
    others = range(planned - LISTING_LAG_SECONDS, began - CLOCK_SLACK)
    search = _Search(
        [_Doubt(doubt, doubt.transfer.want.stored, others, known) for doubt in doubts],
        owned,
        context,
    )
    pause = _FIRST_PAUSE
    first_look = time.monotonic()
    while search.left and not context.stop.is_set():
        # Our own clock counts, too: the server's may stand still behind a cache.
        waited_out = time.monotonic() - first_look > LISTING_LAG_SECONDS
        try:
            search.look(waited_out)
        except FilesyncError as error:
            search.settled.failed.extend(
                NotUploaded(one.in_doubt.transfer.change, error) for one in search.left
            )
            break
        if search.left:
            if pause == _FIRST_PAUSE:
                context.watch(Note(f"not listed yet: waiting up to {LISTING_LAG_SECONDS} s for it"))
            context.stop.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
    return search.settled


class _Search:
    """The doubts that are `left`, and what is known of the platform's files by now."""

    def __init__(
        self, left: list[_Doubt], owned: Callable[[], Iterable[str]], context: ApplyContext
    ) -> None:
        self.left = left
        self.settled = Settled([], [], [])
        self._owned = owned
        self._context = context
        self._lag: int | None = None
        self._strangers: set[str] = set()
        self._described: dict[str, RemoteFile] = {}

    def look(self, waited_out: bool) -> None:
        """List once, and settle what can be; raises the errors of looking."""
        now = self._context.now
        listing = self._context.client.list_files()
        owned = set(self._owned())
        shown = lag_shown((file for file in listing if file.id in owned), now())
        if shown is not None:
            self._lag = shown if self._lag is None else min(self._lag, shown)
        taken = owned | {uploaded.remote.id for _, uploaded in self.settled.found}
        loose = [
            self._described.get(file.id, file)
            for file in listing
            if file.id not in taken and file.id not in self._strangers
        ]
        loose = self._closer(loose)
        matches = match(self.left, loose)
        left = []
        for one, file in matches.found:
            if self._is_strangers(one, file):
                self._strangers.add(file.id)
                left.append(one)  # the next look is without it
            elif spoiled(file, one.in_doubt.transfer.want):
                failed = self._undone(one, file, loose) or _unclear(one.in_doubt, [file.id])
                self.settled.failed.append(failed)
            else:
                uploaded = Uploaded(one.in_doubt.transfer.change, file)
                self.settled.found.append((one.in_doubt, uploaded))
        self.settled.failed.extend(_unclear(one.in_doubt, ids) for one, ids in matches.unclear)
        maybe = [(one, ids) for one, ids in matches.doubtful]
        for one, ids in (*((one, []) for one in matches.absent), *maybe):
            answered = one.in_doubt.answered
            if answered is not None and (undone := self._undone(one, answered, loose)):
                self.settled.failed.append(undone)
            elif answered is not None and self._holds_it(one, answered, loose):
                uploaded = Uploaded(one.in_doubt.transfer.change, answered)
                self.settled.found.append((one.in_doubt, uploaded))
            elif not waited_out and not listing_is_past(one.sent, now(), self._lag):
                left.append(one)
            elif ids or answered is not None:
                # Clocks may be wrong, and so may an answer: nothing is sent again.
                named = ids or ([answered.id] if answered is not None else [])
                self.settled.failed.append(_unclear(one.in_doubt, named))
            else:
                self.settled.absent.append(one.in_doubt)
        self.left = left

    def _closer(self, loose: list[RemoteFile]) -> list[RemoteFile]:
        """Return the files with those asked for by id that a listing says too little of."""
        vague = [
            file
            for file in loose
            if file.id not in self._described
            and (not file.filename or file.bytes is None)
            and any(one.fit(file) is Fit.MAYBE for one in self.left)
        ]
        for file in vague[:_MOST_CLOSER_LOOKS]:
            self._described[file.id] = self._context.client.get_file(file.id) or file
        return [self._described.get(file.id, file) for file in loose]

    def _holds_it(self, one: _Doubt, answered: RemoteFile, loose: Sequence[RemoteFile]) -> bool:
        """Say whether the file that an answer named is new and holds what was sent."""
        new = answered.id not in one.known and any(file.id == answered.id for file in loose)
        return new and same_content(self._context.client, answered.id, one.stored) is True

    def _is_strangers(self, one: _Doubt, file: RemoteFile) -> bool:
        if fingerprint_of(one.stored.filename) is not None:
            return False
        return same_content(self._context.client, file.id, one.stored) is False

    def _undone(
        self, one: _Doubt, answered: RemoteFile, loose: Sequence[RemoteFile]
    ) -> NotUploaded | None:
        """Delete the file that an answer named if it is surely ours and not what was sent.

        Sure is: it is new, it has the name and the purpose, asking for it says the same, and no
        other new file has that name. Return the failure, None if it is not sure.
        """
        transfer = one.in_doubt.transfer
        want = transfer.want
        wrong = spoiled(answered, want)
        named = [
            file.id
            for file in loose
            if shown_name(file.filename) == shown_name(want.filename) and file.id not in one.known
        ]
        if not wrong or named != [answered.id]:
            return None
        found = self._context.client.get_file(answered.id)
        if found is None or not spoiled(found, want):
            return None
        if one.fit(found._replace(bytes=want.bytes)) is not Fit.YES:
            return None
        try:
            self._context.client.delete_file(found.id)
            self._context.journal.end(transfer.number)
            undone = "the upload was undone"
        except FilesyncError:
            undone = f"undoing the upload failed too: delete {found.id} yourself"
        return NotUploaded(
            transfer.change, RemoteError(f"{wrong}; {undone}", "check the file, then apply again")
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

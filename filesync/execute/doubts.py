"""Settling doubts: after a request without a clear answer, look before anything is sent again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence, Set
from typing import NamedTuple

from filesync.core.commands import command
from filesync.core.events import Note
from filesync.core.model import RemoteFile, Stored
from filesync.core.recovery.journal import (
    CLOCK_SLACK,
    LISTING_LAG_SECONDS,
    MADE_EARLY,
    MADE_LATE,
    STAMP_SKEW,
)
from filesync.core.recovery.recover import (
    WORK_SECONDS,
    Matches,
    is_proven,
    lag_shown,
    listing_is_past,
    looks_suffice,
    match,
    shared_names,
    to_read,
)
from filesync.core.resemblance import Fit, fit, shown_name
from filesync.core.text import plural
from filesync.errors import AmbiguousError, FilesyncError, RemoteError
from filesync.execute.content import sha256_of
from filesync.execute.context import ApplyContext
from filesync.execute.transfer import NotUploaded, UnclearUpload, Uploaded, spoiled

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 3.0
# So many files that a listing does not describe are asked for one by one, at most.
_MOST_CLOSER_LOOKS = 20
# After so many seconds a file that an answer named, with an odd time, is ours if no other fits.
_ANSWERED_SECONDS = 20


class Absent(NamedTuple):
    """An upload of which nothing is listed. Where it is not `sure`, the file may still come."""

    doubt: UnclearUpload
    sure: bool


class Settled(NamedTuple):
    """What became of doubts: found on the platform, absent, or not to be known."""

    found: list[tuple[UnclearUpload, Uploaded]]
    absent: list[Absent]
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

    Absence is believed when `listing_is_past` says so, and so is a file that nothing proves to be
    ours: another's may be listed sooner. `owned` gives the ids that belong to
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
                context.watch(Note(f"not certain yet: looking for up to {LISTING_LAG_SECONDS} s"))
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
        # The uploads, by number, whose file should have been listed by now and was not.
        self._overdue: set[int] = set()
        self._contents: dict[str, str] = {}  # sha256 by id, "" where that is not known
        self._described: dict[str, RemoteFile] = {}

    def look(self, waited_out: bool) -> None:
        """List once, and settle what can be; raises the errors of looking."""
        now = self._context.now
        listing = self._context.client.list_files()
        owned = set(self._owned())
        shown = lag_shown(self._context.answers.made_among(listing), now())
        if shown is not None:
            self._lag = shown if self._lag is None else min(self._lag, shown)
        self.left = [one for one in self.left if not self._fits_by_now(one)]
        taken = owned | {uploaded.remote.id for _, uploaded in self.settled.found}
        loose = [self._described.get(file.id, file) for file in listing if file.id not in taken]
        loose = self._closer(loose)
        matches = self._matched(loose)
        shared = shared_names(loose) if matches.found else set()
        left = []

        def is_past(one: _Doubt) -> bool:
            return waited_out or listing_is_past(one.sent, now())

        late = self._context.answers.is_missing_from(listing)
        for one, file in matches.found:
            shares = shown_name(file.filename) in shared
            if not waited_out and not self._suffices(one, file, shared=shares, late=late):
                left.append(one)
            elif spoiled(file, one.in_doubt.transfer.want):
                failed = self._undone(one, file, loose) or _unclear(one.in_doubt, [file.id])
                self.settled.failed.append(failed)
            else:
                uploaded = Uploaded(one.in_doubt.transfer.change, file)
                self.settled.found.append((one.in_doubt, uploaded))
        self.settled.failed.extend(_unclear(one.in_doubt, ids) for one, ids in matches.unclear)
        maybe = [(one, ids) for one, ids in matches.doubtful]
        for one, ids in (*((one, []) for one in matches.absent), *maybe):
            if now() - one.sent > WORK_SECONDS:
                self._overdue.add(one.in_doubt.transfer.number)
            answered = one.in_doubt.answered
            if answered is not None and (undone := self._undone(one, answered, loose)):
                self.settled.failed.append(undone)
            elif answered is not None and self._holds_it(
                one, answered, ids, loose, now() - one.sent > _ANSWERED_SECONDS
            ):
                uploaded = Uploaded(one.in_doubt.transfer.change, answered)
                self.settled.found.append((one.in_doubt, uploaded))
            elif not waited_out and not listing_is_past(one.sent, now(), self._lag):
                left.append(one)
            elif ids or answered is not None:
                # Clocks may be wrong, and so may an answer: nothing is sent again.
                named = ids or ([answered.id] if answered is not None else [])
                self.settled.failed.append(_unclear(one.in_doubt, named))
            else:
                self.settled.absent.append(Absent(one.in_doubt, is_past(one)))
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

    def _fits_by_now(self, one: _Doubt) -> bool:
        """Take the file that an answer named if others of this run show that its time is right."""
        doubt, answered = one.in_doubt, one.in_doubt.answered
        if answered is None or spoiled(answered, doubt.transfer.want):
            return False
        odd = self._context.answers.misfit(
            answered, doubt.transfer.want, since=doubt.since, until=doubt.until, resumed=False
        )
        if not odd:
            self.settled.found.append((doubt, Uploaded(doubt.transfer.change, answered)))
        return not odd

    def _matched(self, loose: Sequence[RemoteFile]) -> Matches[_Doubt]:
        """Return what was found for the doubts, by the content of files where that can be read."""
        while True:
            matches = match(self.left, loose, self._contents)
            unread = {
                file_id: one.stored.bytes
                for one, file_id in to_read(matches)
                if file_id not in self._contents
            }
            if not unread:
                return matches
            for file_id, size in list(unread.items())[:_MOST_CLOSER_LOOKS]:
                self._contents[file_id] = sha256_of(self._context.client, file_id, size) or ""

    def _proven(self, one: _Doubt, file_id: str) -> bool:
        """Say whether a file's name or content says that it is the one that was sent."""
        return is_proven(one.stored) or self._contents.get(file_id) == one.stored.sha256

    def _suffices(self, one: _Doubt, file: RemoteFile, *, shared: bool, late: bool) -> bool:
        """Say whether what is known of a file is enough to take it for the upload's.

        `shared`: others use its name; `late`: the listing lacks files that this run has made.
        """
        late = late or one.in_doubt.transfer.number in self._overdue
        return (
            self._proven(one, file.id)
            or _is_named(one, file)
            or looks_suffice(one.sent, self._context.now(), shared=shared, late=late)
        )

    def _holds_it(
        self,
        one: _Doubt,
        answered: RemoteFile,
        maybe: Sequence[str],
        loose: Sequence[RemoteFile],
        waited: bool,
    ) -> bool:
        """Say whether the file that an odd answer named is ours: new, and with what was sent.

        Where its content cannot be read, it is if only its time is odd and it is still the only
        one after a while: the server's clock is wrong.
        """
        if answered.id in one.known or all(file.id != answered.id for file in loose):
            return False
        size = one.stored.bytes
        content = self._contents.get(answered.id) or sha256_of(
            self._context.client, answered.id, size
        )
        if content is not None:
            self._contents[answered.id] = content
            return content == one.stored.sha256
        return waited and list(maybe) == [answered.id] and fit(answered, one.stored) is Fit.YES

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


def _is_named(one: _Doubt, file: RemoteFile) -> bool:
    """Say whether the upload's own answer named a file as what the platform cannot use."""
    answered = one.in_doubt.answered
    return (
        answered is not None
        and answered.id == file.id
        and bool(spoiled(answered, one.in_doubt.transfer.want))
    )


def _unclear(doubt: UnclearUpload, ids: list[str]) -> NotUploaded:
    key = doubt.transfer.want.key
    return NotUploaded(
        doubt.transfer.change,
        AmbiguousError(
            f"no clear answer came, and {plural(len(ids), 'file')} on the platform could be it: "
            + ", ".join(ids),
            f"take one with {command('adopt', key, 'ID')}",
        ),
    )

"""Whether the answer to an upload is about the file that was sent.

A connection that lost its place, or a cache in between, answers with another file. An answer that
does not fit does not count: the listing decides, and nothing is locked or deleted because of it.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Set

from filesync.core.model import DesiredFile, RemoteFile
from filesync.core.recovery.journal import CLOCK_SLACK, Before
from filesync.core.recovery.recover import is_proven
from filesync.core.resemblance import Fit, fit, shown_name, similar_names

# By how many seconds a server may misstate when it made a file; a wider gap is another file's.
_TIME_SLACK = 600
# So many files alike are noted with an upload at most: the newest, since older ones cannot be it.
_MOST_SEEN = 50


class Answers:
    """What is known of the platform's files before and during a run; safe to use from threads.

    `known` are the ids that the plan had seen, `listed` these files, and `held` gives the id of
    the file that the lockfile has for a key, "" for none.
    """

    def __init__(
        self,
        known: Set[str],
        listed: Collection[RemoteFile],
        wanted: Iterable[DesiredFile],
        held: Callable[[str], str],
    ) -> None:
        self._known = known
        self._held = held
        self._given: dict[str, DesiredFile] = {}
        self._made_at: dict[str, int] = {}
        self._early: dict[str, int] = {}  # by how many seconds a file's stamp is too early
        self._guard = threading.Lock()
        self._listed = listed
        self._stamps: dict[str, int] | None = None
        self._open: list[DesiredFile] = []
        names = {shown_name(want.filename) for want in wanted}
        self._alike: dict[str, list[RemoteFile]] = defaultdict(list)
        for file in listed if names else ():
            if not file.filename or shown_name(file.filename) in names:
                self._alike[shown_name(file.filename)].append(file)

    def before(self, want: DesiredFile) -> Before:
        """Return what there was before the upload of a file: for the journal."""
        name = shown_name(want.filename)
        alike = [
            file
            for file in (*self._alike.get(name, ()), *self._alike.get("", ()))
            if fit(file, want) is not Fit.NO
        ]
        alike.sort(key=lambda file: -file.created_at)
        return Before(self._held(want.key), frozenset(file.id for file in alike[:_MOST_SEEN]))

    def stamp(self, file_id: str) -> int:
        """Return when a file that the plan saw was made, by the server's stamp; 0 if unknown."""
        if self._stamps is None:
            self._stamps = {file.id: file.created_at for file in self._listed}
        return self._stamps.get(file_id, 0)

    def unanswered(self, want: DesiredFile) -> None:
        """Note that no clear answer came to an upload: a later answer may be about that one."""
        with self._guard:
            self._open.append(want)

    def misfit(
        self, remote: RemoteFile, want: DesiredFile, *, since: int, until: int, resumed: bool
    ) -> str:
        """Return why an answer cannot be about the file just sent, "" if it can.

        The request went out between `since` and `until`, in Unix seconds by the server's clock. A
        session that an earlier run may have completed (`resumed`) may name a file that was there.
        """
        with self._guard:
            other = self._given.setdefault(remote.id, want)
        if other is not want:
            return f"it names {remote.id}, which is another upload's"
        if remote.id in self._known and not resumed:
            return f"it names {remote.id}, which was there before"
        if remote.filename and not similar_names(remote.filename, want.filename):
            return f"it describes another file ({remote.id})"
        if remote.purpose not in (want.purpose, ""):
            return f"it describes a file of another purpose ({remote.id})"
        if not resumed and self._is_of_another_time(remote, want, since, until):
            return f"it describes a file of another time ({remote.id})"
        with self._guard:
            if any(_could_be(other, want) for other in self._open):
                return f"it may be about an upload before this one ({remote.id})"
            self._made_at[remote.id] = since
        return ""

    def _is_of_another_time(
        self, remote: RemoteFile, want: DesiredFile, since: int, until: int
    ) -> bool:
        """Say whether a file's stamp does not fit its upload.

        A file that was there before is another's, unless its name says what is in it. Where other
        files of this run are stamped too early by as much, the server's clock is wrong.
        """
        made = remote.created_at
        if not made:
            return False
        if not since - _TIME_SLACK <= made <= until + _TIME_SLACK:
            return True
        early = since - made
        if early <= CLOCK_SLACK or is_proven(want.stored):
            return False
        with self._guard:
            self._early[remote.id] = early
            return not any(
                abs(early - other) <= CLOCK_SLACK
                for file_id, other in self._early.items()
                if file_id != remote.id
            )

    def made_among(self, files: Iterable[RemoteFile]) -> Iterator[RemoteFile]:
        """Yield those of the files that this run has made, with the time of it by our clock."""
        for file in files:
            made_at = self._made_at.get(file.id)
            if made_at is not None:
                yield file._replace(created_at=made_at)

    def is_missing_from(self, listing: Iterable[RemoteFile]) -> bool:
        """Say whether a listing lacks a file that this run has made: then it is late."""
        with self._guard:
            made = set(self._made_at)
        return bool(made.difference(file.id for file in listing))


def _could_be(other: DesiredFile, want: DesiredFile) -> bool:
    """Say whether what a server shows of one file is what it would show of another."""
    return (
        other.sha256 != want.sha256
        and other.bytes == want.bytes
        and other.purpose == want.purpose
        and shown_name(other.filename) == shown_name(want.filename)
    )

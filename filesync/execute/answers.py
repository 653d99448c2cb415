"""Whether the answer to an upload is about the file that was sent.

A connection that lost its place, or a cache in between, answers with another file. An answer that
does not fit does not count: the listing decides, and nothing is locked or deleted because of it.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Set

from filesync.core.model import DesiredFile, RemoteFile
from filesync.core.recovery.journal import Before
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
        self._guard = threading.Lock()
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
        made = remote.created_at
        if made and not resumed and not since - _TIME_SLACK <= made <= until + _TIME_SLACK:
            return f"it describes a file of another time ({remote.id})"
        return ""

"""After a crash: what the journal began, held against what the platform shows. Pure.

An upload may have been carried out although nobody heard the answer, and the API cannot be
asked. So a file that fits (name, size, purpose, created since) and belongs to no one is taken
for it if it is the only one; anything less certain is reported and named, never guessed. Where
the name carries a fingerprint there is nothing to guess, and the decision table does it all.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Generic, NamedTuple, Protocol, TypeVar

from filesync.core import fingerprint
from filesync.core.lockfile.lock import Lockfile
from filesync.core.model import LIFETIME_SLACK, LockEntry, RemoteFile, Stored
from filesync.core.recovery.journal import LISTING_LAG_SECONDS, Attempt, History, is_locked
from filesync.core.resemblance import resembles, shown_name

# How long a server may take to make a file of a request that it has whole.
WORK_SECONDS = 5
# An upload session lives an hour; nearer to its end than this it is not worth going on with.
RESUME_SECONDS = 3600 - 180


class Sought(Protocol):
    """An upload that may have made a file: what that file is, and when it can have been made."""

    @property
    def stored(self) -> Stored: ...
    def made_at(self, second: int) -> bool:
        """Say whether its file may have been made in this second."""
        ...


S = TypeVar("S", bound=Sought)


Looks = tuple[str, int, str]  # name as all servers show it, size, purpose


class Matches(NamedTuple, Generic[S]):
    """Uploads in doubt, sorted by what was found for them."""

    found: list[tuple[S, RemoteFile]]
    absent: list[S]
    unclear: list[tuple[S, list[str]]]


def match(doubts: Iterable[S], candidates: Iterable[RemoteFile]) -> Matches[S]:
    """Find the file that each upload in doubt made, among candidates that belong to no one.

    Files alike in name, size and purpose are told apart only by content, which a listing does
    not show: they are matched one to one if one doubt meets one file, or if all the doubts are
    about the same content; any other meeting is unclear. Doubts that differ in how long their
    file lives are matched each with the files that live so long.
    """
    result: Matches[S] = Matches([], [], [])
    named: dict[str, list[RemoteFile]] = defaultdict(list)
    for file in candidates:
        named[shown_name(file.filename)].append(file)
    groups: dict[Looks, list[S]] = defaultdict(list)
    for doubt in doubts:
        stored = doubt.stored
        groups[shown_name(stored.filename), stored.bytes, stored.purpose].append(doubt)
    of_group = {
        look: [
            file
            for file in named[look[0]]
            if resembles(file, group[0].stored) and _may_be_of(file, group)
        ]
        for look, group in groups.items()
    }
    # Where a server tells no size or purpose, one file can be alike to uploads that are not.
    claims = Counter(file.id for files in of_group.values() for file in files)
    for look, group in groups.items():
        files = of_group[look]
        if any(claims[file.id] > 1 for file in files):
            ids = sorted(file.id for file in files)
            result.unclear.extend((doubt, ids) for doubt in group)
            continue
        for doubted, its in _by_lifetime(group, files):
            _pair(doubted, its, result)
    return result


def _pair(group: list[S], files: list[RemoteFile], result: Matches[S]) -> None:
    same = len({doubt.stored.sha256 for doubt in group}) == 1
    certain = same and all(fingerprint.parse(doubt.stored.filename) for doubt in group)
    alike = same and len({doubt.stored.expires_after for doubt in group}) == 1
    if not files:
        result.absent.extend(group)
    elif certain or (alike and len(files) <= len(group)):
        result.found.extend(zip(group, files, strict=False))
        result.absent.extend(group[len(files) :])
    else:
        ids = sorted(file.id for file in files)
        result.unclear.extend((doubt, ids) for doubt in group)


def _by_lifetime(group: list[S], files: list[RemoteFile]) -> list[tuple[list[S], list[RemoteFile]]]:
    """Split doubts and files by how long the files live, where that tells them apart."""
    asked = {doubt.stored.expires_after for doubt in group}
    if len(asked) == 1:
        return [(group, files)]
    parts = [
        (
            [doubt for doubt in group if doubt.stored.expires_after == lifetime],
            [file for file in files if _lives(file, lifetime)],
        )
        for lifetime in asked
    ]
    told_apart = sum(len(its) for _, its in parts) == len(files)
    if told_apart and all(len(its) <= len(doubts) for doubts, its in parts):
        return parts
    return [(group, files)]  # the server does not say, or says something else


def _lives(file: RemoteFile, lifetime: int | None) -> bool:
    if file.expires_at is None or lifetime is None:
        return file.expires_at is None and lifetime is None
    return abs(file.expires_at - file.created_at - lifetime) <= LIFETIME_SLACK


def _may_be_of(file: RemoteFile, group: Iterable[Sought]) -> bool:
    # A server that does not tell when a file was made may mean any time.
    return not file.created_at or any(doubt.made_at(file.created_at) for doubt in group)


def listing_is_past(
    sent: int, listing: Iterable[RemoteFile], now: int, lag: int | None = None
) -> bool:
    """Say whether a listing would show a file whose last byte was sent at `sent`.

    It would when enough time has passed. Sooner, once the server has had the time to make it,
    if the listing shows a file made later, whoever's, or is known to lag by no more than `lag`.
    """
    age = now - sent
    if age > LISTING_LAG_SECONDS or (lag is not None and age > WORK_SECONDS + lag + 1):
        return True
    return age > WORK_SECONDS and any(file.created_at > sent + 1 for file in listing)


def lag_shown(listing: Iterable[RemoteFile], now: int) -> int | None:
    """Return the seconds by which a listing lags at the most, None if it shows nothing new.

    It shows what was made until its newest file, so its lag is no more than that file's age.
    """
    ages = [now - file.created_at for file in listing if file.created_at]
    return min((age for age in ages if 0 <= age <= LISTING_LAG_SECONDS), default=None)


class Recovery(NamedTuple):
    """What a history means for the next apply.

    `entries` belong into the lock, in this order: files that were made and not locked. `wrong`
    are files, by id with their key, that were made and are not what was sent, or that another
    has replaced before they were seen. `unsettled` are uploads of which nothing is listed yet but
    may be, by key; `unclear` those for which several files might be it, with these files' ids.
    `sessions` are open upload sessions.
    """

    entries: list[tuple[str, LockEntry]]
    wrong: dict[str, str]
    unsettled: dict[str, Attempt]
    unclear: dict[str, list[str]]
    sessions: list[Attempt]


NOTHING_TO_RECOVER = Recovery([], {}, {}, {}, [])


def recover(
    history: History, lock: Lockfile, remote: Mapping[str, RemoteFile], now: int
) -> Recovery:
    """Return what became of the attempts that the journal does not see ended."""
    recovery = Recovery([], {}, {}, {}, [])
    owned = lock.owned_ids()
    doubts = []
    for attempt in history.attempts.values():
        if attempt.made is not None:
            file = remote.get(attempt.made)
            if file is None or file.id in owned:
                continue
            sound = file.bytes in (attempt.bytes, None) and file.status != "error"
            if sound and not attempt.superseded:
                recovery.entries.append(_entry(attempt, file, lock))
            else:
                recovery.wrong[file.id] = attempt.key
        elif attempt.sent is not None:
            if not is_locked(attempt, lock):
                doubts.append(attempt)
        elif attempt.upload_id is not None:
            recovery.sessions.append(attempt)
    taken = owned | {entry.id for _, entry in recovery.entries} | recovery.wrong.keys()
    # Of files alike, those that are still wanted get theirs first.
    doubts.sort(key=lambda attempt: attempt.superseded)
    matches = match(doubts, (file for file in remote.values() if file.id not in taken))
    for attempt, file in matches.found:
        if fingerprint.parse(attempt.filename) is not None:
            continue  # the decision table knows what to do with it
        if attempt.superseded:
            recovery.wrong[file.id] = attempt.key
        else:
            recovery.entries.append(_entry(attempt, file, lock))
    for attempt, ids in matches.unclear:
        if not attempt.superseded:
            recovery.unclear[attempt.key] = ids
    for attempt in matches.absent:
        if attempt.upload_id is not None:
            # `complete` may be asked again: a session makes one file and no second.
            recovery.sessions.append(attempt)
        elif not attempt.superseded and not listing_is_past(
            attempt.sent or attempt.at, remote.values(), now
        ):
            recovery.unsettled[attempt.key] = attempt
    return recovery


def found_by_fingerprint(
    history: History, lock: Lockfile, remote: Mapping[str, RemoteFile]
) -> dict[str, str]:
    """Return the files, by id with their key, whose name says that attempts in doubt made them."""
    owned = lock.owned_ids()
    sought: dict[str, list[Attempt]] = defaultdict(list)
    for attempt in history.attempts.values():
        if attempt.in_doubt and fingerprint.parse(attempt.filename) is not None:
            sought[shown_name(attempt.filename)].append(attempt)
    found = {}
    for file in remote.values():
        for attempt in sought.get(shown_name(file.filename), ()):
            if file.id not in owned and resembles(file, attempt):
                found[file.id] = attempt.key
    return found


def _entry(attempt: Attempt, file: RemoteFile, lock: Lockfile) -> tuple[str, LockEntry]:
    before = lock.files.get(attempt.key)
    # The path is told anew by the next apply; it only says where the file came from.
    path = before.path if before is not None else attempt.filename
    return attempt.key, attempt.entry(file, path)


def take_in(lock: Lockfile, recovery: Recovery, now: int, retain: Callable[[str], int]) -> None:
    """Put what was recovered into the lock, as the apply that made it would have done.

    `retain` gives how long a key's superseded files are kept, in seconds.
    """
    for key, entry in recovery.entries:
        before = lock.files.get(key)
        lock.put(key, entry)
        if before is not None:
            lock.retire(before.id, key, now + retain(key))
    for file_id, key in recovery.wrong.items():
        lock.retire(file_id, key, now)


def resumable(attempt: Attempt, now: int) -> bool:
    """Say whether an open session has enough of its hour left to go on with."""
    return now - attempt.opened_at < RESUME_SECONDS

"""After a crash: what the journal began, held against what the platform shows. Pure.

An upload may have been carried out although nobody heard the answer, and the API cannot be
asked. So a file that fits (name, size, purpose, created since) and belongs to no one is taken
for it if it is the only one; anything less certain is reported and named, never guessed. Where
the name carries a fingerprint there is nothing to guess, and the decision table does it all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Generic, NamedTuple, Protocol, TypeVar

from filesync.core import fingerprint
from filesync.core.history import LISTING_LAG_SECONDS, Attempt, History
from filesync.core.lock import Lockfile
from filesync.core.model import LockEntry, RemoteFile

# How long a server may take to make a file of a request that it has whole.
WORK_SECONDS = 5
# An upload session lives an hour; nearer to its end than this it is not worth going on with.
RESUME_SECONDS = 3600 - 180


class Sought(Protocol):
    """What an upload in doubt is known by; its file was made from `since` on, and by `by`."""

    @property
    def sha256(self) -> str: ...
    @property
    def bytes(self) -> int: ...
    @property
    def filename(self) -> str: ...
    @property
    def purpose(self) -> str: ...
    @property
    def since(self) -> int: ...
    @property
    def by(self) -> int | None: ...


S = TypeVar("S", bound=Sought)


class Matches(NamedTuple, Generic[S]):
    """Uploads in doubt, sorted by what was found for them."""

    found: list[tuple[S, RemoteFile]]
    absent: list[S]
    unclear: list[tuple[S, list[str]]]


def match(doubts: Iterable[S], candidates: Iterable[RemoteFile]) -> Matches[S]:
    """Find the file that each upload in doubt made, among candidates that belong to no one.

    Files alike in name, size and purpose are told apart only by content, which a listing does
    not show: they are matched one to one if one doubt meets one file, or if all the doubts are
    about the same content; any other meeting is unclear.
    """
    result: Matches[S] = Matches([], [], [])
    alike: dict[tuple[str, int | None, str], list[RemoteFile]] = defaultdict(list)
    for file in candidates:
        alike[fingerprint.rewritten(file.filename), file.bytes, file.purpose].append(file)
    groups: dict[tuple[str, int | None, str], list[S]] = defaultdict(list)
    for doubt in doubts:
        groups[fingerprint.rewritten(doubt.filename), doubt.bytes, doubt.purpose].append(doubt)
    for looks, group in groups.items():
        files = [file for file in alike[looks] if any(_in_time(file, doubt) for doubt in group)]
        same = len({doubt.sha256 for doubt in group}) == 1
        certain = same and all(fingerprint.parse(doubt.filename) for doubt in group)
        if not files:
            result.absent.extend(group)
        elif certain or (same and len(files) <= len(group)):
            result.found.extend(zip(group, files, strict=False))
            result.absent.extend(group[len(files) :])
        else:
            ids = sorted(file.id for file in files)
            result.unclear.extend((doubt, ids) for doubt in group)
    return result


def _in_time(file: RemoteFile, doubt: Sought) -> bool:
    if not file.created_at:
        return True  # not told
    return doubt.since <= file.created_at and (doubt.by is None or file.created_at <= doubt.by)


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
    are files, by id with their key, that were made and are not what was sent. `unsettled` are
    uploads of which nothing is listed yet but may be, by key; `unclear` those for which several
    files might be it, with these files' ids. `sessions` are open upload sessions.
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
            if file.bytes in (attempt.bytes, None) and file.status != "error":
                recovery.entries.append(_entry(attempt, file, lock))
            else:
                recovery.wrong[file.id] = attempt.key
        elif attempt.sent is not None:
            doubts.append(attempt)
        elif attempt.upload_id is not None:
            recovery.sessions.append(attempt)
    taken = owned | {entry.id for _, entry in recovery.entries} | recovery.wrong.keys()
    matches = match(doubts, (file for file in remote.values() if file.id not in taken))
    for attempt, file in matches.found:
        if fingerprint.parse(attempt.filename) is None:
            recovery.entries.append(_entry(attempt, file, lock))
    for attempt, ids in matches.unclear:
        recovery.unclear[attempt.key] = ids
    for attempt in matches.absent:
        if attempt.upload_id is not None:
            # `complete` may be asked again: a session makes one file and no second.
            recovery.sessions.append(attempt)
        elif not listing_is_past(attempt.sent or attempt.at, remote.values(), now):
            recovery.unsettled[attempt.key] = attempt
    return recovery


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

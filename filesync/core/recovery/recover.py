"""After a crash: what the journal began, compared with what the platform shows. Pure.

An upload may have been carried out although nobody heard the answer, and the API cannot be
asked. So a file that fits (name, size, purpose, created since) and belongs to no one is taken
for it if it is the only one; anything less certain is reported and named, never guessed. A lock
entry that was made since the attempt began is newer, and then the attempt's file is not wanted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Generic, NamedTuple, Protocol, TypeVar

from filesync.core import fingerprint
from filesync.core.lockfile.lock import Lockfile
from filesync.core.model import LIFETIME_SLACK, LockEntry, RemoteFile, Stored
from filesync.core.recovery.journal import (
    LISTING_LAG_SECONDS,
    STAMP_SKEW,
    Attempt,
    History,
    is_locked,
    is_outdated,
)
from filesync.core.resemblance import Fit, shown_name

# How long a server may take to make a file of a request that it has whole.
WORK_SECONDS = 5
# No doubt ends sooner by what a listing shows: single files may be listed later than others.
SETTLED_SECONDS = 30
# An upload session lives an hour; nearer to its end than this it is not worth going on with.
RESUME_SECONDS = 3600 - 180


class Sought(Protocol):
    """An upload that may have made a file: what that file is, and which of the listed may be it."""

    @property
    def stored(self) -> Stored: ...
    def fit(self, file: RemoteFile) -> Fit:
        """Say whether it may have made a listed file."""
        ...


S = TypeVar("S", bound=Sought)


class Matches(NamedTuple, Generic[S]):
    """Uploads in doubt, sorted by what was found for them.

    `found`: this file. `absent`: none. `unclear`: one of several, with their ids. `doubtful`: only
    files that do not show enough, or that were made at another time, with their ids.
    """

    found: list[tuple[S, RemoteFile]]
    absent: list[S]
    unclear: list[tuple[S, list[str]]]
    doubtful: list[tuple[S, list[str]]]


def match(
    doubts: Iterable[S],
    candidates: Iterable[RemoteFile],
    contents: Mapping[str, str] = MappingProxyType({}),
) -> Matches[S]:
    """Find the file that each upload in doubt made, among candidates that belong to no one.

    Files alike in name, size and purpose differ only in content, which a listing does not show;
    `contents` are the sha256 of files that were read, by their id. The others are matched one to
    one if one doubt meets one file, or if all the doubts are about the same content; any other
    meeting is unclear. Doubts that differ in how long their file lives are matched each with the
    files that live so long.
    """
    result: Matches[S] = Matches([], [], [], [])
    groups: dict[tuple[str, int, str], list[S]] = defaultdict(list)
    for doubt in doubts:
        stored = doubt.stored
        groups[shown_name(stored.filename), stored.bytes, stored.purpose].append(doubt)
    if not groups:
        return result
    named: dict[str, list[RemoteFile]] = defaultdict(list)
    for file in candidates:
        named[shown_name(file.filename)].append(file)
    fits = {
        look: {
            file.id: (file, max(doubt.fit(file) for doubt in group))
            for file in (*named[look[0]], *(named[""] if look[0] else ()))
        }
        for look, group in groups.items()
    }
    certain = {file.id for its in fits.values() for file, how in its.values() if how is Fit.YES}
    for look, group in groups.items():
        files = [file for file, how in fits[look].values() if how is Fit.YES]
        maybe = sorted(
            file.id
            for file, how in fits[look].values()
            if how is Fit.MAYBE and file.id not in certain
        )
        part: Matches[S] = Matches([], [], [], [])
        group, files = _by_content(group, files, contents, part)
        for doubted, its in _by_lifetime(group, files) if group else ():
            _pair(doubted, its, part)
        result.found.extend(part.found)
        result.unclear.extend(part.unclear)
        if maybe:
            result.doubtful.extend((doubt, maybe) for doubt in part.absent)
        else:
            result.absent.extend(part.absent)
    return result


def to_read(matches: Matches[S]) -> list[tuple[S, str]]:
    """Return the files, by their ids, whose content would say whether an upload made them.

    A fingerprint in the name says it already.
    """
    pairs = [(one, file.id) for one, file in matches.found]
    pairs += [(one, file_id) for one, ids in matches.unclear for file_id in ids]
    return [(one, file_id) for one, file_id in pairs if not is_proven(one.stored)]


def is_proven(stored: Stored) -> bool:
    """Say whether a file with this name can only have this content."""
    return fingerprint.parse(stored.filename) is not None


def shared_names(loose: Iterable[RemoteFile]) -> set[str]:
    """Return the names that several of the files have that belong to none of our keys.

    Somebody else uploads files of such a name, too: a file's looks alone prove nothing.
    """
    names = Counter(shown_name(file.filename) for file in loose)
    return {name for name, count in names.items() if count > 1}


def _by_content(
    group: list[S], files: list[RemoteFile], contents: Mapping[str, str], result: Matches[S]
) -> tuple[list[S], list[RemoteFile]]:
    """Match what was read, as far as that settles it; return the doubts and files that are left.

    More files of one content than doubts about it are unclear: some of them are others'.
    """
    asked: dict[str, list[S]] = defaultdict(list)
    for doubt in group:
        asked[doubt.stored.sha256].append(doubt)
    read: dict[str, list[RemoteFile]] = defaultdict(list)
    for file in files:
        read[contents.get(file.id, "")].append(file)
    left, rest = list(group), read.pop("", [])
    for sha256, its in read.items():
        doubts = asked.get(sha256, [])
        if not doubts:
            continue  # a stranger's
        if len(its) <= len(doubts) and len({one.stored.expires_after for one in doubts}) == 1:
            result.found.extend(zip(doubts, its, strict=False))
            left = [one for one in left if one not in doubts[: len(its)]]
        else:
            rest += its
    return left, rest


def _pair(group: Sequence[S], files: Sequence[RemoteFile], result: Matches[S]) -> None:
    same = len({doubt.stored.sha256 for doubt in group}) == 1
    certain = same and all(is_proven(doubt.stored) for doubt in group)
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


def listing_is_past(sent: int, now: int, lag: int | None = None) -> bool:
    """Say whether a listing would show a file whose last byte was sent at `sent`.

    It would when enough time has passed. Sooner, but never at once, if the listing has shown a
    file of ours that was made only `lag` seconds before: what it shows of others says nothing.
    """
    age = now - sent
    if age > LISTING_LAG_SECONDS:
        return True
    return lag is not None and age > max(SETTLED_SECONDS, WORK_SECONDS + lag + 1)


def looks_suffice(sent: int, now: int, *, shared: bool, late: bool) -> bool:
    """Say whether the only file that looks like an upload sent at `sent` may be taken for it.

    Somebody else's may look the same and be listed sooner. So not before any file would be listed
    where others use its name (`shared`) or the listing is `late` with files of ours; elsewhere once
    the server has had the time to make ours.
    """
    if listing_is_past(sent, now):
        return True
    return not shared and not late and now - sent > WORK_SECONDS


def is_new(made_at: int, now: int) -> bool:
    """Say whether a file may be so new that a server that has it does not show it yet.

    `made_at` is the server's stamp, which may be from the future; 0 if there is none.
    """
    return bool(made_at) and -STAMP_SKEW <= now - made_at < LISTING_LAG_SECONDS


def lag_shown(ours: Iterable[RemoteFile], now: int) -> int | None:
    """Return the seconds by which a listing lags at the most, by the files of ours that it shows.

    It shows what was made until the newest of them, so it lags by no more than that one's age.
    None if it shows none that is new.
    """
    ages = [now - file.created_at for file in ours if file.created_at]
    return min((age for age in ages if 0 <= age <= LISTING_LAG_SECONDS), default=None)


class Recovery(NamedTuple):
    """What a history means for the next apply.

    `entries` belong into the lock, in this order: files that were made and not locked. `wrong`
    are files, by id with their key, that were made and are not what was sent, or that another
    has replaced before they were seen. `unsettled` are uploads of which nothing is listed yet but
    may be, by key; `unclear` those for which several files might be it, with these files' ids.
    `sessions` are open upload sessions. `found` are the files that attempts were found to have
    made, by their number. `left` are, by key, files of which an upload may have made one that came
    too late: they stay, since nobody can say which. `unsure` are uploads of which one file is
    listed that looks like theirs, while theirs may only come to be.
    """

    entries: list[tuple[str, LockEntry]]
    wrong: dict[str, str]
    unsettled: dict[str, Attempt]
    unclear: dict[str, list[str]]
    sessions: list[Attempt]
    found: Mapping[int, str]
    left: dict[str, list[str]]
    unsure: list[Attempt]


NOTHING_TO_RECOVER = Recovery([], {}, {}, {}, [], {}, {}, [])


def recover(
    history: History,
    lock: Lockfile,
    remote: Mapping[str, RemoteFile],
    now: int,
    unlisted: frozenset[str] = frozenset(),
) -> Recovery:
    """Return what became of the attempts that the journal does not see ended.

    `unlisted` are the files of `remote` that the listing did not show.
    """
    if not history.ours or not history.attempts:
        return _hints(history, lock, remote)
    recovery = Recovery([], {}, {}, {}, [], {}, {}, [])
    held = dict(lock.files)
    owned = lock.owned_ids()
    lineage = _lineage(history, lock)
    doubts = []
    for attempt in history.attempts.values():
        if attempt.made is not None:
            file = remote.get(attempt.made)
            if file is None or file.id in owned:
                if file is None and not listing_is_past(attempt.sent or attempt.at, now):
                    recovery.unsettled[attempt.key] = attempt  # neither listed nor found yet
                continue
            if not attempt.made_this(file):
                recovery.unclear[attempt.key] = [file.id]
                continue
            sound = file.bytes in (attempt.bytes, None) and file.status != "error"
            late = attempt.superseded or (
                attempt.over not in lineage[attempt.key]
                and is_outdated(attempt, held.get(attempt.key), file.created_at)
            )
            if sound and not late:
                recovery.entries.append((attempt.key, _entry(attempt, file, lock)))
                held[attempt.key] = recovery.entries[-1][1]
            else:
                recovery.wrong[file.id] = attempt.key
        elif attempt.sent is not None:
            if attempt.over is not None or not is_locked(attempt, lock):
                doubts.append(attempt)
        elif attempt.upload_id is not None:
            recovery.sessions.append(attempt)
    taken = owned | {entry.id for _, entry in recovery.entries} | recovery.wrong.keys()
    loose = [
        file
        for file in remote.values()
        if file.id not in taken and file.id not in history.strangers
    ]
    outdated = {one.number: one.superseded or is_outdated(one, held.get(one.key)) for one in doubts}
    # Of files alike, those that are still wanted get theirs first.
    doubts.sort(key=lambda attempt: outdated[attempt.number])
    matches = match(doubts, loose, history.contents)
    shared = shared_names(loose) if matches.found else set()
    found: dict[int, str] = {}
    for attempt, file in matches.found:
        if file.id in history.unproven and not looks_suffice(
            attempt.sent or attempt.at,
            now,
            shared=shown_name(file.filename) in shared,
            late=bool(unlisted),
        ):
            recovery.unsure.append(attempt)  # its key may have gone from the manifest, too
            if not outdated[attempt.number]:
                recovery.unsettled[attempt.key] = attempt
            continue
        if outdated[attempt.number] and _may_be_locked(attempt, lock, remote):
            recovery.left[attempt.key] = [file.id]  # then this one is somebody else's
            continue
        found[attempt.number] = file.id
        if outdated[attempt.number]:
            recovery.wrong[file.id] = attempt.key
        else:
            recovery.entries.append((attempt.key, _entry(attempt, file, lock)))
    listed = (remote[one] for one in owned if one in remote and one not in unlisted)
    _sort_unfound(recovery, matches, loose, outdated, now=now, lag=lag_shown(listed, now))
    return recovery._replace(found=found)


def _lineage(history: History, lock: Lockfile) -> Mapping[str, set[str]]:
    """Return the files that each key has had in turn since the lockfile, its own among them.

    Where runs were cut off from their lockfiles one after another, each began with the file of the
    one before, which the lockfile does not know.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for attempt in history.attempts.values():
        if attempt.made is None or attempt.over is None:
            continue
        entry = lock.files.get(attempt.key)
        if attempt.over in found[attempt.key] | {"" if entry is None else entry.id}:
            found[attempt.key].add(attempt.made)
    return found


def _may_be_locked(attempt: Attempt, lock: Lockfile, remote: Mapping[str, RemoteFile]) -> bool:
    """Say whether its key holds what an attempt made: adopted since, by this or another machine."""
    entry = lock.files.get(attempt.key)
    if entry is None or entry.sha256 != attempt.sha256 or entry.id not in remote:
        return False
    return attempt.fit(remote[entry.id]) is Fit.YES


def _sort_unfound(
    recovery: Recovery,
    matches: Matches[Attempt],
    loose: list[RemoteFile],
    outdated: Mapping[int, bool],
    *,
    now: int,
    lag: int | None,
) -> None:
    """Add the doubts to a recovery for which no file was found, or several."""

    def unclear(attempt: Attempt, ids: list[str]) -> None:
        (recovery.left if outdated[attempt.number] else recovery.unclear)[attempt.key] = ids

    for attempt, ids in matches.unclear:
        unclear(attempt, ids)
    maybe = {attempt.number: ids for attempt, ids in matches.doubtful}
    there = {file.id for file in loose}
    for attempt in (*matches.absent, *(one for one, _ in matches.doubtful)):
        ids = maybe.get(attempt.number, [])
        if not ids and attempt.answered in there:
            ids = [attempt.answered]
        if attempt.upload_id is not None:
            # `complete` may be asked again: a session makes one file and no second.
            recovery.sessions.append(attempt)
        elif not listing_is_past(attempt.sent or attempt.at, now, lag):
            if not outdated[attempt.number]:
                recovery.unsettled[attempt.key] = attempt
        elif ids:
            unclear(attempt, ids)


def _hints(history: History, lock: Lockfile, remote: Mapping[str, RemoteFile]) -> Recovery:
    """Return what a journal that was not written here says: files to be looked at by people.

    It proves nothing. So nothing is locked or deleted on it, and its sessions are not touched.
    """
    recovery = Recovery([], {}, {}, {}, [], {}, {}, [])
    if not history.attempts:
        return recovery
    owned = lock.owned_ids()
    loose = [file for file in remote.values() if file.id not in owned]
    open_ = [
        one
        for one in history.attempts.values()
        if (one.made or one.sent) and not one.superseded and not is_locked(one, lock)
    ]
    matches = match(open_, loose)
    for attempt, file in matches.found:
        recovery.unclear[attempt.key] = [file.id]
    for attempt, ids in (*matches.unclear, *matches.doubtful):
        recovery.unclear[attempt.key] = ids
    return recovery


def _entry(attempt: Attempt, file: RemoteFile, lock: Lockfile) -> LockEntry:
    before = lock.files.get(attempt.key)
    # The next apply corrects the path; here it only says where the file came from.
    path = before.path if before is not None else attempt.filename
    return attempt.entry(file, path)


def take_in(lock: Lockfile, recovery: Recovery, now: int, retain: Callable[[str], int]) -> None:
    """Put what was recovered into the lock, as the apply that made it would have done.

    `retain` gives how long a key's replaced files are kept, in seconds.
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

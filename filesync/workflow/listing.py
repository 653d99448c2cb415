"""The platform's files: listed, and confirmed where the listing and our records disagree."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from filesync.core.lockfile.lock import Lockfile
from filesync.core.model import RemoteFile
from filesync.core.recovery.journal import GHOST_SECONDS, History
from filesync.core.recovery.recover import is_new, match, to_read
from filesync.core.resemblance import Fit
from filesync.core.text import plural
from filesync.errors import ListingError
from filesync.execute.content import sha256_of
from filesync.remote.client import Reader

_LOOKUPS_AT_ONCE = 8


# A file this old that the server has and its listing lacks means that the listing is not whole;
# a younger one may only not be listed yet.
_LISTED_AFTER_SECONDS = 600
# For so long a new file may not be found by its id yet, on a server that answers from copies.
_FOUND_AFTER_SECONDS = 15
_PAUSE_SECONDS = 1.0
# So many files that a listing does not describe are asked for one by one, at most.
_MOST_CLOSER_LOOKS = 20


class Confirmed(NamedTuple):
    """What is on the platform, by id, and its time in Unix seconds.

    `unlisted` are those of the files that the listing lacks and the server has: while there are
    any, the listing may lack others, too.
    """

    remote: dict[str, RemoteFile]
    now: int
    unlisted: frozenset[str]


def confirmed(
    client: Reader, listed: Iterable[RemoteFile], lock: Lockfile, history: History
) -> Confirmed:
    """Return what is on the platform, by a listing just made and what it lacks.

    Without what we have deleted, which it may show for a while, and with what we know of, it lacks
    and the server has. Raises ListingError where it is not whole.
    """
    now = client.now()
    remote = {file.id: file for file in listed}
    for ghost, deleted_at in history.deleted.items():
        if now - deleted_at < GHOST_SECONDS:
            remote.pop(ghost, None)
    # A file whose expiry has passed needs no asking.
    doubtful = {
        entry.id
        for entry in lock.files.values()
        if entry.id not in remote and (entry.expires_at is None or entry.expires_at > now)
    }
    doubtful |= (lock.retired.keys() | history.made()) - remote.keys()
    if not doubtful:
        return Confirmed(remote, now, frozenset())
    # What we have deleted ourselves need not be asked for twice.
    ours_to_miss = history.deleting | history.deleted.keys()
    made_at = _made_at(lock, history).items()
    young = {one: at for one, at in made_at if one not in ours_to_miss}
    found = _asked_for(client, doubtful)
    missing = doubtful - found.keys()
    may_come = _may_come(client, missing, young, remote, now)
    # Asked for once more: what shows that nothing more comes was only found after they were not.
    found |= _asked_for(client, {one for one in missing if is_new(young.get(one, 0), now)})
    found |= _found_later(client, may_come - found.keys())
    if found:
        ours = lock.owned_ids() | history.made()
        _refuse_contradiction(found, [file for file in remote.values() if file.id not in ours], now)
    return Confirmed({**remote, **found}, now, frozenset(found))


def set_strangers_apart(
    client: Reader, history: History, lock: Lockfile, remote: dict[str, RemoteFile]
) -> None:
    """Look closer at the files that interrupted uploads may have made, while there are any.

    What the listing says too little of is asked for by its id. The content of those that fit is
    compared if the API gives it out: another's is a stranger's.
    """
    doubts = [one for one in history.attempts.values() if one.in_doubt and history.ours]
    if not doubts:
        return
    owned = lock.owned_ids()
    vague = [
        file
        for file in remote.values()
        if file.id not in owned
        and (not file.filename or file.bytes is None)
        and any(one.fit(file) is Fit.MAYBE for one in doubts)
    ]
    remote.update(_asked_for(client, [file.id for file in vague[:_MOST_CLOSER_LOOKS]]))
    sent = {one.sha256 for one in doubts}
    while True:
        loose = [
            file
            for file in remote.values()
            if file.id not in owned and file.id not in history.strangers
        ]
        unread = [
            (file_id, one.bytes)
            for one, file_id in to_read(match(doubts, loose, history.contents))
            if file_id not in history.contents
        ]
        if not unread:
            return
        for file_id, size in dict(unread[:_MOST_CLOSER_LOOKS]).items():
            sha256 = sha256_of(client, file_id, size)
            if sha256 is None:
                history.contents[file_id] = ""
                history.unproven.add(file_id)
            elif sha256 in sent:
                history.contents[file_id] = sha256
            else:
                history.strangers.add(file_id)


def _made_at(lock: Lockfile, history: History) -> dict[str, int]:
    """Return when the files that the lock and the journal hold were made, by id."""
    made_at = {
        one.made: one.sent or one.at for one in history.attempts.values() if one.made is not None
    }
    # When a retired file was made, the lockfile does not say; it was there when it was retired.
    made_at |= {one.id: one.delete_after for one in lock.retired.values()}
    return made_at | {entry.id: entry.created_at for entry in lock.files.values()}


def _asked_for(client: Reader, ids: Iterable[str]) -> dict[str, RemoteFile]:
    """Ask for files by their ids, and return those that there are."""
    wanted = sorted(ids)
    if not wanted:
        return {}
    with ThreadPoolExecutor(_LOOKUPS_AT_ONCE) as lookups:
        return {file.id: file for file in lookups.map(client.get_file, wanted) if file}


def _may_come(
    client: Reader,
    ids: Iterable[str],
    made_at: Mapping[str, int],
    remote: Mapping[str, RemoteFile],
    now: int,
) -> set[str]:
    """Return the files so new that "there is none" may only mean that they are not found yet.

    How new a file is, its stamp says, which may be wrong. Where the server lists and finds another
    of our files that is as new, there is nothing to wait for.
    """
    new = {one for one in ids if is_new(made_at.get(one, 0), now)}
    if not new:
        return set()
    there = max(
        (one for one in made_at.keys() & remote.keys() if is_new(made_at[one], now)),
        key=lambda one: made_at[one],
        default=None,
    )
    if there is None or client.get_file(there) is None:
        return new
    return {one for one in new if made_at[one] > made_at[there]}


def _found_later(client: Reader, new: set[str]) -> dict[str, RemoteFile]:
    """Ask for new files again until they are found, or long enough."""
    found: dict[str, RemoteFile] = {}
    for _ in range(int(_FOUND_AFTER_SECONDS / _PAUSE_SECONDS)):
        if not new - found.keys():
            break
        time.sleep(_PAUSE_SECONDS)
        found |= _asked_for(client, new - found.keys())
    return found


def _refuse_contradiction(
    found: Mapping[str, RemoteFile], others: Iterable[RemoteFile], now: int
) -> None:
    """Raise ListingError where files that the server has can only be missing from the listing
    because it is not whole: they have long been there, or are listed under other ids.

    `others` are the listed files that are not known to be ours.
    """
    known = {_looks(file): file.id for file in others if file.created_at}
    for file in found.values():
        if (twin := known.get(_looks(file))) is not None:
            raise ListingError(
                f"the server's listing gives {file.id} another id ({twin}): which of the files "
                "it lists are ours cannot be said",
                "nothing was decided; see whoever runs the server about it",
            )
    left_out = [file for file in found.values() if now - file.created_at > _LISTED_AFTER_SECONDS]
    if left_out:
        raise ListingError(
            f"the server's listing is not whole: it leaves out {left_out[0].id}"
            + (f" and {plural(len(left_out) - 1, 'more file')}" if len(left_out) > 1 else "")
            + ", which the server has when asked for it",
            "nothing was decided; run again, and tell whoever runs the server if it stays so",
        )


def _looks(file: RemoteFile) -> tuple[str, int | None, str, int]:
    return file.filename, file.bytes, file.purpose, file.created_at

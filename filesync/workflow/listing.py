"""The platform's files: listed, and confirmed where the listing and our records disagree."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from filesync.core import fingerprint
from filesync.core.lockfile.lock import Lockfile
from filesync.core.model import RemoteFile
from filesync.core.recovery.journal import GHOST_SECONDS, History
from filesync.core.recovery.recover import match
from filesync.core.resemblance import Fit
from filesync.core.text import plural
from filesync.errors import ListingError
from filesync.execute.content import same_content
from filesync.remote.client import Reader

_LOOKUPS_AT_ONCE = 8


# A file this old that the server has and its listing lacks means that the listing is not whole;
# a younger one may only not be listed yet.
_LISTED_AFTER_SECONDS = 600
# A file this young may not be found by its id yet, on a server that answers from copies.
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
    young = _made_at(lock, history)
    # A file whose expiry has passed needs no asking.
    doubtful = {
        entry.id
        for entry in lock.files.values()
        if entry.id not in remote and (entry.expires_at is None or entry.expires_at > now)
    }
    doubtful |= (lock.retired.keys() | history.made()) - remote.keys()
    found = _asked_for(client, doubtful)
    while waiting := _may_come(doubtful - found.keys(), young, lock, remote, client.now()):
        time.sleep(_PAUSE_SECONDS)
        found |= _asked_for(client, waiting)
    if found:
        ours = lock.owned_ids() | history.made()
        _refuse_contradiction(found, [file for file in remote.values() if file.id not in ours], now)
    return Confirmed({**remote, **found}, now, frozenset(found))


def set_strangers_apart(
    client: Reader, history: History, lock: Lockfile, remote: dict[str, RemoteFile]
) -> None:
    """Look closer at the files that interrupted uploads may have made, while there are any.

    What the listing says too little of is asked for by its id. Where one file fits, its content
    is compared if the API gives it out: another's is a stranger's.
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
    while True:
        loose = [
            file
            for file in remote.values()
            if file.id not in owned and file.id not in history.strangers
        ]
        others = {
            file.id
            for one, file in match(doubts, loose).found
            if fingerprint.parse(one.filename) is None
            and same_content(client, file.id, one.stored) is False
        }
        if not others:
            return
        history.strangers |= others


def _made_at(lock: Lockfile, history: History) -> dict[str, int]:
    """Return when the files that the lock and the journal hold were made, by id."""
    made_at = {
        one.made: one.sent or one.at for one in history.attempts.values() if one.made is not None
    }
    return made_at | {entry.id: entry.created_at for entry in lock.files.values()}


def _asked_for(client: Reader, ids: Iterable[str]) -> dict[str, RemoteFile]:
    """Ask for files by their ids, and return those that there are."""
    wanted = sorted(ids)
    if not wanted:
        return {}
    with ThreadPoolExecutor(_LOOKUPS_AT_ONCE) as lookups:
        return {file.id: file for file in lookups.map(client.get_file, wanted) if file}


def _may_come(
    ids: Iterable[str],
    made_at: Mapping[str, int],
    lock: Lockfile,
    remote: Mapping[str, RemoteFile],
    now: int,
) -> list[str]:
    """Return the files so young that "there is none" may only mean that they are not found yet.

    Where the listing shows a file of ours that is as young, it is said twice that they are gone.
    """
    newest = max(
        (remote[entry.id].created_at for entry in lock.files.values() if entry.id in remote),
        default=0,
    )
    return [
        one
        for one in ids
        if 0 <= now - made_at.get(one, 0) < _FOUND_AFTER_SECONDS and made_at[one] > newest
    ]


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

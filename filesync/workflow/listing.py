"""The platform's files: listed, and confirmed where the listing and our records disagree."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from filesync.core.lockfile.lock import Lockfile
from filesync.core.model import RemoteFile
from filesync.core.recovery.journal import GHOST_SECONDS, History
from filesync.core.text import plural
from filesync.errors import ListingError
from filesync.remote.client import Reader

_LOOKUPS_AT_ONCE = 8


# A file this old that the server has and its listing lacks means that the listing is not whole;
# a younger one may only not be listed yet.
_LISTED_AFTER_SECONDS = 600


def confirmed(
    client: Reader, listed: Iterable[RemoteFile], lock: Lockfile, history: History
) -> tuple[dict[str, RemoteFile], int]:
    """Return what is on the platform, by id, and its time in Unix seconds.

    That is a listing just made, without what we have deleted, which it may show for a while, and
    with what it lacks and the server has. Raises ListingError where it is not whole.
    """
    now = client.now()
    remote = {file.id: file for file in listed}
    for ghost, deleted_at in history.deleted.items():
        if now - deleted_at < GHOST_SECONDS:
            remote.pop(ghost, None)
    _confirm_missing(client, lock, history.made(), remote, now)
    return remote, now


def _confirm_missing(
    client: Reader, lock: Lockfile, made: set[str], remote: dict[str, RemoteFile], now: int
) -> None:
    """Ask for each file we know of that the listing lacks, and add to `remote` those that live.

    `made` are files of an apply that was cut short before the lock was saved.

    A file whose expiry has passed needs no asking. Raises ListingError where a file that has
    long been there was left out of the listing: then others may have been, too.
    """
    entries = lock.files.values()
    doubtful = {
        entry.id
        for entry in entries
        if entry.id not in remote and (entry.expires_at is None or entry.expires_at > now)
    }
    doubtful |= (lock.retired.keys() | made) - remote.keys()
    if not doubtful:
        return
    with ThreadPoolExecutor(_LOOKUPS_AT_ONCE) as lookups:
        found = [file for file in lookups.map(client.get_file, sorted(doubtful)) if file]
    left_out = [file for file in found if now - file.created_at > _LISTED_AFTER_SECONDS]
    if left_out:
        raise ListingError(
            f"the server's listing is not whole: it leaves out {left_out[0].id}"
            + (f" and {plural(len(left_out) - 1, 'more file')}" if len(left_out) > 1 else "")
            + ", which the server has when asked for it",
            "nothing was decided; run again, and tell whoever runs the server if it stays so",
        )
    remote.update((file.id, file) for file in found)

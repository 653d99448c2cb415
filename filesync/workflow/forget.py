"""Giving up a key: the lockfile forgets it, the remote file stays."""

from __future__ import annotations

from typing import NamedTuple

from filesync.core import fingerprint
from filesync.core.decide.change import Reason
from filesync.core.decide.claims import claim
from filesync.core.lockfile import format as lock_format
from filesync.core.model import LockEntry, RemoteFile
from filesync.core.run import Run
from filesync.core.unknown_key import unknown_key
from filesync.errors import FilesyncError
from filesync.workflow.state import RunState
from filesync.workflow.workspace import open_lock, read_manifest, state_of


class Forgotten(NamedTuple):
    """What was dropped from the lock, and the key that shares the file and still has it.

    `entry` is None where the lock had no such key, and only uploads in doubt were given up.
    `doomed` says for what the next apply will take the file and delete it, None if it will not.
    """

    entry: LockEntry | None
    shared_with: str | None
    doomed: Reason | None


def forget(run: Run, key: str) -> Forgotten:
    """Drop a key from the lock, keep its remote file, and return what was dropped.

    What an interrupted apply may have made for the key is kept, too.
    """
    place, lock = open_lock(run)
    entry = lock.take_out(key)
    state = state_of(run) or RunState(run, lock.project, lock.base_url, None)
    attempts = state.history().of(key)
    given_up = [
        one for one in attempts if one.in_doubt or (entry is not None and one.made == entry.id)
    ]
    if entry is None and not given_up:
        raise unknown_key(key, lock.files, "the lockfile")
    state.end(given_up)
    if entry is None:
        return Forgotten(None, None, None)
    place.save(lock_format.dump_lockfile(lock))
    others = (other for other, its in sorted(lock.files.items()) if its.id == entry.id)
    shared_with = next(others, None)
    return Forgotten(entry, shared_with, None if shared_with else _doomed(run, entry))


def _doomed(run: Run, entry: LockEntry) -> Reason | None:
    try:
        manifest, _ = read_manifest(run)
    except FilesyncError:  # a mistake in it does not keep from forgetting a key
        return Reason.ORPHAN if fingerprint.parse(entry.filename) else None
    remote = RemoteFile(entry.id, entry.filename, entry.purpose, entry.bytes, 0, None, None)
    return claim(remote, fingerprint.owner_token(manifest.project), manifest.prune)

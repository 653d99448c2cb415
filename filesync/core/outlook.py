"""What time will do to files that nobody touches. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from filesync.core.lock import Lockfile
from filesync.core.model import RemoteFile


def still_there(remote: Mapping[str, RemoteFile], lock: Lockfile, at: int) -> dict[str, RemoteFile]:
    """Return the remote files that will not have expired at a moment, in Unix seconds.

    Where the server does not say when a file of ours expires, the lockfile does.
    """
    locked = {entry.id: entry.expires_at for entry in lock.files.values()}

    def lives(file: RemoteFile) -> bool:
        expires_at = file.expires_at if file.expires_at is not None else locked.get(file.id)
        return expires_at is None or expires_at > at

    return {file_id: file for file_id, file in remote.items() if lives(file)}

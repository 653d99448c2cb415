"""Where an apply writes the lock: the lockfile, or a shard's piece of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from filesync.core.events import Result
from filesync.core.lockfile import format as lock_format
from filesync.core.lockfile.pieces import Piece, dump_piece, piece_of
from filesync.local import lockfile
from filesync.workflow.workspace import Workspace

if TYPE_CHECKING:
    from filesync.workflow.lock_place import LockPlace


class LockTarget:
    """Writes the lock of a workspace as it stands; `share` are a shard's keys."""

    def __init__(self, space: Workspace, share: frozenset[str] | None) -> None:
        self._space = space
        self._share = share or frozenset()
        shard = space.run.shard
        self._place: LockPlace = space.place
        self._saved = space.lock_bytes
        if shard is not None:
            self._place = lockfile.LockOnDisk(lockfile.piece_path(space.lock_path, shard))
            self._saved = space.piece_bytes

    def save(self) -> str | None:
        """Write it; return where what somebody else wrote meanwhile is kept, None for nothing.

        Raises LocalFileError or ObjectStoreError, and then what was written before is untouched.
        """
        self._space.state.may_write()
        return self._write("running")

    def finish(self, result: Result) -> None:
        """Record in a shard's piece how its run has ended; a lockfile says nothing of that."""
        if self._space.run.shard is not None and not result.interrupted:
            self._write("failed" if result.failed else "done")

    def _write(self, state: str) -> str | None:
        data = self._text(state)
        theirs = self._place.save_over(data, self._saved, self._space.state.may_write)
        self._saved = data
        return theirs

    def _text(self, state: str) -> bytes:
        space, shard = self._space, self._space.run.shard
        if shard is None:
            return lock_format.dump_lockfile(space.lock)
        piece = Piece(shard, space.origin, state, space.lock)
        return dump_piece(piece_of(space.lock, self._share, space.retired_before, piece))

"""The store journal: what is asked for vector stores, written down before it is.

It lies beside the journal of uploads; its lines are described in `core.recovery.store_journal`.
"""

from __future__ import annotations

import os
from typing import Self

from filesync.core.recovery.store_journal import read_traces
from filesync.core.stores.observed import StoreTrace
from filesync.core.text import printable
from filesync.errors import LocalFileError
from filesync.local.files import APPEND_FLAGS, why
from filesync.local.state_dir import ensure_state_dir, put_back

_MAX_BYTES = 256 * 1000**2


def store_journal_path(journal_path: str) -> str:
    """Return the path of the store journal that goes with a journal of uploads."""
    return journal_path.removesuffix(".journal") + ".stores.journal"


def read_store_journal(path: str) -> dict[str, StoreTrace]:
    """Return what the store journal says, by the store's key; nothing if there is none."""
    try:
        with open(path, "rb") as file:
            return read_traces(file.read(_MAX_BYTES))
    except FileNotFoundError:
        return {}
    except OSError as error:
        # Not "nothing was begun": that would make what was begun twice.
        raise LocalFileError(f"cannot read {printable(path)}: {why(error)}") from None


class StoreJournal:
    """An open store journal; made on the first write, and removed by `clear`."""

    def __init__(self, manifest_path: str, path: str) -> None:
        self._manifest_path = manifest_path
        self._path = path
        self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._fd != -1:
            os.close(self._fd)
            self._fd = -1

    def write(self, line: bytes) -> None:
        """Add a line, and have it on disk when this returns."""
        try:
            if self._fd == -1:
                self._open()
            put_back(self._fd, self._path, self._manifest_path)
            while line:
                line = line[os.write(self._fd, line) :]
            os.fdatasync(self._fd)
        except OSError as error:
            raise LocalFileError(
                f"cannot write {printable(self._path)}: {why(error)}",
                "nothing is sent that cannot be written down first: make room, then apply again",
            ) from None

    def clear(self) -> None:
        """Remove the journal: all that it says is in the lockfile."""
        try:
            os.unlink(self._path)
        except FileNotFoundError:
            return
        except OSError as error:
            raise LocalFileError(f"cannot remove {printable(self._path)}: {why(error)}") from None

    def _open(self) -> None:
        ensure_state_dir(self._manifest_path)
        self._fd = os.open(self._path, APPEND_FLAGS, 0o600)
        # After a line that a crash tore, the next one starts a new line.
        os.write(self._fd, b"\n")

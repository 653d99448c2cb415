"""Hashes and verdicts kept from run to run, so that an unchanged file is not read again.

One SELECT reads what is kept of a run's files and one transaction writes what is new; the
database is not held open in between, so two processes may share it. It is only a cache: if it is
corrupt, locked, read-only or another version's, it counts as empty, and no error comes of it.

When is a stored hash to be trusted? While size, mtime, ctime and inode are what they were,
but that alone is not enough (git calls it "racily clean"): an edit of the same size in the
same tick of the file system's clock, just after we read the file, changes none of them. An
edit after a moment H has a ctime of at least H minus one tick. So a hash is stored only if
mtime and ctime lie before H minus one tick, H being our clock before the file was opened:
then every later edit shows. Files touched just before the run are hashed once more next time.

A tick is up to 10 ms on Linux file systems, whose times come from a coarse kernel clock, and
up to 2 s on FAT, HFS+ and some network file systems, which round; a ctime of whole seconds
gives those away. The rule needs no time of hashing in the table, as it is applied on the way
in. It also keeps out files whose mtime lies in the future. Two limits: where ctime is only a
copy of mtime (FAT, sshfs) an edit of the same size that restores mtime passes unseen, and a
file server whose clock is behind ours widens the tick by as much.

An object in a store is known by its URL, version and size, and a store changes the version with
the content. Its md5 is kept too, since reading it once more would cost a download.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
from collections.abc import Iterable
from typing import Any, NamedTuple

from filesync.core.content.findings import Verdict
from filesync.core.content.kept import NO_VERDICTS, with_verdict
from filesync.core.hashed import Hashed
from filesync.core.model import ScannedFile
from filesync.local.state_dir import make_state_dir, state_dir

_VERSION = 4
_CREATE = """
CREATE TABLE hashes (
  path TEXT PRIMARY KEY, size INTEGER, mtime_ns INTEGER, ctime_ns INTEGER, inode INTEGER,
  version TEXT, sha256 BLOB, md5 TEXT, verdicts TEXT
) WITHOUT ROWID"""
_SELECT = "SELECT path, size, mtime_ns, ctime_ns, inode, version, sha256, md5, verdicts FROM hashes"

_FINE_TICK_NS = 100_000_000  # ten times the coarsest kernel tick
_COARSE_TICK_NS = 2_000_000_000
_SECOND_NS = 1_000_000_000
# SQLite's integers are signed; inodes are not, and network file systems use all 64 bits.
_SIGNED = 0x7FFF_FFFF_FFFF_FFFF
_WAIT_S = 1.0  # for another process that writes
# Caused by another process, so temporary. After any other error the cache is rebuilt.
_PASSING = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN}

_Identity = tuple[int, int, int, int, str | None]


class _Row(NamedTuple):
    path: str
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    version: str | None
    sha256: bytes
    md5: str | None
    verdicts: str


class KeptHash(NamedTuple):
    """What is kept of a file that has not changed: hashes in hex, md5 None if not computed.

    `verdicts` is the text that `content.kept` reads.
    """

    file: ScannedFile
    sha256: str
    md5: str | None
    verdicts: str


class HashCache:
    """The sha256 of files by root-relative path, in the SQLite file `path`.

    Not for several threads at once. No method raises for anything about the cache file.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._kept: dict[str, KeptHash] = {}
        self._fresh: dict[str, _Row] = {}
        self._broken = False

    @classmethod
    def beside(cls, manifest: str) -> HashCache:
        """Return the cache of a manifest's files, in the folder `.filesync` beside it."""
        return cls(os.path.join(state_dir(manifest), "hashes.sqlite"))

    def load(self, files: Iterable[ScannedFile]) -> None:
        """Read what is kept of these files; of others, and before, nothing is."""
        wanted = {file.known_as: file for file in files}
        # Connecting to a file that is missing would create it, and a FIFO would hang us.
        self._kept = self._read(wanted) if wanted and os.path.isfile(self._path) else {}

    def get(self, file: ScannedFile) -> KeptHash | None:
        """Return what is kept of a file that was loaded, if it is unchanged."""
        kept = self._kept.get(file.known_as)
        if kept is None or (kept.file is not file and kept.file.content != file.content):
            return None
        return kept

    def put(
        self, file: ScannedFile, sha256: str, *, hashed_at_ns: int, md5: str | None = None
    ) -> None:
        """Keep a file's hashes for `save`, unless an edit could have gone unseen.

        `hashed_at_ns` is the clock before the file was opened.
        """
        tick = _FINE_TICK_NS if file.ctime_ns % _SECOND_NS else _COARSE_TICK_NS
        unseen = max(file.mtime_ns, file.ctime_ns) >= hashed_at_ns - tick
        if unseen or file.version == "":
            return
        name, digest = file.known_as, bytes.fromhex(sha256)
        row = _Row(name, *_identity(file), digest, md5, NO_VERDICTS)
        fresh, kept = self._fresh.get(name), self.get(file)
        if fresh is not None and fresh[:7] == row[:7]:
            row = row._replace(md5=md5 or fresh.md5, verdicts=fresh.verdicts)
        elif kept is not None and kept.sha256 == sha256:
            row = row._replace(md5=md5 or kept.md5, verdicts=kept.verdicts)
        self._fresh[name] = row

    def put_read(self, one: Hashed) -> None:
        """Keep what reading a file has brought, for `save`."""
        self.put(one.file, one.sha256, hashed_at_ns=one.at_ns, md5=one.md5)
        if one.asked is not None and one.verdict is not None:
            self.put_verdict(one.file, one.asked.id, one.verdict)

    def put_verdict(self, file: ScannedFile, check: str, verdict: Verdict) -> None:
        """Keep a verdict beside the hash that `put` has just kept; not without it."""
        row = self._fresh.get(file.known_as)
        if row is not None:
            verdicts = with_verdict(row.verdicts, check, verdict)
            self._fresh[file.known_as] = row._replace(verdicts=verdicts)

    def save(self) -> None:
        """Write what is new; what other runs stored stays, as theirs may be another manifest's."""
        if not self._fresh:
            return
        with contextlib.suppress(sqlite3.Error, OSError):
            make_state_dir(os.path.dirname(self._path))
            if self._broken:
                self._remove()
            self._write()
            self._fresh.clear()

    def _read(self, wanted: dict[str, ScannedFile]) -> dict[str, KeptHash]:
        found: dict[str, KeptHash] = {}
        try:
            with contextlib.closing(sqlite3.connect(self._path, timeout=_WAIT_S)) as db:
                if _version(db) != _VERSION:
                    return {}
                for row in db.execute(_SELECT):
                    name, size, mtime_ns, ctime_ns, inode, version, sha256, md5, verdicts = row
                    file = wanted.get(name)
                    # One by one, because this runs for every file of a plan.
                    if (
                        file is not None
                        and size == file.bytes
                        and mtime_ns == file.mtime_ns
                        and ctime_ns == file.ctime_ns
                        and inode == file.inode & _SIGNED
                        and version == file.version
                        # SQLite stores anything in any column.
                        and isinstance(sha256, bytes)
                        and len(sha256) == 32
                        and (md5 is None or isinstance(md5, str))
                        and isinstance(verdicts, str)
                    ):
                        # The same few texts of nearly all files, once each.
                        found[name] = KeptHash(file, sha256.hex(), md5, sys.intern(verdicts))
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
            self._broken = code & 0xFF not in _PASSING
            return {}
        return found

    def _write(self) -> None:
        if os.path.lexists(self._path) and not os.path.isfile(self._path):
            return
        # isolation_level=None: no transaction but ours.
        with contextlib.closing(
            sqlite3.connect(self._path, timeout=_WAIT_S, isolation_level=None)
        ) as db:
            db.execute("BEGIN IMMEDIATE")
            if _version(db) != _VERSION:
                db.execute("DROP TABLE IF EXISTS hashes")
                db.execute(_CREATE)
                db.execute(f"PRAGMA user_version = {_VERSION}")
            rows = self._fresh.values()
            db.executemany("INSERT OR REPLACE INTO hashes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
            db.execute("COMMIT")

    def _remove(self) -> None:
        # The journal first: SQLite would play it into the new database.
        for path in (f"{self._path}-journal", self._path):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
        self._broken = False


def _version(db: sqlite3.Connection) -> Any:
    return db.execute("PRAGMA user_version").fetchone()[0]


def _identity(file: ScannedFile) -> _Identity:
    return file.bytes, file.mtime_ns, file.ctime_ns, file.inode & _SIGNED, file.version

"""Pieces of a lockfile: what each run of `apply --shard I/N` writes, and how they are joined.

A piece is a lockfile of the shard's keys whose first field says what it is a piece of:

    {
      "shard": {"number": 2, "of": 4, "state": "done", "manifest_sha256": "...",
                "filled_sha256": null, "lock_sha256": "..."},
      "version": 1,
      ...

in one line. `state` is `running` until the run has ended by itself, then `done`, or `failed` if
some of its files were not uploaded; `joined` once the lockfile has it. `lock_sha256` is that of
the lockfile it began with, null if there was none. Its `retired` are the files that this shard has
replaced. Pure.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from filesync.core.lockfile.format import dump_lockfile, parse_lockfile
from filesync.core.lockfile.lock import Lockfile
from filesync.core.model import LockEntry, Stored
from filesync.core.run import Shard
from filesync.errors import LockfileError

_OPENS = b'{\n  "shard": '
JOINED = "joined"
STATES = ("running", "done", "failed", JOINED)


class Origin(NamedTuple):
    """What a piece was made from: sha256 of manifest and lockfile, in hex; None where none is."""

    manifest_sha256: str
    filled_sha256: str | None
    lock_sha256: str | None


class Piece(NamedTuple):
    """A piece of a lockfile: which, from what, and the entries of its keys."""

    shard: Shard
    origin: Origin
    state: str
    lock: Lockfile


def piece_of(lock: Lockfile, keys: Collection[str], before: Collection[str], piece: Piece) -> Piece:
    """Return `piece` with a lockfile's entries of its keys, and with what was retired since.

    `before` are the ids that were in `retired` before.
    """
    own = Lockfile(lock.project, lock.base_url)
    own.files = {key: lock.files[key] for key in keys if key in lock.files}
    own.retired = {one: record for one, record in lock.retired.items() if one not in before}
    return piece._replace(lock=own)


def dump_piece(piece: Piece) -> bytes:
    """Return the text of a piece."""
    head = piece.shard._asdict() | {"state": piece.state} | piece.origin._asdict()
    text = dump_lockfile(piece.lock)
    return _OPENS + json.dumps(head).encode() + b",\n" + text.removeprefix(b"{\n")


def parse_piece(text: bytes, path: str) -> Piece:
    """Read a piece's text; `path` is for messages. Raises LockfileError for anything unsound."""
    line, _, rest = text.replace(b"\r\n", b"\n").partition(b",\n")
    if not line.startswith(_OPENS):
        raise _broken(path, "it does not begin with what it is a piece of")
    try:
        head = json.loads(line.removeprefix(_OPENS))
        shard = Shard(head["number"], head["of"])
        origin = Origin(*(head[name] for name in Origin._fields))
        state = head["state"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _broken(path, "its first lines are damaged") from None
    hashes = (origin.manifest_sha256, origin.filled_sha256, origin.lock_sha256)
    if (
        type(shard.number) is not int
        or type(shard.of) is not int
        or not 1 <= shard.number <= shard.of
        or state not in STATES
        or not isinstance(origin.manifest_sha256, str)
        or not all(one is None or isinstance(one, str) for one in hashes)
    ):
        raise _broken(path, "its first lines are damaged")
    try:
        lock = parse_lockfile(b"{\n" + rest, path)
    except LockfileError as error:
        raise LockfileError(error.message, _ANOTHER) from None
    return Piece(shard, origin, state, lock)


def is_marked_joined(head: bytes) -> bool:
    """Say whether the first line of a piece says that the lockfile has it already."""
    try:
        return bool(json.loads(head.removeprefix(_OPENS))["state"] == JOINED)
    except (ValueError, KeyError, TypeError, RecursionError):
        return False  # whoever reads the whole piece says what is wrong with it


_ANOTHER = (
    "bring the piece again from the run that wrote it; to upload its files again, remove it and "
    "run that shard again"
)


def _broken(path: str, why: str) -> LockfileError:
    return LockfileError(f"{path} is not a piece of a lockfile, or a damaged one: {why}", _ANOTHER)


def lay_over(lock: Lockfile, piece: Piece) -> None:
    """Let a lockfile hold what a piece of it has recorded."""
    for key, entry in piece.lock.files.items():
        if lock.files.get(key) != entry:
            lock.put(key, entry)
    for record in piece.lock.retired.values():
        lock.retire(record.id, record.key, record.delete_after)


def is_joined(lock: Lockfile, pieces: Iterable[Piece]) -> bool:
    """Say whether a lockfile answers for every file of the pieces: they were joined before."""
    owned = lock.owned_ids()
    return all(entry.id in owned for piece in pieces for entry in piece.lock.files.values())


def join(lock: Lockfile, pieces: Sequence[Piece]) -> Lockfile:
    """Return the lockfile that the pieces of a lockfile make together; `lock` stays as it is.

    What two shards have uploaded alike, keys share from now on: the other copies are retired. So
    is what a shard has uploaded for a key that another one has, too.
    """
    joined = lock.copy()
    before = lock.owned_ids()
    surplus: list[tuple[str, LockEntry]] = []
    taken: dict[str, LockEntry] = {}
    for piece in pieces:
        for key, entry in piece.lock.files.items():
            other = taken.get(key)
            if other is not None and other.id != entry.id:
                surplus.append((key, other))
            taken[key] = entry
            if joined.files.get(key) != entry:
                joined.put(key, entry)
    surplus += _share(joined, taken, before)
    for piece in pieces:
        for record in piece.lock.retired.values():
            joined.retire(record.id, record.key, record.delete_after)
    for key, entry in surplus:
        if entry.id not in before:
            joined.retire(entry.id, key, entry.created_at)
    return joined


def _share(
    joined: Lockfile, taken: dict[str, LockEntry], before: Collection[str]
) -> list[tuple[str, LockEntry]]:
    """Let keys share one of the new files that are alike; return what they held until now."""
    alike: dict[Stored, list[str]] = defaultdict(list)
    for key, entry in taken.items():
        if entry.id not in before:
            alike[entry.stored].append(key)
    left = []
    for keys in alike.values():
        first = taken[min(keys)]
        for key in keys:
            entry = taken[key]
            if entry.id != first.id:
                left.append((key, entry))
                joined.put(key, first._replace(path=entry.path, protect=entry.protect))
    return left

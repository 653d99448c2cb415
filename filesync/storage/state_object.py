"""The object that holds the journal and the apply lease of one lockfile.

Its first line is JSON, what follows are the newest lines of the journal:

    {"version": 1, "owner": {"token": "...", "name": "process 7 on runner-3", "since": "..."},
     "turn": 17, "segments": ["bot-1a2b3c4d.log/9f86d081-000001"]}

Each change of it is a write under its etag, so there is one order of them, and who has lost the
lease can write nothing more: a journal line of his never comes after the next owner's first. Older
lines are in the `segments`, objects beside it that are written once and removed when the journal
is compacted; so a write is small however long the journal is. `turn` grows with each write: with
the owner's token it says whether a write whose answer was lost is the one that is there now.

`owner` is null when the lease is free. Times are the store's: its `last_modified`.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from filesync.core.object_url import ObjectUrl
from filesync.core.text import printable
from filesync.errors import NoSuchObject, ObjectStoreError
from filesync.storage.failures import store_errors
from filesync.storage.opening import Deadlines, open_store

if TYPE_CHECKING:
    from obstore import PutMode, UpdateVersion
    from obstore.store import ObjectStore

VERSION = 1
_MAX_BYTES = 1 << 30
# A lease is renewed every few seconds, so one request may not take long.
_DEADLINES = Deadlines(connect=5, request=15, retry=20, retries=3)


class Owner(NamedTuple):
    """Who holds a lease; `token` is one run's alone, the others are for people."""

    token: str
    name: str
    since: str

    def __str__(self) -> str:
        return f"{printable(self.name)}, since {printable(self.since)}"


class State(NamedTuple):
    """What the object says. `tail` are the journal's newest lines."""

    owner: Owner | None
    turn: int = 0
    segments: tuple[str, ...] = ()
    tail: bytes = b""

    def dump(self) -> bytes:
        """Return the object's bytes."""
        head = {
            "version": VERSION,
            "owner": None if self.owner is None else self.owner._asdict(),
            "turn": self.turn,
            "segments": list(self.segments),
        }
        return json.dumps(head).encode() + b"\n" + self.tail


class Found(NamedTuple):
    """A state as it was read: the version that the next write must replace, and its age's start."""

    state: State
    version: UpdateVersion
    modified: datetime


class StatePlace:
    """Where one state object is: reads it, and replaces it under its etag."""

    def __init__(self, url: ObjectUrl) -> None:
        self.url = url
        self._store: ObjectStore = open_store(url, _DEADLINES)

    def read(self) -> Found | None:
        """Return the state, None if there is none yet. Raises ObjectStoreError."""
        import obstore

        try:
            with store_errors(self.url):
                answer = obstore.get(self._store, self.url.key)
                meta = answer.meta
                data = b"" if meta["size"] > _MAX_BYTES else bytes(answer.bytes())
        except NoSuchObject:
            return None
        version = _version(meta["e_tag"], meta["version"])
        return Found(_parsed(data, self.url), version, meta["last_modified"])

    def create(self, state: State) -> UpdateVersion:
        """Write the first state; ObjectChanged if there is one already."""
        return self._put(self.url.key, state.dump(), "create")

    def replace(self, state: State, version: UpdateVersion) -> UpdateVersion:
        """Write a state in the place of that version; ObjectChanged if another is there now."""
        return self._put(self.url.key, state.dump(), version)

    def add_segment(self, name: str, lines: bytes) -> None:
        """Write older journal lines to an object of their own."""
        self._put(self._beside(name), lines, "overwrite")

    def log(self, state: State) -> bytes:
        """Return all lines of the journal, the oldest first."""
        import obstore

        parts = []
        for name in state.segments:
            with store_errors(self.url):
                parts.append(bytes(obstore.get(self._store, self._beside(name)).bytes()))
        return b"".join((*parts, state.tail))

    def remove_segments(self, keep: tuple[str, ...]) -> None:
        """Remove the segments that a state does not name any more, and those of lost writes."""
        import obstore

        kept = {self._beside(name) for name in keep}
        with store_errors(self.url, "list"):
            listed = obstore.list(self._store, prefix=f"{self._base}.log/")
            old = [one["path"] for page in listed for one in page if one["path"] not in kept]
        if old:
            with store_errors(self.url, "write"):
                obstore.delete(self._store, old)

    def now(self, token: str) -> datetime:
        """Return the store's time: that of an object written just now."""
        import obstore

        key = f"{self._base}.clock-{token}"
        with store_errors(self.url, "write"):
            obstore.put(self._store, key, b"", use_multipart=False)
            modified: datetime = obstore.head(self._store, key)["last_modified"]
            obstore.delete(self._store, key)
        return modified

    def siblings(self) -> list[str]:
        """Return the keys of the state objects under the same prefix."""
        import obstore

        folder = self.url.key.rpartition("/")[0]
        with store_errors(self.url, "list"):
            listed = obstore.list(self._store, prefix=folder or None)
            keys = [one["path"] for page in listed for one in page]
        return [key for key in keys if key.endswith(".state") and key.rpartition("/")[0] == folder]

    @property
    def _base(self) -> str:
        return self.url.key.removesuffix(".state")

    def _beside(self, name: str) -> str:
        return f"{self._base}.log/{name}"

    def _put(self, key: str, data: bytes, mode: PutMode | UpdateVersion) -> UpdateVersion:
        import obstore

        with store_errors(self.url, "write"):
            answer = obstore.put(self._store, key, data, mode=mode, use_multipart=False)
        return _version(answer["e_tag"], answer["version"])


def _version(etag: str | None, version: str | None) -> UpdateVersion:
    return {"e_tag": etag} if version is None else {"e_tag": etag, "version": version}


def _parsed(data: bytes, url: ObjectUrl) -> State:
    line, _, tail = data.partition(b"\n")
    try:
        head: dict[str, Any] = json.loads(line)
        version = head["version"]
        owner = None if head["owner"] is None else Owner(**head["owner"])
        turn, segments = int(head["turn"]), tuple(map(str, head["segments"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ObjectStoreError(
            f"{url.shown} is not a state of filesync, or a damaged one",
            "look at what else writes there; if nothing of value is under way, remove the object",
        ) from None
    if version != VERSION:
        raise ObjectStoreError(
            f"{url.shown} has version {version!r}, and this filesync reads version {VERSION}",
            "upgrade filesync",
        )
    return State(owner, turn, segments, tail)

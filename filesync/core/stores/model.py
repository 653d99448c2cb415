"""The nouns of vector stores: what is declared, what is locked, what is remote.

Times are Unix seconds and durations are seconds, as everywhere; a store's expiry counts from its
last use and the API takes it in whole days. None means "never" for expiries, and "not reported"
for anything that a server may leave out.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

#: What an attribute of a member may hold.
Scalar = str | int | float | bool
Attributes = Mapping[str, Scalar]
NO_ATTRIBUTES: Attributes = MappingProxyType({})

MARK = "filesync"
"""The key in a store's own metadata that says whose it is: `<project>/<key>`."""

DAY = 86400


def mark_of(project: str, key: str) -> str:
    """Return the mark that a store carries in its metadata."""
    return f"{project}/{key}"


class Chunking(NamedTuple):
    """How the server cuts a document: the size of a piece and of the overlap, in tokens."""

    max_tokens: int
    overlap: int


#: What "auto" means on OpenAI (document 2.3.0 of the API).
AUTO_CHUNKING = Chunking(800, 400)


class StoreEntry(NamedTuple):
    """One entry of the manifest's `vector_stores`.

    `positions` maps a field's name, or `files.N` for a pattern, to its line and column, and ""
    to the entry's key. `name` has the environment's prefix. A `chunking` of None is "auto".
    """

    key: str
    name: str
    description: str | None
    files: tuple[str, ...]
    expires_after: int | None
    chunking: Chunking | None
    metadata: Mapping[str, str]
    attributes: Attributes
    prune_unmanaged: bool
    protect: bool
    positions: Mapping[str, tuple[int, int]]

    def at(self, field: str) -> tuple[int, int]:
        """Return the line and column of a field, otherwise of the entry's key."""
        return self.positions.get(field) or self.positions.get("", (1, 1))


class DesiredStore(NamedTuple):
    """One store that the manifest asks for: the entry, and the attributes of each member.

    `metadata` is all that the store is to carry, our mark included.
    """

    entry: StoreEntry
    metadata: Mapping[str, str]
    members: Mapping[str, Attributes]

    @property
    def key(self) -> str:
        """Return the key of its entry."""
        return self.entry.key


class LockedMember(NamedTuple):
    """What the lockfile knows of a member: the file's id, and the attributes it was given."""

    id: str
    attributes: Attributes


class LockedStore(NamedTuple):
    """What the lockfile knows of a store; `files` maps a file's key to the member."""

    id: str
    name: str
    expires_after: int | None
    metadata: Mapping[str, str]
    chunking: Chunking | None
    files: Mapping[str, LockedMember]
    protect: bool = False


class FileCounts(NamedTuple):
    """How many members a server says that a store has; it may be wrong, so nothing rests on it."""

    in_progress: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0


class RemoteStore(NamedTuple):
    """One store as the server describes it; `metadata` is None where it says nothing of it."""

    id: str
    name: str | None
    status: str
    expires_after: int | None
    expires_at: int | None
    created_at: int
    last_active_at: int | None
    metadata: Mapping[str, str] | None
    usage_bytes: int | None
    counts: FileCounts
    description: str | None = None
    #: Whether the server mentions `expires_after` at all.
    tells_expiry: bool = True

    @property
    def expired(self) -> bool:
        """Say whether the store is over: it is listed, and answers no search any more."""
        return self.status == "expired"


class RemoteMember(NamedTuple):
    """One member of a store; its id is the file's. Attributes of None are not reported.

    `chunking` is None where the server reports none that we know. `error` is the server's code
    and message, for a member that failed.
    """

    id: str
    status: str
    attributes: Attributes | None
    chunking: Chunking | None
    error: str = ""
    usage_bytes: int | None = None

    @property
    def broken(self) -> bool:
        """Say whether it did not index, and will not by itself."""
        return self.status in ("failed", "cancelled")

    @property
    def pending(self) -> bool:
        """Say whether it is being indexed; a status unknown to us is taken to be final."""
        return self.status == "in_progress"


class Answer(NamedTuple):
    """One passage that a search answers; `key` is the file's in the lockfile, None if unknown."""

    file_id: str
    key: str | None
    filename: str
    score: float | None
    text: str


def same_attributes(one: Attributes, other: Attributes) -> bool:
    """Say whether two sets of attributes are the same; true is not 1, and 1 is 1.0."""
    return one.keys() == other.keys() and all(
        _same_value(value, other[name]) for name, value in one.items()
    )


def kept_as_sent(sent: Attributes, reported: Attributes) -> bool:
    """Say whether a server reports what it was sent, were it each value as text."""
    return sent.keys() == reported.keys() and all(
        _same_value(value, reported[name]) or _as_text(value, reported[name])
        for name, value in sent.items()
    )


def _same_value(one: Scalar, other: Scalar) -> bool:
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _as_text(value: Scalar, text: Scalar) -> bool:
    if isinstance(value, str) or not isinstance(text, str):
        return False
    if isinstance(value, bool):
        return text.lower() == str(value).lower()
    try:
        return float(text) == value
    except ValueError:
        return False


def in_days(seconds: int | None) -> int | None:
    """Return a store's expiry as the API takes it, None for never."""
    return None if seconds is None else seconds // DAY

"""The nouns of filesync: what is declared, what is on disk, what is locked, what is remote.

Plain named tuples: a run may hold 100,000 of each, and they cost a tenth of a model class.
Sizes are bytes, times are Unix seconds, durations are seconds, None means "never" for
expiries and "not told" for anything a server may leave out.
"""

from __future__ import annotations

import hashlib
from typing import Literal, NamedTuple

from filesync.core.object_url import is_url, object_url
from filesync.core.stores.model import NO_ATTRIBUTES, Attributes, StoreEntry

InUse = Literal["keep", "delete"]


class Position(NamedTuple):
    """A place in the manifest, both numbers 1-based."""

    line: int
    col: int


class Policy(NamedTuple):
    """How one file is to be handled, apart from its content."""

    purpose: str
    expires_after: int | None
    renew_before: int
    protect: bool
    retain: int
    in_use: InUse
    fingerprint: bool
    validate: bool = True


class Entry(NamedTuple):
    """One entry of the manifest's `files`: exactly one of `path` and `glob` is set.

    `positions` maps a field's name to where its value stands, and "" to the entry's key;
    use `at(field)`, which falls back to the key for a field that came from `defaults`. `prefix`
    is the environment's and goes before the remote filename. `attributes` are those that the file
    has as a member of vector stores, over the store's own.
    """

    key: str
    path: str | None
    glob: str | None
    exclude: tuple[str, ...]
    allow_empty: bool
    filename: str | None
    policy: Policy
    positions: dict[str, Position]
    prefix: str = ""
    attributes: Attributes = NO_ATTRIBUTES

    @property
    def in_store(self) -> bool:
        """Say whether its files are in an object store or on a web server, not on disk."""
        source = self.path or self.glob or ""
        return is_url(source) and not source.lower().startswith("file:")

    @property
    def source(self) -> str:
        """Return its path or glob as it may be shown."""
        source = self.path or self.glob or ""
        return object_url(source).shown if is_url(source) else source

    def at(self, field: str) -> Position:
        return self.positions.get(field) or self.positions.get("", Position(1, 1))


class Prune(NamedTuple):
    """The opt-in to delete undeclared remote files: only these purposes and this name glob.

    Without purposes there is none. `orphans` is that for files whose name has our owner token,
    once they are `orphans_after` seconds old.
    """

    purposes: tuple[str, ...] = ()
    match: str = ""
    orphans: bool = False
    orphans_after: int = 86_400


class MaxDelete(NamedTuple):
    """`limits.max_delete`: a count, or with `percent` a share of the files we own."""

    value: int
    percent: bool


class Manifest(NamedTuple):
    """A checked manifest, as it is for the environment that was chosen.

    `removed` is the policy (from `defaults`) for files without an entry; `sha256` is the text's,
    `filled_sha256` that of what it says with its variables filled in, None if it has none;
    `server_type` names a row of `core.servers`, None where the host decides. `state` is the URL of
    the folder for journal and lease, and `lockfile` that of the lockfile without an environment's
    name; None where they are beside the manifest.
    """

    path: str
    sha256: str
    project: str
    base_url: str | None
    requests_per_minute: int
    max_delete: MaxDelete
    prune: Prune | None
    entries: tuple[Entry, ...]
    removed: Policy
    warnings: tuple[str, ...]
    environments: tuple[str, ...] = ()
    filled_sha256: str | None = None
    stores: tuple[StoreEntry, ...] = ()
    server_type: str | None = None
    state: str | None = None
    lockfile: str | None = None


class ScannedFile(NamedTuple):
    """A file found for an entry, on disk or in an object store, and not read yet.

    `path` is as the lockfile shows it. `fault` says why it cannot be read, "" if nothing speaks
    against it. Such a file still belongs to its key, so that nothing is deleted because of it. For
    an object in a store `absolute` is its URL, which may hold a signature; `path` has none.
    `version` is None for a file on disk. For an object it is what changes with the content: its
    etag, with the time it was modified where that says too little, or "" where the store says
    nothing. The three numbers after the size are 0 for an object that has an etag.
    """

    entry: Entry
    key: str
    path: str
    absolute: str
    bytes: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    fault: str = ""
    version: str | None = None

    @property
    def identity(self) -> tuple[int, int, int, int]:
        """Return size, mtime, ctime and inode: they change when the file is modified."""
        return self.bytes, self.mtime_ns, self.ctime_ns, self.inode

    @property
    def content(self) -> tuple[str, int, int, int, int, str | None]:
        """Return what identifies the bytes: the path and the identity, whatever entry matched."""
        return self.absolute, *self.identity, self.version

    @property
    def known_as(self) -> str:
        """Return its name in the hash cache, which holds no signature of a URL."""
        if self.version is None or self.absolute == self.path:
            return self.path
        return f"{self.path}#{hashlib.sha256(self.absolute.encode()).hexdigest()[:16]}"


class Stored(NamedTuple):
    """All that the platform stores of a file. Two files with equal `Stored` are the same to it."""

    sha256: str  #: hex, of the whole content
    bytes: int
    filename: str  #: the remote name, fingerprint and all
    purpose: str
    expires_after: int | None  #: seconds; None: never


class DesiredFile(NamedTuple):
    """One remote file the manifest asks for. `filename` is the remote name, fingerprint and all.

    `sha256` is "" for a file that cannot be read and for one that is hashed while it is sent.
    """

    key: str
    path: str
    bytes: int
    sha256: str
    filename: str
    policy: Policy
    scanned: ScannedFile

    @property
    def purpose(self) -> str:
        """Return its purpose, as the policy says."""
        return self.policy.purpose

    @property
    def stored(self) -> Stored:
        """Return what the platform is to store of it."""
        policy = self.policy
        return Stored(self.sha256, self.bytes, self.filename, policy.purpose, policy.expires_after)


class LockEntry(NamedTuple):
    """What the lockfile knows of one file: the content, its attributes and its remote id.

    `unproven`: the file was adopted and nothing but its name and size said that it is ours, so it
    may be another project's: we never delete it.
    """

    id: str
    path: str
    sha256: str
    bytes: int
    filename: str
    purpose: str
    expires_after: int | None
    created_at: int
    expires_at: int | None
    protect: bool = False
    unproven: bool = False

    @property
    def stored(self) -> Stored:
        """Return what the platform stores of it, as it was asked for."""
        return Stored(self.sha256, self.bytes, self.filename, self.purpose, self.expires_after)


class Retired(NamedTuple):
    """A replaced remote file that waits to be deleted, not before `delete_after`."""

    id: str
    key: str
    delete_after: int


class RemoteFile(NamedTuple):
    """One file as the server lists it; fields a server may leave out are None."""

    id: str
    filename: str
    purpose: str
    bytes: int | None
    created_at: int
    expires_at: int | None
    status: str | None
    status_details: str | None = None  #: why the status is `error`, in the server's words

    def dates(self, expires_after: int | None, now: int) -> tuple[int, int | None]:
        """Return the Unix seconds it was made at and expires at, None for never.

        Where it does not say, as the answer to a completed upload may not, it is taken to have been
        made `now` and to expire as asked, in seconds.
        """
        created_at = self.created_at or now
        if self.expires_at is None and expires_after is not None:
            return created_at, created_at + expires_after
        return created_at, self.expires_at


class Job(NamedTuple):
    """What may use files: a fine-tuning job, a batch or a vector store (`kind`).

    Of a vector store, `size` is how many files it holds, None if it does not say, `expires_at`
    when it stops to hold them, and `changed` whatever else changes with them.
    """

    id: str
    kind: str
    status: str
    files: tuple[str, ...]
    size: int | None = None
    expires_at: int | None = None
    changed: tuple[object, ...] = ()

    def may_hold_files(self, now: int) -> bool:
        """Say whether a vector store can have members, at a time in Unix seconds."""
        lapsed = self.status == "expired" or (self.expires_at is not None and self.expires_at < now)
        return self.size != 0 and not lapsed

    @property
    def finished(self) -> bool:
        """Say whether it will not read its files any more; a status unknown to us may."""
        return self.status in ("succeeded", "failed", "completed", "expired", "cancelled")


# By how much a server may round when it says until when a file lives.
LIFETIME_SLACK = 60

"""The lockfile in memory: which remote file holds which content."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from filesync.core.model import LockEntry, Retired
from filesync.core.servers import same_server
from filesync.core.stores.model import LockedStore
from filesync.core.text import composed, plural, printable, quoted
from filesync.core.unknown_key import unknown_key
from filesync.errors import LockfileError


@dataclass(repr=False)
class Lockfile:
    """A lockfile: `files` and `stores` by key, and `retired`, the replaced files by id.

    Several keys may hold one file, and only one that none holds is retired: `put`, `drop` and
    `retire` see to that, so nothing else changes `files` or `retired`.
    """

    project: str
    base_url: str
    files: dict[str, LockEntry] = field(default_factory=dict)
    retired: dict[str, Retired] = field(default_factory=dict)
    stores: dict[str, LockedStore] = field(default_factory=dict)
    _holders: Counter[str] | None = field(default=None, init=False, repr=False, compare=False)
    _claimed: set[str] | None = field(default=None, init=False, repr=False, compare=False)

    def __repr__(self) -> str:
        return f"<Lockfile {self.project} on {self.base_url}: {plural(len(self.files), 'file')}>"

    def copy(self) -> Lockfile:
        """Return a lockfile of its own with the same records."""
        return Lockfile(
            self.project,
            self.base_url,
            dict(self.files),
            dict(self.retired),
            dict(self.stores),
        )

    def id(self, key: str) -> str:
        """Return the remote file id for a key; UnknownKeyError if the lock has no such key."""
        key = composed(key)
        if key not in self.files:
            raise unknown_key(key, self.files, "the lockfile")
        return self.files[key].id

    def ids(self) -> dict[str, str]:
        """Return the remote file id of each key."""
        return {key: entry.id for key, entry in self.files.items()}

    def store(self, key: str) -> LockedStore:
        """Return what is known of a vector store; UnknownKeyError if there is none."""
        key = composed(key)
        if key not in self.stores:
            raise unknown_key(key, self.stores, "the lockfile's vector stores")
        return self.stores[key]

    def owned_ids(self) -> set[str]:
        """Return every remote id the lock answers for, current and retired."""
        return {entry.id for entry in self.files.values()} | set(self.retired)

    def held(self, file_id: str, besides: str | None = None) -> bool:
        """Say whether any key holds a file, or any besides one."""
        own = besides in self.files and self.files[besides].id == file_id
        return self._count()[file_id] > own

    def put(self, key: str, entry: LockEntry) -> None:
        """Let a key hold a file, which need not wait to be deleted any more.

        A file that nothing but its looks says to be ours stays so, whichever key gets it.
        """
        claimed = self._unproven()
        if entry.unproven:
            claimed.add(entry.id)
        elif entry.id in claimed:
            entry = entry._replace(unproven=True)
        self.take_out(key)
        self.files[key] = entry
        self._count()[entry.id] += 1
        self.retired.pop(entry.id, None)

    def take_out(self, key: str) -> LockEntry | None:
        """Let a key hold nothing any more; return the entry it had."""
        holders = self._count()
        entry = self.files.pop(key, None)
        if entry is not None:
            holders[entry.id] -= 1
        return entry

    def retire(self, file_id: str, key: str, delete_after: int) -> bool:
        """Put a replaced file on the waiting list, until a Unix second it may be deleted from.

        One that a key still holds stays off it, and so does one that may be another project's.
        Returns whether it waits.
        """
        if self.held(file_id) or file_id in self._unproven():
            return False
        self.retired[file_id] = Retired(file_id, key, delete_after)
        return True

    def unproven(self, file_id: str) -> bool:
        """Say whether nothing but its looks says that a file is ours: it is never deleted."""
        return file_id in self._unproven()

    def prove(self, file_id: str) -> None:
        """Take a file for ours from now on: its content was compared."""
        self._unproven().discard(file_id)

    def drop(self, file_id: str, key: str | None) -> None:
        """Forget a file that is gone, whether `key` holds it or it waits in `retired`."""
        self.retired.pop(file_id, None)
        if key in self.files and self.files[key].id == file_id:
            self.take_out(key)

    def _unproven(self) -> set[str]:
        """Return the ids that an entry was marked for; kept when the entry is gone."""
        if self._claimed is None:
            self._claimed = {entry.id for entry in self.files.values() if entry.unproven}
        return self._claimed

    def _count(self) -> Counter[str]:
        """Return how many keys hold each id; counted once, then kept."""
        if self._holders is None:
            self._holders = Counter(entry.id for entry in self.files.values())
        return self._holders


def check_owner(lock: Lockfile, path: str, project: str, base_url: str) -> None:
    """Raise LockfileError if the lock was written for another project or base_url."""
    if lock.project != project:
        raise LockfileError(
            f"{path} belongs to project {quoted(lock.project)}, and the manifest says {project!r}",
            "set `project` back, or use another manifest for the new project "
            "(its files would all be uploaded again)",
        )
    if not same_server(lock.base_url, base_url):
        raise LockfileError(
            f"{path} was written for {printable(lock.base_url)}, and this run talks to {base_url}",
            f"pass --base-url {printable(lock.base_url)}, "
            "or give each server an environment or a manifest (and so a lockfile) of its own",
        )

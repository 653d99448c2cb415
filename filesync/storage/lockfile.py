"""The lockfile as an object, by compare-and-swap: each write names the version it replaces."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from filesync.core.object_url import ObjectUrl
from filesync.core.text import human_bytes
from filesync.errors import LockfileError, NoSuchObject, ObjectChanged, ObjectStoreError
from filesync.storage.failures import store_errors
from filesync.storage.opening import Deadlines, open_store

if TYPE_CHECKING:
    from obstore import PutMode, UpdateVersion
    from obstore.store import ObjectStore

_MAX_BYTES = 512 * 1000**2  # as on a disk
# A lockfile of a million files has 300 MB, which take their time.
_DEADLINES = Deadlines(request=600)
_TRIES = 20
_COPIES = 100


class StoredLock:
    """One lockfile in a bucket; it remembers the version that was read or written last."""

    def __init__(self, url: ObjectUrl) -> None:
        self._url = url
        self._store: ObjectStore = open_store(url, _DEADLINES)
        self._version: UpdateVersion | None = None

    @property
    def name(self) -> str:
        """Return how messages name it."""
        return self._url.shown

    def exists(self) -> bool:
        """Say whether there is one; ObjectStoreError if the store does not say."""
        return self.read() is not None

    def read(self) -> bytes | None:
        """Return its bytes, None if there is none.

        Raises ObjectStoreError, LockfileError if it is too large: if that counted as missing,
        every locked file would look new.
        """
        import obstore

        self._version = None
        try:
            with store_errors(self._url):
                answer = obstore.get(self._store, self._url.key)
                meta = answer.meta
                data = b"" if meta["size"] > _MAX_BYTES else bytes(answer.bytes())
        except NoSuchObject:
            return None
        if meta["size"] > _MAX_BYTES:
            size = human_bytes(meta["size"])
            raise LockfileError(f"{self.name} is too large for a lockfile: {size}")
        self._version = self._checked(meta["e_tag"], meta["version"])
        return data

    def save(self, data: bytes) -> None:
        """Write it in the place of the version that was read or written last.

        Raises ObjectChanged, with nothing written, where another is there now, ObjectStoreError
        for what the store refuses.
        """
        try:
            self._version = self._put(self._url, data, self._version or "create")
        except (ObjectChanged, NoSuchObject):
            # The answer to a write may be lost: then it is our own that is there.
            if self.read() != data:
                raise ObjectChanged(
                    f"{self.name} was changed by somebody else, so nothing was written to it",
                    "run it again: it begins with what they wrote",
                ) from None

    def save_over(
        self, data: bytes, saved: bytes | None, may_write: Callable[[], None]
    ) -> str | None:
        """Write it also where another than `saved` is there now, which is kept beside it.

        Return where that is, None for nothing. `may_write` is called before theirs is
        replaced: it raises LeaseLost where that is the work of the run that has taken over.
        """
        theirs = None
        for _ in range(_TRIES):
            try:
                self._version = self._put(self._url, data, self._version or "create")
            except (ObjectChanged, NoSuchObject):
                found = self.read()
            else:
                found = data
            if found == data:
                return theirs
            may_write()
            if found not in (None, saved):
                theirs = self._keep(found)
        raise ObjectStoreError(
            f"cannot write {self.name}: somebody else writes it again and again",
            "end the other runs on this lockfile, then run filesync again",
        )

    def _keep(self, found: bytes | None) -> str:
        """Write what somebody else has written to an object beside it; return its URL."""
        for number in range(1, _COPIES):
            copy = self._url.at(f"{self._url.key}.theirs" + ("" if number == 1 else f"-{number}"))
            try:
                self._put(copy, found or b"", "create")
            except ObjectChanged:
                continue
            return copy.shown
        raise LockfileError(
            f"{self.name} has changed, and there is no room for a copy of it",
            f"remove the old {self.name}.theirs objects",
        )

    def _put(self, url: ObjectUrl, data: bytes, mode: PutMode | UpdateVersion) -> UpdateVersion:
        import obstore

        with store_errors(url, "write"):
            answer = obstore.put(self._store, url.key, data, mode=mode, use_multipart=False)
        return self._checked(answer["e_tag"], answer["version"])

    def _checked(self, etag: str | None, version: str | None) -> UpdateVersion:
        """Return a version; without an etag the next write could not name what it replaces."""
        if not etag:
            raise ObjectStoreError(
                f"cannot keep a lockfile at {self.name}: the store gives its objects no etag",
                "use a store that knows conditional writes, or commit the lockfile",
            )
        return {"e_tag": etag} if version is None else {"e_tag": etag, "version": version}

"""Objects as sources: looked up, listed and read piece by piece, each read pinned to a version.

A piece of at most PIECE bytes is one request with a deadline, so that neither a slow server nor a
slow receiver keeps one open, and memory holds a piece for each thread. Where the version is an
etag, each request has it as a condition (If-Match); and each answer is compared with the version
and the size, for servers that do not know conditions.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from filesync.core.model import ScannedFile
from filesync.core.object_url import ObjectUrl, object_url
from filesync.errors import NoRanges, NoSuchObject, ObjectChanged, ObjectStoreError
from filesync.storage.failures import no_bucket, store_errors
from filesync.storage.opening import Deadlines, open_store

if TYPE_CHECKING:
    from obstore import GetOptions, GetResult, ObjectMeta
    from obstore.store import ObjectStore

PIECE = 2 << 20
CHUNK = 1 << 20
MOST_LISTED = 5_000_000
"""Objects below one prefix, beyond which a listing is given up: it would not end."""

_PAGE = 1000
# A whole object of a web server may take a minute, and longer where it comes at this pace.
_SLOWEST = 50_000  # bytes a second


class Found(NamedTuple):
    """An object: its key in the bucket, bytes, version and when it was modified, in ns."""

    key: str
    bytes: int
    version: str
    modified_ns: int


class Objects:
    """The objects of a run, with each bucket opened once; for several threads."""

    def __init__(self, deadlines: Deadlines | None = None) -> None:
        self._deadlines = deadlines
        self._stores: dict[tuple[str, str, Deadlines], ObjectStore] = {}
        self._guard = threading.Lock()

    def find(self, url: ObjectUrl) -> Found:
        """Look one object up; raises NoSuchObject, or another ObjectStoreError."""
        if url.is_web:
            return self._find_on_web(url)
        store = self._store(url)
        try:
            with store_errors(url):
                return _found(store.head(url.key))
        except NoSuchObject:
            # A HEAD has no words: whether there is no bucket or no key, only a listing says.
            if not self._has_bucket(url):
                raise no_bucket(url) from None
            raise

    def _find_on_web(self, url: ObjectUrl) -> Found:
        """Look a web server's file up without reading it.

        A signed URL may be for GET alone, some servers know no HEAD, and some send no part of a
        file: the answer to a whole GET is closed unread.
        """
        store = self._store(url)
        part: GetOptions = {"range": (0, 1)}
        with suppress(ObjectStoreError), store_errors(url):
            return _found(store.head(url.key))
        with suppress(NoRanges), store_errors(url):
            return _found(store.get(url.key, options=part).meta)
        with store_errors(url):
            return _found(store.get(url.key).meta)

    def list(self, prefix: ObjectUrl) -> Iterator[Found]:
        """Yield all objects below a prefix, the whole bucket for an empty one.

        Raises ObjectStoreError, also where the store lists without an end.
        """
        store = self._store(prefix)
        starts: set[str] = set()
        count = 0
        with store_errors(prefix, "list"):
            pages = iter(store.list(prefix.key.strip("/") or None, chunk_size=_PAGE))
        while True:
            with store_errors(prefix, "list"):
                page = next(pages, None)
            if page is None:
                return
            for meta in page:
                yield _found(meta)
            count += len(page)
            if page and page[0]["path"] in starts:
                raise ObjectStoreError(
                    f"cannot list {prefix.shown}: the store lists the same objects again and again",
                    "nothing can rest on such a listing; ask whoever runs the store",
                )
            starts.update(meta["path"] for meta in page[:1])
            if count > MOST_LISTED:
                raise ObjectStoreError(
                    f"cannot list {prefix.shown}: it has more than {MOST_LISTED:,} objects",
                    "name a longer prefix",
                )

    def read(self, file: ScannedFile, offset: int, length: int) -> Iterator[bytes]:
        """Yield bytes of an object in chunks of at most CHUNK.

        Raises ObjectChanged where it is not the scanned one any more, or ObjectStoreError.
        """
        url = object_url(file.absolute)
        if url.is_web and length == file.bytes:
            # Not every web server sends a part of a file.
            yield from self._whole(url, file)
            return
        end = offset + length
        for at in range(offset, max(end, offset + 1), PIECE):
            data = self._piece(url, file, at, min(at + PIECE, end))
            for start in range(0, len(data), CHUNK):
                yield bytes(data[start : start + CHUNK])

    def read_all(self, file: ScannedFile, offset: int, length: int) -> bytes:
        """Return bytes of an object; errors as of `read`."""
        return b"".join(self.read(file, offset, min(length, file.bytes - offset)))

    def _piece(self, url: ObjectUrl, file: ScannedFile, at: int, stop: int) -> memoryview:
        """Return bytes of an object from `at` to `stop`, as one request."""
        with store_errors(url):
            result = self._get(url, file, None if file.bytes == 0 else (at, stop))
            _check(url, file, result.meta)
            data = memoryview(result.bytes())
        if len(data) != stop - at:
            raise ObjectStoreError(
                f"cannot read {url.shown}: the store sent {len(data):,} of {stop - at:,} bytes",
                "run it again; if it stays, ask whoever runs the store",
            )
        return data

    def _whole(self, url: ObjectUrl, file: ScannedFile) -> Iterator[bytes]:
        """Yield a whole object as one request."""
        with store_errors(url):
            result = self._get(url, file, None)
            _check(url, file, result.meta)
            stream = iter(result.stream(min_chunk_size=CHUNK))
        left = file.bytes
        while True:
            try:
                with store_errors(url):
                    chunk = next(stream, None)
            except NoRanges:
                # What broke off, or was given up as too slow, was to be continued where it was.
                raise ObjectStoreError(
                    f"cannot read {url.shown}: its server announced {file.bytes:,} bytes and did "
                    "not send all of them in time",
                    "run it again; if it stays, ask whoever runs the server",
                ) from None
            if chunk is None:
                break
            left -= len(chunk)
            yield bytes(chunk)
        if left:
            raise ObjectChanged(
                f"{url.shown} is not as long as its server said", "run filesync again"
            )

    def _get(self, url: ObjectUrl, file: ScannedFile, span: tuple[int, int] | None) -> GetResult:
        options: GetOptions = {}
        if span is not None:
            options["range"] = span
        if pins(file.version or ""):
            options["if_match"] = file.version
        return self._store(url, file.bytes if span is None else 0).get(url.key, options=options)

    def _store(self, url: ObjectUrl, whole: int = 0) -> ObjectStore:
        """Return the store of a URL, for one request of so many bytes where it is for all of it."""
        deadlines = self._deadlines or Deadlines()
        if url.is_web:
            deadlines = deadlines._replace(request=deadlines.request + whole / _SLOWEST)
        name = url.scheme, url.text if url.is_web else url.bucket, deadlines
        with self._guard:
            store = self._stores.get(name)
            if store is None:
                store = self._stores[name] = open_store(url, deadlines)
        return store

    def _has_bucket(self, url: ObjectUrl) -> bool:
        """Say whether a bucket exists; a listing that is refused does not say that it does not."""
        store = self._store(url)
        missing = no_bucket(url).message
        try:
            with store_errors(url, "list"):
                next(iter(store.list(url.key, chunk_size=1)), None)
        except ObjectStoreError as error:
            return error.message != missing
        return True


def pins(version: str) -> bool:
    """Say whether a version is an etag that a request can have as its condition."""
    return version != "" and not version.startswith(("W/", "@"))


def _found(meta: ObjectMeta) -> Found:
    etag = meta["e_tag"] or ""
    modified_ns = int(meta["last_modified"].timestamp() * 1e9)
    if etag and not etag.startswith("W/"):
        # Azure's listing leaves out the quotes that its answers about one object have.
        etag = etag if etag.startswith('"') else f'"{etag}"'
        return Found(meta["path"], meta["size"], etag, 0)
    # The same weak etag may stand for other bytes. Where a server gives no time, it is 1970.
    version = f"{etag}@{modified_ns}" if modified_ns > 0 else ""
    return Found(meta["path"], meta["size"], version, modified_ns)


def _check(url: ObjectUrl, file: ScannedFile, meta: ObjectMeta) -> None:
    """Raise ObjectChanged if an answer is about another version of the object."""
    found = _found(meta)
    if (found.bytes, found.version) != (file.bytes, file.version):
        raise ObjectChanged(
            f"{url.shown} changed while filesync was using it",
            "let whatever writes it finish, then run filesync again",
        )

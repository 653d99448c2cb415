"""The hashes of local files: from the cache where nothing changed, read where something did.

How it works: a few threads draw files from one queue, the largest first, so that no large one
is left for the end. hashlib lets go of the GIL, so the threads keep as many cores busy. md5 is
slower than sha256, and neither can be split; a file that needs both is read once, and a helper
thread runs md5 over the same buffers beside the sha256. There is no future or task a file:
100,000 small ones cost their system calls and little more.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue

from filesync.core.model import LocalFile, ScannedFile
from filesync.core.text import plural, printable
from filesync.errors import LocalFileError
from filesync.local.files import READ_FLAGS, identity, why
from filesync.local.hash_cache import Digests, HashCache

_BUFFER = 1 << 20
_BUFFERS = 4  # shared by sha256 and md5: how far one may run ahead of the other

# What of a ScannedFile says which bytes it names: all but the entry and key it is for.
_Content = tuple[str, str, int, int, int, int]


def hash_files(
    files: Sequence[ScannedFile],
    cache: HashCache,
    *,
    md5_from: int,
    workers: int = 2,
    on_bytes: Callable[[int], None] | None = None,
    now_ns: Callable[[], int] = time.time_ns,
) -> list[LocalFile]:
    """Return the files with their hashes, in the same order, and save the new ones in `cache`.

    Files of `md5_from` bytes or more get an md5 too. `on_bytes` is given the number of bytes
    just read, from any of the `workers` threads; files known to the cache are not opened and
    not counted. Raises one LocalFileError that names every file which vanished, could not be
    read, or changed since it was scanned; the others' hashes are saved all the same.
    """
    results: list[LocalFile | None] = []
    unknown: dict[_Content, list[int]] = {}
    for i, file in enumerate(files):
        known = cache.get(file, md5=file.bytes >= md5_from)
        results.append(LocalFile(file, *known) if known else None)
        if known is None:
            unknown.setdefault(file[2:], []).append(i)
    if unknown:
        reader = _Reader([files[places[0]] for places in unknown.values()], md5_from, on_bytes)
        try:
            reader.run(workers, now_ns)
        finally:
            # After Ctrl-C too: what has been read need not be read again.
            for file, digests, hashed_at_ns in reader.done:
                cache.put(file, digests, hashed_at_ns=hashed_at_ns)
                for i in unknown[file[2:]]:
                    results[i] = LocalFile(files[i], *digests)
            cache.save()
        if reader.failed:
            raise _failure(reader.failed)
    return [result for result in results if result is not None]


def _failure(failed: list[tuple[str, str]]) -> LocalFileError:
    lines = [f"{printable(path)}: {reason}" for path, reason in sorted(failed)]
    if len(lines) > 1:
        lines.insert(0, f"{plural(len(lines), 'file')} could not be hashed:")
    return LocalFileError(
        "\n  ".join(lines), "run it again when nothing else writes to these files"
    )


class _Changed(Exception):
    """The file is not what was scanned."""


class _Reader:
    """Reads and hashes each of the files; `done` and `failed` say what came of them."""

    def __init__(
        self, files: list[ScannedFile], md5_from: int, on_bytes: Callable[[int], None] | None
    ) -> None:
        self.done: list[tuple[ScannedFile, Digests, int]] = []
        self.failed: list[tuple[str, str]] = []
        self._todo = deque(sorted(files, key=lambda file: -file.bytes))
        self._md5_from = md5_from
        self._on_bytes = on_bytes
        self._crash: BaseException | None = None

    def run(self, workers: int, now_ns: Callable[[], int]) -> None:
        """Read all files, or raise what a thread raised; an interrupt stops the threads."""
        count = min(workers, len(self._todo))
        threads = [threading.Thread(target=self._work, args=(now_ns,)) for _ in range(count)]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        except BaseException as error:
            self._stop(error)
            for thread in threads:
                if thread.ident is not None:
                    thread.join()
            raise
        if self._crash:
            raise self._crash

    def _stop(self, error: BaseException) -> None:
        self._crash = error
        self._todo.clear()

    def _work(self, now_ns: Callable[[], int]) -> None:
        buffers = [bytearray(_BUFFER)]
        try:
            while True:
                try:
                    file = self._todo.popleft()
                except IndexError:
                    return
                hashed_at_ns = now_ns()
                try:
                    digests = self._hash(file, buffers)
                except _Changed:
                    self.failed.append((file.path, "it changed while it was read"))
                except FileNotFoundError:
                    self.failed.append((file.path, "it vanished before it was read"))
                except OSError as error:
                    self.failed.append((file.path, f"cannot be read: {why(error)}"))
                else:
                    self.done.append((file, digests, hashed_at_ns))
        except BaseException as error:  # a bug or on_bytes: raised again by run
            self._stop(error)

    def _hash(self, file: ScannedFile, buffers: list[bytearray]) -> Digests:
        fd = os.open(file.absolute, READ_FLAGS)
        try:
            if file.bytes >= self._md5_from:
                buffers += [bytearray(_BUFFER) for _ in range(_BUFFERS - len(buffers))]
                digests = self._both(fd, file.bytes, buffers)
            elif file.bytes < _BUFFER:
                digests = self._small(fd, file.bytes)
            else:
                sha256 = hashlib.sha256()
                for chunk in self._chunks(fd, file.bytes, lambda: buffers[0]):
                    sha256.update(chunk)
                digests = Digests(sha256.hexdigest(), None)
            # Compared after the last read, so it covers all the time since the scan.
            if identity(os.fstat(fd)) != file[4:]:
                raise _Changed
            return digests
        finally:
            os.close(fd)

    def _small(self, fd: int, size: int) -> Digests:
        data = os.read(fd, size + 1)
        if len(data) != size:
            raise _Changed
        if self._on_bytes:
            self._on_bytes(size)
        return Digests(hashlib.sha256(data).hexdigest(), None)

    def _both(self, fd: int, size: int, buffers: list[bytearray]) -> Digests:
        free: SimpleQueue[bytearray] = SimpleQueue()
        full: SimpleQueue[memoryview | None] = SimpleQueue()
        for buffer in buffers:
            free.put(buffer)
        md5 = hashlib.md5(usedforsecurity=False)

        def helper() -> None:
            while (chunk := full.get()) is not None:
                md5.update(chunk)
                free.put(chunk.obj)  # type: ignore[arg-type]

        thread = threading.Thread(target=helper)
        thread.start()
        sha256 = hashlib.sha256()
        try:
            # free.get waits until md5 is through with a buffer: that bounds the memory.
            for chunk in self._chunks(fd, size, free.get):
                full.put(chunk)
                sha256.update(chunk)
        finally:
            full.put(None)
            thread.join()
        return Digests(sha256.hexdigest(), md5.hexdigest())

    def _chunks(self, fd: int, size: int, buffer: Callable[[], bytearray]) -> Iterator[memoryview]:
        left = size
        while left:
            if self._crash:
                raise self._crash
            view = memoryview(buffer())
            count = os.readv(fd, [view])
            if not 0 < count <= left:
                raise _Changed
            left -= count
            if self._on_bytes:
                self._on_bytes(count)
            yield view[:count]

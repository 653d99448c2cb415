"""Hashes of large files that are computed in the background, while their parts are sent.

One is the md5, which the server compares when an upload is completed. It cannot be computed in
parallel, and it is slower than sha256 and often than the network; for a file that has probably
changed it begins while the plan is made. That of an object in a store is known from when it was
hashed. The other is the sha256 of a file for which no decision needs it (`core.decide.unhashed`).

The file is read once more for each. All readings saw the same bytes if the file's identity
(which includes ctime, and that cannot be set back) is as it was scanned after each of them.
docs/design/decisions/0003-hashes-in-the-background.md says why.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Self

from filesync.core.hashed import Later
from filesync.core.model import ScannedFile
from filesync.core.text import printable
from filesync.errors import Interrupted, LocalFileError
from filesync.local.files import READ_FLAGS, identity, why
from filesync.local.hash_cache import HashCache

_BUFFER = 1 << 20
_AT_ONCE = 2  # more would only compete for the processor with the threads that send
_LOOK_SECONDS = 0.2

_Content = tuple[str, int, int, int, int, str | None]


class Sums:
    """Computes the hashes of files, all by one algorithm, in its own threads.

    Leaving the context stops all of them. `algorithm` is a name that hashlib knows. `read_object`
    yields the content of an object in a store, for one whose hash is not known.
    """

    read_object: Callable[[ScannedFile], Iterable[bytes]]

    def __init__(self, algorithm: str) -> None:
        self._algorithm = algorithm
        self._begun: dict[_Content, Future[str]] = {}
        self._guard = threading.Lock()
        self._turns = threading.Semaphore(_AT_ONCE)
        self._closed = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._closed.set()

    def begin(self, file: ScannedFile) -> Future[str]:
        """Begin a file's hash, unless that was done before; the result is hex.

        The future raises LocalFileError if the file is not what was scanned any more.
        """
        with self._guard:
            if found := self._begun.get(file.content):
                return found
            future = self._begun[file.content] = Future()
        # A daemon thread: after an interrupt the process does not wait until gigabytes are read.
        threading.Thread(target=self._compute, args=(file, future), daemon=True).start()
        return future

    def take(self, file: ScannedFile, known: str) -> None:
        """Take note of a hash, in hex, that is known without reading the file once more."""
        with self._guard:
            future = self._begun.setdefault(file.content, Future())
        if not future.done():
            future.set_result(known)

    def result(self, file: ScannedFile, stop: threading.Event) -> str:
        """Return a file's hash in hex, when it is there; Interrupted once `stop` is set."""
        future = self.begin(file)
        while True:
            try:
                return future.result(_LOOK_SECONDS)
            except TimeoutError:
                if stop.is_set():
                    raise Interrupted("interrupted") from None

    def known(self, file: ScannedFile) -> str | None:
        """Return a file's hash in hex if it has been computed by now."""
        future = self._begun.get(file.content)
        if future is None or not future.done() or future.exception() is not None:
            return None
        return future.result()

    def _compute(self, file: ScannedFile, future: Future[str]) -> None:
        try:
            with self._turns:
                future.set_result(self._read(file))
        except OSError as error:
            future.set_exception(
                LocalFileError(f"cannot read {printable(file.path)}: {why(error)}")
            )
        except BaseException as error:
            future.set_exception(error)

    def _read(self, file: ScannedFile) -> str:
        hashed = hashlib.new(self._algorithm, usedforsecurity=False)
        if file.version is not None:
            for chunk in self.read_object(file):
                if self._closed.is_set():
                    raise Interrupted("interrupted")
                hashed.update(chunk)
            return hashed.hexdigest()
        view = memoryview(bytearray(_BUFFER))
        left = file.bytes
        fd = os.open(file.absolute, READ_FLAGS)
        try:
            while left > 0 and (count := os.readv(fd, [view])):
                if self._closed.is_set():
                    raise Interrupted("interrupted")
                hashed.update(view[:count])
                left -= count
            if identity(os.fstat(fd)) != file.identity:
                raise LocalFileError(
                    f"{printable(file.path)} changed while it was read",
                    "let whatever writes it finish, then run filesync again",
                )
        finally:
            os.close(fd)
        return hashed.hexdigest()


class Checksums:
    """What a plan may begin or leave to the apply that follows it: `md5` and `sha256` of files.

    With `while_sent` the plan may leave files without a sha256 that no decision needs; `later` has
    them then. Leaving the context stops all that was begun.
    """

    def __init__(self, *, while_sent: bool = False) -> None:
        self.while_sent = while_sent
        self.later = Later()
        self.md5 = Sums("md5")
        self.sha256 = Sums("sha256")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.md5.__exit__(*exc)
        self.sha256.__exit__(*exc)

    def keep(self, cache: HashCache) -> None:
        """Save the sha256 that were computed while files were sent, for the next plan."""
        for one in self.later.looked:
            if sha256 := self.sha256.known(one.file):
                cache.put_read(one._replace(sha256=sha256))
        cache.save()

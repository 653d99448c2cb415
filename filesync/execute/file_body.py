"""A slice of a file as a request body: counted, stoppable, and proven if given a sha256."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from typing import Protocol

from filesync.core.model import DesiredFile
from filesync.core.text import printable
from filesync.errors import Interrupted, LocalFileError


class Source(Protocol):
    """Bytes of a file, in chunks, from the start at each iteration; `size` of them."""

    @property
    def size(self) -> int: ...

    def __iter__(self) -> Iterator[bytes]: ...


class FileBody:
    """What one request sends of a file; each iteration reads it anew, for a retry.

    With `sha256` the last chunk is held back until all that was read has this hash; if it has
    another, LocalFileError ends the request; `before_last` is called before that chunk goes.
    Interrupted ends it as soon as `stop` is set. `count` is called with the bytes handed over,
    negative on a retry.
    """

    def __init__(
        self,
        want: DesiredFile,
        source: Source,
        *,
        stop: threading.Event,
        count: Callable[[int], None],
        sha256: str | None = None,
        before_last: Callable[[], None] | None = None,
    ) -> None:
        self.size = source.size
        self._want = want
        self._source = source
        self._stop = stop
        self._count = count
        self._counted = 0
        self._sha256 = sha256
        self._before_last = before_last

    def __iter__(self) -> Iterator[bytes]:
        self._report(-self._counted)
        digest = hashlib.sha256() if self._sha256 else None
        held: bytes | None = None
        for chunk in self._source:
            if self._stop.is_set():
                raise Interrupted("interrupted")
            if held is not None:
                yield held
                self._report(len(held))
            if digest is not None:
                digest.update(chunk)
            held = chunk
        if digest is not None and digest.hexdigest() != self._sha256:
            raise changed(self._want)
        if self._before_last is not None:
            self._before_last()
        if held is not None:
            yield held
            self._report(len(held))

    def _report(self, count: int) -> None:
        if count:
            self._counted += count
            self._count(count)


def changed(want: DesiredFile) -> LocalFileError:
    """Return the error for a file that is not what it was when the plan was made."""
    return LocalFileError(
        f"{printable(want.path)} changed while filesync was running; nothing of it was kept",
        "let whatever writes it finish, then run filesync again",
    )

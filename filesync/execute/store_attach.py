"""Attaching files to a vector store: many at once, and each by itself where that is refused."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from filesync.core.commands import command
from filesync.core.stores.model import Chunking
from filesync.core.text import printable
from filesync.errors import (
    GONE,
    ApiError,
    AuthError,
    FilesyncError,
    Interrupted,
    RemoteError,
    lacks_route,
)
from filesync.execute.context import ApplyContext
from filesync.remote.stores import BATCH, NewMember

# A file can be unknown to the vector stores for a while after its upload (azure-sdk-for-net#47121).
_UNKNOWN_SECONDS = 60.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 5.0
# What may be wrong with one file of a batch, and would not be with the others.
_REFUSED = (400, 404, 409, 410, 413, 422)


class NotAttached(NamedTuple):
    """A file that could not be attached, and why."""

    file_id: str
    error: FilesyncError


def attach_all(
    context: ApplyContext,
    store_id: str,
    members: Sequence[NewMember],
    chunking: Chunking | None,
    *,
    begin: Callable[[Sequence[str]], None],
) -> Iterator[NotAttached]:
    """Attach files in batches; yield those that could not be.

    `begin` is given the ids of each batch before it is sent. A batch that is refused is halved
    until the file that it is refused for stands alone.
    """
    attaching = _Attaching(context, store_id, chunking)
    rest = iter(members)
    while batch := list(islice(rest, BATCH)):
        begin([one.file_id for one in batch])
        yield from attaching.attach(batch)


class _Attaching:
    """The attaching of files to one store, and how long to wait for those it does not know yet.

    All have been uploaded before, so the time is counted once, from the first that is not known.
    """

    def __init__(self, context: ApplyContext, store_id: str, chunking: Chunking | None) -> None:
        self._context = context
        self._store_id = store_id
        self._chunking = chunking
        self._deadline: float | None = None

    def attach(self, batch: Sequence[NewMember]) -> Iterator[NotAttached]:
        """Attach files; yield those that could not be."""
        try:
            self._patiently(batch)
        except (AuthError, Interrupted):
            raise
        except RemoteError as error:
            if len(batch) > 1 and lacks_route(error):
                for one in batch:
                    yield from self.attach([one])
                return
            if not (isinstance(error, ApiError) and error.status in _REFUSED):
                raise
            if len(batch) == 1:
                yield NotAttached(batch[0].file_id, error)
                return
            middle = len(batch) // 2
            yield from self.attach(batch[:middle])
            yield from self.attach(batch[middle:])

    def _once(self, batch: Sequence[NewMember]) -> None:
        stores = self._context.client.stores
        if len(batch) == 1:
            stores.attach(self._store_id, batch[0], self._chunking)
        else:
            stores.attach_batch(self._store_id, batch, self._chunking)

    def _patiently(self, batch: Sequence[NewMember]) -> None:
        """Attach, and try again for a while if the server does not know a file yet.

        Raises RemoteError if it is the store that the server does not know.
        """
        pause = _FIRST_PAUSE
        while True:
            try:
                self._once(batch)
            except ApiError as error:
                if error.status not in GONE:
                    raise
                if self._deadline is None:
                    self._deadline = time.monotonic() + _UNKNOWN_SECONDS
                if pause == _FIRST_PAUSE:
                    self._raise_if_store_gone()
                if time.monotonic() + pause > self._deadline:
                    raise
                if self._context.stop.wait(pause):
                    raise Interrupted("interrupted") from None
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                return

    def _raise_if_store_gone(self) -> None:
        if self._context.client.stores.get(self._store_id) is None:
            raise RemoteError(
                f"the vector store {printable(self._store_id)} is gone from the platform",
                f"run {command('apply')} again: it is created anew",
            ) from None

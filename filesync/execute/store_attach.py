"""Attaching files to a vector store: many at once, and each by itself where that is refused."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from filesync.core.stores.model import Chunking
from filesync.core.text import printable
from filesync.errors import ApiError, AuthError, FilesyncError, Interrupted, RemoteError
from filesync.execute.context import ApplyContext
from filesync.remote.stores import BATCH, NewMember

# A file can be unknown to the vector stores for a while after its upload (azure-sdk-for-net#47121).
_UNKNOWN_SECONDS = 60.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 5.0
# What may be wrong with one file of a batch, and would not be with the others.
_REFUSED = (400, 404, 409, 413, 422)


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
    rest = iter(members)
    while batch := list(islice(rest, BATCH)):
        begin([one.file_id for one in batch])
        yield from _attach(context, store_id, batch, chunking)


def _attach(
    context: ApplyContext, store_id: str, batch: Sequence[NewMember], chunking: Chunking | None
) -> Iterator[NotAttached]:
    stores = context.client.stores
    try:
        if len(batch) == 1:
            _patiently(context, store_id, lambda: stores.attach(store_id, batch[0], chunking))
        else:
            _patiently(context, store_id, lambda: stores.attach_batch(store_id, batch, chunking))
    except (AuthError, Interrupted):
        raise
    except ApiError as error:
        if error.status not in _REFUSED:
            raise
        if len(batch) == 1:
            yield NotAttached(batch[0].file_id, error)
            return
        middle = len(batch) // 2
        yield from _attach(context, store_id, batch[:middle], chunking)
        yield from _attach(context, store_id, batch[middle:], chunking)


def _patiently(context: ApplyContext, store_id: str, attach: Callable[[], object]) -> None:
    """Attach, and try again for a while if the server does not know a file yet.

    Raises RemoteError if it is the store that the server does not know.
    """
    deadline = time.monotonic() + _UNKNOWN_SECONDS
    pause = _FIRST_PAUSE
    while True:
        try:
            attach()
        except ApiError as error:
            if error.status != 404:
                raise
            if pause == _FIRST_PAUSE and context.client.stores.get(store_id) is None:
                raise RemoteError(
                    f"the vector store {printable(store_id)} is gone from the platform",
                    "run `filesync apply` again: it is created anew",
                ) from None
            if time.monotonic() + pause > deadline:
                raise
            if context.stop.wait(pause):
                raise Interrupted("interrupted") from None
            pause = min(pause * 2, _LONGEST_PAUSE)
        else:
            return

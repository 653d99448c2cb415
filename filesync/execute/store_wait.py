"""Waiting until attached files are indexed, by looking at the members.

The batch that they were attached with is never asked: its answers can be about something else
(openai-python#2724). A member can stay in progress for ever (openai-python#3097), so the wait ends.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping

from filesync.core.durations import format_duration
from filesync.core.events import Indexing
from filesync.core.stores.model import RemoteMember
from filesync.core.text import printable
from filesync.errors import ApiError, AuthError, FilesyncError, Interrupted, RemoteError
from filesync.execute.context import ApplyContext

# So few are asked one by one: a listing has a page for each hundred members that are there.
_FEW = 10
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0

#: What came of a file in a store: None if it is indexed.
Outcome = tuple[str, str, FilesyncError | None]


def wait_until_indexed(
    context: ApplyContext,
    waiting: Mapping[str, tuple[str, set[str]]],
    *,
    timeout: float,
    monotonic: Callable[[], float] = time.monotonic,
) -> Iterator[Outcome]:
    """Yield (store's key, file's id, error or None) for each file as soon as it is known.

    `waiting` maps the key of a store to its id and the files waited for. What is not indexed after
    `timeout` seconds is an error. Returns early, with files left, when `stop` is set.
    """
    left = {key: (store_id, set(ids)) for key, (store_id, ids) in waiting.items() if ids}
    total = {key: len(ids) for key, (_, ids) in left.items()}
    deadline = monotonic() + timeout
    pause = _FIRST_PAUSE
    while left and not context.stop.is_set():
        for key, (store_id, ids) in list(left.items()):
            try:
                known = _look(context, store_id, ids)
            except Interrupted:
                return
            except (ApiError, RemoteError) as error:
                if isinstance(error, AuthError):
                    raise
                yield from ((key, file_id, error) for file_id in sorted(ids))
                known, ids = {}, set()
            for file_id, member in known.items():
                ids.discard(file_id)
                yield key, file_id, _error(member)
            if known:
                context.watch(Indexing(key, total[key] - len(ids), total[key]))
            left[key] = store_id, ids
        left = {key: one for key, one in left.items() if one[1]}
        if left and monotonic() >= deadline:
            yield from _too_late(left, timeout)
            return
        if left:
            context.stop.wait(min(pause, max(deadline - monotonic(), 0.01)))
            pause = min(pause * 1.5, _LONGEST_PAUSE)


def _look(context: ApplyContext, store_id: str, ids: set[str]) -> dict[str, RemoteMember]:
    """Return the members among `ids` that are indexed or failed; RemoteError for a store gone."""
    stores = context.client.stores
    if len(ids) <= _FEW:
        found = [stores.get_member(store_id, file_id) for file_id in sorted(ids)]
        if not any(found) and stores.get(store_id) is None:
            raise _store_gone(store_id)
        members = [one for one in found if one is not None]
    else:
        # One page says whether it is worth to read them all.
        if any(one.pending for one in stores.some_members(store_id, "in_progress")):
            return {}
        try:
            members = stores.list_members(store_id)
        except ApiError as error:
            if error.status == 404:
                raise _store_gone(store_id) from None
            raise
    return {one.id: one for one in members if one.id in ids and not one.pending}


def _error(member: RemoteMember) -> FilesyncError | None:
    if not member.broken:
        return None
    why = member.error or f"its status is {printable(member.status)}, and no reason is given"
    return RemoteError(f"{member.id} was not indexed: {why}")


def _store_gone(store_id: str) -> RemoteError:
    return RemoteError(
        f"the vector store {printable(store_id)} is gone from the platform",
        "run `filesync apply` again: it is created anew",
    )


def _too_late(left: Mapping[str, tuple[str, set[str]]], timeout: float) -> Iterator[Outcome]:
    for key, (_, ids) in left.items():
        for file_id in sorted(ids):
            yield (
                key,
                file_id,
                RemoteError(
                    f"{file_id} is still not indexed after {format_duration(round(timeout))}",
                    "run `filesync apply` again later, or with a longer --index-timeout",
                ),
            )

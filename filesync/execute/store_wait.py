"""Waiting until attached files are indexed, by looking at the members.

The batch that they were attached with is never asked: its answers can be about something else
(openai-python#2724). A member can stay in progress for ever (openai-python#3097), so the wait ends.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping

from filesync.core.commands import command
from filesync.core.durations import format_duration
from filesync.core.events import Indexing
from filesync.core.stores.model import RemoteMember
from filesync.core.text import printable
from filesync.errors import GONE, ApiError, AuthError, FilesyncError, Interrupted, RemoteError
from filesync.execute.context import ApplyContext
from filesync.remote.stores import PAGE

# So few are asked one by one: a listing has a page for each hundred members that are there.
_FEW = 10
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0

#: What came of a file in a store: None if it is indexed.
Outcome = tuple[str, str, FilesyncError | None]


class _Waiting:
    """What is still waited for in one store."""

    def __init__(self, store_id: str, ids: Collection[str]) -> None:
        self.id = store_id
        self.ids = set(ids)
        self.total = len(self.ids)
        #: Requests that a listing of the members takes; a guess until there was one.
        self.pages = _pages(self.total)
        #: Looks since that listing, and which files it left.
        self.looks = 0
        self.left: set[str] | None = None


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
    left = {key: _Waiting(store_id, ids) for key, (store_id, ids) in waiting.items() if ids}
    deadline = monotonic() + timeout
    pause = _FIRST_PAUSE
    while left and not context.stop.is_set():
        last = monotonic() >= deadline
        for key, one in list(left.items()):
            try:
                known = _look(context, one, last=last)
            except Interrupted:
                return
            except (ApiError, RemoteError) as error:
                if isinstance(error, AuthError):
                    raise
                yield from ((key, file_id, error) for file_id in sorted(one.ids))
                known, one.ids = {}, set()
            for file_id, member in known.items():
                one.ids.discard(file_id)
                yield key, file_id, _error(member)
            if known:
                context.watch(Indexing(key, one.total - len(one.ids), one.total))
        left = {key: one for key, one in left.items() if one.ids}
        if last:
            yield from _too_late(left, timeout)
            return
        if left:
            context.stop.wait(min(pause, max(deadline - monotonic(), 0.01)))
            pause = min(pause * 1.5, _LONGEST_PAUSE)


def _look(context: ApplyContext, store: _Waiting, *, last: bool) -> dict[str, RemoteMember]:
    """Return the members waited for that are indexed or failed; RemoteError for a store gone."""
    stores = context.client.stores
    if len(store.ids) <= _FEW:
        found = [stores.get_member(store.id, file_id) for file_id in sorted(store.ids)]
        if not any(found) and stores.get(store.id) is None:
            raise _store_gone(store.id)
        members = [one for one in found if one is not None]
    elif last or _is_worth_a_listing(context, store):
        try:
            members = stores.list_members(store.id)
        except ApiError as error:
            if error.status in GONE:
                raise _store_gone(store.id) from None
            raise
        store.looks, store.pages = 0, _pages(len(members))
        store.left = {one.id for one in members if one.pending} & store.ids
    else:
        return {}
    return {one.id: one for one in members if one.id in store.ids and not one.pending}


def _is_worth_a_listing(context: ApplyContext, store: _Waiting) -> bool:
    """Say whether it is time to list all members.

    That is so when one page shows that few are left to wait for; and otherwise once there were as
    many looks as a listing has pages, so that many which are stuck hold up no other, at no more
    than twice the requests.
    """
    store.looks += 1
    if store.looks >= store.pages:
        return True
    page = context.client.stores.some_members(store.id, "in_progress")
    pending = {one.id for one in page if one.pending} & store.ids
    return len(page) < PAGE and len(pending) <= _FEW and pending != store.left


def _pages(members: int) -> int:
    return max(1, -(-members // PAGE))


def _error(member: RemoteMember) -> FilesyncError | None:
    if not member.broken:
        return None
    why = member.error or f"its status is {printable(member.status)}, and no reason is given"
    return RemoteError(f"{member.id} was not indexed: {why}")


def _store_gone(store_id: str) -> RemoteError:
    return RemoteError(
        f"the vector store {printable(store_id)} is gone from the platform",
        f"run {command('apply')} again: it is created anew",
    )


def _too_late(left: Mapping[str, _Waiting], timeout: float) -> Iterator[Outcome]:
    for key, one in left.items():
        for file_id in sorted(one.ids):
            yield (
                key,
                file_id,
                RemoteError(
                    f"{file_id} is still not indexed after {format_duration(round(timeout))}",
                    f"run {command('apply')} again later, or with a longer --index-timeout",
                ),
            )

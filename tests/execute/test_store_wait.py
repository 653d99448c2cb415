"""Waiting for members: what it costs, and that members which are stuck hold up no other."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any, cast

from filesync.core.stores.model import RemoteMember
from filesync.execute import store_wait
from filesync.execute.context import ApplyContext
from filesync.execute.store_wait import wait_until_indexed
from filesync.remote.stores import PAGE


class Stores:
    """A store whose members are indexed one by one; it counts the requests that a look takes."""

    def __init__(self, *, members: int, stuck: int, each_look: int) -> None:
        self.pending = [f"file-{n}" for n in range(members)]
        self.done: list[str] = []
        self.stuck, self.each_look = stuck, each_look
        self.requests = 0

    def _index(self) -> None:
        count = min(self.each_look, len(self.pending) - self.stuck)
        self.done += self.pending[:count]
        del self.pending[:count]

    def some_members(self, _store: str, _status: str) -> list[RemoteMember]:
        self.requests += 1
        self._index()
        return [RemoteMember(one, "in_progress", {}, None) for one in self.pending[:PAGE]]

    def list_members(self, _store: str) -> list[RemoteMember]:
        self.requests += -(-(len(self.pending) + len(self.done)) // PAGE)
        pending = [RemoteMember(one, "in_progress", {}, None) for one in self.pending]
        return pending + [RemoteMember(one, "completed", {}, None) for one in self.done]

    def get_member(self, _store: str, file_id: str) -> RemoteMember:
        self.requests += 1
        status = "in_progress" if file_id in self.pending else "completed"
        return RemoteMember(file_id, status, {}, None)


def outcomes(stores: Stores, looks: int) -> list[Any]:
    """What comes of waiting for so many looks; no time passes."""
    stop = threading.Event()
    stop.wait = lambda _seconds: False  # type: ignore[assignment, misc]
    context = SimpleNamespace(
        client=SimpleNamespace(stores=stores), stop=stop, watch=lambda _event: None
    )
    clock = iter(range(10_000))
    ids = {*stores.pending}
    waiting = {"kb": ("vs_1", ids)}
    return list(
        wait_until_indexed(
            cast("ApplyContext", context),
            waiting,
            timeout=2 * looks,
            monotonic=lambda: next(clock),
        )
    )


def test_what_is_indexed_at_once_is_listed_once() -> None:
    stores = Stores(members=5000, stuck=0, each_look=5000)
    found = outcomes(stores, looks=10)
    assert len(found) == 5000
    assert stores.requests == 50 + 1


def test_those_that_are_stuck_hold_up_no_other() -> None:
    """Too many to be asked for one by one, among more than a page."""
    stores = Stores(members=1000, stuck=30, each_look=400)
    found = outcomes(stores, looks=40)
    late = [one for one in found if one[2] is not None]
    assert len(found) == 1000
    assert len(late) == 30
    assert found.index(late[0]) == 970, "the others are reported first, and once"
    # 40 looks, and a listing of ten pages for every ten of them.
    assert stores.requests <= 2 * 40 + 2 * 10


def test_the_last_few_are_asked_for_one_by_one() -> None:
    stores = Stores(members=1000, stuck=store_wait._FEW, each_look=1000)
    found = outcomes(stores, looks=5)
    assert [one[2] is None for one in found] == [True] * 990 + [False] * 10
    assert stores.requests <= 1 + 10 + 6 * store_wait._FEW

"""Work on several objects at once, for as long as it takes and nobody interrupts."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

_LOOK_SECONDS = 0.2


def each(
    items: Sequence[T], work: Callable[[T, threading.Event], R], threads: int
) -> Iterator[tuple[T, R]]:
    """Yield each item with what `work` returned for it, as they become ready.

    `work` is given an event that is set once nobody waits any more. What it raises is raised
    here, and no further item is begun. The threads are daemons: an interrupt does not wait for
    a store that is silent.
    """
    todo = deque(items)
    ready: queue.SimpleQueue[tuple[T, R] | BaseException] = queue.SimpleQueue()
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            try:
                item = todo.popleft()
            except IndexError:
                return
            try:
                ready.put((item, work(item, stop)))
            except BaseException as error:
                ready.put(error)
                return

    for _ in range(min(threads, len(items))):
        threading.Thread(target=run, daemon=True).start()
    try:
        for _ in range(len(items)):
            one = _next(ready)
            if isinstance(one, BaseException):
                raise one
            yield one
    finally:
        stop.set()


def _next(ready: queue.SimpleQueue[R]) -> R:
    while True:
        try:
            # With a timeout, so that a signal is heard between two looks.
            return ready.get(timeout=_LOOK_SECONDS)
        except queue.Empty:
            continue

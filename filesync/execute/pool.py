"""One pool of workers for everything sent: whole files and parts of files alike.

A task returns what came of it and any tasks that follow from it, so a large file becomes parts
without a worker ever waiting for another: nothing can deadlock, and every worker stays busy.
"""

from __future__ import annotations

import heapq
import itertools
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import copy_context
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")

_IDLE_SECONDS = 0.2
# To wake the reader for every result costs the workers more than what it does with a batch.
_GATHER_SECONDS = 0.01


class Step(NamedTuple, Generic[T]):
    """What came of a task: a result if it ended something, and the tasks that follow."""

    result: T | None = None
    more: Sequence[Task[T]] = ()


class Task(NamedTuple, Generic[T]):
    """A piece of work; lower ranks run first."""

    rank: int
    run: Callable[[], Step[T]]


def run_tasks(
    tasks: Iterable[Task[T]], *, workers: int, stop: threading.Event
) -> Iterator[list[T]]:
    """Run tasks and those that follow from them; yield results in batches as they come.

    An empty batch comes now and then while nothing else does, so that the reader can save.
    Once `stop` is set, tasks not begun are dropped; those under way are waited for. An exception
    that a task lets out is a defect: it sets `stop` and is raised here.
    """
    pool = _Pool(tasks)
    threads = [
        threading.Thread(
            target=copy_context().run, args=(pool.work, stop), daemon=True, name=f"filesync-{n}"
        )
        for n in range(workers)
    ]
    for thread in threads:
        thread.start()
    try:
        yield from pool.batches()
    except KeyboardInterrupt:
        raise  # the second Ctrl-C: what is under way may take minutes, and nobody waits for it
    except GeneratorExit:
        if stop.is_set():
            raise  # it found the reader at work: as above
        stop.set()
        _join(threads)
        raise
    except BaseException:
        # A task fails: begin nothing more.
        stop.set()
        _join(threads)
        raise
    _join(threads)


def _join(threads: Iterable[threading.Thread]) -> None:
    for thread in threads:
        thread.join()


class _Crash(NamedTuple):
    error: BaseException


class _Pool(Generic[T]):
    def __init__(self, tasks: Iterable[Task[T]]) -> None:
        self._results: queue.SimpleQueue[T | _Crash | None] = queue.SimpleQueue()
        self._order = itertools.count()  # among equal ranks, first come first served
        self._heap = [(task.rank, next(self._order), task) for task in tasks]
        heapq.heapify(self._heap)
        self._unfinished = len(self._heap)
        self._changed = threading.Condition()
        self._ended = threading.Event()
        if not self._unfinished:
            self._end()

    def batches(self) -> Iterator[list[T]]:
        while True:
            # One blocking read, then all that comes in a moment: the reader saves once a batch.
            try:
                batch = [self._results.get(timeout=_IDLE_SECONDS)]
            except queue.Empty:
                yield []
                continue
            self._ended.wait(_GATHER_SECONDS)
            while not self._results.empty():
                batch.append(self._results.get())
            for item in batch:
                if isinstance(item, _Crash):
                    raise item.error
            if good := [item for item in batch if item is not None]:
                yield good  # type: ignore[misc]  # a crash has been raised above
            if None in batch:
                return

    def work(self, stop: threading.Event) -> None:
        while (task := self._next()) is not None:
            step: Step[T] = Step()
            try:
                if not stop.is_set():
                    step = task.run()
            except BaseException as error:  # carried to the thread that reads the results
                self._results.put(_Crash(error))
            if step.result is not None:
                self._results.put(step.result)
            self._finish(step)

    def _next(self) -> Task[T] | None:
        with self._changed:
            while not self._heap and self._unfinished:
                self._changed.wait()
            return heapq.heappop(self._heap)[2] if self._heap else None

    def _finish(self, step: Step[T]) -> None:
        with self._changed:
            for task in step.more:
                heapq.heappush(self._heap, (task.rank, next(self._order), task))
            self._unfinished += len(step.more) - 1
            if not self._unfinished:
                self._end()
            self._changed.notify_all()

    def _end(self) -> None:
        self._results.put(None)
        self._ended.set()

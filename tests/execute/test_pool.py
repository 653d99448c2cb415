"""The pool: every task runs, what follows from one runs too, and nothing waits for ever."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filesync.core.commands import command, commands_for
from filesync.execute import pool
from filesync.execute.pool import Step, Task, run_tasks


def results(
    tasks: Sequence[Task[str]], workers: int = 3, stop: threading.Event | None = None
) -> list[str]:
    """Run the tasks to their end and return what came of them."""
    return [
        one
        for batch in run_tasks(tasks, workers=workers, stop=stop or threading.Event())
        for one in batch
    ]


def simple(name: str, rank: int = 0, *more: Task[str]) -> Task[str]:
    return Task(rank, lambda: Step(name, more))


def threads() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name.startswith("filesync-")]


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    assert threads() == []


def test_no_tasks_end_at_once() -> None:
    assert results([]) == []


@pytest.mark.parametrize("workers", [1, 2, 8])
def test_every_result_comes_once(workers: int) -> None:
    names = [str(n) for n in range(100)]
    assert sorted(results([simple(one) for one in names], workers)) == sorted(names)


def test_a_task_without_a_result_is_no_result() -> None:
    assert results([Task(0, Step), simple("a")]) == ["a"]


def test_lower_ranks_run_first_and_equals_as_they_came() -> None:
    tasks = [simple("late", 9), simple("b", 1), simple("c", 1), simple("first", -5)]
    assert results(tasks, workers=1) == ["first", "b", "c", "late"]


def test_what_follows_runs_before_what_was_not_begun_if_it_ranks_lower() -> None:
    first = simple("file", 0, simple("part 1", -9), simple("part 2", -9))
    assert results([first, simple("other", 1)], workers=1) == ["file", "part 1", "part 2", "other"]


@settings(max_examples=40)
@given(
    st.recursive(st.just(()), lambda below: st.lists(below, max_size=4).map(tuple), max_leaves=25),
    st.integers(1, 5),
)
def test_a_tree_of_tasks_of_any_shape_ends(tree: tuple[object, ...], workers: int) -> None:
    """A task never waits for another, so neither depth nor the number of workers can stop it."""
    numbers = itertools.count()

    def task(node: tuple[object, ...]) -> Task[str]:
        name = str(next(numbers))
        more = [task(child) for child in node]  # type: ignore[arg-type]
        return Task(-len(more), lambda: Step(name, more))

    root = task(tree)
    assert sorted(results([root], workers), key=int) == [str(n) for n in range(next(numbers))]


def test_workers_run_side_by_side() -> None:
    """Each waits until all have begun: one after the other would never end."""
    together = threading.Barrier(4)

    def run() -> Step[str]:
        together.wait(30)
        return Step("x")

    assert results([Task(0, run)] * 4, workers=4) == ["x"] * 4


def test_a_stop_drops_what_was_not_begun_and_waits_for_the_rest() -> None:
    stop, begun = threading.Event(), threading.Event()

    def slow() -> Step[str]:
        begun.set()
        assert stop.wait(30)
        return Step("under way", [simple("follows")])

    def stopper() -> Step[str]:
        assert begun.wait(30)
        stop.set()
        return Step("stopper")

    tasks = [Task(0, slow), Task(0, stopper), *[simple("never", 1)] * 50]
    assert sorted(results(tasks, 2, stop)) == ["stopper", "under way"]


def test_a_stop_beforehand_runs_nothing() -> None:
    stop = threading.Event()
    stop.set()
    assert results([simple("a"), simple("b")], stop=stop) == []


@pytest.mark.parametrize("error", [ValueError("defect"), SystemExit(3)])
def test_an_error_is_raised_to_the_reader_and_stops_the_rest(error: BaseException) -> None:
    stop = threading.Event()

    def fail() -> Step[str]:
        raise error

    with pytest.raises(type(error)) as raised:
        results([Task(0, fail), *[simple("later", 1)] * 20], 1, stop)
    assert raised.value is error
    assert stop.is_set()


def test_a_reader_that_leaves_early_stops_the_rest() -> None:
    stop = threading.Event()
    running = run_tasks([simple(str(n)) for n in range(1000)], workers=2, stop=stop)
    assert next(iter(running))
    running.close()  # type: ignore[attr-defined]
    assert stop.is_set()


def test_an_empty_batch_comes_while_nothing_else_does() -> None:
    """So the reader can save what is not saved yet."""
    go_on = threading.Event()

    def slow() -> Step[str]:
        assert go_on.wait(30)
        return Step("done")

    seen: list[list[str]] = []
    for batch in run_tasks([Task(0, slow)], workers=1, stop=threading.Event()):
        seen.append(batch)
        go_on.set()
    assert seen[0] == []
    assert seen[-1] == ["done"]


def test_the_reader_is_not_woken_for_every_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_GATHER_SECONDS", 60.0)  # which the end of all tasks cuts short
    names = [str(n) for n in range(100)]
    batches = list(run_tasks([simple(one) for one in names], workers=3, stop=threading.Event()))
    assert [sorted(batch) for batch in batches] == [sorted(names)]


def test_a_second_ctrl_c_waits_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    stop, go_on = threading.Event(), threading.Event()

    def stuck() -> Step[str]:
        assert go_on.wait(30)
        return Step("late")

    running = run_tasks([Task(0, stuck)], workers=1, stop=stop)
    assert next(running) == []
    try:
        with pytest.raises(KeyboardInterrupt):
            running.throw(KeyboardInterrupt)  # type: ignore[attr-defined]
        assert threads() != []
    finally:
        go_on.set()
        _joined(lambda: threads() == [])


def _joined(done: Callable[[], bool]) -> None:
    for thread in threading.enumerate():
        if thread.name.startswith("filesync-"):
            thread.join(30)
    assert done()


def test_workers_name_commands_for_the_run_that_started_them() -> None:
    follows = Task(0, lambda: Step(command("apply")))
    with commands_for("-m other.yaml "):
        told = results([Task(0, lambda: Step(command("ls"), [follows]))] * 3)
    assert (
        sorted(told) == ["`filesync -m other.yaml apply`"] * 3 + ["`filesync -m other.yaml ls`"] * 3
    )

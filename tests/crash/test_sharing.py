"""Two keys that share one file, and a crash in between: one file, and both keys on it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.crash.project import SMALL_PARTS, Scene, noise
from tests.crash.steps import converge, die, journal_of, parts_sent_twice


def pair(scene: Scene, content: bytes = b"the same twice", **policy: object) -> None:
    for name in "ab":
        scene.declare(name, f"{name}/same.txt", content, **policy)
    scene.save()


def creates(scene: Scene) -> int:
    return sum(seen.is_create for seen in scene.tenant.log)


@pytest.mark.parametrize("fingerprint", [False, True])
@pytest.mark.parametrize("reached", [False, True])
def test_killed_before_the_lock_is_saved(scene: Scene, fingerprint: bool, reached: bool) -> None:
    pair(scene, fingerprint=fingerprint)
    die(scene, reached=reached)
    converge(scene)
    assert len(scene.tenant.files()) == 1
    assert scene.lock().id("a") == scene.lock().id("b")
    assert creates(scene) == (1 if reached else 2)


@pytest.mark.parametrize("fingerprint", [False, True])
def test_killed_while_both_are_replaced(scene: Scene, fingerprint: bool) -> None:
    pair(scene, fingerprint=fingerprint)
    scene.apply_well()
    old = scene.lock().id("a")
    pair(scene, b"and the same again", fingerprint=fingerprint)
    die(scene)
    assert old in scene.tenant.files()
    converge(scene)
    assert creates(scene) == 2


def edit_first(scene: Scene) -> None:
    scene.write("a/same.txt", b"the first goes its own way")


def edit_second(scene: Scene) -> None:
    scene.write("b/same.txt", b"the second goes its own way")


def drop_first(scene: Scene) -> None:
    del scene.entries["a"]


def drop_second(scene: Scene) -> None:
    del scene.entries["b"]


def rename_first(scene: Scene) -> None:
    scene.entries["a"]["filename"] = "another.txt"


def one_before(scene: Scene) -> None:
    scene.write("0/same.txt", b"the same twice")
    scene.entries["0"] = scene.entries["a"] | {"path": "0/same.txt"}


EDITS = [edit_first, edit_second, drop_first, drop_second, rename_first, one_before]


@pytest.mark.parametrize("fingerprint", [False, True])
@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("lag", [0.0, 2.0])
def test_something_else_is_wanted_after_the_crash(
    scene: Scene, edit: Callable[[Scene], None], fingerprint: bool, lag: float
) -> None:
    pair(scene, fingerprint=fingerprint)
    if lag:
        scene.tenant.lag = lag
        scene.patch["lag"] = 4
    die(scene)
    edit(scene)
    scene.save()
    if lag:
        # Who made it wants it no more, so that nobody waits for it to show.
        scene.apply_well()
        scene.tenant.advance(3)
    converge(scene)
    if edit in (edit_second, drop_second, one_before):
        assert creates(scene) == 1 + (edit is edit_second)


def test_the_parts_that_are_there_are_gone_on_with(scene: Scene) -> None:
    """By the key that sent them, although another comes first now."""
    scene.patch["parts"] = SMALL_PARTS
    scene.declare("b", "b/big.bin", noise("big", 1_100_000))
    scene.save()
    # 1 lists, 2 opens the session, 3 and 4 send parts.
    scene.apply("--concurrency", "1", kill={"at": "request", "n": 5, "when": "before"})
    scene.tenant.settle()
    journaled, seen = journal_of(scene), len(scene.tenant.log)
    assert sum(len(attempt.parts) for attempt in journaled.attempts.values()) == 2
    scene.declare("a", "a/big.bin", noise("big", 1_100_000))
    scene.save()
    converge(scene)
    assert parts_sent_twice(scene, journaled, seen) == []
    assert len(scene.tenant.files()) == 1


def test_retain_outlives_a_crash_for_the_last_to_leave(scene: Scene) -> None:
    scene.declare("a", "a/same.txt", b"the same twice")
    scene.declare("b", "b/same.txt", b"the same twice", retain="7d")
    scene.save()
    scene.apply_well()
    old = scene.lock().id("a")
    scene.write("a/same.txt", b"and the same again")
    scene.write("b/same.txt", b"and the same again")
    die(scene)
    converge(scene, retired=1)
    assert old in scene.tenant.files()

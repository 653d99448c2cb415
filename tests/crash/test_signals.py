"""Ctrl-C and SIGTERM: stop, save, exit 130; the next apply goes on where it ended."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading

import pytest

from filesync.execute.pool import Step, Task, run_tasks
from tests.crash.hub import Fault, Seen
from tests.crash.project import SMALL_PARTS, Scene, noise
from tests.crash.steps import journal_of, parts_sent_twice, start

BOTH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


def converge(scene: Scene) -> None:
    ran = scene.job(["apply", "-y"], ["plan", "--detailed-exitcode"])
    assert ran.codes == [0, 0], (ran.out, ran.err)
    assert scene.wrongs() == []


@BOTH
@pytest.mark.parametrize("n", [3, 9, 20])
def test_stopped_among_small_files(scene: Scene, number: int, n: int) -> None:
    for k in range(30):
        scene.declare(f"f-{k}", f"{k}.txt", noise(k, 90), fingerprint=k % 2 == 0)
    scene.save()
    ran = scene.apply(
        "--concurrency", "2", kill={"at": "journal", "n": n, "when": "after", "signal": number}
    )
    assert ran.exit == 130, (ran.exit, ran.err)
    assert "interrupted" in ran.err
    scene.tenant.settle()
    files = scene.tenant.files()
    assert {entry.id for entry in scene.lock().files.values()} == files.keys()
    assert len(files) < 30
    seen = len(scene.tenant.log)
    converge(scene)
    assert sum(one.is_create for one in scene.tenant.log[seen:]) == 30 - len(files)


@BOTH
@pytest.mark.parametrize("parts", [1, 4])
def test_stopped_in_a_chunked_upload(scene: Scene, number: int, parts: int) -> None:
    """The session is gone on with: no finished part is sent again."""
    scene.patch["parts"] = SMALL_PARTS
    scene.declare("big", "big.bin", noise("big", 3_000_000))
    scene.save()
    ran = scene.apply(
        "--concurrency", "2", kill={"at": "part", "n": parts, "when": "after", "signal": number}
    )
    assert ran.exit == 130, (ran.exit, ran.err)
    scene.tenant.settle()
    sessions = scene.tenant.pending()
    assert len(sessions) == 1
    journaled = journal_of(scene)
    (attempt,) = journaled.attempts.values()
    assert len(attempt.parts) >= parts
    # What the server had answered before we ended was noted, every part of it.
    answered = {one.answer["id"] for one in scene.tenant.log if one.is_part and one.status == 200}
    assert set(attempt.parts.values()) == answered
    seen = len(scene.tenant.log)
    converge(scene)
    assert parts_sent_twice(scene, journaled, seen) == []
    opened = [one for one in scene.tenant.log if one.path == "/v1/uploads"]
    assert len(opened) == 1


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(("concurrency", "parts"), [("1", 0), ("1", 2), ("4", 2)])
def test_a_key_refused_on_a_part_is_no_interruption(
    scene: Scene, status: int, concurrency: str, parts: int
) -> None:
    """The lockfile and the journal hold what was done, as ever."""
    scene.patch["parts"] = SMALL_PARTS
    scene.declare("big", "big.bin", noise("big", 3_000_000))
    scene.save()
    begun = itertools.count()

    def refuse(seen: Seen) -> Fault | None:
        return Fault("status", status=status) if seen.is_part and next(begun) >= parts else None

    scene.tenant.plan = refuse
    ran = scene.apply("--concurrency", concurrency)
    assert ran.exit == 1, (ran.exit, ran.err)
    assert str(status) in ran.err
    assert ran.err.count("failed to create big") == 1
    assert "interrupted" not in ran.err
    assert scene.lock().files == {}
    journaled, seen = journal_of(scene), len(scene.tenant.log)
    scene.tenant.plan = lambda _seen: None
    converge(scene)
    assert parts_sent_twice(scene, journaled, seen) == []
    assert sum(one.path == "/v1/uploads" for one in scene.tenant.log) == 1


def test_stopped_among_deletes_and_replaces(scene: Scene) -> None:
    for k in range(8):
        scene.declare(f"f-{k}", f"{k}.txt", noise(k, 90))
    scene.save()
    scene.apply_well()
    for k in range(4):
        scene.write(f"{k}.txt", noise(("2", k), 90))
        del scene.entries[f"f-{k + 4}"]
    scene.save()
    stop = {"at": "journal", "n": 14, "when": "after", "signal": signal.SIGINT}
    ran = scene.apply("--concurrency", "1", kill=stop)
    assert ran.exit in (0, 130)
    converge(scene)


def hold_for_good(scene: Scene, which: str) -> None:
    def plan(seen: Seen) -> Fault | None:
        return Fault("hold", seconds=120) if getattr(seen, which) else None

    scene.tenant.plan = plan


def ends(process: subprocess.Popen[str], seconds: float = 5) -> bool:
    """Say whether the process ends although the server still holds its request."""
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return False
    return True


@pytest.mark.parametrize("which", ["is_create", "is_part"])
def test_a_second_ctrl_c_ends_at_once(scene: Scene, which: str) -> None:
    """The server says nothing for two minutes: the first Ctrl-C waits for it, the second not."""
    scene.declare("one", "one.txt", noise(1, 90))
    program = [sys.executable, "-m", "filesync", "apply", "-y"]
    if which == "is_part":
        scene.write("one.txt", noise(1, 1_200_000))
        scene.patch["parts"] = SMALL_PARTS
        code = (
            "import sys, filesync.core.parts as p;"
            "p.PARTS_FROM, p.MIN_PART, p.MAX_PART = 1 << 20, 1 << 18, 1 << 19;"
            "sys.argv = ['filesync', 'apply', '-y'];"
            "from filesync.cli import main; main()"
        )
        program = [sys.executable, "-c", code]
    scene.save()
    hold_for_good(scene, which)
    process = subprocess.Popen(
        program,
        cwd=scene.root,
        env=scene.env(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert scene.tenant.held.wait(30)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    while not (line := process.stderr.readline()).startswith("stopping once"):
        assert line, "the first Ctrl-C was not acknowledged"
    process.send_signal(signal.SIGINT)
    ended = ends(process)
    scene.tenant.plan = lambda _seen: None
    scene.tenant.gate.set()
    assert ended, "still there long after the second Ctrl-C"
    assert process.returncode == 130
    converge(scene)


def test_a_second_ctrl_c_that_finds_the_reader_at_work_waits_for_nothing() -> None:
    gate, stop = threading.Event(), threading.Event()
    finished = []

    def run() -> Step[int]:
        gate.wait(30)
        finished.append(1)
        return Step(1)

    batches = run_tasks([Task(0, run)], workers=1, stop=stop)
    assert next(batches) == []
    stop.set()
    batches.close()  # type: ignore[attr-defined]  # what Python does where a loop is left
    assert finished == []
    gate.set()


@BOTH
def test_stopped_while_planning(scene: Scene, number: int) -> None:
    """The listing hangs: the run ends, with nothing written."""
    scene.declare("one", "one.txt", b"one")
    scene.save()
    hold_for_good(scene, "is_listing")
    process = start(scene, "apply", "-y")
    assert scene.tenant.held.wait(30)
    os.kill(process.pid, number)
    ended = ends(process)
    scene.tenant.plan = lambda _seen: None
    scene.tenant.gate.set()
    assert ended, "still there long after Ctrl-C"
    assert process.returncode == 130
    assert not scene.lock_path.exists()
    converge(scene)

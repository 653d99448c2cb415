"""Several applies on one lockfile, and a holder that dies."""

from __future__ import annotations

import shutil
from itertools import count

from tests.crash.hub import Fault
from tests.crash.project import CANARY, Scene, noise
from tests.crash.steps import start


def build(scene: Scene, *, fingerprints: bool = False) -> None:
    for n in range(12):
        scene.declare(f"f-{n}", f"{n}.txt", noise(n, 80), fingerprint=fingerprints or n % 2 == 0)
    scene.save()


def test_four_applies_at_once(scene: Scene) -> None:
    build(scene)
    running = [start(scene, "apply", "-y") for _ in range(4)]
    for one in running:
        out, err = one.communicate(timeout=60)
        assert one.returncode == 0, err
        assert CANARY not in out + err
    assert scene.wrongs() == []
    assert sum(seen.is_create for seen in scene.tenant.log) == 12


def test_who_holds_it_is_said(scene: Scene) -> None:
    build(scene)
    scene.tenant.plan = lambda seen: Fault("hold", seconds=60) if seen.is_create else None
    holder = start(scene, "apply", "-y")
    try:
        assert scene.tenant.held.wait(30)
        lock = scene.lock_path.exists()
        ran = scene.apply("--lock-timeout", "0")
        assert ran.exit == 1
        assert f"process {holder.pid}" in ran.err
        assert "--lock-timeout" in ran.err
        assert "waiting" not in ran.err
        assert scene.lock_path.exists() == lock
    finally:
        holder.kill()
        holder.communicate()
    # The dead holder blocks nobody, and what it had under way is settled.
    scene.tenant.plan = lambda _seen: None
    scene.tenant.gate.set()
    ran = scene.job(["apply", "-y", "--lock-timeout", "0"], ["plan", "--detailed-exitcode"])
    assert ran.codes == [0, 0], ran.err
    assert scene.wrongs() == []


def test_one_waits_for_the_other(scene: Scene) -> None:
    build(scene)
    scene.tenant.plan = lambda seen: Fault("hold", seconds=60) if seen.is_listing else None
    holder = start(scene, "apply", "-y")
    assert scene.tenant.held.wait(30)
    scene.tenant.plan = lambda _seen: None
    second = start(scene, "apply", "-y", "--lock-timeout", "90")
    assert second.stderr is not None
    line = second.stderr.readline()
    assert "90 seconds at most (--lock-timeout): " in line
    assert f"process {holder.pid}" in line
    scene.tenant.gate.set()
    for one in (holder, second):
        _, err = one.communicate(timeout=60)
        assert one.returncode == 0, err
    assert scene.wrongs() == []
    assert sum(seen.is_create for seen in scene.tenant.log) == 12


def test_git_clean_under_a_running_apply(scene: Scene) -> None:
    """It takes journal, lock and a new lockfile away; a second apply waits all the same."""
    build(scene, fingerprints=True)  # what is lost is known again at once
    creates = count()
    held = Fault("hold", seconds=60, processed=True)
    scene.tenant.plan = lambda seen: held if seen.is_create and next(creates) == 8 else None
    first = start(scene, "apply", "-y", "--concurrency", "2")
    assert scene.tenant.held.wait(30)
    shutil.rmtree(scene.root / ".filesync")
    scene.lock_path.unlink(missing_ok=True)
    second = start(scene, "apply", "-y")
    assert second.stderr is not None
    assert "waiting for another run on this lockfile" in second.stderr.readline()
    scene.tenant.gate.set()
    for one in (first, second):
        out, err = one.communicate(timeout=60)
        assert one.returncode == 0, err
    assert "No changes" in out
    assert scene.wrongs() == []


def test_a_journal_that_was_removed_is_put_back_for_a_run_that_is_killed(scene: Scene) -> None:
    build(scene)
    creates = count()
    scene.tenant.plan = lambda seen: (
        Fault("hold", seconds=60) if seen.is_create and next(creates) == 8 else None
    )
    first = start(scene, "apply", "-y", "--concurrency", "1")
    assert scene.tenant.held.wait(30)
    shutil.rmtree(scene.root / ".filesync")
    scene.lock_path.unlink(missing_ok=True)
    scene.tenant.plan = lambda seen: (
        Fault("hold", seconds=60) if seen.is_create and next(creates) >= 10 else None
    )
    scene.tenant.held.clear()
    scene.tenant.gate.set()
    assert scene.tenant.held.wait(30)
    first.kill()
    first.communicate()
    scene.tenant.plan = lambda _seen: None
    ran = scene.job(["apply", "-y"], ["plan", "--detailed-exitcode"])
    assert ran.codes == [0, 0], ran.err
    assert scene.wrongs() == []

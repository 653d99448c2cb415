"""Several applies on one lockfile, and a holder that dies."""

from __future__ import annotations

from tests.crash.hub import Fault
from tests.crash.project import CANARY, Scene, noise
from tests.crash.steps import start


def build(scene: Scene) -> None:
    for n in range(12):
        scene.declare(f"f-{n}", f"{n}.txt", noise(n, 80), fingerprint=n % 2 == 0)
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

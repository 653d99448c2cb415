"""A network at its worst, over 500 files: it converges, with exactly 500 files on the platform."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable

import pytest

from tests.crash.hub import Fault, Seen
from tests.crash.project import SMALL_PARTS, Scene, noise

SEED = 4711
FILES = 500
# The children bear this much silence; a stall lasts longer.
PATIENCE = {"quick": 0.6, "slow": 0.6, "backoff": 0.01}
STALL = 1.2


def storm(seed: object, share: float = 0.1) -> Callable[[Seen], Fault | None]:
    """Faults of seven kinds, each for `share` of the requests, in its variants."""
    rng = random.Random(str(seed))
    guard = threading.Lock()

    def plan(_seen: Seen) -> Fault | None:
        with guard:
            which, variant = int(rng.random() / share), rng.random()
        half = variant < 0.5
        match which:
            case 0:
                name = "retry-after-ms" if half else "retry-after"
                return Fault("status", status=429, headers=((name, "0"),))
            case 1:
                return Fault("status", status=500, processed=half)
            case 2:
                page = None if half else b"<html>upstream is busy</html>"
                return Fault("status", status=503, body=page, processed=variant > 0.8)
            case 3:
                return Fault("reset", early=half)
            case 4:
                return Fault("reset", processed=True)
            case 5:
                return Fault("cut", early=half) if variant < 0.7 else Fault("html", processed=half)
            case 6 if variant < 0.15:  # each costs its time
                return Fault("hold", processed=variant < 0.07, seconds=STALL)
        return None

    return plan


def rounds_to_converge(scene: Scene, most: int, **more: object) -> int:
    """Apply until it says that all is well; the number of applies."""
    for number in range(1, most + 1):
        ran = scene.apply(timeout=120, **more)
        if ran.exit == 0:
            return number
        assert ran.exit == 1, (ran.exit, ran.signal, ran.err)
    raise AssertionError(f"not converged after {most} applies (seed {SEED}): {ran.err[-3000:]}")


@pytest.mark.parametrize("fingerprint", [False, True])
def test_a_storm_over_500_files(scene: Scene, fingerprint: bool) -> None:
    for n in range(FILES):
        scene.declare(f"f-{n:03}", f"f/{n:03}.txt", noise(n, 100 + n % 7), fingerprint=fingerprint)
    scene.save()
    scene.patch |= PATIENCE
    scene.tenant.plan = storm(f"{SEED}-{fingerprint}")
    rounds = rounds_to_converge(scene, 8)
    faults = Counter(seen.fault for seen in scene.tenant.log)
    print(f"\nstorm, fingerprint={fingerprint}: {rounds} rounds, {dict(faults)}")
    scene.tenant.plan = lambda _seen: None
    # The storm may have hit the last listing: what it left over goes on a quiet day.
    assert scene.job(["apply", "-y"], ["plan", "--detailed-exitcode"]).codes == [0, 0]
    assert scene.wrongs() == [], f"seed {SEED}-{fingerprint}"
    assert len(scene.tenant.files()) == FILES


def test_a_storm_over_parts_replaces_and_deletes(scene: Scene) -> None:
    scene.patch |= {**PATIENCE, "parts": SMALL_PARTS}
    for n in range(4):
        scene.declare(f"big-{n}", f"big-{n}.bin", noise(("b", n), 1_100_000 + n))
    for n in range(40):
        scene.declare(f"f-{n}", f"{n}.txt", noise(n, 99), fingerprint=n % 2 == 0)
    scene.save()
    scene.apply_well()
    for n in range(4):
        scene.write(f"big-{n}.bin", noise(("b2", n), 1_100_000 + n))
    for n in range(20):
        scene.write(f"{n}.txt", noise(("2", n), 120))
    for n in range(30, 40):
        del scene.entries[f"f-{n}"]
    scene.save()
    scene.tenant.plan = storm(f"{SEED}-mixed")
    rounds = rounds_to_converge(scene, 10)
    print(f"\nstorm over parts: {rounds} rounds")
    scene.tenant.plan = lambda _seen: None
    assert scene.job(["apply", "-y"], ["plan", "--detailed-exitcode"]).codes == [0, 0]
    # A session whose opening answer was lost is nobody's: it is empty and gone after an hour.
    lost = {
        seen.answer["id"]
        for seen in scene.tenant.log
        if seen.path == "/v1/uploads" and seen.fault and "id" in seen.answer
    }
    assert scene.wrongs(sessions=frozenset(lost)) == [], f"seed {SEED}-mixed"

"""Kill -9 everywhere: at each journal write, each file replaced, each request, and at random.

After each kill the lock parses, the next apply converges, and the platform holds what is
declared and nothing else: no duplicate, no leak, no session, no part sent twice.
"""

from __future__ import annotations

import random
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from filesync.core.recovery.journal import History
from tests.crash.hub import Fault
from tests.crash.project import SMALL_PARTS, Scene, Template, freeze, noise
from tests.crash.steps import Tally, journal_of, parts_sent_twice, points

SEED = 20261121
Build = Callable[[Scene], None]


def small(scene: Scene) -> None:
    """Six files, half of them with a fingerprint; two share name and content."""
    for n in range(3):
        scene.declare(f"print-{n}", f"p/{n}.txt", noise(("p", n), 200 + n), fingerprint=True)
    scene.declare("plain", "plain.jsonl", noise("plain", 300))
    scene.declare("twin-a", "a/twin.txt", b"the same twice")
    scene.declare("twin-b", "b/twin.txt", b"the same twice")
    scene.save()


def prints(scene: Scene) -> None:
    """Five files with a fingerprint, one of them in parts: needs no journal to converge."""
    scene.patch["parts"] = SMALL_PARTS
    for n in range(4):
        scene.declare(f"print-{n}", f"p/{n}.txt", noise(("p", n), 200 + n), fingerprint=True)
    scene.declare("big", "big.bin", noise("big", 1_500_000), fingerprint=True)
    scene.save()


def large(scene: Scene) -> None:
    """A file in eleven parts, one in several chunks of one request, and a small one."""
    scene.patch["parts"] = (3 << 19, 1 << 18, 1 << 19)
    scene.declare("big", "big.bin", noise("big", 3_000_000), expires_after="7d")
    scene.declare("middle", "middle.bin", noise("middle", 1_300_000))
    scene.declare("small", "small.txt", b"small")
    scene.save()


def mixed_before(scene: Scene) -> None:
    scene.patch["parts"] = SMALL_PARTS
    scene.declare("stays", "stays.txt", b"as it was")
    scene.declare("edited", "edited.txt", b"first text")
    scene.declare("printed", "printed.txt", b"first print", fingerprint=True)
    scene.declare("kept", "kept.txt", b"first kept")
    scene.declare("big", "big.bin", noise("big-1", 1_200_000))
    for name in ("pair-a", "pair-b", "pair-c"):
        scene.declare(name, f"{name}/same.txt", b"one file for three keys")
    scene.declare("away", "away.txt", b"to go")
    scene.declare("away-too", "away-too.txt", b"to go too", fingerprint=True)
    scene.save()
    scene.upload_foreign("away.txt", b"not ours, by the same name")
    scene.upload_foreign("new.txt", b"nor this one")
    scene.apply_well()


def mixed_after(scene: Scene) -> None:
    """Creates, replaces, shares and deletes, beside files of others by the same names."""
    scene.write("edited.txt", b"second text")
    scene.write("printed.txt", b"second print")
    scene.write("kept.txt", b"second kept")
    scene.entries["kept"]["retain"] = "7d"
    scene.write("big.bin", noise("big-2", 1_300_000))
    scene.write("pair-a/same.txt", b"then for two")
    scene.write("pair-b/same.txt", b"then for two")
    del scene.entries["pair-c"]
    del scene.entries["away"]
    del scene.entries["away-too"]
    scene.declare("new", "new.txt", b"new")
    scene.declare("new-too", "new-too.txt", b"new, too", fingerprint=True)
    scene.save()


def expiring_before(scene: Scene) -> None:
    scene.declare("short", "short.txt", b"short", expires_after="1h", renew_before="10m")
    scene.declare("moved", "moved.txt", b"moved")
    scene.declare("renamed", "renamed.txt", b"renamed", fingerprint=True)
    scene.save()
    scene.apply_well()


def expiring_after(scene: Scene) -> None:
    """What is replaced for its age, its purpose or its name only."""
    scene.entries["moved"]["purpose"] = "assistants"
    scene.entries["renamed"]["filename"] = "other.txt"
    scene.save()
    scene.tenant.advance(3200)


def check_kill(
    template: Template, edit: Build, name: str, kill: dict[str, Any], tally: Tally, retired: int = 0
) -> None:
    """Kill one apply and see the next converge."""
    with template.copy(name) as scene:
        edit(scene)
        where = f"{name}: {kill}"
        forget = kill.pop("forget", False)
        ran = scene.apply(**kill)
        if ran.signal != signal.SIGKILL:
            tally.count["ended before"] += 1
            if ran.exit:
                tally.wrong.append(f"{where}: exit {ran.exit}: {ran.err}")
        else:
            tally.count["killed"] += 1
        scene.tenant.settle()
        journaled = journal_of(scene)
        if scene.lock_path.exists():
            scene.lock()
        known = {a.upload_id for a in journaled.attempts.values() if a.upload_id}
        unknown = frozenset(scene.tenant.pending() - known)
        if unknown:
            tally.count["killed before the session's id was told or noted"] += 1
        if forget:
            scene.forget_state()
            unknown = frozenset(scene.tenant.pending())
            journaled = History()
        seen_before = len(scene.tenant.log)
        again = scene.job(["apply", "-y"], ["plan", "--detailed-exitcode"])
        if again.would_wait:
            tally.waits.append(again.would_wait)
        if again.codes != [0, 0]:
            tally.count["second apply needed"] += 1
            first = again
            again = scene.job(["apply", "-y"], ["plan", "--detailed-exitcode"])
            if again.codes != [0, 0]:
                tally.wrong.append(
                    f"{where}: {again.codes} {again.out} {again.err} after {first.out} {first.err}"
                )
                return
        tally.wrong += [
            f"{where}: {wrong}"
            for wrong in scene.wrongs(retired=retired, sessions=unknown)
            + parts_sent_twice(scene, journaled, seen_before)
        ]


def nothing(scene: Scene) -> None:
    pass


CAMPAIGNS: dict[str, tuple[Build, Build, int]] = {
    "small": (nothing, small, 0),
    "large": (nothing, large, 0),
    "mixed": (mixed_before, mixed_after, 1),
    "renewed": (expiring_before, expiring_after, 0),
}


def campaign(
    scene: Scene,
    tmp_path: Path,
    build: Build,
    edit: Build,
    kills: Callable[[dict[str, int], float], Iterator[dict[str, Any]]],
    retired: int,
) -> Tally:
    """Measure an apply that nobody interrupts, then kill it in every way that `kills` gives."""
    build(scene)
    template = freeze(scene, tmp_path)
    with template.copy("whole") as whole:
        edit(whole)
        ran = whole.apply_well()
        assert whole.wrongs(retired=retired) == []
    tally = Tally()
    with ThreadPoolExecutor(scene.runners.count) as pool:
        work = [
            pool.submit(check_kill, template, edit, str(n), kill, tally, retired)
            for n, kill in enumerate(kills(ran.counts, ran.seconds))
        ]
        for one in work:
            one.result()
    print(f"\n{build.__name__}/{edit.__name__}: {tally}")
    return tally


@pytest.mark.parametrize("name", list(CAMPAIGNS))
def test_killed_at_every_journal_write_and_save(name: str, scene: Scene, tmp_path: Path) -> None:
    build, edit, retired = CAMPAIGNS[name]

    def kills(counts: dict[str, int], _seconds: float) -> Iterator[dict[str, Any]]:
        return points(counts, ("journal", "replace"))

    tally = campaign(scene, tmp_path, build, edit, kills, retired)
    assert tally.wrong == []


@pytest.mark.parametrize("name", list(CAMPAIGNS))
def test_killed_at_every_request(name: str, scene: Scene, tmp_path: Path) -> None:
    """The answer is there, and nobody has noted it: the moments that matter most."""
    build, edit, retired = CAMPAIGNS[name]

    def kills(counts: dict[str, int], _seconds: float) -> Iterator[dict[str, Any]]:
        for kill in points(counts, ("request",)):
            if kill["kill"]["when"] == "after":
                yield kill

    tally = campaign(scene, tmp_path, build, edit, kills, retired)
    assert tally.wrong == []


@pytest.mark.parametrize("name", list(CAMPAIGNS))
def test_killed_at_random_times(name: str, scene: Scene, tmp_path: Path) -> None:
    build, edit, retired = CAMPAIGNS[name]
    rng = random.Random(f"{SEED}-{name}")

    def kills(_counts: dict[str, int], seconds: float) -> Iterator[dict[str, Any]]:
        for _ in range(20):
            yield {"kill_after": rng.uniform(0.01, seconds)}

    tally = campaign(scene, tmp_path, build, edit, kills, retired)
    assert tally.wrong == [], f"seed {SEED}-{name}"


def test_killed_and_the_journal_lost(scene: Scene, tmp_path: Path) -> None:
    """With fingerprints the platform's listing is enough: on another machine, say."""

    def kills(counts: dict[str, int], _seconds: float) -> Iterator[dict[str, Any]]:
        for kill in points(counts, ("journal", "request", "save")):
            if kill["kill"]["when"] == "after":
                yield {**kill, "forget": True}

    tally = campaign(scene, tmp_path, nothing, prints, kills, 0)
    assert tally.wrong == []


def test_killed_again_and_again(make_scene: Callable[[], Scene], tmp_path: Path) -> None:
    """Each run dies, too, and yet the last one ends in the declared state."""
    for name, (build, edit, retired) in CAMPAIGNS.items():
        rng = random.Random(f"{SEED}-again-{name}")
        scene = make_scene()
        build(scene)
        edit(scene)
        unknown: frozenset[str] = frozenset()
        for _ in range(8):
            at = rng.choice(("journal", "request", "replace"))
            n = rng.randint(1, 9)
            ran = scene.apply(kill={"at": at, "n": n, "when": rng.choice(("before", "after"))})
            assert ran.signal == signal.SIGKILL or ran.exit == 0, ran.err
            scene.tenant.settle()
            known = {a.upload_id for a in journal_of(scene).attempts.values()}
            unknown |= scene.tenant.pending() - known
        scene.apply_well()
        assert scene.job(["plan", "--detailed-exitcode"]).exit == 0
        assert scene.wrongs(retired=retired, sessions=unknown) == [], f"{SEED}-again-{name}"


@pytest.mark.parametrize("n", [5, 7, 8])
def test_killed_while_deleting_most_of_the_files(scene: Scene, n: int) -> None:
    """1 lists, 2 to 4 look who uses them, then come the deletes, several at once."""
    for number in range(5):
        scene.declare(f"k{number}", f"k{number}.txt", noise(number, 100 + number))
    scene.save()
    scene.apply_well()
    for number in range(4):
        del scene.entries[f"k{number}"]
    scene.save()
    ran = scene.apply(kill={"at": "request", "n": n, "when": "after"})
    assert ran.signal == signal.SIGKILL
    scene.tenant.settle()
    assert len(scene.tenant.files()) < 5
    scene.apply_well()
    assert scene.wrongs() == []


def test_what_could_not_be_deleted_is_its_keys_as_before(scene: Scene) -> None:
    for name in ("one", "other"):
        scene.declare(name, f"{name}.txt", name.encode())
    scene.save()
    scene.apply_well()
    before = scene.lock_path.read_bytes()
    entry = scene.entries.pop("one")
    scene.save()
    scene.tenant.plan = lambda seen: (
        Fault("status", status=403) if seen.method == "DELETE" else None
    )
    assert scene.apply().exit == 1
    assert scene.lock_path.read_bytes() == before
    scene.entries["one"] = entry
    scene.save()
    assert scene.job(["plan", "--detailed-exitcode"]).exit == 0

"""A large file is hashed while it is sent: killed, changed and moved before its sha256 is known."""

from __future__ import annotations

import hashlib
import json
import signal

import pytest

from tests.crash.hub import Fault, Seen
from tests.crash.project import SMALL_PARTS, Scene
from tests.crash.steps import converge, journal_of, parts_sent_twice

NOISE = bytes(range(251)) * 4400
FOR_GOOD = 600.0  # no child may run that long


@pytest.fixture
def large(scene: Scene) -> Scene:
    """A project with one file in four parts, which nobody has hashed yet."""
    scene.patch["parts"] = SMALL_PARTS
    scene.declare("big", "big.bin", NOISE)
    scene.save()
    return scene


def locked_sha256(scene: Scene) -> str:
    return scene.lock().files["big"].sha256


def sha256_of(scene: Scene) -> str:
    return hashlib.sha256(scene.content["big.bin"]).hexdigest()


def killed_after_two_parts(scene: Scene) -> None:
    """Kill an apply of which two parts are sent, and the sha256 is not known."""
    # 1 lists, 2 opens the session, 3 and 4 send parts.
    kill = {"at": "request", "n": 5, "when": "before"}
    ran = scene.apply("--concurrency", "1", kill=kill, patch={"hashing": FOR_GOOD})
    assert ran.signal == signal.SIGKILL, ran
    scene.tenant.settle()
    (attempt,) = journal_of(scene).attempts.values()
    assert (attempt.sha256, len(attempt.parts)) == ("", 2)


def test_it_is_sent_before_it_is_known_and_completed_after(large: Scene) -> None:
    """Four parts go while the hash takes its time; the next plan knows it without reading."""
    large.apply_well(patch={"hashing": 0.5})
    assert locked_sha256(large) == sha256_of(large)
    assert large.wrongs() == []
    last = [seen.path.rpartition("/")[2] for seen in large.tenant.log if seen.method == "POST"]
    assert last == ["uploads", "parts", "parts", "parts", "parts", "complete"]
    assert large.plan()["has_changes"] is False


def test_the_next_run_goes_on_with_the_same_bytes(large: Scene) -> None:
    killed_after_two_parts(large)
    journaled, seen = journal_of(large), len(large.tenant.log)
    converge(large)
    assert parts_sent_twice(large, journaled, seen) == []
    assert [one.path for one in large.tenant.log[seen:] if one.path.endswith("/uploads")] == []
    assert locked_sha256(large) == sha256_of(large)


@pytest.mark.parametrize(
    "content", [NOISE, NOISE[::-1], NOISE + b"x"], ids=["same", "as long", "longer"]
)
def test_what_was_written_anew_is_sent_anew(large: Scene, content: bytes) -> None:
    """It may be other content now, and nobody knows what the parts hold: their session goes."""
    killed_after_two_parts(large)
    (large.root / "big.bin").unlink()
    large.write("big.bin", content)
    converge(large)
    assert locked_sha256(large) == sha256_of(large)
    assert len(large.tenant.files()) == 1


def test_the_same_content_written_anew_is_gone_on_with_once_its_hash_is_known(
    large: Scene,
) -> None:
    """A checkout has other times and inodes: the sha256 says that it is the same."""
    large.patch["hashing"] = 0.0
    kill = {"at": "request", "n": 6, "when": "before"}
    large.apply("--concurrency", "1", kill=kill)
    large.tenant.settle()
    journaled, seen = journal_of(large), len(large.tenant.log)
    (attempt,) = journaled.attempts.values()
    assert attempt.sha256 == sha256_of(large)
    (large.root / "big.bin").unlink()
    large.write("big.bin", NOISE)
    converge(large)
    assert parts_sent_twice(large, journaled, seen) == []


@pytest.mark.parametrize("late", ["changed", "gone"])
def test_a_file_that_changes_while_it_is_hashed_never_becomes_whole(
    large: Scene, late: str
) -> None:
    def meddle(seen: Seen) -> Fault | None:
        if seen.is_part:
            path = large.root / "big.bin"
            path.unlink(missing_ok=True)
            if late == "changed":
                path.write_bytes(NOISE[::-1])
        return None

    large.tenant.plan = meddle
    ran = large.apply("--json", patch={"hashing": 0.5})
    assert ran.exit == 1
    (failed,) = json.loads(ran.out)["failed"]
    assert failed["key"] == "big"
    large.tenant.settle()
    assert large.tenant.files() == {}
    assert large.tenant.pending() == set()


def test_two_that_may_be_the_same_are_hashed_first_and_sent_once(large: Scene) -> None:
    large.declare("copy", "elsewhere/big.bin", NOISE)
    large.save()
    large.apply_well(patch={"hashing": FOR_GOOD})
    assert large.wrongs() == []
    assert len(large.tenant.files()) == 1


def test_ctrl_c_does_not_wait_for_the_hash(large: Scene) -> None:
    kill = {"at": "request", "n": 4, "when": "after", "signal": signal.SIGINT}
    ran = large.apply("--concurrency", "1", kill=kill, patch={"hashing": FOR_GOOD})
    assert ran.exit == 130
    converge(large)
    assert locked_sha256(large) == sha256_of(large)

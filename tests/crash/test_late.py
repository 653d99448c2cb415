"""What shows up late after a crash, and what people have decided by then."""

from __future__ import annotations

import itertools
import signal
import time
from collections.abc import Callable

import pytest

from tests.crash.hub import Fault, Listing, Seen
from tests.crash.project import SMALL_PARTS, Scene, noise
from tests.crash.steps import LOST, converge, die


def break_first(count: int, fault: Fault) -> Callable[[Seen], Fault | None]:
    """Return the platform's plan to break so many uploads, and then none."""
    left = itertools.repeat(fault, count)
    return lambda seen: next(left, None) if seen.is_create else None


def only(found: list[str]) -> str:
    (one,) = found
    return one


def test_adopted_by_hand_stays_adopted(scene: Scene) -> None:
    """Two files could be what a crash left; the refusal says to adopt one, and that is that."""
    scene.declare("one", "one.txt", b"ours")
    scene.save()
    die(scene)
    ours = only(list(scene.tenant.files()))
    scene.upload_foreign("one.txt", b"them")
    ran = scene.apply()
    assert ran.exit == 1
    assert "`filesync adopt one " in ran.err
    assert scene.job(["adopt", "one", ours]).exit == 0
    converge(scene)
    assert scene.lock().id("one") == ours


def test_what_was_made_goes_when_another_is_adopted(scene: Scene) -> None:
    scene.declare("one", "one.txt", b"text")
    scene.save()
    theirs = scene.upload_foreign("one.txt", b"text")
    scene.tenant.advance(10)
    ran = scene.apply("--allow-duplicates", "--concurrency", "1", **LOST)
    assert ran.signal == signal.SIGKILL
    scene.tenant.settle()
    assert scene.job(["adopt", "one", theirs]).exit == 0
    scene.foreign.clear()
    converge(scene)
    assert list(scene.tenant.files()) == [theirs]


def test_forgotten_stays_forgotten(scene: Scene) -> None:
    """Killed after the lock was saved and before the journal was cleared."""
    scene.declare("a", "a.txt", b"aaaa")
    scene.declare("b", "b.txt", b"bbb")
    scene.save()
    ran = scene.apply("--concurrency", "1", kill={"at": "save", "n": 2, "when": "after"})
    assert ran.signal == signal.SIGKILL
    scene.tenant.settle()
    key = min(scene.lock().files)  # the other may have been saved with it
    forgotten = scene.lock().id(key)
    assert scene.job(["forget", key]).exit == 0
    del scene.entries[key]
    scene.save()
    scene.foreign[forgotten] = scene.tenant.files()[forgotten]["content"]
    converge(scene)


@pytest.mark.parametrize("protect", [False, True])
def test_older_upload_that_is_listed_late_does_not_win(scene: Scene, protect: bool) -> None:
    scene.declare("one", "one.txt", b"text-1", protect=protect)
    scene.save()
    scene.tenant.lag = 30
    scene.patch["lag"] = 60
    die(scene)
    scene.write("one.txt", b"text-22")
    scene.apply_well()
    newer = scene.lock().id("one")
    scene.tenant.advance(31)
    converge(scene)
    assert scene.lock().id("one") == newer


def test_older_upload_that_is_listed_late_does_not_win_over_a_shared_file(scene: Scene) -> None:
    """The keys have changed places meanwhile, and one shares what the other had."""
    scene.declare("a", "x.txt", b"same")
    scene.save()
    scene.apply_well()
    scene.tenant.advance(60)
    scene.declare("c", "d.txt", b"same")
    scene.save()
    scene.tenant.lag = 30
    scene.patch["lag"] = 60
    die(scene)
    assert len(scene.tenant.files()) == 2
    scene.entries["a"], scene.entries["c"] = scene.entries["c"], scene.entries["a"]
    scene.save()
    scene.apply_well()
    ids = {key: entry.id for key, entry in scene.lock().files.items()}
    scene.tenant.advance(61)
    converge(scene)
    assert {key: entry.id for key, entry in scene.lock().files.items()} == ids


def test_doubt_outlives_other_applies(scene: Scene) -> None:
    """What nobody has decided yet is asked about until somebody does."""
    scene.declare("one", "one.txt", b"ours")
    scene.declare("z", "z.txt", b"zz")
    scene.save()
    scene.apply_well()
    scene.write("one.txt", b"ours, edited")
    die(scene)
    scene.upload_foreign("one.txt", b"x" * len(b"ours, edited"))
    assert scene.apply().exit == 1
    scene.tenant.advance(200)
    for text in (b"zzz", b"zzzz"):
        scene.write("z.txt", text)
        ran = scene.apply_well("--only", "z")
        assert "an upload of one was interrupted" in ran.err
    ran = scene.apply()
    assert ran.exit == 1
    assert "adopt one" in ran.err
    # Edited back, the key needs nothing, and the doubt is told all the same.
    scene.write("one.txt", b"ours")
    ran = scene.apply_well()
    assert "`filesync forget one` leaves them alone" in ran.err


def test_forget_gives_up_an_upload_in_doubt(scene: Scene) -> None:
    scene.declare("one", "one.txt", b"ours")
    scene.declare("two", "two.txt", b"two")
    scene.save()
    scene.apply_well("--only", "two")
    die(scene)
    ours = only([i for i, f in scene.tenant.files().items() if f["filename"] == "one.txt"])
    scene.upload_foreign("one.txt", b"them")
    del scene.entries["one"]
    scene.save()
    ran = scene.apply_well()
    assert "an upload of one was interrupted" in ran.err
    ran = scene.job(["forget", "one"])
    assert ran.exit == 0
    assert "gave up the interrupted upload of one" in ran.err
    ran = scene.apply_well()
    assert "interrupted" not in ran.err
    assert ours in scene.tenant.files()
    assert scene.job(["forget", "one"]).exit == 1


def test_file_that_appeared_since_the_plan_is_not_taken_for_ours(scene: Scene) -> None:
    """Somebody's file of the same looks, made while the plan was being read."""
    scene.declare("one", "one.txt", b"ours")
    scene.save()
    scene.patch["lag"] = 1
    theirs: list[str] = []

    def break_it(seen: Seen) -> Fault | None:
        if seen.is_create and not theirs:
            theirs.append(scene.upload_foreign("one.txt", b"them"))
            return Fault("reset")
        return None

    def earlier(page: Listing, _query: dict[str, str]) -> Listing:
        then = int(time.time()) - 20
        rows = [{**row, "created_at": then} if row["id"] in theirs else row for row in page.rows]
        return page._replace(rows=rows)

    scene.tenant.plan = break_it
    scene.tenant.page = earlier
    ran = scene.apply()
    assert ran.exit == 1
    assert "1 file on the platform could be it" in ran.err
    assert "one" not in scene.lock().files
    assert list(scene.tenant.files()) == theirs


def test_odd_times_do_not_hide_our_own_file(scene: Scene) -> None:
    """A server that stamps one and the same time on every file."""
    scene.declare("one", "one.txt", b"ours")
    scene.save()
    scene.tenant.plan = break_first(1, Fault("reset", processed=True))
    scene.tenant.page = lambda page, _query: page._replace(
        rows=[{**row, "created_at": 1_600_000_000} for row in page.rows]
    )
    scene.apply_well()
    assert [scene.lock().id("one")] == list(scene.tenant.files())


def test_file_just_deleted_is_not_taken_for_ours(scene: Scene) -> None:
    scene.declare("keep", "keep.txt", b"keep")
    scene.declare("one", "one.txt", b"text-1")
    scene.save()
    scene.apply_well()
    del scene.entries["one"]
    scene.save()
    scene.tenant.ghosts = 120
    scene.apply_well("--max-delete", "5")
    scene.declare("one", "one.txt", b"text-2")
    scene.save()
    scene.tenant.plan = break_first(1, Fault("reset"))
    scene.patch["lag"] = 1
    scene.apply_well()
    assert scene.lock().id("one") in scene.tenant.files()


def test_files_that_live_differently_long_are_not_swapped(scene: Scene) -> None:
    scene.declare("a", "a/x.txt", b"same")
    scene.declare("b", "b/x.txt", b"same", expires_after="1d")
    scene.save()
    scene.tenant.plan = break_first(2, Fault("reset", processed=True))
    scene.apply_well("--concurrency", "1")
    files = scene.tenant.files()
    assert files[scene.lock().id("a")]["expires_at"] is None
    assert files[scene.lock().id("b")]["expires_at"] is not None
    converge(scene)


def test_completed_upload_that_is_listed_late_goes(scene: Scene) -> None:
    """Killed after `complete`; the listing lags, and the file is another by the next apply."""
    scene.patch["parts"] = SMALL_PARTS
    scene.declare("b", "big.bin", noise("big", 1_100_000))
    scene.save()
    scene.tenant.lag = 30
    scene.patch["lag"] = 60
    ran = scene.apply("--concurrency", "1", kill={"at": "request", "n": 6, "when": "after"})
    assert ran.signal == signal.SIGKILL
    scene.tenant.settle()
    assert len(scene.tenant.files()) == 1
    scene.write("big.bin", noise("big2", 1_200_000))
    scene.apply_well()
    scene.tenant.advance(100)
    converge(scene)


def test_only_leaves_the_sessions_of_others_open(scene: Scene) -> None:
    scene.patch["parts"] = SMALL_PARTS
    scene.declare("b", "big.bin", noise("big", 1_100_000))
    scene.declare("z", "z.txt", b"z")
    scene.save()
    scene.apply("--concurrency", "1", kill={"at": "request", "n": 5, "when": "after"})
    scene.tenant.settle()
    assert len(scene.tenant.pending()) == 1
    scene.apply_well("--only", "z")
    assert len(scene.tenant.pending()) == 1
    scene.tenant.log.clear()
    converge(scene)
    assert not [seen for seen in scene.tenant.log if seen.path == "/v1/uploads"]


def test_only_adopts_what_another_key_could_have(scene: Scene) -> None:
    """One file with the fingerprint of two keys: the one that was asked for gets it."""
    scene.declare("b", "b/x.txt", b"old", fingerprint=True, retain="7d")
    scene.save()
    scene.apply_well()
    lock = scene.lock_path.read_bytes()
    scene.declare("a", "a/x.txt", b"same", fingerprint=True)
    scene.declare("b", "b/x.txt", b"same", fingerprint=True, retain="7d")
    scene.save()
    scene.apply_well()
    scene.lock_path.write_bytes(lock)  # another machine, before it has pulled
    scene.forget_state()
    scene.apply_well("--only", "b")
    assert [f["content"] for f in scene.tenant.files().values()].count(b"same") == 1


@pytest.mark.parametrize("fingerprint", [False, True])
def test_destroy_takes_what_nobody_heard_of(scene: Scene, fingerprint: bool) -> None:
    scene.declare("a", "a.txt", b"aaaa", fingerprint=fingerprint)
    scene.save()
    die(scene)
    assert len(scene.tenant.files()) == 1
    assert scene.job(["destroy", "-y"]).exit == 0
    assert scene.tenant.files() == {}


def test_destroy_says_what_it_leaves(scene: Scene) -> None:
    scene.declare("one", "one.txt", b"ours")
    scene.save()
    die(scene)
    scene.upload_foreign("one.txt", b"them")
    ran = scene.job(["destroy", "-y"])
    assert ran.exit == 0
    assert "may have made one of" in ran.err
    assert len(scene.tenant.files()) == 2


def test_destroy_by_the_wrong_key_is_refused(scene: Scene) -> None:
    for number in range(4):
        scene.declare(f"k{number}", f"k{number}.txt", b"%d" % number)
    scene.save()
    scene.apply_well()
    before = scene.lock_path.read_bytes()
    for file_id in list(scene.tenant.files()):
        scene.delete_remote(file_id)
    ran = scene.job(["destroy", "-y"])
    assert ran.exit == 1
    assert "4 of 4 locked files are gone" in ran.err
    assert "forget them with --accept-missing" in ran.err
    assert scene.lock_path.read_bytes() == before
    assert scene.job(["destroy", "-y", "--accept-missing"]).exit == 0
    assert scene.lock().files == {}

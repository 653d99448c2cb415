"""What happens between a crash and the next apply: edits, removals, lag, strangers' files."""

from __future__ import annotations

import errno
import hashlib
import os
import signal
from pathlib import Path

import pytest

from filesync.core.lockfile.lock import Lockfile
from filesync.core.recovery.journal import read_history
from filesync.errors import LocalFileError
from filesync.local.journal import Journal, read_journal
from tests.crash.hub import Fault
from tests.crash.project import SMALL_PARTS, Scene, noise
from tests.crash.steps import converge, die


@pytest.mark.parametrize("fingerprint", [False, True])
@pytest.mark.parametrize("change", ["none", "longer", "removed", "renamed", "moved"])
def test_crash_then_edit(scene: Scene, change: str, fingerprint: bool) -> None:
    """An upload that nobody locked, and by the next apply something else is wanted."""
    scene.declare("other", "other.txt", b"other", fingerprint=fingerprint)
    scene.declare("one", "one.txt", b"one", fingerprint=fingerprint)
    scene.save()
    scene.apply_well()
    scene.write("one.txt", b"one, edited")
    die(scene)
    if change == "longer":
        scene.write("one.txt", b"one, edited once more")
    elif change == "removed":
        del scene.entries["one"]
    elif change == "renamed":
        scene.entries["one"]["filename"] = "uno.txt"
    elif change == "moved":
        scene.entries["uno"] = scene.entries.pop("one")
    scene.save()
    converge(scene)


@pytest.mark.parametrize("change", ["none", "removed"])
def test_run_again_within_seconds_of_a_crash(scene: Scene, change: str) -> None:
    """What looks like the lost upload is believed some seconds later: waited for, not refused."""
    scene.declare("one", "one.txt", b"one")
    scene.declare("other", "other.txt", b"other")
    scene.save()
    scene.apply_well()
    scene.write("one.txt", b"one, edited")
    die(scene)
    del scene.patch["lag"]
    if change == "removed":
        del scene.entries["one"]
        scene.save()
    ran = scene.job(["apply", "-y"], ["plan", "--detailed-exitcode"])
    assert ran.codes == [0, 0], (ran.out, ran.err)
    assert scene.wrongs() == []
    assert sum(seen.is_create for seen in scene.tenant.log) == 3


@pytest.mark.parametrize("fingerprint", [False, True])
def test_crash_then_edit_to_the_same_size(scene: Scene, fingerprint: bool) -> None:
    """The upload of the first text is there; it must not pass for the second."""
    scene.declare("one", "one.txt", b"text-1", fingerprint=fingerprint)
    scene.save()
    die(scene)
    scene.write("one.txt", b"text-2")
    converge(scene)


def test_two_crashes_about_two_texts_of_one_size(scene: Scene) -> None:
    """The first upload was recovered and locked: one doubt is left, with one candidate."""
    scene.declare("one", "one.txt", b"text-1")
    scene.save()
    die(scene)
    scene.write("one.txt", b"text-2")
    die(scene, n=3)
    assert scene.lock().files["one"].sha256 == hashlib.sha256(b"text-1").hexdigest()
    converge(scene)


def test_doubts_that_a_listing_cannot_tell_apart(scene: Scene) -> None:
    """Two files of one name and size, uploaded at once: reported and named, never guessed."""
    scene.declare("a", "a/x.txt", b"text-1")
    scene.declare("b", "b/x.txt", b"text-2")
    scene.save()
    ran = scene.apply(kill={"at": "request", "n": 3, "when": "after"}, patch={"lag": -1})
    assert ran.signal == signal.SIGKILL
    scene.tenant.settle()
    ran = scene.apply()
    there = scene.tenant.files()
    if ran.exit == 0:  # the first one's answer was noted: no doubt about the second
        assert scene.wrongs() == []
        return
    assert ran.exit == 1
    assert "filesync adopt" in ran.err
    assert all(one in ran.err for one in there)
    assert scene.tenant.files().keys() == there.keys()
    for key, content in (("a", b"text-1"), ("b", b"text-2")):
        for one, file in there.items():  # on a slow machine, one was not there before the kill
            if file["content"] == content:
                assert scene.job(["adopt", key, one]).exit == 0
    converge(scene)


@pytest.mark.parametrize("fingerprint", [False, True])
def test_crash_while_the_listing_lags(scene: Scene, fingerprint: bool) -> None:
    """The upload happened and is not listed yet: waited for, not sent again."""
    scene.declare("one", "one.txt", b"one", fingerprint=fingerprint)
    scene.save()
    scene.tenant.lag = 2.0
    scene.patch["lag"] = 4
    die(scene)
    converge(scene)
    assert sum(seen.is_create for seen in scene.tenant.log) == 1


@pytest.mark.parametrize("killed", [False, True])
def test_an_upload_that_is_made_late(scene: Scene, killed: bool) -> None:
    """The platform has the request whole, we time out or die, and only then it makes the file."""
    scene.declare("one", "one.txt", b"one")
    scene.declare("other", "other.txt", b"another")
    scene.save()
    scene.patch |= {"lag": 4, "slow": 0.5, "quick": 5}
    scene.tenant.plan = lambda seen: (
        Fault("late", seconds=2) if seen.is_create and seen.number == 2 else None
    )
    if killed:
        assert scene.apply("--concurrency", "1", kill_after=0.3).signal == signal.SIGKILL
    ran = scene.job(["apply", "-y", "--concurrency", "1"], ["plan", "--detailed-exitcode"])
    assert ran.codes == [0, 0], (ran.out, ran.err)
    assert scene.wrongs() == []


def test_crash_before_sending_waits_and_sends_once(scene: Scene) -> None:
    scene.declare("one", "one.txt", b"one")
    scene.save()
    scene.patch["lag"] = 1
    die(scene, reached=False)
    converge(scene)
    assert sum(seen.is_create and seen.status == 200 for seen in scene.tenant.log) == 1


def test_a_server_whose_clock_stands_still(scene: Scene) -> None:
    scene.declare("one", "one.txt", b"one")
    scene.save()
    scene.tenant.freeze_clock()
    scene.patch |= {"lag": 1, "bound": 1}
    scene.tenant.plan = lambda seen: Fault("reset") if seen.is_create and seen.number < 4 else None
    ran = scene.apply(timeout=8)
    assert ran.exit == 0, "still waiting"
    assert scene.wrongs() == []


def test_retain_outlives_a_crash(scene: Scene) -> None:
    """The file that a crashed apply superseded is kept as long as `retain` says."""
    scene.declare("one", "one.txt", b"first", retain="7d")
    scene.save()
    scene.apply_well()
    old = scene.lock().id("one")
    scene.write("one.txt", b"second")
    die(scene)
    scene.apply_well()
    assert old in scene.tenant.files()


@pytest.mark.parametrize("killed", [False, True])
def test_the_old_halves_of_replaces_are_under_no_cap(scene: Scene, killed: bool) -> None:
    """Left by an apply that replaced many and was killed, or in which one upload failed."""
    scene.head = {"limits": {"max_delete": 1}}
    for n in range(12):
        scene.declare(f"k{n:02}", f"k{n:02}.txt", b"first %d" % n)
    scene.save()
    scene.apply_well()
    for n in range(12):
        scene.write(f"k{n:02}.txt", b"second %d" % n)
    if killed:
        ran = scene.apply(kill={"at": "request", "n": 12, "when": "after"})
        assert ran.signal == signal.SIGKILL
        scene.tenant.settle()
    else:
        scene.tenant.plan = lambda seen: (
            Fault("status", status=400) if seen.is_create and seen.number == 20 else None
        )
        assert scene.apply().exit == 1
        assert len(scene.lock().retired) == 11
        scene.tenant.plan = lambda _seen: None
    converge(scene)


@pytest.mark.parametrize("reached", [False, True])
@pytest.mark.parametrize(
    "edit",
    [
        "none",
        "edited",
        "removed",
    ],
)
def test_a_settled_doubt_claims_no_stranger(scene: Scene, edit: str, reached: bool) -> None:
    """An upload that was cut short is settled; later someone uploads a file that looks like it."""
    scene.declare("one", "one.txt", b"ours")
    scene.declare("other", "other.txt", b"other")
    scene.save()
    scene.patch["lag"] = -1
    die(scene, reached=reached)
    if edit == "edited":
        scene.write("one.txt", b"ours, edited")
        scene.write("other.txt", b"other, edited")
    elif edit == "removed":
        scene.entries = {"third": scene.entries["other"] | {"filename": "third.txt"}}
        scene.save()
    converge(scene)
    before = scene.lock()
    scene.tenant.advance(3600)
    scene.upload_foreign("one.txt", b"them")
    scene.upload_foreign("other.txt", b"alien")
    converge(scene)
    assert scene.lock() == before


def test_a_torn_line_does_not_swallow_the_next(tmp_path: Path) -> None:
    manifest = str(tmp_path / "filesync.yaml")
    (tmp_path / ".filesync").mkdir()
    path = str(tmp_path / ".filesync" / "x.journal")
    Path(path).write_text('{"n": 1, "begin": "a", "sha2')
    with Journal(manifest, path) as journal:
        journal._write(
            {
                "n": 2,
                "begin": "b",
                "sha256": "0" * 64,
                "bytes": 1,
                "filename": "b",
                "purpose": "user_data",
                "expires_after": None,
                "at": 1,
                "sent": True,
            }
        )
        journal.made(2, "file-2")
    history = read_journal(path)
    assert history.attempts[2].made == "file-2"


def test_a_short_write_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up takes a part of a line and says so only in the count it returns."""
    manifest = str(tmp_path / "filesync.yaml")
    (tmp_path / ".filesync").mkdir()
    path = str(tmp_path / ".filesync" / "x.journal")
    write = os.write

    def short(fd: int, data: bytes) -> int:
        return write(fd, data[:10])

    with Journal(manifest, path) as journal, monkeypatch.context() as patched:
        patched.setattr(os, "write", short)
        try:
            journal.end(1)
        except Exception:
            return
    text = Path(path).read_bytes()
    assert text.endswith(b"}\n"), "torn, and nobody was told"


def test_a_journal_that_cannot_be_opened_again_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full when it is compacted: and nobody else's file is closed in its place."""
    path = str(tmp_path / ".filesync" / "x.journal")
    open_file = os.open

    def full(name: str, flags: int, mode: int = 0o777) -> int:
        if name == path and flags & os.O_CREAT:
            raise OSError(errno.ENOSPC, "No space left on device")
        return open_file(name, flags, mode)

    with Journal(str(tmp_path / "filesync.yaml"), path) as journal:
        monkeypatch.setattr(os, "open", full)
        with pytest.raises(LocalFileError, match="the disk is full"):
            journal.compact(Lockfile("p", "u"), 0)


def test_any_torn_journal_is_read(scene: Scene) -> None:
    """Cut at every byte, a journal is read, and what it says is a beginning of the whole."""
    scene.patch["parts"] = SMALL_PARTS
    scene.declare("big", "big.bin", noise("big", 1_100_000))
    scene.declare("one", "one.txt", b"one")
    scene.save()
    scene.apply(kill={"at": "replace", "n": 3, "when": "before"})
    (path,) = scene.journals()
    text = path.read_bytes()
    whole = read_history(text)
    for end in range(len(text) + 1):
        found = read_history(text[:end])
        assert found.attempts.keys() <= whole.attempts.keys()
        assert found.last_number <= whole.last_number

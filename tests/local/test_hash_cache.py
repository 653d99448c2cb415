"""The hash cache: when it is trusted, and that nothing about it is ever an error."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from filesync.core.content.findings import CLEAN
from filesync.core.content.kept import verdict_in
from filesync.core.model import Entry, Policy, ScannedFile
from filesync.local.hash_cache import HashCache

ENTRY = Entry(
    "k", "f", None, (), False, None, Policy("user_data", None, 0, False, 0, "keep", False), {}
)
SECOND = 1_000_000_000
# A time with a fraction: what a file system with fine timestamps gives.
CHANGED = 1_795_000_000 * SECOND + 123_456_789
LATER = CHANGED + 60 * SECOND
FILE = ScannedFile(ENTRY, "k", "a.md", "/x/a.md", 10, CHANGED, CHANGED, 2**64 - 1)
SHA256 = "ab" * 32


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / ".filesync/hashes.sqlite")


def stored(path: str, file: ScannedFile = FILE, sha256: str = SHA256, at: int = LATER) -> bool:
    cache = HashCache(path)
    cache.put(file, sha256, hashed_at_ns=at)
    cache.save()
    return kept(path, file) is not None


def kept(path: str, file: ScannedFile = FILE) -> str | None:
    """Return the hash that a run on this one file finds."""
    cache = HashCache(path)
    cache.load([file])
    found = cache.get(file)
    return None if found is None else found.sha256


def test_round_trip(path: str) -> None:
    assert stored(path)
    assert kept(path) == SHA256
    assert Path(path).parent.stat().st_mode & 0o777 == 0o700
    assert (Path(path).parent / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize(
    "changed",
    [
        FILE._replace(path="b.md"),
        FILE._replace(bytes=11),
        FILE._replace(mtime_ns=CHANGED + 1),
        FILE._replace(ctime_ns=CHANGED + 1),
        FILE._replace(inode=7),
    ],
)
def test_any_change_is_a_miss(path: str, changed: ScannedFile) -> None:
    assert stored(path)
    assert kept(path, changed) is None


@pytest.mark.parametrize(
    ("mtime", "ctime", "hashed_at", "trusted"),
    [
        (CHANGED, CHANGED, CHANGED + SECOND, True),
        (CHANGED, CHANGED, CHANGED + SECOND // 100, False),  # within a kernel tick
        (CHANGED, CHANGED, CHANGED - SECOND, False),
        (CHANGED - SECOND, CHANGED, CHANGED, False),  # mtime set back
        (LATER + SECOND, CHANGED, LATER, False),  # mtime in the future
        (2**63, CHANGED, LATER, False),
        (CHANGED // SECOND * SECOND, CHANGED // SECOND * SECOND, CHANGED, False),  # coarse clock
        (CHANGED // SECOND * SECOND, CHANGED // SECOND * SECOND, CHANGED + 2 * SECOND, True),
        (CHANGED // SECOND * SECOND, CHANGED, CHANGED + SECOND, True),  # only mtime was set
    ],
)
def test_only_files_older_than_a_tick_are_kept(
    path: str, mtime: int, ctime: int, hashed_at: int, trusted: bool
) -> None:
    file = FILE._replace(mtime_ns=mtime, ctime_ns=ctime)
    assert stored(path, file, at=hashed_at) is trusted


def test_rows_of_files_that_a_run_does_not_see_stay(path: str) -> None:
    assert stored(path)
    other = FILE._replace(path="other.md")
    assert stored(path, other)
    assert kept(path) == SHA256


def test_nothing_new_writes_nothing(path: str) -> None:
    HashCache(path).save()
    assert not Path(path).parent.exists()


def write_junk(path: str) -> None:
    Path(path).write_bytes(b"not a database" * 1000)


def write_torn(path: str) -> None:
    stored(path)
    data = bytearray(Path(path).read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    Path(path).write_bytes(data)


def write_other_version(path: str) -> None:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE hashes (x)")
        db.execute("PRAGMA user_version = 99")
    db.close()


def write_other_table(path: str) -> None:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE hashes (x)")
        db.execute("PRAGMA user_version = 1")
    db.close()


def write_empty(path: str) -> None:
    Path(path).touch()


@pytest.mark.parametrize(
    "write", [write_junk, write_torn, write_other_version, write_other_table, write_empty]
)
def test_a_useless_cache_is_rebuilt(path: str, write: object) -> None:
    Path(path).parent.mkdir()
    assert callable(write)
    write(path)
    assert kept(path) is None
    cache = HashCache(path)
    cache.load([FILE])
    assert cache.get(FILE) is None
    cache.put(FILE, SHA256, hashed_at_ns=LATER)
    cache.save()
    assert kept(path) == SHA256


def test_rows_of_wrong_types_count_as_missing(path: str) -> None:
    assert stored(path)
    with sqlite3.connect(path) as db:
        db.execute("UPDATE hashes SET sha256 = 'text'")
    db.close()
    assert kept(path) is None


def test_a_locked_cache_is_ignored_and_left_alone(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("filesync.local.hash_cache._WAIT_S", 0.01)
    assert stored(path)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("BEGIN EXCLUSIVE")
    assert not stored(path, FILE._replace(path="new.md"))
    db.execute("ROLLBACK")
    db.close()
    assert kept(path)


@pytest.mark.parametrize("kind", ["folder", "fifo", "no parent", "parent is a file"])
def test_a_cache_that_cannot_be_a_file_is_ignored(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x"
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "no parent":
        path = tmp_path / "no/such/folder"
    else:
        (tmp_path / "file").touch()
        path = tmp_path / "file/x"
    assert not stored(str(path))
    assert not (tmp_path / "no").exists()


def test_a_read_only_folder_is_no_error(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*args: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "mkdir", denied)
    assert not stored(path)


def test_two_processes_keep_each_others_rows(path: str) -> None:
    one, two = HashCache(path), HashCache(path)
    other = FILE._replace(path="other.md")
    one.load([FILE])
    two.load([other])
    one.put(FILE, SHA256, hashed_at_ns=LATER)
    two.put(other, SHA256, hashed_at_ns=LATER)
    one.save()
    two.save()
    assert kept(path)
    assert kept(path, other)


def test_only_the_files_of_a_run_are_taken_into_memory(path: str) -> None:
    other = FILE._replace(path="other.md")
    assert stored(path)
    assert stored(path, other)
    cache = HashCache(path)
    cache.load([FILE])
    assert cache.get(FILE)
    assert cache.get(other) is None


def test_two_scans_of_one_file_are_each_compared_with_what_is_kept(path: str) -> None:
    edited = FILE._replace(key="other", mtime_ns=CHANGED + 1)
    assert stored(path)
    for files in ([FILE, edited], [edited, FILE]):
        cache = HashCache(path)
        cache.load(files)
        assert cache.get(edited) is None
    same = FILE._replace(key="same")
    cache.load([FILE, same])
    assert cache.get(FILE) is not None
    assert cache.get(FILE) == cache.get(same)


def test_what_is_kept_of_unchanged_content_outlives_a_second_read(path: str) -> None:
    assert stored(path)
    cache = HashCache(path)
    cache.put(FILE, SHA256, hashed_at_ns=LATER, md5="cd" * 16)
    cache.put_verdict(FILE, "1:x", CLEAN)
    cache.save()
    cache = HashCache(path)
    cache.load([FILE])
    cache.put(FILE, SHA256, hashed_at_ns=LATER)
    cache.save()
    cache.load([FILE])
    again = cache.get(FILE)
    assert again is not None
    assert again.md5 == "cd" * 16
    assert verdict_in(again.verdicts, "1:x") == CLEAN

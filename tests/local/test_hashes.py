"""Hashing files: right digests, nothing read twice, every failure named."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from filesync.core.hashed import Later
from filesync.core.model import Entry, Policy, ScannedFile
from filesync.errors import LocalFileError
from filesync.local.hash_cache import HashCache
from filesync.local.hashes import hash_files

ENTRY = Entry(
    "k", "f", None, (), False, None, Policy("user_data", None, 0, False, 0, "keep", False), {}
)
MIB = 1 << 20


def scanned(file: Path) -> ScannedFile:
    st = file.stat()
    return ScannedFile(
        ENTRY,
        file.name,
        file.name,
        str(file),
        st.st_size,
        st.st_mtime_ns,
        st.st_ctime_ns,
        st.st_ino,
    )


def make(folder: Path, name: str, size: int) -> ScannedFile:
    file = folder / name
    file.write_bytes(os.urandom(size))
    return scanned(file)


def a_minute_later() -> int:
    """A clock by which files made in this test are old enough for the cache."""
    return time.time_ns() + 60_000_000_000


class Hashing:
    """hash_files with one cache file and a count of the files opened for reading."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cache_path = str(folder / ".filesync/hashes.sqlite")
        self.opened: list[str] = []
        real_open = os.open

        def counted(path: str, *args: int) -> int:
            self.opened.append(Path(path).name)
            return real_open(path, *args)

        monkeypatch.setattr(os, "open", counted)

    def __call__(
        self,
        *files: ScannedFile,
        now_ns: Callable[[], int] = a_minute_later,
        on_bytes: Callable[[int], None] | None = None,
        later: Later | None = None,
    ) -> list[tuple[ScannedFile, str]]:
        self.opened.clear()
        cache = HashCache(self.cache_path)
        return hash_files(files, cache, now_ns=now_ns, on_bytes=on_bytes, later=later)


@pytest.fixture
def hashing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hashing:
    return Hashing(tmp_path, monkeypatch)


SIZES = [0, 1, 1000, MIB - 1, MIB, MIB + 1, 5 * MIB, 9 * MIB + 17]


def test_digests_are_right_and_in_order(tmp_path: Path, hashing: Hashing) -> None:
    files = [make(tmp_path, f"f{size}", size) for size in SIZES]
    counts: list[int] = []
    results = hashing(*files, on_bytes=counts.append)
    assert [file for file, _ in results] == files
    for file, sha256 in results:
        data = Path(file.absolute).read_bytes()
        assert sha256 == hashlib.sha256(data).hexdigest()
    assert sum(counts) == sum(SIZES)


def test_a_warm_run_opens_nothing(tmp_path: Path, hashing: Hashing) -> None:
    files = [make(tmp_path, f"f{size}", size) for size in SIZES]
    cold = hashing(*files)
    assert sorted(hashing.opened) == sorted(f.path for f in files)
    assert hashing(*files) == cold
    assert hashing.opened == []


def test_only_what_changed_is_read(tmp_path: Path, hashing: Hashing) -> None:
    files = [make(tmp_path, name, 100) for name in "abc"]
    hashing(*files)
    files[1] = make(tmp_path, "b", 101)
    hashing(*files)
    assert hashing.opened == ["b"]


def test_one_file_of_two_entries_is_read_once(tmp_path: Path, hashing: Hashing) -> None:
    file = make(tmp_path, "a", 100)
    (one, sha256), (two, same) = hashing(file, file._replace(key="other"))
    assert hashing.opened == ["a"]
    assert (sha256, one.key, two.key) == (same, "a", "other")


def test_idle_threads_are_given_the_largest_files(tmp_path: Path, hashing: Hashing) -> None:
    files = [make(tmp_path, f"f{size}", size) for size in SIZES]
    given: list[ScannedFile] = []
    hashing(*files, later=Later(on_idle=given.append))
    assert sorted(given, key=lambda file: file.bytes) == files[-2:]
    given.clear()
    hashing(*files, later=Later(on_idle=given.append))
    assert given == []


def test_an_edit_with_size_and_mtime_restored_is_noticed(tmp_path: Path, hashing: Hashing) -> None:
    file = make(tmp_path, "a", 100)
    ((_, before),) = hashing(file)
    # The coarse clock must move on, or ctime cannot: the case after this one.
    while scanned(tmp_path / "a").ctime_ns == file.ctime_ns:
        with open(tmp_path / "a", "r+b") as f:
            f.write(b"edited")
        os.utime(tmp_path / "a", ns=(file.mtime_ns, file.mtime_ns))
    again = scanned(tmp_path / "a")
    assert (again.bytes, again.mtime_ns, again.inode) == (file.bytes, file.mtime_ns, file.inode)
    ((_, after),) = hashing(again)
    assert after == hashlib.sha256((tmp_path / "a").read_bytes()).hexdigest()
    assert after != before


def test_an_edit_in_the_same_tick_is_noticed(tmp_path: Path, hashing: Hashing) -> None:
    file = make(tmp_path, "a", 100)
    # By the clock of the file's own tick; an edit right now could leave the stat as it is.
    ((_, before),) = hashing(file, now_ns=lambda: file.ctime_ns)
    with open(tmp_path / "a", "r+b") as f:
        f.write(b"edited")
    os.utime(tmp_path / "a", ns=(file.mtime_ns, file.mtime_ns))
    same_tick = scanned(tmp_path / "a")
    ((_, after),) = hashing(same_tick)
    assert hashing.opened == ["a"]
    assert after != before


def test_files_touched_just_now_are_read_once_more(tmp_path: Path, hashing: Hashing) -> None:
    file = make(tmp_path, "a", 100)
    hashing(file, now_ns=lambda: file.ctime_ns + 1)
    hashing(file)
    assert hashing.opened == ["a"]
    hashing(file)
    assert hashing.opened == []


def test_every_failure_is_named_and_the_rest_is_kept(tmp_path: Path, hashing: Hashing) -> None:
    names = ["fine", "gone", "grown", "touched", "fifo", "folder", "swapped"]
    files = {name: make(tmp_path, name, 100) for name in names}
    files["big"] = make(tmp_path, "big", 3 * MIB)
    files["shrunk\n"] = make(tmp_path, "shrunk\n", 3 * MIB)
    for name in ("gone", "fifo", "folder"):
        (tmp_path / name).unlink()
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    with open(tmp_path / "grown", "ab") as f:
        f.write(b"x")
    with open(tmp_path / "big", "ab") as f:
        f.write(b"x")
    os.truncate(tmp_path / "shrunk\n", MIB)
    os.utime(tmp_path / "touched", ns=(1, 1))
    (tmp_path / "new").write_bytes((tmp_path / "swapped").read_bytes())
    (tmp_path / "new").replace(tmp_path / "swapped")
    with pytest.raises(LocalFileError) as caught:
        hashing(*files.values())
    assert caught.value.message.splitlines() == [
        "8 files could not be hashed:",
        "  big: it changed while it was read",
        "  fifo: it changed while it was read",
        "  folder: cannot be read: it is a folder",
        "  gone: it vanished before it was read",
        "  grown: it changed while it was read",
        "  shrunk\\n: it changed while it was read",
        "  swapped: it changed while it was read",
        "  touched: it changed while it was read",
    ]
    hashing(files["fine"])
    assert hashing.opened == []


def test_a_file_that_changes_while_it_is_read(tmp_path: Path, hashing: Hashing) -> None:
    file = make(tmp_path, "a", 3 * MIB)

    def meddle(count: int) -> None:
        os.utime(file.absolute, ns=(1, 1))

    with pytest.raises(LocalFileError, match="a: it changed while it was read"):
        hashing(file, on_bytes=meddle)


def test_an_interrupt_stops_the_threads_and_keeps_what_is_done(
    tmp_path: Path, hashing: Hashing
) -> None:
    large, small = make(tmp_path, "large", 5 * MIB), make(tmp_path, "small", 10)
    counts: list[int] = []

    def interrupt(count: int) -> None:
        counts.append(count)
        if len(counts) == 7:
            raise KeyboardInterrupt

    files = [large, small, *(make(tmp_path, f"x{i}", 1) for i in range(50))]
    with pytest.raises(KeyboardInterrupt):
        hashing(*files, on_bytes=interrupt)
    hashing(*files)
    assert 0 < len(hashing.opened) < len(files)


def test_no_files(hashing: Hashing) -> None:
    assert hashing() == []

"""Hashes in the background: right, taken once, and no wrong one for a file that changes."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import pytest

from filesync.core.model import Entry, Policy, ScannedFile
from filesync.errors import Interrupted, LocalFileError
from filesync.local.sums import Sums

ENTRY = Entry(
    "k", "f", None, (), False, None, Policy("user_data", None, 0, False, 0, "keep", False), {}
)
GO_ON = threading.Event()
MIB = 1 << 20


def scanned(path: Path) -> ScannedFile:
    st = path.stat()
    told = (st.st_size, st.st_mtime_ns, st.st_ctime_ns, st.st_ino)
    return ScannedFile(ENTRY, path.name, path.name, str(path), *told)


def make(folder: Path, name: str, size: int) -> ScannedFile:
    (folder / name).write_bytes(os.urandom(size))
    return scanned(folder / name)


@pytest.mark.parametrize("algorithm", ["md5", "sha256"])
@pytest.mark.parametrize("size", [0, 1, MIB, 3 * MIB + 17])
def test_it_is_the_hash(tmp_path: Path, size: int, algorithm: str) -> None:
    file = make(tmp_path, "a", size)
    with Sums(algorithm) as sums:
        told = sums.result(file, GO_ON)
    assert told == hashlib.new(algorithm, Path(file.absolute).read_bytes()).hexdigest()


def test_a_file_is_read_once_however_often_it_is_asked_for(tmp_path: Path) -> None:
    file = make(tmp_path, "a", 100)
    with Sums("md5") as sums:
        assert sums.begin(file) is sums.begin(file._replace(key="other"))
        first = sums.result(file, GO_ON)
        Path(file.absolute).unlink()
        assert sums.result(file, GO_ON) == first


def test_a_new_version_has_a_hash_of_its_own(tmp_path: Path) -> None:
    with Sums("md5") as sums:
        first = sums.result(make(tmp_path, "a", 100), GO_ON)
        assert sums.result(make(tmp_path, "a", 101), GO_ON) != first


@pytest.mark.parametrize("meddle", ["edited", "grown", "shrunk", "touched"])
def test_a_file_that_is_not_what_was_scanned(tmp_path: Path, meddle: str) -> None:
    file = make(tmp_path, "a", 3 * MIB)
    path = Path(file.absolute)
    match meddle:
        case "edited":
            path.write_bytes(os.urandom(3 * MIB))
        case "grown":
            path.write_bytes(path.read_bytes() + b"x")
        case "shrunk":
            os.truncate(path, MIB)
        case "touched":
            os.utime(path, ns=(1, 1))
    with Sums("md5") as sums, pytest.raises(LocalFileError, match="a changed while it was read"):
        sums.result(file, GO_ON)


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    file = make(tmp_path, "a\n", 3)
    Path(file.absolute).unlink()
    with Sums("md5") as sums, pytest.raises(LocalFileError, match=r"a\\n: it does not exist"):
        sums.result(file, GO_ON)


def test_nobody_waits_for_it_after_an_interrupt(tmp_path: Path, reading: threading.Event) -> None:
    file = make(tmp_path, "a", 3 * MIB)
    stop = threading.Event()
    stop.set()
    with Sums("md5") as sums:
        with pytest.raises(Interrupted):
            sums.result(file, stop)
        begun = sums.begin(file)
    reading.set()
    # Closed meanwhile: what was begun ends, and not with the hash of half a file.
    with pytest.raises(Interrupted):
        begun.result(10)


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Reading that waits until this is set."""
    gate = threading.Event()
    real = os.readv

    def readv(fd: int, buffers: list[memoryview]) -> int:
        gate.wait(10)
        return real(fd, buffers)

    monkeypatch.setattr(os, "readv", readv)
    return gate

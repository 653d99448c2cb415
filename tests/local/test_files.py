"""Atomic writes, the state folder, the lockfile's bytes and the slices that uploads read."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from filesync.errors import LocalFileError, LockfileError
from filesync.local.file_slice import FileSlice, stat_identity
from filesync.local.files import write_atomic
from filesync.local.lockfile import lock_path, read_lock_bytes, save_lock
from filesync.local.state_dir import ensure_state_dir, state_dir

MIB = 1 << 20


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def mode(file: Path) -> int:
    return file.stat().st_mode & 0o7777


# write_atomic


@pytest.mark.parametrize("sync", [True, False])
def test_write_new_and_replace(tmp_path: Path, sync: bool) -> None:
    file = tmp_path / ("n" * 255)
    write_atomic(str(file), b"one", sync=sync)
    write_atomic(str(file), b"two", sync=sync)
    assert file.read_bytes() == b"two"
    assert names(tmp_path) == [file.name]


def test_modes(tmp_path: Path) -> None:
    umask = os.umask(0o027)
    try:
        write_atomic(str(tmp_path / "new"), b"")
        write_atomic(str(tmp_path / "given"), b"", mode=0o666)
    finally:
        os.umask(umask)
    assert mode(tmp_path / "new") == 0o640
    assert mode(tmp_path / "given") == 0o666
    (tmp_path / "new").chmod(0o604)
    write_atomic(str(tmp_path / "new"), b"x")
    assert mode(tmp_path / "new") == 0o604


def test_a_symlink_stays_and_its_target_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "link").symlink_to("far/real")
    for data in (b"one", b"two"):
        write_atomic(str(tmp_path / "link"), data)
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "far/real").read_bytes() == data
    assert names(tmp_path / "far") == ["real"]


@pytest.mark.parametrize(
    ("function", "code", "words"),
    [
        ("fsync", errno.ENOSPC, "the disk is full"),
        ("fsync", errno.EDQUOT, "the disk quota is used up"),
        ("replace", errno.EROFS, "the file system is read-only"),
        ("replace", errno.EACCES, "permission denied"),
        ("open", errno.EROFS, "the file system is read-only"),
        ("fchmod", errno.EPERM, "operation not permitted"),
    ],
)
def test_a_failed_write_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str, code: int, words: str
) -> None:
    file = tmp_path / "lock"
    file.write_bytes(b"old")

    def fail(*args: object) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os, function, fail)
        with pytest.raises(LocalFileError) as caught:
            write_atomic(str(file), b"new")
    assert caught.value.message == f"cannot write {file}: {words}"
    assert caught.value.hint
    assert file.read_bytes() == b"old"
    assert names(tmp_path) == ["lock"]


@pytest.mark.parametrize("code", [errno.EBUSY, errno.EXDEV, errno.EPERM])
@pytest.mark.parametrize("data", [b"n", b"much longer than the old one"])
def test_a_file_that_cannot_be_replaced_is_written_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, data: bytes
) -> None:
    def busy(*_args: object) -> None:
        raise OSError(code, os.strerror(code))

    file = tmp_path / "lock"
    file.write_bytes(b"old text")
    inode = file.stat().st_ino
    monkeypatch.setattr(os, "replace", busy)
    write_atomic(str(file), data)
    assert file.read_bytes() == data
    assert file.stat().st_ino == inode
    assert names(tmp_path) == ["lock"]


def test_an_interrupt_leaves_no_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*args: object) -> None:
        raise KeyboardInterrupt

    for function in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, function, interrupt)
            with pytest.raises(KeyboardInterrupt):
                write_atomic(str(tmp_path / "lock"), b"new")
    assert names(tmp_path) == []


def test_write_to_a_folder_or_into_nowhere(tmp_path: Path) -> None:
    with pytest.raises(LocalFileError, match="it is a folder"):
        write_atomic(str(tmp_path), b"")
    with pytest.raises(LocalFileError, match="there is no folder"):
        write_atomic(str(tmp_path / "no/lock"), b"")


# The state folder


def test_the_state_folder_ignores_itself(tmp_path: Path) -> None:
    manifest = str(tmp_path / "filesync.yaml")
    assert state_dir(manifest) == str(tmp_path / ".filesync")
    assert state_dir("filesync.yaml") == ".filesync"
    for _ in range(2):
        assert ensure_state_dir(manifest) == str(tmp_path / ".filesync")
    assert mode(tmp_path / ".filesync") == 0o700
    assert (tmp_path / ".filesync/.gitignore").read_text() == "*\n"


def test_a_state_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / ".filesync").touch()
    with pytest.raises(LocalFileError, match="cannot create"):
        ensure_state_dir(str(tmp_path / "filesync.yaml"))


# The lockfile


@pytest.mark.parametrize(
    ("manifest", "lock"),
    [
        ("filesync.yaml", "filesync.lock"),
        ("manifests/prod.yml", "manifests/prod.lock"),
        ("a.b.YAML", "a.b.lock"),
        ("my.d/manifest", "my.d/manifest.lock"),
        ("manifest.txt", "manifest.txt.lock"),
        (".yaml", ".yaml.lock"),
    ],
)
def test_lock_path(manifest: str, lock: str) -> None:
    assert lock_path(manifest) == lock


def test_lock_bytes(tmp_path: Path) -> None:
    path = str(tmp_path / "filesync.lock")
    assert read_lock_bytes(path) is None
    save_lock(path, b"{}\n", True)
    assert read_lock_bytes(path) == b"{}\n"


@pytest.mark.parametrize("kind", ["folder", "fifo", "large", "broken symlink", "below a file"])
def test_what_is_there_but_no_lockfile_is_an_error(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "filesync.lock"
    words = "not a regular file"
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "large":
        path.touch()
        os.truncate(path, 600_000_000)
        words = "too large for a lockfile: 600.0 MB"
    elif kind == "broken symlink":
        path.symlink_to("nowhere")
        words = "symlink to a file that does not exist"
    else:
        path.touch()
        path = path / "x"
        words = "not a folder"
    with pytest.raises(LockfileError, match=words):
        read_lock_bytes(str(path))


def test_an_unreadable_lockfile_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*args: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", denied)
    with pytest.raises(LockfileError, match="permission denied"):
        read_lock_bytes(str(tmp_path / "filesync.lock"))


# FileSlice


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "data"
    file.write_bytes(os.urandom(3 * MIB + 5))
    return file


@pytest.mark.parametrize(
    ("offset", "length"), [(0, 3 * MIB + 5), (7, 2 * MIB), (MIB, MIB), (3 * MIB, 5), (3, 0)]
)
def test_a_slice_yields_its_bytes_each_time(file: Path, offset: int, length: int) -> None:
    part = FileSlice(str(file), offset, length)
    expected = file.read_bytes()[offset : offset + length]
    assert part.size == length
    for _ in range(2):
        chunks = list(part)
        assert b"".join(chunks) == expected
        assert max(map(len, chunks), default=0) <= MIB


def test_an_abandoned_pass_does_not_spoil_the_next(file: Path) -> None:
    part = FileSlice(str(file), 0, 2 * MIB)
    next(iter(part))
    assert b"".join(part) == file.read_bytes()[: 2 * MIB]


def test_slices_that_cannot_be_read(file: Path, tmp_path: Path) -> None:
    with pytest.raises(LocalFileError, match="it ends at byte 3,145,733, 3,145,734 were expected"):
        list(FileSlice(str(file), MIB, 2 * MIB + 6))
    with pytest.raises(LocalFileError, match="does not exist"):
        list(FileSlice(str(tmp_path / "gone"), 0, 1))
    with pytest.raises(LocalFileError, match="not a regular file"):
        list(FileSlice(str(tmp_path), 0, 1))
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(LocalFileError, match="not a regular file"):
        list(FileSlice(str(tmp_path / "fifo"), 0, 1))


def test_stat_identity_tells_a_touched_file(file: Path) -> None:
    before = stat_identity(str(file))
    assert before == stat_identity(str(file))
    os.utime(file, ns=(1, 1))
    assert before != stat_identity(str(file))
    with pytest.raises(LocalFileError, match="does not exist"):
        stat_identity(str(file) + "x")

"""Pieces of a lockfile: read back, and joined."""

from __future__ import annotations

import pytest

from filesync.core.lockfile.lock import Lockfile
from filesync.core.lockfile.pieces import (
    Origin,
    Piece,
    dump_piece,
    is_joined,
    join,
    lay_over,
    parse_piece,
    piece_of,
)
from filesync.core.model import LockEntry, Retired
from filesync.core.run import Shard
from filesync.errors import LockfileError

ORIGIN = Origin("m" * 64, None, "l" * 64)


def entry(file_id: str, content: str = "a", **more: object) -> LockEntry:
    made = LockEntry(file_id, "a.txt", content * 64, 1, "a.txt", "user_data", None, 7, None)
    return made._replace(**more)  # type: ignore[arg-type]


def lock_of(**files: LockEntry) -> Lockfile:
    return Lockfile("p", "http://x/v1", dict(files))


def piece(number: int, *retired: Retired, **files: LockEntry) -> Piece:
    lock = lock_of(**files)
    lock.retired = {one.id: one for one in retired}
    return Piece(Shard(number, 2), ORIGIN, "done", lock)


def test_a_piece_is_read_back() -> None:
    made = piece(2, Retired("file-0", "a", 9), a=entry("file-1"), b=entry("file-2", "b"))
    again = parse_piece(dump_piece(made), "x")
    assert again == made
    assert again.lock.retired == made.lock.retired


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b'{\n  "version": 1,\n',
        b'{\n  "shard": {"number": 3, "of": 2},\n  "version": 1}',
        dump_piece(piece(1))[:80],
        dump_piece(piece(1)).replace(b'"number": 1', b'"number": 9'),
        dump_piece(piece(1)).replace(b'"number": 1', b'"number": true'),
        dump_piece(piece(1)).replace(b'"done"', b'"odd"'),
        dump_piece(piece(1, a=entry("file-1")))[:-40],
    ],
)
def test_a_damaged_piece_is_an_error(text: bytes) -> None:
    with pytest.raises(LockfileError) as caught:
        parse_piece(text, "filesync.lock.1-of-2")
    assert "bring the piece again" in caught.value.hint


def test_a_piece_whose_ends_of_lines_a_checkout_has_changed_is_read() -> None:
    text = dump_piece(piece(1, a=entry("file-1")))
    assert parse_piece(text.replace(b"\n", b"\r\n"), "x") == parse_piece(text, "x")


def test_a_piece_has_its_shards_keys_and_what_that_has_retired() -> None:
    lock = lock_of(a=entry("file-1"), b=entry("file-2", "b"))
    lock.retired = {one: Retired(one, "a", 1) for one in ("file-old", "file-0")}
    cut = piece_of(lock, {"a", "gone"}, {"file-old"}, piece(1))
    assert set(cut.lock.files) == {"a"}
    assert set(cut.lock.retired) == {"file-0"}
    again = lock_of(a=entry("file-0", "c"), b=entry("file-2", "b"))
    lay_over(again, cut)
    assert again.files == lock.files
    assert set(again.retired) == {"file-0"}


def test_pieces_make_the_lockfile_that_one_run_would_have_made() -> None:
    base = lock_of(a=entry("file-0", "c"), b=entry("file-2", "b"), gone=entry("file-9", "g"))
    pieces = [
        piece(1, Retired("file-0", "a", 50), a=entry("file-1")),
        piece(2, b=entry("file-2", "b"), new=entry("file-3", "d")),
    ]
    joined = join(base, pieces)
    ids = {"a": "file-1", "b": "file-2", "gone": "file-9", "new": "file-3"}
    assert joined.ids() == ids
    assert joined.retired == {"file-0": Retired("file-0", "a", 50)}
    assert base.ids()["a"] == "file-0"
    assert is_joined(joined, pieces)
    assert not is_joined(base, pieces)


def test_what_two_shards_sent_alike_is_shared() -> None:
    pieces = [piece(1, a=entry("file-1", path="1.txt")), piece(2, b=entry("file-2", path="2.txt"))]
    joined = join(lock_of(), pieces)
    assert joined.ids() == {"a": "file-1", "b": "file-1"}
    assert joined.files["b"].path == "2.txt"
    assert list(joined.retired) == ["file-2"]


def test_a_file_that_another_key_took_over_is_not_retired() -> None:
    base = lock_of(a=entry("file-0"))
    pieces = [
        piece(1, Retired("file-0", "a", 50), a=entry("file-1", "b")),
        piece(2, b=entry("file-0")),
    ]
    joined = join(base, pieces)
    assert joined.ids() == {"a": "file-1", "b": "file-0"}
    assert joined.retired == {}


def test_of_a_key_in_two_pieces_one_file_is_kept_and_the_other_retired() -> None:
    joined = join(lock_of(), [piece(1, a=entry("file-1")), piece(2, a=entry("file-2", "b"))])
    assert joined.ids() == {"a": "file-2"}
    assert list(joined.retired) == ["file-1"]

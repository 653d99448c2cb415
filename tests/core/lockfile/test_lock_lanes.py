"""The lockfile's reader has a short cut for lines as `dump` writes them: it must say what the long
way says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filesync.core.lockfile import format as lock_format
from filesync.core.lockfile.format import dump_lockfile, parse_lockfile
from filesync.core.lockfile.lock import Lockfile
from filesync.core.model import LockEntry
from filesync.errors import LockfileError

ENTRY = LockEntry("file-a", "a.txt", "a" * 64, 5, "a.txt", "user_data", None, 1, None)
ODD: list[Any] = ["", "x", "a/b", "file-a", "A" * 64, 0, -1, 1 << 62, 10**18, 1.0, True, None, []]
NAMES = ["b", "é", "a b", 'q"', "back\\slash", "tab\t", "\u2028", "\x7f", "\x85", "z"]


def lock_of(names: list[str]) -> Lockfile:
    entries = {
        name: ENTRY._replace(id=f"file-{n}", path=name, protect=n % 3 == 0, expires_at=n or None)
        for n, name in enumerate(names)
    }
    lock = Lockfile("p", "u", entries)
    lock.retire("file-old", "b", 7)
    return lock


def outcome(text: bytes) -> Lockfile | str:
    try:
        return parse_lockfile(text, "x.lock")
    except LockfileError as error:
        return str(error)


def the_long_way(text: bytes) -> Lockfile | str:
    try:
        return lock_format._Reader("x.lock").read(text)
    except LockfileError as error:
        return str(error)


def is_short(text: bytes) -> bool:
    return lock_format._as_written(text, lock_format._Reader("x.lock")) is not None


def test_what_is_written_takes_the_short_cut() -> None:
    plain = [name for name in NAMES if json.dumps(name, ensure_ascii=False) == f'"{name}"']
    assert len(plain) == 7
    assert is_short(dump_lockfile(lock_of(plain)))
    assert not is_short(dump_lockfile(lock_of([*plain, 'q"'])))
    assert not is_short(dump_lockfile(lock_of(plain)).replace(b"\n", b"\r\n"))


@given(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
def test_both_ways_read_the_same(names: list[str]) -> None:
    text = dump_lockfile(lock_of(names))
    assert outcome(text) == the_long_way(text) == lock_of(names)
    assert list(parse_lockfile(text, "x.lock").files) == sorted(names)


@pytest.mark.parametrize("line", [0, 1, 2])
@given(st.sampled_from(LockEntry._fields), st.sampled_from(ODD))
def test_a_field_is_checked_alike_in_every_line(line: int, name: str, value: Any) -> None:
    whole = dump_lockfile(lock_of(["a", "b", "c"])).decode().splitlines(keepends=True)
    key, entry = whole[5 + line].split(": ", 1)
    fields = {**json.loads(entry.rstrip(",\n")), name: value}
    comma = "," if line < 2 else ""
    whole[5 + line] = f"{key}: {json.dumps(fields)}{comma}\n"
    text = "".join(whole).encode()
    assert outcome(text) == the_long_way(text)


@given(st.data())
def test_damage_is_seen_alike(data: st.DataObject) -> None:
    text = dump_lockfile(lock_of(["a", "b", "c", "d"]))
    lines = text.splitlines(keepends=True)
    first = data.draw(st.integers(0, len(lines) - 1))
    last = data.draw(st.integers(first, len(lines)))
    kind = data.draw(st.sampled_from(["drop", "twice", "move", "byte", "nest"]))
    if kind == "drop":
        damaged = b"".join(lines[:first] + lines[last:])
    elif kind == "twice":
        damaged = b"".join(lines[:last] + lines[first:])
    elif kind == "move":
        damaged = b"".join(lines[first:last] + lines[:first] + lines[last:])
    elif kind == "nest":
        damaged = b"".join(lines[:first]) + text + b"".join(lines[last:])
    else:
        at = data.draw(st.integers(0, len(text) - 1))
        byte = data.draw(st.sampled_from(b'\n\r",:{}[] \\0a\xff'))
        damaged = text[:at] + bytes([byte]) + text[at + 1 :]
    assert outcome(damaged) == the_long_way(damaged)


def test_no_column_is_lost() -> None:
    """A complaint names the line in the whole text, also where the short cut saw it first."""
    text = dump_lockfile(lock_of(["a", "b", "c"])).replace(b'"retired": [', b'"retired": [,')
    with pytest.raises(LockfileError, match="line 10, column 15"):
        parse_lockfile(text, "x.lock")


def test_an_entry_where_none_belongs_is_refused() -> None:
    written = ENTRY._asdict()
    document = json.loads(dump_lockfile(lock_of(["a"])))
    for place in ("project", "base_url", "files"):
        with pytest.raises(LockfileError):
            parse_lockfile(json.dumps({**document, place: written}).encode(), "x.lock")
    for retired in (written, [written]):
        with pytest.raises(LockfileError):
            parse_lockfile(json.dumps({**document, "retired": retired}).encode(), "x.lock")
    with pytest.raises(LockfileError):
        parse_lockfile(json.dumps(written).encode(), "x.lock")

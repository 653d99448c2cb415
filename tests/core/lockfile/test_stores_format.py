"""Vector stores in the lockfile: version 2, one member a line, nothing believed."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filesync.core.lockfile.format import dump_lockfile, parse_lockfile
from filesync.core.lockfile.lock import Lockfile
from filesync.core.model import LockEntry
from filesync.core.stores.model import Chunking, LockedMember, LockedStore
from filesync.core.text import composed
from filesync.errors import LockfileError

ENTRY = LockEntry("file-1", "a.md", "0" * 64, 3, "a.md", "assistants", None, 1, None)


def lock_with(**stores: LockedStore) -> Lockfile:
    lock = Lockfile("bot", "https://x/v1")
    lock.put("a", ENTRY)
    lock.put("b", ENTRY._replace(id="file-2"))
    lock.stores.update(stores)
    return lock


STORE = LockedStore(
    "vs_1",
    "Handbook",
    30 * 86400,
    {"filesync": "bot/h", "team": "x"},
    Chunking(800, 400),
    {"b": LockedMember("file-2", {"n": 1, "f": 1.5, "t": True}), "a": LockedMember("file-1", {})},
)


def test_it_has_one_member_a_line_and_sorted_keys() -> None:
    empty = STORE._replace(files={}, chunking=None, expires_after=None, protect=True)
    text = dump_lockfile(lock_with(h=STORE, e=empty)).decode()
    assert text.splitlines()[-8:] == [
        '  "vector_stores": {',
        '    "e": {"id": "vs_1", "name": "Handbook", "expires_after": null, "metadata": '
        '{"filesync": "bot/h", "team": "x"}, "chunking": null, "protect": true, "files": {}},',
        '    "h": {"id": "vs_1", "name": "Handbook", "expires_after": 2592000, "metadata": '
        '{"filesync": "bot/h", "team": "x"}, "chunking": {"max_tokens": 800, "overlap": 400}, '
        '"files": {',
        '      "a": {"id": "file-1", "attributes": {}},',
        '      "b": {"id": "file-2", "attributes": {"f": 1.5, "n": 1, "t": true}}',
        "    }}",
        "  }",
        "}",
    ]
    assert json.loads(text)["version"] == 2


def test_without_stores_it_is_version_1_as_before() -> None:
    text = dump_lockfile(lock_with())
    assert json.loads(text)["version"] == 1
    assert b"vector_stores" not in text


def test_it_is_read_back() -> None:
    lock = lock_with(h=STORE, e=STORE._replace(files={}, protect=True, chunking=None))
    assert parse_lockfile(dump_lockfile(lock), "x.lock") == lock


def test_it_is_read_back_in_any_order_of_its_lines() -> None:
    lock = lock_with(h=STORE)
    data = json.loads(dump_lockfile(lock))
    shuffled = list(data.items())
    random.Random(1).shuffle(shuffled)
    assert parse_lockfile(json.dumps(dict(shuffled), indent=1).encode(), "x.lock") == lock


PRINTABLE = st.characters(exclude_categories=("C", "Z")) | st.just(" ")
# Keys are composed wherever they come from.
NAMES = st.text(PRINTABLE, min_size=1).map(composed)
SCALARS = st.text(PRINTABLE) | st.booleans() | st.integers(-(2**53), 2**53)


@given(
    st.dictionaries(
        NAMES,
        st.builds(
            LockedStore,
            st.just("vs_1"),
            NAMES,
            st.none() | st.integers(1, 365),
            st.dictionaries(NAMES, NAMES, max_size=3),
            st.none() | st.just(Chunking(100, 0)),
            st.dictionaries(
                NAMES,
                st.builds(
                    LockedMember,
                    st.just("file-9"),
                    st.dictionaries(NAMES, SCALARS | st.floats(allow_nan=False, width=32)),
                ),
                max_size=4,
            ),
            st.booleans(),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_any_names_are_read_back(stores: dict[str, LockedStore]) -> None:
    finite = all(
        abs(value) != float("inf")
        for store in stores.values()
        for member in store.files.values()
        for value in member.attributes.values()
        if isinstance(value, float)
    )
    lock = lock_with(**{})
    lock.stores.update(stores)
    if finite:
        assert parse_lockfile(dump_lockfile(lock), "x.lock") == lock


def broken(*path: str, value: Any) -> bytes:
    data = json.loads(dump_lockfile(lock_with(h=STORE)))
    place = data["vector_stores"]
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return json.dumps(data).encode()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (broken("h", value=[]), "vector_stores.h that is not an object"),
        (broken("h", "id", value="a b"), "no usable id in vector_stores.h"),
        (broken("h", "id", value=None), "no usable id"),
        (broken("h", "name", value=1), "no name"),
        (broken("h", "expires_after", value="30d"), "bad expires_after"),
        (broken("h", "expires_after", value=True), "bad expires_after"),
        (broken("h", "metadata", value=None), "metadata that is not an object"),
        (broken("h", "metadata", value={"a": 1}), "bad metadata"),
        (broken("h", "chunking", value={"max_tokens": "x", "overlap": 1}), "bad chunking"),
        (broken("h", "chunking", value={"max": 1}), "unknown field 'max'"),
        (broken("h", "newer", value=1), "unknown field 'newer'"),
        (broken("h", "protect", value=1), "bad protect"),
        (broken("h", "files", value=[]), "files that is not an object"),
        (broken("h", "files", "a", value="file-1"), "vector_stores.h.files.a that is not"),
        (broken("h", "files", "a", "id", value="../x"), "no usable id in vector_stores.h.files.a"),
        (broken("h", "files", "a", "attributes", value={"x": [1]}), "bad attributes"),
        (broken("h", "files", "a", "attributes", value={"x": None}), "bad attributes"),
    ],
)
def test_unsound_stores_are_refused(text: bytes, says: str) -> None:
    with pytest.raises(LockfileError) as caught:
        parse_lockfile(text, "x.lock")
    assert says in caught.value.message


def test_version_1_has_no_stores() -> None:
    data = json.loads(dump_lockfile(lock_with(h=STORE))) | {"version": 1}
    with pytest.raises(LockfileError, match="unknown field 'vector_stores'"):
        parse_lockfile(json.dumps(data).encode(), "x.lock")


def test_a_key_of_two_merged_branches_is_said() -> None:
    text = dump_lockfile(lock_with(h=STORE)).replace(b'"b": {"id": "file-2"', b'"a": {"id": "f"')
    with pytest.raises(LockfileError, match="names 'a' twice"):
        parse_lockfile(text, "x.lock")

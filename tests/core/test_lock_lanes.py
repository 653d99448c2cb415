"""The short cut of the lockfile's reader: it must say what the long way says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filesync.core.lock import Lockfile, parse
from filesync.core.model import LockEntry
from filesync.errors import LockfileError

ENTRY = LockEntry("file-a", "a.txt", "a" * 64, 5, "a.txt", "user_data", None, 1, None)
ODD: list[Any] = ["", "x", "a/b", "file-a", "A" * 64, 0, -1, 1 << 62, 1.0, True, None, [], {}]


def text_of(fields: dict[str, Any]) -> bytes:
    return json.dumps(
        {"version": 1, "project": "p", "base_url": "u", "files": {"k": fields}, "retired": []}
    ).encode()


def outcome(text: bytes) -> Lockfile | str:
    try:
        return parse(text, "x.lock")
    except LockfileError as error:
        return str(error)


@given(st.sampled_from(LockEntry._fields[:-1]), st.sampled_from(ODD))
def test_an_entry_as_written_is_checked_as_any_other(name: str, value: Any) -> None:
    written = ENTRY._asdict()
    del written["protect"]
    written[name] = value
    # `protect` keeps an entry out of the short cut, and false is what it is without.
    assert outcome(text_of(written)) == outcome(text_of({**written, "protect": False}))


def test_an_entry_where_none_belongs_is_refused() -> None:
    written = ENTRY._asdict()
    del written["protect"]
    document = json.loads(text_of(written))
    for place in ("project", "base_url", "files"):
        with pytest.raises(LockfileError):
            parse(json.dumps({**document, place: written}).encode(), "x.lock")
    for retired in (written, [written]):
        with pytest.raises(LockfileError):
            parse(json.dumps({**document, "retired": retired}).encode(), "x.lock")
    with pytest.raises(LockfileError):
        parse(json.dumps(written).encode(), "x.lock")

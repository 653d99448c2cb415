"""Large pages of files: read at once, and never otherwise than one by one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filesync.core.model import RemoteFile
from filesync.remote import client, decode
from filesync.remote.large_pages import parse_plain
from filesync.remote.listing import page_of
from tests.remote.helpers import FILE, reply, serving, writer

FULL = {**FILE, "expires_at": 1_700_003_600, "status_details": "x" * 600, "new_field": {"a": [1]}}
PAGE = {"object": "list", "data": [FILE, FULL], "has_more": True, "last_id": "file-1", "total": 7}


def item(raw: object) -> RemoteFile:
    return raw if isinstance(raw, RemoteFile) else decode.remote_file(raw)


def text(page: object) -> bytes:
    return json.dumps(page).encode()


def test_a_plain_page_is_read_at_once_and_as_any_other() -> None:
    page = parse_plain(text(PAGE))
    assert isinstance(page, dict)
    assert all(isinstance(one, RemoteFile) for one in page["data"])
    read = page_of(item)
    assert read(page, {}) == read(decode.parse_json(text(PAGE)), {})
    assert len(page["data"][1].status_details) == 500


@pytest.mark.parametrize(
    "body",
    [
        text({**PAGE, "data": None}),
        text({**PAGE, "data": [FILE, None]}),
        text({"object": "list"}),
        text([FILE]),
        *(
            text({**PAGE, "data": [FILE, {**FILE, name: value}]})
            for name, value in (
                ("id", None),
                ("id", ""),
                ("id", 7),
                ("id", "a/b"),
                ("id", ".."),
                ("id", "::x"),
                ("bytes", 5.0),
                ("bytes", True),
                ("bytes", -1),
                ("created_at", "yesterday"),
                ("created_at", 10**12),
                ("expires_at", float("nan")),
                ("filename", ["x"]),
                ("purpose", 1),
                ("status", 7),
                ("status_details", {}),
            )
        ),
        text(PAGE)[:-1],
        text(PAGE) + b"x",
        b"\xef\xbb\xbf" + text(PAGE),
        text(PAGE).replace(b"new_field", b"new_\xff"),
        text(PAGE).replace(b'"a": [1]', b'"a": ["\xff"]'),
        text(PAGE).replace(b"a.txt", b"\\ud800"),
        text(PAGE).replace(b"[1]", b"[" * 10**5 + b"]" * 10**5),
        b"<html>",
        b"",
    ],
)
def test_any_other_page_is_left_to_be_read_one_by_one(body: bytes) -> None:
    assert parse_plain(body) is None


VALUES: st.SearchStrategy[object] = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just([])
)
FILES = st.fixed_dictionaries(
    {"id": st.sampled_from(["file-1", "file-2", ".", "", "é"]) | VALUES},
    optional=dict.fromkeys({*FULL, "other"} - {"id"}, VALUES),
)


@given(st.lists(FILES, max_size=3), st.dictionaries(st.sampled_from(["has_more", "x"]), VALUES))
def test_whatever_a_page_holds_both_ways_read_the_same(
    files: list[dict[str, Any]], others: dict[str, Any]
) -> None:
    body = text({"data": files, **others})
    page = parse_plain(body)
    if page is not None:
        assert isinstance(page, dict)
        slowly: Any = decode.parse_json(body)
        assert page["data"] == [decode.remote_file(one) for one in slowly["data"]]
        assert page.keys() == slowly.keys()
        assert all(page[name] == slowly[name] for name in others)


def test_no_file_of_a_large_listing_is_read_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[object] = []
    remote_file = decode.remote_file

    def counted(raw: object) -> RemoteFile:
        read.append(raw)
        return remote_file(raw)

    monkeypatch.setattr(decode, "remote_file", counted)
    monkeypatch.setattr(client, "_LARGE_PAGE", 1)
    failed = {**FILE, "id": "file-2", "status": "failed"}
    page = {"object": "list", "data": [FILE, failed], "has_more": False}
    with serving(reply(200, page)) as served, writer(served.url) as api:
        files = api.list_files()
    assert [file.status for file in files] == ["processed", "error"]
    assert read == []

from __future__ import annotations

import pytest

from filesync.core.model import RemoteFile
from filesync.remote import decode
from tests.remote.helpers import FILE


def test_a_file_with_all_its_fields() -> None:
    assert decode.remote_file({**FILE, "expires_at": 1_700_003_600, "new_field": {}}) == RemoteFile(
        "file-1", "a.txt", "user_data", 5, 1_700_000_000, 1_700_003_600, "processed"
    )


@pytest.mark.parametrize(
    ("field", "sent", "read"),
    [
        ("bytes", None, None),
        ("bytes", 5.0, 5),
        ("bytes", 5.5, None),
        ("bytes", "5", None),
        ("bytes", True, None),
        ("bytes", -1, None),
        ("bytes", float("inf"), None),
        ("bytes", 8 << 30, 8 << 30),
        ("created_at", None, 0),
        ("created_at", 10**30, 0),
        ("expires_at", None, None),
        ("expires_at", 10**12, None),
        ("expires_at", float("nan"), None),
        ("status", None, None),
        ("status", "brand-new", "brand-new"),
        ("status", 7, None),
        ("filename", None, ""),
        ("filename", ["x"], ""),
        ("purpose", None, ""),
        ("purpose", "assistants_output", "assistants_output"),
    ],
)
def test_lenient_about_all_but_the_id(field: str, sent: object, read: object) -> None:
    assert getattr(decode.remote_file({**FILE, field: sent}), field) == read


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html></html>",
        b'{"id": "fi',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"id": ' + b"9" * 5000 + b"}",
    ],
    ids=["empty", "html", "cut", "binary", "nested", "huge number"],
)
def test_what_is_not_json(body: bytes) -> None:
    with pytest.raises(decode.BadAnswer):
        decode.parse_json(body)


@pytest.mark.parametrize("found", ["file-abc", "Zm9vYmFy-_=", "a.b", "id%20?#"])
def test_ids(found: str) -> None:
    assert decode.object_id({"id": found}) == found


@pytest.mark.parametrize("found", [None, 5, "", "a b", "a/b", "a\x7f", "é", ".", "..", "a\n"])
def test_what_cannot_be_an_id(found: object) -> None:
    with pytest.raises(decode.BadAnswer):
        decode.object_id({"id": found})


def test_deleted() -> None:
    assert decode.deleted({"id": "a", "deleted": True})
    assert decode.deleted({"id": "a"})
    with pytest.raises(decode.BadAnswer):
        decode.deleted({"id": "a", "deleted": False})


def test_a_completed_upload_without_its_file() -> None:
    with pytest.raises(decode.BadAnswer):
        decode.file_of_upload({"id": "upload_1", "status": "completed"})


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_what_json_has_no_number_for_is_not_told(number: str) -> None:
    assert decode.parse_json(f'{{"a": [{number}, 0.5]}}'.encode()) == {"a": [None, 0.5]}

"""What the API refuses, the emulator refuses, in the same shape, and keeps nothing of it."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable
from contextlib import suppress
from email.utils import parsedate_to_datetime

import httpx
import pytest

from filesync.emulator import uploads
from filesync.emulator.server_types import SERVER_TYPES
from tests.emulator.conftest import Clock, check_error, post_file, post_part, post_upload

Blobs = Callable[[], list[str]]


@pytest.mark.parametrize("header", ["", "Bearer", "Basic sk-test", "Bearer sk-other"])
def test_a_key_is_needed(http: httpx.Client, header: str) -> None:
    message = check_error(http.get("/files", headers={"authorization": header}), 401)
    assert "sk-other" not in message


def test_every_answer_has_a_request_id_and_the_clock_s_date(
    http: httpx.Client, clock: Clock
) -> None:
    clock.now += 12345
    for path in ("/files", "/nothing"):
        answer = http.get(path)
        assert answer.headers["x-request-id"]
        assert parsedate_to_datetime(answer.headers["date"]).timestamp() == clock.now
        assert len(answer.headers.get_list("date")) == 1


def test_routes_and_methods(http: httpx.Client) -> None:
    check_error(http.get("/nothing"), 404)
    check_error(http.get("/files/"), 404)
    check_error(http.get(str(http.base_url).replace("/v1/", "/files")), 404)
    answer = http.put("/files")
    check_error(answer, 405)
    assert {"GET", "POST"} <= set(answer.headers["allow"].split(", "))


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({}, "purpose"),
        ({"purpose": "anything"}, "purpose"),
        ({"purpose": "batch_output"}, "purpose"),
        ({"purpose": "batch", "wat": "1"}, "wat"),
        ({"purpose": "batch", "expires_after": "3600"}, "expires_after"),
        (
            {"purpose": "batch", "expires_after.anchor": "created_at"},
            "expires_after.anchor",
        ),
        ({"purpose": "batch", "expires_after[seconds]": "3600"}, "expires_after[anchor]"),
        ({"purpose": "batch", "expires_after[anchor]": "created_at"}, "expires_after[seconds]"),
        *(
            (
                {
                    "purpose": "batch",
                    "expires_after[anchor]": "created_at",
                    "expires_after[seconds]": seconds,
                },
                "expires_after[seconds]",
            )
            for seconds in ("3599", "2592001", "1h", "-1", "3600.0", "")
        ),
        (
            {
                "purpose": "batch",
                "expires_after[anchor]": "last_active_at",
                "expires_after[seconds]": "3600",
            },
            "expires_after[anchor]",
        ),
    ],
)
def test_fields_of_a_file(
    http: httpx.Client, blobs: Blobs, fields: dict[str, str], param: str
) -> None:
    answer = http.post("/files", data=fields, files={"file": ("a.jsonl", b"{}")})
    check_error(answer, 400, param)
    assert blobs() == []
    assert http.get("/files").json()["data"] == []


@pytest.mark.parametrize(
    "name", ['say "hi".txt', "dir/a é 漢.txt", "a\r\nb.txt", "back\\slash.txt"]
)
def test_a_filename_is_stored_as_sent(http: httpx.Client, name: str) -> None:
    item = post_file(http, name=name, purpose="vision")
    assert http.get(f"/files/{item}").json()["filename"] == name
    assert http.get(f"/files/{item}/content").content == b"x"


def _form(*parts: bytes, end: bytes = b"--B--\r\n") -> bytes:
    return b"".join(b"--B\r\n" + part + b"\r\n" for part in parts) + end


_PURPOSE = b'Content-Disposition: form-data; name="purpose"\r\n\r\nvision'
_FILE = b'Content-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nabc'


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"", None),
        (b"nothing like a form", None),
        (_form(_PURPOSE, _FILE, end=b""), None),
        (_form(_PURPOSE, _FILE)[:-20], None),
        (_form(_PURPOSE), "file"),
        (_form(_PURPOSE, _FILE, _FILE), "file"),
        (_form(_PURPOSE, _PURPOSE, _FILE), "purpose"),
        (_form(_PURPOSE, _FILE.replace(b'; filename="a.txt"', b"")), "file"),
        (_form(_PURPOSE, _FILE.replace(b"a.txt", b"\xff.txt")), None),
        (_form(_PURPOSE, _FILE.replace(b'; name="file"', b"")), None),
        (_form(_PURPOSE + b"x" * 100_000, _FILE), "purpose"),
    ],
)
def test_broken_forms(http: httpx.Client, blobs: Blobs, body: bytes, param: str | None) -> None:
    headers = {"content-type": "multipart/form-data; boundary=B"}
    check_error(http.post("/files", content=body, headers=headers), 400, param)
    assert blobs() == []


def test_a_form_may_hold_its_parts_in_any_order_and_quote_as_of_old(http: httpx.Client) -> None:
    headers = {"content-type": 'multipart/form-data; boundary="B"'}
    body = _form(_FILE.replace(b"a.txt", rb"a\"b.txt"), _PURPOSE)
    answer = http.post("/files", content=body, headers=headers)
    assert answer.json()["filename"] == 'a"b.txt'
    assert answer.json()["bytes"] == 3
    check_error(http.post("/files", content=body), 400)
    check_error(http.post("/files", json={"purpose": "vision"}), 400)


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("limit=0", "limit"),
        ("limit=10001", "limit"),
        ("limit=ten", "limit"),
        ("limit=-1", "limit"),
        ("order=up", "order"),
        ("after=file-none", "after"),
        ("page=2", "page"),
    ],
)
def test_query_of_a_list(http: httpx.Client, query: str, param: str) -> None:
    check_error(http.get(f"/files?{query}"), 400, param)


def test_the_page_may_be_10000(http: httpx.Client) -> None:
    assert http.get("/files?limit=10000&order=asc").status_code == 200


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"bytes": 0}, "bytes"),
        ({"bytes": 8 * 1024**3 + 1}, "bytes"),
        ({"bytes": "12"}, "bytes"),
        ({"bytes": 1.5}, "bytes"),
        ({"bytes": True}, "bytes"),
        ({"bytes": None}, "bytes"),
        ({"filename": ""}, "filename"),
        ({"filename": 1}, "filename"),
        ({"mime_type": None}, "mime_type"),
        ({"purpose": "fine-tune-results"}, "purpose"),
        ({"wat": 1}, "wat"),
        ({"expires_after": 3600}, "expires_after"),
        ({"expires_after": {"seconds": 3600}}, "expires_after[anchor]"),
        ({"expires_after": {"anchor": "created_at"}}, "expires_after[seconds]"),
        (
            {"expires_after": {"anchor": "created_at", "seconds": "3600"}},
            "expires_after[seconds]",
        ),
        ({"expires_after": {"anchor": "created_at", "days": 1}}, "expires_after[days]"),
    ],
)
def test_fields_of_an_upload(http: httpx.Client, change: dict[str, object], param: str) -> None:
    body = {"filename": "a", "purpose": "evals", "bytes": 1, "mime_type": "text/plain", **change}
    check_error(http.post("/uploads", json=body), 400, param)


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"\xff", b'{"bytes": NaN}', b'{"filename": "\\ud800"}', b"[" * 100_000]
)
def test_broken_json(http: httpx.Client, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    check_error(http.post("/uploads", content=body, headers=headers), 400)


def test_json_says_that_it_is_json(http: httpx.Client) -> None:
    check_error(http.post("/uploads", content=b"{}", headers={"content-type": "text/plain"}), 400)
    check_error(http.post("/uploads", content=b" " * (9 * 1024 * 1024)), 413)


def test_a_wrong_completion_leaves_the_upload_pending(http: httpx.Client) -> None:
    upload, other = post_upload(http, 6), post_upload(http, 3)
    one, two, three = (post_part(http, upload, data) for data in (b"one", b"two", b"3"))
    foreign = post_part(http, other, b"abc")
    md5 = hashlib.md5(b"onetwo").hexdigest()
    wrong: list[tuple[dict[str, object], str]] = [
        ({}, "part_ids"),
        ({"part_ids": []}, "part_ids"),
        ({"part_ids": one}, "part_ids"),
        ({"part_ids": [one]}, "part_ids"),
        ({"part_ids": [one, one]}, "part_ids"),
        ({"part_ids": [one, foreign]}, "part_ids"),
        ({"part_ids": [one, 2]}, "part_ids"),
        ({"part_ids": [one, two, three]}, "part_ids"),
        ({"part_ids": [two, one], "md5": md5}, "md5"),
        ({"part_ids": [one, two], "md5": "abc"}, "md5"),
        ({"part_ids": [one, two], "sha256": md5}, "sha256"),
    ]
    for body, param in wrong:
        check_error(http.post(f"/uploads/{upload}/complete", json=body), 400, param)
    done = http.post(
        f"/uploads/{upload}/complete", json={"part_ids": [one, two], "md5": md5.upper()}
    )
    assert done.json()["status"] == "completed"
    assert done.json()["file"]["bytes"] == 6
    for again in ("complete", "cancel"):
        body = {"part_ids": [one, two]} if again == "complete" else {}
        message = check_error(http.post(f"/uploads/{upload}/{again}", json=body), 400)
        assert "completed" in message
    check_error(http.post(f"/uploads/{upload}/parts", files={"data": b"x"}), 400)


def test_an_unknown_upload(http: httpx.Client) -> None:
    check_error(http.post("/uploads/upload_x/parts", files={"data": b"x"}), 404, "id")
    check_error(http.post("/uploads/upload_x/complete", json={"part_ids": ["p"]}), 404, "id")
    check_error(http.post("/uploads/upload_x/cancel"), 404, "id")


def test_sizes(http: httpx.Client, blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    openai = SERVER_TYPES["openai"]
    assert openai.max_bytes == 512 * 1024**2
    assert uploads.MAX_PART_BYTES == 64 * 1024**2
    # Said by the length alone, and found while the bytes come in.
    for limit in (1000, 3_000_000):
        monkeypatch.setitem(SERVER_TYPES, "openai", openai._replace(max_bytes=limit))
        monkeypatch.setattr(uploads, "MAX_PART_BYTES", limit)
        upload = post_upload(http, 4_000_000)
        for path, field in (("/files", "file"), (f"/uploads/{upload}/parts", "data")):
            data = {"purpose": "vision"} if field == "file" else None
            for extra, status in ((0, 200), (1, 413)):
                content = b"\r\n-" * (limit // 3) + b"x" * (limit % 3 + extra)
                answer = http.post(path, data=data, files={field: ("a", content)})
                assert answer.status_code == status
            over = http.post(path, data=data, files={field: ("a", b"x" * 5_000_000)})
            check_error(over, 413, field)
        assert http.post(f"/uploads/{upload}/cancel").status_code == 200
    assert len(blobs()) == 2


_POST = b"POST /v1/files HTTP/1.1\r\nhost: 127.0.0.1\r\n"
_CHUNKS = b"transfer-encoding: chunked\r\n\r\n1\r\nx\r\n"


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (_POST, b"a: " + b"b" * 1021 + b"\r\n"),
        (_POST + b"a: ", b"b" * 1024),
        (b"GET /", b"b" * 1024),
        (_POST + _CHUNKS + b"0\r\n", b"a: " + b"b" * 1021 + b"\r\n"),
        (_POST + _CHUNKS + b"0\r\na: ", b"b" * 1024),
    ],
    ids=["headers", "one header", "path", "trailers", "one trailer"],
)
def test_an_endless_head_or_trailer_is_cut(base_url: str, begin: bytes, more: bytes) -> None:
    host, port = base_url.removeprefix("http://").removesuffix("/v1").split(":")
    sent, most = 0, 1 << 24
    with socket.create_connection((host, int(port)), timeout=10) as client, suppress(OSError):
        client.sendall(begin)
        while sent < most:
            client.sendall(more * 64)
            sent += len(more) * 64
    assert sent < most

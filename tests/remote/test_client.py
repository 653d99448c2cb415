"""Each route and each kind of answer, without a network."""

from __future__ import annotations

import json
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest
import respx

from filesync import __version__
from filesync.core.model import RemoteFile
from filesync.errors import (
    AmbiguousError,
    ApiError,
    AuthError,
    FilesyncError,
    Interrupted,
    ListingError,
    NoSuchRoute,
    RemoteError,
)
from filesync.remote.client import Reader, Writer
from filesync.remote.credentials import ApiKey
from filesync.remote.endpoint import Endpoint
from filesync.remote.stores import NewMember
from filesync.remote.timing import ClientSettings
from tests.remote.helpers import FILE, URL, Bytes, FakeTime, fast, writer

THE_FILE = RemoteFile("file-1", "a.txt", "user_data", 5, 1_700_000_000, None, "processed")
ERROR = {"error": {"message": "Nope.", "type": "x", "param": None, "code": "some_code"}}
PAGE = {"object": "list", "data": [FILE], "has_more": False}


@pytest.fixture
def server() -> Iterator[respx.MockRouter]:
    with respx.mock(base_url=URL) as router:
        yield router


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def client(time: FakeTime) -> Iterator[Writer]:
    with writer(settings=fast(time)) as client:
        yield client


def create(client: Writer, expires_after: int | None = None) -> RemoteFile:
    return client.create_file(
        Bytes(b"hello"), filename="a.txt", purpose="user_data", expires_after=expires_after
    )


def complete(client: Writer) -> RemoteFile:
    return client.complete_upload("upload_1", ["part_1", "part_2"], "0" * 32)


# --- the routes


def test_a_reader_has_no_way_to_write() -> None:
    names = {name for name in dir(Reader) if not name.startswith("_")}
    looks = {"list_files", "get_file", "get_raw", "download"}
    looks |= {"close", "clock_offset", "now", "retries", "stores"}
    uses = {"list_fine_tuning_jobs", "list_batches", "list_vector_stores", "is_attached"}
    assert names == looks | uses


def test_headers() -> None:
    endpoint = Endpoint(URL, ApiKey("sk-1"), "org-1", "proj_1")
    with respx.mock(base_url=URL) as server, Reader(endpoint) as reader:
        route = server.get("/files").respond(json=PAGE)
        assert reader.list_files() == [THE_FILE]
    sent = route.calls.last.request.headers
    assert sent["authorization"] == "Bearer sk-1"
    assert sent["openai-organization"] == "org-1"
    assert sent["openai-project"] == "proj_1"
    assert sent["user-agent"] == f"filesync/{__version__}"


def test_get(server: respx.MockRouter, client: Writer) -> None:
    server.get("/files/file-1").respond(json=FILE)
    assert client.get_file("file-1") == THE_FILE
    assert client.get_raw("file-1") == FILE


def test_an_id_is_one_segment_of_the_path(server: respx.MockRouter, client: Writer) -> None:
    named = {**FILE, "id": "Zm9v==?x#y%2F"}
    route = server.get(url__startswith=f"{URL}/files/").respond(json=named)
    client.get_file("Zm9v==?x#y%2F")
    assert route.calls.last.request.url.raw_path == b"/v1/files/Zm9v%3D%3D%3Fx%23y%252F"


@pytest.mark.parametrize("file_id", ["", "a/b", "..", "a b", "é"])
def test_what_cannot_be_an_id_is_not_sent(client: Writer, file_id: str) -> None:
    with pytest.raises(RemoteError, match="cannot be an id"):
        client.delete_file(file_id)


def test_gone(server: respx.MockRouter, client: Writer, time: FakeTime) -> None:
    server.route(path="/files/file-1").respond(404, json=ERROR)
    assert client.get_file("file-1") is None
    assert client.get_raw("file-1") is None
    assert client.delete_file("file-1") is False
    assert time.naps == []


@pytest.mark.parametrize("call", [Reader.get_file, Writer.delete_file])
def test_a_404_page_of_a_gateway_does_not_mean_gone(
    server: respx.MockRouter, client: Writer, call: Callable[[Writer, str], object]
) -> None:
    server.route(path="/files/file-1").respond(404, html="<h1>nginx: not found</h1>")
    with pytest.raises(RemoteError, match="HTTP 404: nginx: not found") as caught:
        call(client, "file-1")
    assert not isinstance(caught.value, ApiError)
    assert "base_url" in caught.value.hint


def test_download(server: respx.MockRouter, client: Writer) -> None:
    content = b"x" * (5 << 20)
    route = server.get("/files/file-1/content").respond(content=content)
    chunks = list(client.download("file-1"))
    assert {len(chunk) for chunk in chunks} == {1 << 20}
    assert b"".join(chunks) == content
    assert route.calls.last.request.headers["accept-encoding"] == "identity"


def test_a_refused_download_says_why(server: respx.MockRouter, client: Writer) -> None:
    message = "Not allowed to download files of purpose: assistants"
    server.get("/files/file-1/content").respond(400, json={"error": {"message": message}})
    with pytest.raises(ApiError, match=message) as caught:
        list(client.download("file-1"))
    assert caught.value.status == 400


def test_delete(server: respx.MockRouter, client: Writer) -> None:
    server.delete("/files/file-1").respond(json={"id": "file-1", "deleted": True})
    assert client.delete_file("file-1") is True


def test_delete_waits_for_a_file_that_is_still_processed(
    server: respx.MockRouter, client: Writer, time: FakeTime
) -> None:
    busy = httpx.Response(409, json={"error": {"message": "File is still processing."}})
    done = httpx.Response(200, json={"deleted": True})
    server.delete("/files/file-1").mock(side_effect=[*[busy] * 10, done])
    assert client.delete_file("file-1") is True
    assert time.naps == [0.5, 1, 2, 4, 8, 8, 8, 8, 8, 8]


def test_a_delete_that_worked_although_its_answer_was_lost(
    server: respx.MockRouter, client: Writer
) -> None:
    server.delete("/files/file-1").mock(
        side_effect=[httpx.ReadTimeout("slow"), httpx.Response(404, json=ERROR)]
    )
    server.get("/files/file-1").respond(404, json=ERROR)
    assert client.delete_file("file-1") is False


def test_a_delete_that_the_server_has_no_route_for_is_not_done(
    server: respx.MockRouter, client: Writer
) -> None:
    server.delete("/files/file-1").respond(404, json=ERROR)
    server.get("/files/file-1").respond(json=FILE)
    with pytest.raises(RemoteError, match="has it when asked for it"):
        client.delete_file("file-1")


@pytest.mark.parametrize("call", [Reader.get_file, Writer.delete_file])
def test_an_answer_about_another_file_is_none(
    server: respx.MockRouter, client: Writer, call: Callable[[Writer, str], object]
) -> None:
    server.route(path="/files/file-1").respond(json={**FILE, "id": "file-2", "deleted": True})
    with pytest.raises(RemoteError, match="the answer is about"):
        call(client, "file-1")


def test_create_upload(server: respx.MockRouter, client: Writer) -> None:
    route = server.post("/uploads").respond(json={"id": "upload_1", "status": "pending"})

    def begin(expires_after: int | None) -> str:
        return client.create_upload(
            filename="é.jsonl",
            purpose="batch",
            bytes=9,
            mime_type="application/jsonl",
            expires_after=expires_after,
        )

    about = {
        "filename": "é.jsonl",
        "purpose": "batch",
        "bytes": 9,
        "mime_type": "application/jsonl",
    }
    assert begin(None) == "upload_1"
    assert json.loads(route.calls.last.request.content) == about
    assert begin(3600) == "upload_1"
    expiry = {"expires_after": {"anchor": "created_at", "seconds": 3600}}
    assert json.loads(route.calls.last.request.content) == about | expiry


def test_complete_and_cancel(server: respx.MockRouter, client: Writer) -> None:
    bare = {"id": "file-1", "bytes": None, "expires_at": None}
    done = server.post("/uploads/upload_1/complete").respond(json={"id": "u", "file": bare})
    gone = server.post("/uploads/upload_1/cancel").respond(json={"status": "cancelled"})
    assert complete(client) == RemoteFile("file-1", "", "", None, 0, None, None)
    assert json.loads(done.calls.last.request.content) == {
        "part_ids": ["part_1", "part_2"],
        "md5": "0" * 32,
    }
    client.cancel_upload("upload_1")
    assert gone.called


def test_201_is_a_success(server: respx.MockRouter, client: Writer) -> None:
    server.post("/files").respond(201, json=FILE)
    assert create(client) == THE_FILE


def test_no_content_is_a_success_of_what_needs_no_answer(
    server: respx.MockRouter, client: Writer, time: FakeTime
) -> None:
    server.route().respond(204)
    assert client.delete_file("file-1")
    assert client.stores.delete("vs_1")
    assert client.stores.detach("vs_1", "file-1")
    client.stores.attach_batch("vs_1", [NewMember("file-1", {})], None)
    client.cancel_upload("upload_1")
    assert len(server.calls) == 5
    with pytest.raises(AmbiguousError):
        create(client)
    with pytest.raises(RemoteError):
        client.get_raw("file-1")


# --- errors


@pytest.mark.parametrize("status", [405, 501])
def test_a_route_that_is_not_implemented_is_asked_for_once(
    server: respx.MockRouter, client: Writer, time: FakeTime, status: int
) -> None:
    server.route().respond(status, json=ERROR)
    lists = (client.list_batches, client.list_vector_stores, client.list_fine_tuning_jobs)
    for list_them in lists:
        with pytest.raises(NoSuchRoute):
            list_them()
    with pytest.raises(ListingError, match=str(status)):
        client.list_files()
    for ask in (lambda: client.get_file("file-1"), lambda: client.delete_file("file-1")):
        with pytest.raises(ApiError, match=str(status)):
            ask()
    assert len(server.calls) == 6
    assert time.naps == []


@pytest.mark.parametrize(
    ("status", "kind"), [(400, ApiError), (401, AuthError), (403, AuthError), (404, ApiError)]
)
def test_a_refusal_is_final(
    server: respx.MockRouter, client: Writer, time: FakeTime, status: int, kind: type[ApiError]
) -> None:
    route = server.post("/files").respond(status, json=ERROR, headers={"x-request-id": "req_7"})
    with pytest.raises(ApiError) as caught:
        create(client)
    assert type(caught.value) is kind
    assert caught.value.status == status
    assert caught.value.code == "some_code"
    assert str(caught.value) == f"could not upload a.txt: HTTP {status}: Nope. (request req_7)"
    assert route.call_count == 1
    assert time.naps == []


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (httpx.Response(400, json={"detail": "bad purpose"}), "HTTP 400: bad purpose"),
        (httpx.Response(400, json={"error": "bad purpose"}), "HTTP 400: bad purpose"),
        (httpx.Response(400, json={"message": "bad"}), "HTTP 400: bad"),
        (
            httpx.Response(400, json={"error": "invalid_grant", "error_description": "too old"}),
            "HTTP 400: invalid_grant: too old",
        ),
        (httpx.Response(400, json=["bad"]), "HTTP 400: ['bad']"),
        (httpx.Response(400), "HTTP 400"),
        (httpx.Response(400, text="a\n\tb"), "HTTP 400: a b"),
        (httpx.Response(400, json={"error": {"message": "\x1b[31m\u202e"}}), "\\x1b[31m\\u202e"),
        (httpx.Response(400, json={"error": {"message": "x" * 999}}), "x" * 299 + "…"),
        (httpx.Response(413, html="<style>p{}</style><h1>Too large</h1>"), "HTTP 413: Too large"),
        (httpx.Response(400, content=b"\xff\xfe"), "HTTP 400: \ufffd\ufffd"),
    ],
    ids=range(11),
)
def test_whatever_error_body_is_told_in_a_line(
    server: respx.MockRouter, client: Writer, answer: httpx.Response, told: str
) -> None:
    server.post("/files").mock(return_value=answer)
    with pytest.raises(ApiError) as caught:
        create(client)
    assert str(caught.value).endswith(told)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("https://u:pw@other.example:8443/v1/x?secret=1", "to https://other.example:8443/v1/x"),
        ("//other.example/v1?secret=1", "to //other.example/v1"),
        ("/v1/files/#secret", "to /v1/files/"),
        ("?secret=1", "elsewhere"),
        ("https://[secret", "elsewhere"),
        ("", "elsewhere"),
    ],
)
def test_redirects_are_told_and_not_followed(
    server: respx.MockRouter, client: Writer, status: int, location: str, shown: str
) -> None:
    server.get("/files/file-1").respond(status, headers={"location": location})
    with pytest.raises(ApiError, match=f"it points {shown}$") as caught:
        client.get_file("file-1")
    assert "base_url" in caught.value.hint


@pytest.mark.parametrize("ask", ["get_file", "delete_file"])
def test_410_means_gone_as_404_does(server: respx.MockRouter, client: Writer, ask: str) -> None:
    server.route(path="/files/file-1").respond(410, json=ERROR)
    assert not getattr(client, ask)("file-1")
    server.route(path="/files/file-2").respond(410, html="<html>gone</html>")
    with pytest.raises(NoSuchRoute):
        getattr(client, ask)("file-2")


def test_an_answer_that_is_not_the_apis_says_what_to_look_at(
    server: respx.MockRouter, client: Writer
) -> None:
    server.get("/files").respond(json={"object": "list", "data": [{**FILE, "id": 12}]})
    with pytest.raises(ListingError, match="id that is not text: 12") as caught:
        client.list_files()
    assert "base_url" in caught.value.hint


NONSENSE = [
    httpx.Response(200, html="<html>Sign in</html>"),
    httpx.Response(200, content=b'{"id": "file-'),
    httpx.Response(200, json=[]),
    httpx.Response(200, json={"object": "file"}),
    httpx.Response(200, json={"id": "a/b", "file": {"id": "a/b"}}),
    httpx.Response(204),
]


@pytest.mark.parametrize("answer", NONSENSE, ids=range(len(NONSENSE)))
class TestASuccessThatIsNone:
    def test_get_is_tried_again(
        self, server: respx.MockRouter, client: Writer, answer: httpx.Response
    ) -> None:
        server.get("/files/file-1").mock(side_effect=[answer, httpx.Response(200, json=FILE)])
        assert client.get_file("file-1") == THE_FILE

    def test_get_gives_up(
        self, server: respx.MockRouter, client: Writer, answer: httpx.Response
    ) -> None:
        route = server.get("/files/file-1").mock(return_value=answer)
        # Whole JSON is what the server means to say: it will hardly say something else.
        attempts = 3 if answer.content.endswith((b"]", b"}")) else 6
        with pytest.raises(RemoteError, match=f"after {attempts} attempts"):
            client.get_file("file-1")
        assert route.call_count == attempts

    def test_list_is_none(
        self, server: respx.MockRouter, client: Writer, answer: httpx.Response
    ) -> None:
        server.get("/files").mock(return_value=answer)
        with pytest.raises(ListingError, match=r"^could not list the files: "):
            client.list_files()

    def test_create_and_complete_are_ambiguous(
        self, server: respx.MockRouter, client: Writer, answer: httpx.Response
    ) -> None:
        posted = server.post("/files").mock(return_value=answer)
        completed = server.post("/uploads/upload_1/complete").mock(return_value=answer)
        with pytest.raises(AmbiguousError, match=r"a file named a\.txt may exist"):
            create(client)
        with pytest.raises(AmbiguousError, match="its file may exist"):
            complete(client)
        assert (posted.call_count, completed.call_count) == (1, 1)


def test_list_survives_a_page_size_that_is_refused(
    server: respx.MockRouter, client: Writer
) -> None:
    server.get("/files", params={"limit": "10000"}).respond(400, json=ERROR)
    server.get("/files").respond(json=PAGE)
    assert client.list_files() == [THE_FILE]


def test_a_wrong_key_is_no_listing_error(server: respx.MockRouter, client: Writer) -> None:
    server.get("/files").respond(401, json=ERROR)
    with pytest.raises(AuthError) as caught:
        client.list_files()
    assert "OPENAI_API_KEY" in caught.value.hint


# --- retries


def test_overload_is_waited_out_for_create_too(
    server: respx.MockRouter, client: Writer, time: FakeTime
) -> None:
    server.post("/files").mock(
        side_effect=[
            httpx.Response(429, json=ERROR, headers={"retry-after": "3"}),
            httpx.Response(503, json=ERROR, headers={"retry-after-ms": "1500"}),
            httpx.ConnectError("refused"),
            httpx.ConnectTimeout("slow"),
            httpx.Response(200, json=FILE),
        ]
    )
    assert create(client) == THE_FILE
    assert time.naps[0] == 3
    assert 1.5 in time.naps


def test_a_429_holds_other_requests_as_well(
    server: respx.MockRouter, client: Writer, time: FakeTime
) -> None:
    limited = httpx.Response(429, json=ERROR, headers={"retry-after": "110"})
    server.get("/files/file-1").mock(side_effect=[limited] * 3)
    server.get("/files/file-2").respond(json={**FILE, "id": "file-2"})
    with pytest.raises(ApiError, match="after 3 attempts") as caught:  # 300 s of patience
        client.get_file("file-1")
    assert caught.value.status == 429
    client.get_file("file-2")
    assert time.now == pytest.approx(1220)


def test_no_credit_is_final(server: respx.MockRouter, client: Writer, time: FakeTime) -> None:
    error = {"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}
    server.post("/files").respond(429, json=error)
    with pytest.raises(ApiError, match="You exceeded your quota"):
        create(client)
    assert time.naps == []


@pytest.mark.parametrize(
    "end", [httpx.Response(500, json=ERROR), httpx.ReadTimeout(""), httpx.ReadError("reset")]
)
def test_an_unclear_end_of_create_and_complete(
    server: respx.MockRouter, client: Writer, end: httpx.Response | Exception
) -> None:
    routes = [server.post("/files"), server.post("/uploads/upload_1/complete")]
    for route in routes:
        # respx reads the request's body first, as a server would that then fails.
        route.mock(side_effect=[end])
    with pytest.raises(AmbiguousError):
        create(client)
    with pytest.raises(AmbiguousError):
        complete(client)
    assert [route.call_count for route in routes] == [1, 1]


def test_parts_and_sessions_are_repeated(server: respx.MockRouter, client: Writer) -> None:
    for path in ("/uploads", "/uploads/upload_1/parts", "/uploads/upload_1/cancel"):
        server.post(path).mock(
            side_effect=[
                httpx.ReadTimeout(""),
                httpx.Response(500),
                httpx.RemoteProtocolError("gone"),
                httpx.Response(200, json={"id": "x1"}),
            ]
        )
    body = Bytes(b"data")
    session = client.create_upload(
        filename="a", purpose="batch", bytes=1, mime_type="text/plain", expires_after=None
    )
    assert session == "x1"
    assert client.add_part("upload_1", body) == "x1"
    client.cancel_upload("upload_1")
    assert body.begun == 4


UNTRUSTED = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed (_ssl.c:1006)"
OBSTACLES: list[tuple[OSError, int, str, str]] = [
    (ssl.SSLCertVerificationError(1, UNTRUSTED), 1, "not trusted, certificate", "SSL_CERT_FILE"),
    (ssl.SSLError(1, "[SSL: X] no protocols (_ssl.c:1)"), 1, "TLS failed, no proto", "http://"),
    (ssl.SSLEOFError(8, "[SSL: X] EOF occurred"), 6, ": EOF occurred", "base_url"),
    (socket.gaierror(socket.EAI_NONAME, "Name not known"), 3, ": name not known", "base_url"),
    (socket.gaierror(socket.EAI_AGAIN, "Try later"), 6, ": try later", "network"),
    (ConnectionRefusedError(111, "Connection refused"), 3, ": connection refused", "base_url"),
]


@pytest.mark.parametrize(
    ("cause", "attempts", "why", "hint"), OBSTACLES, ids=lambda one: type(one).__name__
)
def test_what_stands_in_the_way_of_a_connection(
    monkeypatch: pytest.MonkeyPatch,
    client: Writer,
    cause: OSError,
    attempts: int,
    why: str,
    hint: str,
) -> None:
    seen = []

    def connect(*args: object, **_more: object) -> socket.socket:
        seen.append(args)
        raise cause

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(ListingError) as caught:
        client.list_files()
    message = caught.value.message
    assert message.startswith("could not list the files: no connection to localhost:9: ")
    assert why in message
    assert "[" not in message
    assert hint in caught.value.hint
    assert len(seen) == attempts


# --- what is told of retries


def retries(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno == logging.INFO]


def test_a_request_without_an_answer_is_told_when_it_is_sent_again(
    server: respx.MockRouter, client: Writer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "filesync")
    refused = httpx.ConnectError("Connection refused")
    server.get("/files").mock(side_effect=[refused, httpx.Response(200, json=PAGE)])
    client.list_files()
    assert retries(caplog) == ["no answer from localhost:9 (connection refused): trying again"]


def test_an_answer_is_told_of_once_the_waiting_adds_up(
    server: respx.MockRouter, client: Writer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "filesync")
    slow = httpx.Response(429, json=ERROR, headers={"retry-after": "20"})
    down = httpx.Response(503, json=ERROR)
    fine = httpx.Response(200, json=PAGE)
    server.get("/files").mock(side_effect=[down, down, fine])
    client.list_files()
    assert retries(caplog) == []
    server.get("/files").mock(side_effect=[down, down, down, fine])
    client.list_files()
    server.get("/files").mock(side_effect=[slow, fine])
    client.list_files()
    assert retries(caplog) == [
        f"no good answer from localhost:9 (HTTP {status}: Nope.): trying again"
        for status in (503, 429)
    ]


# --- stopping


def test_nothing_new_begins_once_stopped() -> None:
    stop = threading.Event()
    with respx.mock(base_url=URL), writer(settings=fast(stop=stop)) as client:
        stop.set()
        with pytest.raises(Interrupted):
            create(client)


def test_stopping_ends_a_wait_between_attempts() -> None:
    stop = threading.Event()
    settings = fast(stop=stop)
    with respx.mock(base_url=URL) as server, writer(settings=settings) as client:

        def fail(_: httpx.Request) -> httpx.Response:
            stop.set()
            return httpx.Response(503)

        route = server.get("/files/file-1").mock(side_effect=fail)
        with pytest.raises(Interrupted):
            client.get_file("file-1")
        assert route.call_count == 1


def test_the_default_sleep_is_a_wait_for_the_stop() -> None:
    stop = threading.Event()
    threading.Timer(0.01, stop.set).start()
    with pytest.raises(Interrupted):
        ClientSettings(stop=stop).pause(3600)


# --- surroundings


def test_the_servers_clock(server: respx.MockRouter, client: Writer) -> None:
    assert client.clock_offset is None
    server.get("/files/file-1").respond(
        json=FILE, headers={"date": "Tue, 14 Nov 2023 23:13:20 GMT"}
    )
    other = {**FILE, "id": "file-2"}
    server.get("/files/file-2").respond(json=other, headers={"date": "whenever"})
    client.get_file("file-1")
    assert client.clock_offset == 3600
    client.get_file("file-2")
    assert client.clock_offset == 3600


@pytest.mark.parametrize("proxy", ["socks5://me:canary@proxy:1", "nonsense://me:canary@proxy:1"])
def test_proxy_settings_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(FilesyncError, match="proxy") as caught:
        writer("https://api.example/v1")
    assert "canary" not in caught.value.message + caught.value.hint
    writer("http://127.0.0.1/v1").close()  # no proxy is asked on the way to this machine


def test_by_purpose_on_a_server_that_ignores_it(server: respx.MockRouter, client: Writer) -> None:
    data = [
        {"id": "a", "purpose": "batch"},
        {"id": "b", "purpose": "vision"},
        {"id": "c"},
    ]
    route = server.get("/files").respond(json={"data": data, "has_more": False})
    assert [file.id for file in client.list_files("batch")] == ["a", "c"]
    assert dict(route.calls.last.request.url.params) == {"limit": "10000", "purpose": "batch"}


def test_a_server_without_a_files_route_has_no_listing(
    server: respx.MockRouter, client: Writer
) -> None:
    server.get("/files").respond(404, json=ERROR)
    with pytest.raises(ListingError):
        client.list_files()


def test_what_uses_files(server: respx.MockRouter, client: Writer) -> None:
    jobs = [
        {"id": "ftjob-1", "status": "queued", "training_file": "a", "validation_file": None},
        {"id": "ftjob-2", "status": "succeeded", "training_file": "b", "validation_file": "c"},
    ]
    pages = [{"data": jobs[:1], "has_more": True}, {"data": jobs[1:], "has_more": False}]
    server.get("/fine_tuning/jobs").mock(
        side_effect=[httpx.Response(200, json=page) for page in pages]
    )
    assert [(job.files, job.finished) for job in client.list_fine_tuning_jobs()] == [
        (("a",), False),
        (("b", "c"), True),
    ]
    batch = {"id": "batch_1", "status": "paused by nobody knows whom", "input_file_id": "d"}
    server.get("/batches").respond(json={"data": [batch], "has_more": False})
    assert [(job.files, job.finished) for job in client.list_batches()] == [(("d",), False)]
    server.get("/vector_stores").respond(404, json=ERROR)
    with pytest.raises(ApiError) as caught:
        client.list_vector_stores()
    assert caught.value.status == 404
    server.get("/vector_stores/vs_1/files/a").respond(json={"id": "a"})
    server.get("/vector_stores/vs_1/files/b").respond(404, json=ERROR)
    assert client.is_attached("vs_1", "a")
    assert not client.is_attached("vs_1", "b")


@pytest.mark.parametrize(("quick", "silences"), [(45.0, [45.0, 9.5]), (20.0, [20.0, 20.0, 13.5])])
def test_a_server_that_takes_requests_and_never_answers_is_down_within_a_minute(
    quick: float, silences: list[float]
) -> None:
    time = FakeTime()
    waited: list[float] = []

    def silent(request: httpx.Request) -> httpx.Response:
        waited.append(request.extensions["timeout"]["read"])
        time.now += waited[-1]
        raise httpx.ReadTimeout("silent", request=request)

    with respx.mock(base_url=URL) as server:
        server.get("/files").mock(side_effect=silent)
        with (
            writer(settings=fast(time, quick_timeout=quick)) as client,
            pytest.raises(RemoteError, match="no answer for"),
        ):
            client.list_files()
    assert waited == silences
    assert time.now - 1000.0 < 60


# --- how many at once


class Asking(Bytes):
    """A small body that says when it is read."""

    def __init__(self) -> None:
        super().__init__(b"hello")
        self.read = threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        yield from super().__iter__()
        self.read.set()


@contextmanager
def one_waits(
    server: respx.MockRouter, settings: ClientSettings
) -> Iterator[tuple[Asking, Future[RemoteFile]]]:
    """While a request is under way and no more may be: a body that is ready, and its answer.

    The block's end has the first request answered.
    """
    begun, go_on = threading.Event(), threading.Event()

    def hold(_request: httpx.Request) -> httpx.Response:
        begun.set()
        assert go_on.wait(30)
        return httpx.Response(200, json=FILE)

    server.post("/files").mock(side_effect=hold)
    body = Asking()
    with writer(settings=settings) as client, ThreadPoolExecutor(2) as pool:
        first = pool.submit(create, client)
        assert begun.wait(30)
        second = pool.submit(
            client.create_file, body, filename="b.txt", purpose="user_data", expires_after=None
        )
        assert body.read.wait(30)
        try:
            yield body, second
        finally:
            go_on.set()
        first.result(30)


def test_what_is_read_ahead_goes_once_it_may(server: respx.MockRouter, time: FakeTime) -> None:
    with one_waits(server, fast(time, at_once=1)) as (body, second):
        assert not second.done()
    assert second.result(30) == THE_FILE
    assert len(server.calls) == 2
    assert body.begun == 1


def test_what_was_read_long_ago_is_read_again(server: respx.MockRouter, time: FakeTime) -> None:
    """So that it is checked, and written down that it is sent, as late as without waiting."""
    asked: list[float] = []
    settings = fast(time, at_once=1, may_write=lambda: asked.append(time.now))
    with one_waits(server, settings) as (body, second):
        began = time.now
        time.now += 5
    assert second.result(30) == THE_FILE
    assert body.begun == 2
    assert asked == [began, began, began + 5]


def test_what_waits_for_its_turn_is_not_sent_once_the_run_is_stopped(
    server: respx.MockRouter, time: FakeTime
) -> None:
    stop = threading.Event()
    with one_waits(server, fast(time, at_once=1, stop=stop)) as (_, second):
        stop.set()
    with pytest.raises(Interrupted):
        second.result(30)
    assert len(server.calls) == 1

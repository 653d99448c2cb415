"""What only a real connection shows: streaming, resets, early answers, kept-alive connections."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from queue import Queue

import pytest

from filesync.core.model import RemoteFile
from filesync.errors import (
    AmbiguousError,
    ApiError,
    AuthError,
    FilesyncError,
    Interrupted,
    LocalFileError,
    RemoteError,
)
from filesync.remote.client import Writer
from filesync.remote.credentials import ApiKey
from filesync.remote.endpoint import Endpoint
from filesync.remote.form_body import Body
from tests.remote.helpers import (
    FILE,
    KEY,
    URL,
    Bytes,
    Conversation,
    Failing,
    HangUp,
    Script,
    concurrent_server,
    fast,
    hang_up,
    peak_of,
    reply,
    reset_after_body,
    reset_at_once,
    serving,
    writer,
)

MIB = b"x" * (1 << 20)
UNAVAILABLE = {"error": {"message": "Overloaded", "type": "x", "param": None, "code": None}}


def create(client: Writer, body: Body) -> RemoteFile:
    return client.create_file(body, filename="a.txt", purpose="user_data", expires_after=3600)


def test_the_body_arrives_with_its_exact_length() -> None:
    bodies: list[bytes] = []

    def take(talk: Conversation) -> None:
        bodies.append(talk.read_body())
        talk.answer(200, FILE)

    with serving(take) as served, writer(served.url) as client:
        assert create(client, Bytes(b"hel", b"lo")).id == "file-1"
    head = served.heads[0].lower()
    assert f"content-length: {len(bodies[0])}" in head
    assert "transfer-encoding" not in head
    assert b"\r\n\r\nhello\r\n--" in bodies[0]
    assert b'name="expires_after[seconds]"\r\n\r\n3600\r\n' in bodies[0]
    assert bodies[0].index(b"expires_after[anchor]") < bodies[0].index(b'name="file"')


def add_large_part(url: str) -> None:
    with writer(url) as client:
        assert client.add_part("upload_1", Bytes(*[MIB] * 64)) == "part_1"


def test_a_large_body_is_never_whole_in_memory() -> None:
    def swallow(talk: Conversation) -> None:
        left = talk.length
        while left:
            left -= len(talk.file.read(min(left, 1 << 16)))
        talk.answer(200, {"id": "part_1"})

    with serving(swallow) as served:
        assert peak_of(add_large_part, served.url) < 8 << 20


LARGE = 128 << 20


def download_large(url: str) -> None:
    with writer(url) as client:
        assert sum(map(len, client.download("file-1"))) == LARGE


def test_a_large_download_is_never_whole_in_memory() -> None:
    def pour(talk: Conversation) -> None:
        talk.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % LARGE)
        for _ in range(LARGE >> 20):
            talk.connection.sendall(MIB)

    with serving(pour) as served:
        assert peak_of(download_large, served.url) < 16 << 20


@pytest.mark.parametrize(
    "error", [LocalFileError("a.txt changed"), Interrupted("interrupted"), OSError("disk")]
)
def test_what_the_body_raises_ends_the_request_short(error: Exception) -> None:
    missing: Queue[int] = Queue()

    def take(talk: Conversation) -> None:
        missing.put(talk.length - len(talk.read_body()))
        raise HangUp

    body = Failing(error, MIB, size=3 << 20)
    with serving(take) as served, writer(served.url) as client:
        with pytest.raises(type(error)) as caught:
            create(client, body)
        assert missing.get(timeout=10) >= 2 << 20
    assert caught.value is error
    assert body.begun == 1


def test_a_connection_that_broke_while_sending_is_safe_to_repeat() -> None:
    body = Bytes(*[MIB] * 16)
    with serving(reset_at_once, reply(200, FILE)) as served, writer(served.url) as client:
        assert create(client, body).id == "file-1"
    assert len(served.heads) == 2


def test_a_connection_that_always_breaks_while_sending() -> None:
    body = Bytes(*[MIB] * 16)
    with (
        serving(*[reset_at_once] * 6) as served,
        writer(served.url) as client,
        pytest.raises(RemoteError, match=r"the connection broke.*after 6 attempts") as caught,
    ):
        create(client, body)
    assert not isinstance(caught.value, AmbiguousError)


@pytest.mark.parametrize("end", [hang_up, reset_after_body])
def test_a_lost_answer_is_ambiguous(end: Script) -> None:
    body = Bytes(b"hello")
    with (
        serving(end) as served,
        writer(served.url) as client,
        pytest.raises(AmbiguousError, match=r"a\.txt may exist"),
    ):
        create(client, body)
    assert body.begun == 1


@pytest.mark.parametrize("end", [hang_up, reset_after_body])
def test_a_lost_answer_to_a_part_is_asked_again(end: Script) -> None:
    with serving(end, reply(200, {"id": "part_1"})) as served, writer(served.url) as client:
        assert client.add_part("upload_1", Bytes(b"data")) == "part_1"


def test_an_answer_that_breaks_off_is_ambiguous_for_create() -> None:
    def cut(talk: Conversation) -> None:
        talk.read_body()
        talk.connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"id": "fi')
        raise HangUp

    with (
        serving(cut) as served,
        writer(served.url) as client,
        pytest.raises(AmbiguousError, match="the answer broke off"),
    ):
        create(client, Bytes(b"hello"))


def refuse_early(status: int) -> Script:
    """Answer before the body is read, and close: the client is still writing."""

    def script(talk: Conversation) -> None:
        talk.answer(status, UNAVAILABLE, {"Connection": "close"})
        talk.connection.settimeout(5)
        raise HangUp

    return script


@pytest.mark.parametrize(("status", "kind"), [(413, ApiError), (401, AuthError)])
def test_a_refusal_while_we_are_still_writing(status: int, kind: type[ApiError]) -> None:
    """Told as what it is, or, where the reset swallowed it, as a broken connection."""
    with (
        serving(*[refuse_early(status)] * 6) as served,
        writer(served.url) as client,
        pytest.raises(FilesyncError) as caught,
    ):
        create(client, Bytes(*[MIB] * 16))
    assert not isinstance(caught.value, AmbiguousError)
    assert isinstance(caught.value, kind) or "the connection broke" in caught.value.message


def test_an_overload_while_we_are_still_writing_is_repeated() -> None:
    with (
        serving(refuse_early(500), reply(200, FILE)) as served,
        writer(served.url) as client,
    ):
        assert create(client, Bytes(*[MIB] * 16)).id == "file-1"


def test_a_kept_alive_connection_that_is_reset_on_its_next_request() -> None:
    """A GET goes again; a POST that went out whole does not."""
    ok = reply(200, FILE)
    with serving(ok, hang_up, ok, hang_up) as served, writer(served.url) as client:
        assert client.get_file("file-1")
        assert client.get_file("file-1")
        with pytest.raises(AmbiguousError):
            create(client, Bytes(b"hello"))
    assert [head.split()[0] for head in served.heads] == ["GET", "GET", "GET", "POST"]


def test_a_download_that_breaks_off() -> None:
    def cut(talk: Conversation) -> None:
        talk.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
        raise HangUp

    with (
        serving(reply(503), cut) as served,
        writer(served.url) as client,
        pytest.raises(RemoteError, match=r"could not download file-1: it broke off"),
    ):
        list(client.download("file-1"))
    assert len(served.heads) == 2


def test_a_download_stops_when_the_run_does() -> None:
    def pour(talk: Conversation) -> None:
        talk.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (4 << 20))
        for _ in range(4):
            talk.connection.sendall(MIB)

    stop = threading.Event()
    with serving(pour) as served, writer(served.url, fast(stop=stop)) as client:
        chunks = client.download("file-1")
        next(chunks)
        stop.set()
        with pytest.raises(Interrupted):
            next(chunks)


def test_nobody_listens() -> None:
    with serving() as served:
        url = served.url
    with (
        writer(url) as client,
        pytest.raises(RemoteError, match=r"no connection to 127.*, after 3 attempts") as caught,
    ):
        create(client, Bytes(b"hello"))
    assert not isinstance(caught.value, AmbiguousError)
    assert "base_url" in caught.value.hint


def test_a_server_without_tls_is_told_at_once() -> None:
    def answer_in_plain() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            connection.recv(1 << 16)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer_in_plain)
        thread.start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/v1"
        with writer(url) as client, pytest.raises(RemoteError, match="TLS failed") as caught:
            client.list_files()
        thread.join()
    assert "attempts" not in caught.value.message
    assert "base_url begins with http://" in caught.value.hint


def test_silence_is_ambiguous_for_create() -> None:
    done = threading.Event()

    def silent(talk: Conversation) -> None:
        talk.read_body()
        done.wait(10)
        raise HangUp

    settings = fast(slow_timeout=0.05)
    with serving(silent) as served, writer(served.url, settings) as client:
        with pytest.raises(AmbiguousError, match="no answer for"):
            create(client, Bytes(b"hello"))
        done.set()


def test_no_proxy_on_the_way_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as nobody:
        monkeypatch.setenv("HTTP_PROXY", nobody.url.removesuffix("/v1"))
        monkeypatch.setenv("ALL_PROXY", nobody.url.removesuffix("/v1"))
    with serving(reply(200, FILE)) as served, writer(served.url) as client:
        assert client.get_file("file-1")


def test_threads_each_have_their_connection() -> None:
    """No pool limit: a request in flight never makes another thread's wait or fail."""
    together = threading.Barrier(16)

    class Meeting(Bytes):
        def __iter__(self) -> Iterator[bytes]:
            together.wait(10)
            yield from super().__iter__()

    ids: list[str] = []
    with concurrent_server() as url, writer(url) as client:

        def send() -> None:
            ids.append(client.add_part("upload_1", Meeting(b"data")))

        threads = [threading.Thread(target=send) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert ids == ["part_1"] * 16


# --- the key


ENDS: list[Script] = [
    reply(400, {"error": {"message": f"bad key {KEY}", "code": KEY}}, x_request_id=KEY),
    reply(401, f"<p>{KEY}</p>".encode()),
    reply(302, b"", location=f"https://{KEY}.example/{KEY}"),
    reply(302, b"", location=f"http://[{KEY}"),
    reply(200, {"id": f"a/{KEY}"}),
    reply(200, KEY.encode()),
    hang_up,
    reset_at_once,
]


@pytest.mark.parametrize("end", ENDS, ids=range(len(ENDS)))
def test_the_key_is_in_no_message_chain_or_log(
    end: Script, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="filesync")
    with (
        serving(*[end] * 6) as served,
        writer(served.url) as client,
        pytest.raises(FilesyncError) as created,
    ):
        create(client, Bytes(b"hello"))
    with (
        serving(*[end] * 6) as served,
        writer(served.url) as client,
        pytest.raises(FilesyncError) as looked_up,
    ):
        client.get_file("file-1")
    for caught in (created, looked_up):
        error = caught.value
        told = f"{error} {error!r} {error.hint} {vars(error)} {caught.getrepr(style='native')}"
        assert KEY not in told
        assert error.__cause__ is None
        assert error.__context__ is None
    assert KEY not in caplog.text
    assert "POST /files" in caplog.text


def test_the_debug_log_has_a_line_a_request(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")  # the libraries' own as well
    scripts = (reply(503), reply(200, {**FILE, "data": [], "has_more": False}, x_request_id="r1"))
    with serving(*scripts) as served, writer(served.url) as client:
        client.list_files()
    ours = [record.getMessage() for record in caplog.records if record.name == "filesync.http"]
    assert ours == [
        "GET /files: 503, 0 ms, attempt 1",
        "GET /files: 200 (request r1), 0 ms, attempt 2",
    ]
    assert KEY not in caplog.text


def test_no_repr_shows_the_key() -> None:
    with writer() as client:
        transport = client._transport
        assert KEY not in f"{client!r} {transport!r} {transport._http!r} {transport._endpoint!r}"
        assert transport.redact(f"x{KEY}y") == "x***y"


def test_a_key_that_no_header_can_carry_is_not_quoted() -> None:
    """`sign_in` refuses it; one made by hand must not show it either."""
    endpoint = Endpoint(URL, ApiKey(f"{KEY}\n{KEY}"))
    with Writer(endpoint, settings=fast()) as client, pytest.raises(RemoteError) as caught:
        client.get_file("file-1")
    assert KEY not in str(caught.value)

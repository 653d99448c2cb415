"""Answers that do not end, trickle, swell or lie: each ends with a sentence, in time and memory."""

from __future__ import annotations

import base64
import gzip
import threading
import tracemalloc
import zlib
from collections.abc import Iterable

import pytest

from filesync.errors import AmbiguousError, ApiError, AuthError, ListingError, RemoteError
from filesync.remote import answers, redact
from filesync.remote.decode import BadAnswer
from filesync.remote.http_client import proxy_for
from tests.remote.helpers import (
    KEY,
    Bytes,
    Conversation,
    FakeTime,
    HangUp,
    Script,
    fast,
    peak_of,
    reply,
    serving,
    writer,
)

MIB = 1 << 20


def bomb(size: int) -> bytes:
    """A small gzip file that unpacks to `size` bytes of spaces."""
    return gzip.compress(b" " * size)


def endless(head: str, chunk: bytes) -> Script:
    def script(talk: Conversation) -> None:
        talk.read_body()
        talk.connection.sendall(head.encode())
        while True:
            talk.connection.sendall(chunk)

    return script


def trickling(head: str, stop: threading.Event) -> Script:
    def script(talk: Conversation) -> None:
        talk.read_body()
        talk.connection.sendall(head.encode())
        while not stop.wait(0.01):
            talk.connection.sendall(b" ")
        raise HangUp

    return script


OK = "HTTP/1.1 200 OK\r\n"


def get_endless(url: str) -> None:
    with writer(url) as client, pytest.raises(RemoteError, match=r"larger than 2\.0 MB"):
        client.get_file("file-1")


def test_an_endless_answer_is_cut_at_its_cap() -> None:
    with serving(*[endless(OK + "\r\n", b"[" + b" " * 65536)] * 6) as served:
        assert peak_of(get_endless, served.url) < 16 * MIB


def unpack_bomb(_: str) -> None:
    content = bomb(200 * MIB)
    tracemalloc.reset_peak()
    with pytest.raises(BadAnswer, match="larger than"):
        answers.read(answers.decoded([content], "gzip"), answers.MOST_OBJECT)


def test_a_gzip_bomb_is_cut_while_it_unpacks() -> None:
    assert peak_of(unpack_bomb) < 8 * MIB


@pytest.mark.parametrize("size", [0, 1, 100, 200_000])
@pytest.mark.parametrize("cut", [1, 1000, 1 << 20])
def test_compressed_answers_are_read_whole(size: int, cut: int) -> None:
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)

    def pieces(data: bytes) -> Iterable[bytes]:
        return (data[at : at + cut] for at in range(0, len(data), cut))

    assert answers.read(answers.decoded(pieces(gzip.compress(content)), "gzip"), MIB) == content
    packed = zlib.compress(content)
    assert answers.read(answers.decoded(pieces(packed), "deflate"), MIB) == content
    with pytest.raises(BadAnswer, match="broke off"):
        answers.read(answers.decoded(pieces(packed[:-2]), "deflate"), MIB)


def test_an_encoding_nobody_asked_for_is_said() -> None:
    with pytest.raises(BadAnswer, match="not asked for"):
        answers.read(answers.decoded([b"x"], "gzip, gzip"), MIB)


@pytest.mark.parametrize("head", ["HTTP/1.1 200 O", OK + "Content-Length: 100000\r\n\r\n"])
def test_a_byte_now_and_then_does_not_hold_a_run(head: str) -> None:
    """Neither in the head of an answer nor in its body: the time for all of it is bounded."""
    stop = threading.Event()
    settings = fast(quick_timeout=0.2, read_timeout=0.2, attempts=1)
    with serving(trickling(head, stop)) as served, writer(served.url, settings) as client:
        try:
            with pytest.raises(RemoteError, match=r"no whole answer in|no answer for"):
                client.get_file("file-1")
        finally:
            stop.set()


def test_a_download_that_trickles_is_given_up() -> None:
    time = FakeTime()

    def clock() -> float:
        time.now += 1
        return time.now

    settings = fast(time)
    object.__setattr__(settings, "monotonic", clock)
    stop = threading.Event()
    script = trickling(OK + "Content-Length: 100000\r\n\r\n", stop)
    with serving(script) as served, writer(served.url, settings) as client:
        try:
            with pytest.raises(RemoteError, match=r"only .* B came in \d+ s"):
                list(client.download("file-1"))
        finally:
            stop.set()


def test_the_end_of_a_long_error_is_left_unread() -> None:
    script = endless("HTTP/1.1 400 X\r\n\r\n", b"no " * 30_000)
    with (
        serving(script) as served,
        writer(served.url) as client,
        pytest.raises(ApiError, match="HTTP 400: no no") as caught,
    ):
        client.get_file("file-1")
    assert len(caught.value.message) < 500


def test_a_download_without_a_length_that_ends_early_is_an_error() -> None:
    def short(talk: Conversation) -> None:
        talk.read_body()
        talk.connection.sendall((OK + "Connection: close\r\n\r\nhel").encode())
        raise HangUp

    with (
        serving(short, short) as served,
        writer(served.url) as client,
    ):
        with pytest.raises(RemoteError, match="ended after 3 of 5 bytes"):
            list(client.download("file-1", 5))
        assert b"".join(client.download("file-1")) == b"hel"


def test_waits_of_many_requests_do_not_add_up() -> None:
    time = FakeTime()
    refusal = reply(429, {"error": {"message": "Wait."}}, retry_after="999999")
    settings = fast(time)
    with serving(*[refusal] * 60) as served, writer(served.url, settings) as client:
        for _ in range(20):
            with pytest.raises(ApiError, match=r"Wait\."):
                client.get_file("file-1")
    assert time.now - 1000 <= settings.patience


def test_a_server_that_is_down_is_not_asked_for_each_file_anew() -> None:
    time = FakeTime()
    down = reply(503, {"error": {"message": "Down."}}, retry_after="20")
    with serving(*[down] * 60) as served, writer(served.url, fast(time)) as client:
        for _ in range(20):
            with pytest.raises(ApiError, match=r"Down\."):
                client.get_file("file-1")
    assert time.now - 1000 <= 60


def test_an_error_inside_a_success_is_said_in_the_servers_words() -> None:
    answer = reply(200, {"error": {"message": "Model overloaded", "code": "x"}})
    with serving(answer, answer) as served, writer(served.url) as client:
        with pytest.raises(ListingError, match="HTTP 200 with an error: Model overloaded"):
            client.list_files()
        with pytest.raises(AmbiguousError, match="Model overloaded") as caught:
            client.create_file(Bytes(b"x"), filename="a", purpose="user_data", expires_after=None)
        assert caught.value.told
        assert len(served.heads) == 2


def test_no_credit_ends_the_run_as_a_wrong_key_does() -> None:
    answer = reply(429, {"error": {"message": "Pay.", "code": "insufficient_quota"}})
    with serving(answer) as served, writer(served.url) as client, pytest.raises(AuthError):
        client.get_file("file-1")


ECHOES = [
    KEY,
    base64.b64encode(KEY.encode()).decode(),
    base64.b64encode(b"user:" + KEY.encode() + b"!").decode(),
    base64.urlsafe_b64encode(b"xy" + KEY.encode()).decode(),
    KEY.encode().hex(),
    KEY.encode().hex().upper(),
    "".join(f"%{one:02X}" for one in KEY.encode()),
    "".join(f"\\u{one:04x}" for one in KEY.encode()),
    "".join(f"&#{one};" for one in KEY.encode()),
    KEY.replace("-", "%2D"),
    KEY.replace("-", "\\u002d"),
    KEY.upper(),
    KEY[::-1],
]


@pytest.mark.parametrize("echo", ECHOES)
def test_no_spelling_of_the_key_is_shown(echo: str) -> None:
    shown = redact.without(KEY, f"bad key <{echo}> in header")
    assert "***" in shown
    core = KEY[3:-1]
    for piece in (core, base64.b64encode(core.encode()).decode()[2:-4], core.encode().hex()):
        assert piece.lower() not in shown.lower()
    assert redact.without(KEY, "nothing of it here") == "nothing of it here"


@pytest.mark.parametrize(
    ("url", "no_proxy", "proxied"),
    [
        ("https://api.example.com/v1", "10.0.0.0/8,fd07:b51a:cc66:f0::/64", True),
        ("https://10.1.2.3/v1", "10.0.0.0/8,fd07:b51a:cc66:f0::/64", False),
        ("https://[fd07:b51a:cc66:f0::7]/v1", "10.0.0.0/8,fd07:b51a:cc66:f0::/64", False),
        ("https://[fd08::7]/v1", "fd07:b51a:cc66:f0::/64", True),
        ("https://api.example.com/v1", ".example.com", False),
        ("https://api.example.com/v1", "example.com", False),
        ("https://apiexample.com/v1", "example.com", True),
        ("https://api.example.com/v1", "api.example.com:8443", True),
        ("https://api.example.com:8443/v1", "api.example.com:8443", False),
        ("https://api.example.com/v1", "*", False),
        ("http://127.0.0.1:8000/v1", "", False),
    ],
)
def test_what_no_proxy_names(url: str, no_proxy: str, proxied: bool) -> None:
    environ = {"https": "http://proxy:3128", "http": "http://proxy:3128", "no": no_proxy}
    assert (proxy_for(url, environ) is not None) is proxied


def test_a_proxys_password_may_be_anything_and_is_never_shown() -> None:
    for password in ("p#w", "p/w", "p@w:x", "p%23w"):
        found = proxy_for("https://a.example/v1", {"all": f"http://me:{password}@proxy:3128"})
        assert found is not None
        assert (found.url, found.user) == ("http://proxy:3128", "me")
        assert found.password == password.replace("%23", "#")
        with pytest.raises(RemoteError) as caught:
            proxy_for("https://a.example/v1", {"https": f"socks5://me:{password}@proxy:3128"})
        assert password not in caught.value.message + caught.value.hint

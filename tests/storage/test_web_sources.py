"""`https://` sources at servers that are not as they should be: what is read, and what is said."""

from __future__ import annotations

import base64
import http.server
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from filesync.core.model import Entry, Policy, ScannedFile
from filesync.core.object_url import object_url
from filesync.errors import NoSuchObject, ObjectChanged, ObjectStoreError
from filesync.storage.objects import Found, Objects
from filesync.storage.opening import Deadlines
from tests.cli.harness import Project

DATA = b"0123456789" * 100
SHORT = Deadlines(connect=1, silence=0.3, request=0.5, retry=0.6, retries=1)


class Web(http.server.ThreadingHTTPServer):
    """A web server with one file, whose answers a test writes."""

    daemon_threads = True

    def __init__(self, answer: Callable[[Handler], None]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = answer
        self.url = f"http://127.0.0.1:{self.server_address[1]}/a.txt"

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that hung up."""


class Handler(http.server.BaseHTTPRequestHandler):
    """Leaves each answer to its server."""

    protocol_version = "HTTP/1.1"
    server: Web

    def do_GET(self) -> None:
        """Answer, and keep no connection: some answers have no end but that."""
        self.close_connection = True
        self.server.answer(self)

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def begin(self, status: int = 200, **headers: object) -> bool:
        """Send the head of an answer; say whether a body follows."""
        self.send_response(status)
        for name, value in {**headers, "Connection": "close"}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        return self.command == "GET"

    def whole(self) -> None:
        """Send all of the file, whatever part was asked for."""
        if self.begin(Content_Length=len(DATA), ETag='"a"'):
            self.wfile.write(DATA)


Serve = Callable[[Callable[[Handler], None]], Web]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers that end with the test."""
    servers: list[Web] = []

    def start(answer: Callable[[Handler], None]) -> Web:
        server = Web(answer)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def read(objects: Objects, url: str, found: Found) -> bytes:
    """Return all of a file that was looked up."""
    policy = Policy("user_data", None, 0, False, 0, "keep", False)
    entry = Entry("k", url, None, (), False, None, policy, {})
    file = ScannedFile(entry, "k", url, url, found.bytes, 0, 0, 0, version=found.version)
    return b"".join(objects.read(file, 0, file.bytes))


def no_head(handler: Handler) -> None:
    if handler.command == "HEAD":
        handler.begin(405, Content_Length=0)
    else:
        handler.whole()


def no_length_of_head(handler: Handler) -> None:
    if handler.command == "HEAD":
        handler.begin()
    else:
        handler.whole()


def moved(handler: Handler) -> None:
    if handler.path == "/a.txt":
        handler.begin(302, Location="/elsewhere", Content_Length=0)
    else:
        handler.whole()


@pytest.mark.parametrize("answer", [Handler.whole, no_head, no_length_of_head, moved])
def test_servers_that_do_less_than_others(serve: Serve, answer: Callable[[Handler], None]) -> None:
    web, objects = serve(answer), Objects()
    found = objects.find(object_url(web.url))
    assert (found.bytes, found.version) == (len(DATA), '"a"')
    assert read(objects, web.url, found) == DATA


def without_length(handler: Handler) -> None:
    if handler.begin():
        with suppress(OSError):
            for _ in range(100_000):  # as good as endless
                handler.wfile.write(DATA)


def in_circles(handler: Handler) -> None:
    handler.begin(302, Location="/a.txt", Content_Length=0)


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (without_length, "its server does not say how long it is"),
        (in_circles, "its server redirects again and again"),
        (lambda handler: handler.begin(403, Content_Length=0), r"access denied \(403\)"),
        (lambda handler: handler.begin(429, Retry_After=3600, Content_Length=0), "too busy.* 429"),
        (lambda _handler: time.sleep(1), "no answer in time"),
    ],
)
def test_files_that_cannot_be_looked_up(
    serve: Serve, answer: Callable[[Handler], None], complaint: str
) -> None:
    with pytest.raises(ObjectStoreError, match=complaint):
        Objects(SHORT).find(object_url(serve(answer).url))


@pytest.mark.parametrize("status", [404, 410])
def test_a_file_that_is_not_there(serve: Serve, status: int) -> None:
    def answer(handler: Handler) -> None:
        handler.begin(status, Content_Length=0)

    with pytest.raises(NoSuchObject, match=r"no such object: http://127\.0\.0\.1:\d+/a\.txt$"):
        Objects().find(object_url(serve(answer).url))


def breaks_off(handler: Handler) -> None:
    if handler.begin(Content_Length=len(DATA) + 1, ETag='"a"'):
        handler.wfile.write(DATA)


def dribbles(handler: Handler) -> None:
    if handler.begin(Content_Length=len(DATA), ETag='"a"'):
        with suppress(OSError):
            for byte in DATA:
                handler.wfile.write(bytes([byte]))
                time.sleep(0.1)


def changes(handler: Handler) -> None:
    if handler.begin(Content_Length=len(DATA), ETag=f'"{time.monotonic_ns()}"'):
        handler.wfile.write(DATA)


@pytest.mark.parametrize(
    ("answer", "error", "complaint"),
    [
        (breaks_off, ObjectStoreError, "announced 1,001 bytes and did not send all"),
        (dribbles, ObjectStoreError, "announced 1,000 bytes and did not send all of them in time"),
        (changes, ObjectChanged, "changed while filesync was using it"),
    ],
)
def test_files_that_cannot_be_read(
    serve: Serve, answer: Callable[[Handler], None], error: type[Exception], complaint: str
) -> None:
    web, objects = serve(answer), Objects(SHORT)
    found = objects.find(object_url(web.url))
    with pytest.raises(error, match=complaint):
        read(objects, web.url, found)


def test_a_large_file_has_more_time_than_a_small_one(serve: Serve) -> None:
    def slow(handler: Handler) -> None:
        if handler.begin(Content_Length=100_000, ETag='"a"'):
            for _ in range(10):
                handler.wfile.write(bytes(10_000))
                time.sleep(0.1)

    web, objects = serve(slow), Objects(SHORT)
    assert len(read(objects, web.url, objects.find(object_url(web.url)))) == 100_000


def test_a_login_in_the_url_is_sent_and_never_shown(serve: Serve, project: Project) -> None:
    expected = base64.b64encode(b"me:canary p@ss").decode()
    seen = []

    def answer(handler: Handler) -> None:
        seen.append(handler.headers.get("Authorization"))
        handler.whole() if seen[-1] == f"Basic {expected}" else handler.begin(401, Content_Length=0)

    web = serve(answer)
    url = web.url.replace("127.0.0.1", "me:canary%20p%40ss@127.0.0.1")
    project.manifest(f'files: {{k: {{path: "{url}"}}}}')
    ran = project.run("apply", "-y", "--log-http")
    assert set(seen) == {f"Basic {expected}"}
    assert project.lock["files"]["k"]["path"] == web.url
    written = [
        one.read_bytes()
        for one in project.root.rglob("*")
        if one.suffix != ".yaml" and one.is_file()
    ]
    assert not any(b"p@ss" in one or b"p%40ss" in one for one in written)
    assert "p@ss" not in ran.out + ran.err
    assert "p%40ss" not in ran.out + ran.err

"""A scripted server on a real socket, bodies, and settings that never sleep."""

from __future__ import annotations

import json
import socket
import struct
import threading
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from typing import Any

from filesync.remote.client import Writer
from filesync.remote.credentials import ApiKey
from filesync.remote.endpoint import Endpoint
from filesync.remote.timing import ClientSettings

KEY = "sk-canary-0123456789"
URL = "http://localhost:9/v1"


class FakeTime:
    """A clock that only sleeping moves; `naps` are the sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.naps: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds


def fast(time: FakeTime | None = None, **more: Any) -> ClientSettings:
    """ClientSettings on a fake clock, without jitter."""
    time = time or FakeTime()
    more.setdefault("wall_clock", lambda: 1_700_000_000.0)
    return ClientSettings(sleep=time.sleep, monotonic=time.clock, jitter=lambda: 0.0, **more)


def writer(url: str = URL, settings: ClientSettings | None = None) -> Writer:
    endpoint = Endpoint(url, ApiKey(KEY))
    return Writer(endpoint, requests_per_minute=1e9, settings=settings or fast())


class Bytes:
    """A body of the given chunks that notes how far it was read and how often begun."""

    def __init__(self, *chunks: bytes, size: int | None = None) -> None:
        self.chunks = chunks
        self.size = sum(map(len, chunks)) if size is None else size
        self.begun = 0
        self.taken = 0

    def __iter__(self) -> Iterator[bytes]:
        self.begun += 1
        for chunk in self.chunks:
            self.taken += 1
            yield chunk


class Failing(Bytes):
    """A body that raises after its chunks, as a file that changed under us."""

    def __init__(self, error: BaseException, *chunks: bytes, size: int) -> None:
        super().__init__(*chunks, size=size)
        self.error = error

    def __iter__(self) -> Iterator[bytes]:
        yield from super().__iter__()
        raise self.error


class Conversation:
    """One connection of the scripted server, with the request's head already read."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.file = connection.makefile("rb")
        self.head = ""
        self.length = 0

    def read_head(self) -> bool:
        lines = []
        while (line := self.file.readline()) not in (b"\r\n", b""):
            lines.append(line.decode("latin-1").strip())
        self.head = "\n".join(lines)
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines[1:])}
        self.length = int(headers.get("content-length", 0))
        return bool(lines)

    def read_body(self) -> bytes:
        """The body; shorter than `length` if the client went away."""
        return self.file.read(self.length)

    def answer(
        self, status: int, body: object = None, headers: Mapping[str, str] | None = None
    ) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        head = {"Content-Length": str(len(content)), **(headers or {})}
        lines = [f"HTTP/1.1 {status} X", *(f"{k}: {v}" for k, v in head.items())]
        self.connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode() + content)

    def reset(self) -> None:
        """Close so that the client gets a reset, not an orderly end."""
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


Script = Callable[[Conversation], None]


class Served:
    def __init__(self, url: str) -> None:
        self.url = url
        self.heads: list[str] = []
        self.bodies: list[bytes] = []


@contextmanager
def serving(*scripts: Script) -> Iterator[Served]:
    """Serve one request by each script in turn, each connection until a script closes it.

    A script that returns keeps the connection for the next request; CLOSE or RESET end it.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    served = Served(f"http://127.0.0.1:{listener.getsockname()[1]}/v1")
    rest = list(scripts)

    def serve() -> None:
        while rest:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            talk = Conversation(connection)
            try:
                while rest and talk.read_head():
                    served.heads.append(talk.head)
                    rest.pop(0)(talk)
            except (HangUp, OSError):
                pass
            finally:
                talk.file.close()
                connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)
        assert not thread.is_alive()


def peak_of(action: Callable[[str], object], url: str = "") -> int:
    """Return the most bytes that `action(url)` had in use, measured in a process of its own.

    In this one the threads that other tests have left behind would be counted with it.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        return processes.submit(_traced, action, url).result(120)


def _traced(action: Callable[[str], object], url: str) -> int:
    tracemalloc.start()
    action(url)
    return tracemalloc.get_traced_memory()[1]


class HangUp(Exception):
    """Raised by a script: close this connection."""


def reply(status: int, body: object = None, **headers: str) -> Script:
    """Read the whole request, then answer."""

    def script(talk: Conversation) -> None:
        talk.read_body()
        talk.answer(status, body, {k.replace("_", "-"): v for k, v in headers.items()})

    return script


def hang_up(talk: Conversation) -> None:
    """Read the whole request and close without an answer."""
    talk.read_body()
    raise HangUp


def reset_after_body(talk: Conversation) -> None:
    talk.read_body()
    talk.reset()
    raise HangUp


def reset_at_once(talk: Conversation) -> None:
    talk.reset()
    raise HangUp


FILE = {
    "id": "file-1",
    "object": "file",
    "bytes": 5,
    "created_at": 1_700_000_000,
    "filename": "a.txt",
    "purpose": "user_data",
    "status": "processed",
}


@contextmanager
def concurrent_server() -> Iterator[str]:
    """Serve parts, each connection in a thread of its own."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body = b'{"id": "part_1"}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 64

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1"
        finally:
            server.shutdown()
            thread.join()

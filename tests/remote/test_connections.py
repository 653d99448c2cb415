"""How many connections and writes requests take, counted against a socket of our own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import takewhile

import pytest
from httpcore._backends.sync import SyncStream

from filesync.remote.client import Writer
from filesync.remote.credentials import ApiKey
from filesync.remote.endpoint import Endpoint
from filesync.remote.form_body import Multipart

ANSWER = (
    b'{"id": "file-1", "object": "file", "bytes": 3, "created_at": 1, "filename": "a",'
    b' "purpose": "user_data", "status": "processed"}'
)


class Text:
    def __init__(self, *chunks: bytes) -> None:
        self.chunks = chunks
        self.size = sum(map(len, chunks))

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.chunks)


class Server:
    """Answers each request once `together` of them are there; notes the heads, by connection."""

    def __init__(self, together: int, extra: bytes) -> None:
        self.heads: list[list[bytes]] = []
        self.connections: list[socket.socket] = []
        self.barrier = threading.Barrier(together)
        self.extra = extra

    def close(self) -> None:
        """Close the connections of this side, as after a while without a request."""
        for connection in self.connections:
            connection.shutdown(socket.SHUT_RDWR)

    def serve(self, connection: socket.socket) -> None:
        heads: list[bytes] = []
        self.heads.append(heads)
        self.connections.append(connection)
        with connection, connection.makefile("rb") as read:
            # Until an empty line, or the empty text that every read gives once the client is gone.
            while head := b"".join(takewhile(lambda line: line != b"\r\n", read)):
                heads.append(head)
                length = next(
                    (
                        int(line.split(b":")[1])
                        for line in head.splitlines()
                        if line.lower().startswith(b"content-length")
                    ),
                    0,
                )
                read.read(length)
                self.barrier.wait(10)
                connection.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                    + self.extra
                    + f"Content-Length: {len(ANSWER)}\r\n\r\n".encode()
                    + ANSWER
                )


@contextmanager
def server(together: int = 1, extra: bytes = b"") -> Iterator[tuple[Server, Writer]]:
    found = Server(together, extra)
    threads: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                thread = threading.Thread(target=found.serve, args=(connection,), daemon=True)
                threads.append(thread)
                thread.start()

        threading.Thread(target=accept, daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        with Writer(Endpoint(url, ApiKey("sk-1")), requests_per_minute=1e6) as client:
            yield found, client
        listener.shutdown(socket.SHUT_RDWR)
    # One that reads on at the end of its connection would slow all tests after this one.
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def create(client: Writer, name: str = "a.txt") -> str:
    made = client.create_file(Text(b"abc"), filename=name, purpose="user_data", expires_after=None)
    return made.id


def test_requests_one_after_the_other_share_a_connection() -> None:
    with server() as (found, client):
        for _ in range(3):
            # Each in a thread of its own, as the uploads and then the deletes of an apply are.
            with ThreadPoolExecutor(1) as pool:
                assert pool.submit(create, client).result() == "file-1"
    assert [len(heads) for heads in found.heads] == [3]


def test_requests_at_the_same_moment_have_a_connection_each() -> None:
    with server(together=3) as (found, client), ThreadPoolExecutor(3) as pool:
        for _ in range(2):
            list(pool.map(lambda _: create(client), range(3)))
    assert [len(heads) for heads in found.heads] == [2, 2, 2]


def test_a_connection_that_the_server_has_closed_meanwhile_is_not_used_again() -> None:
    """Else a POST would end without an answer, and nobody knew whether it made a file."""
    with server() as (found, client):
        create(client)
        found.close()
        create(client)
    assert [len(heads) for heads in found.heads] == [1, 1]


def test_a_small_file_takes_one_write(monkeypatch: pytest.MonkeyPatch) -> None:
    writes: list[int] = []
    write = SyncStream.write

    def counted(self: SyncStream, data: bytes, timeout: float | None = None) -> None:
        writes.extend([len(data)] if data else [])
        write(self, data, timeout)

    monkeypatch.setattr(SyncStream, "write", counted)
    with server() as (_, client):
        create(client)
    assert len(writes) == 1  # the headers and all of the body


def test_the_headers_are_whole_and_none_is_sent_twice() -> None:
    with server() as (found, client):
        create(client)
        client.cancel_upload("upload_1")
        client.get_file("file-1")
    post, cancel, get = [head.splitlines() for head in found.heads[0]]
    assert post[0] == b"POST /v1/files HTTP/1.1"
    for lines in (post, cancel, get):
        names = [line.split(b":")[0].lower() for line in lines[1:]]
        assert len(names) == len(set(names))
        assert {b"host", b"authorization", b"user-agent", b"accept"} <= set(names)
    assert b"Content-Length: 0" in cancel
    assert not any(line.lower().startswith(b"content-length") for line in get)


def test_a_cookie_of_the_server_comes_back() -> None:
    # A gateway keeps a client on one machine by it.
    with server(extra=b"Set-Cookie: route=7\r\n") as (found, client):
        create(client)
        create(client)
    first, second = found.heads[0]
    assert b"Cookie:" not in first
    assert b"Cookie: route=7" in second


def test_a_large_body_is_sent_as_it_is_read() -> None:
    small, large = Text(b"a" * 1000, b"b" * 1000), Text(b"a" * 200_000, b"b" * 200_000)
    bodies = [Multipart([], field="f", filename="f", body=one) for one in (small, large)]
    chunks = [list(body) for body in bodies]
    assert [len(one) for one in chunks] == [1, 4]
    assert [sum(map(len, one)) for one in chunks] == [body.size for body in bodies]

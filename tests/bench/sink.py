"""A server that takes uploads and throws them away: just enough of the Files and Uploads API.

A process of its own, so that the client's interpreter lock is not its own, with a thread a
connection that reads into one buffer. What a network would do is set by options: `--latency`
seconds before each answer, `--bandwidth` bytes a second and connection, `--per-minute` requests
(with `--burst` at once) beyond which the answer is 429, and so is that to a share of `--refuse`
whatever the rate. `--list N` files are there from the start.

It prints its port and serves until its standard input ends. `GET /stats` tells what was asked
since the last time, and is itself not counted.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import random
import re
import socket
import sys
import threading
import time
from email.utils import formatdate
from typing import Any

_BUFFER = 1 << 20
_PACED_READ = 1 << 17  # small enough that a paced connection does not move in jerks
_FILENAME = re.compile(rb'filename="([^"]*)"')
_FILE_FIELD = re.compile(rb"filename=.*?\r\n\r\n", re.DOTALL)
_BOUNDARY = re.compile(rb"boundary=([^\s;]+)")
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)

Answer = tuple[int, bytes]


class Sink:
    """What all connections share."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.latency: float = options.latency
        self.bandwidth: float = options.bandwidth
        self._numbers = itertools.count(1)
        self._guard = threading.Lock()
        self._sessions: dict[str, tuple[str, int]] = {}
        self._files = [
            _file(f"file-{i:07}", f"f{i:07}.txt", options.bytes, 1_700_000_000)
            for i in range(options.list)
        ]
        self._places = {file["id"]: i for i, file in enumerate(self._files)}
        self._pages: dict[tuple[int, int, int], bytes] = {}
        self._rate = options.per_minute / 60
        self._burst = self._tokens = float(options.burst)
        self._refuse: float = options.refuse
        self._dice = random.Random(1)
        self._counted_at = time.monotonic()
        self._forget()

    def _forget(self) -> None:
        self.began: list[tuple[str, int]] = []
        self.requests = self.refused = self.received = 0
        self.first_write = self.last_write = 0.0

    def arrived(self, write: bool) -> bool:
        """Count a request; False if it is one too many."""
        with self._guard:
            now = time.monotonic()
            self.requests += 1
            if write and not self.first_write:
                self.first_write = now
            if self._dice.random() < self._refuse:
                self.refused += 1
                return False
            if not self._rate:
                return True
            self._tokens = min(self._burst, self._tokens + (now - self._counted_at) * self._rate)
            self._counted_at = now
            if self._tokens < 1:
                self.refused += 1
                return False
            self._tokens -= 1
            return True

    def answered(self, write: bool, received: int) -> None:
        """Count an answer to a request."""
        with self._guard:
            self.received += received
            if write:
                self.last_write = time.monotonic()

    def begins(self, filename: str, size: int) -> None:
        """Note that a file begins to arrive."""
        with self._guard:
            self.began.append((filename, size))

    def stats(self) -> Answer:
        """Return what was counted, and begin anew."""
        with self._guard:
            counted = {
                "requests": self.requests,
                "refused": self.refused,
                "received": self.received,
                "write_seconds": self.last_write - self.first_write,
                "began": self.began,
            }
            self._forget()
        return 200, json.dumps(counted).encode()

    def route(self, method: str, path: str, size: int, body: bytes) -> Answer:
        """Carry out one request; `size` is of the file in it, `body` begins with its body."""
        route, _, query = path.partition("?")
        match method, route.removeprefix("/v1").strip("/").split("/"):
            case "GET", ["files"]:
                return 200, self._page(dict(pair.split("=") for pair in query.split("&") if pair))
            case "POST", ["files"]:
                return 200, json.dumps(self._made(_filename(body), size)).encode()
            case "POST", ["uploads"]:
                told = json.loads(body)
                session = f"upload_{next(self._numbers)}"
                self._sessions[session] = (told["filename"], told["bytes"])
                self.begins(told["filename"], told["bytes"])
                return 200, _upload(session, "pending", None)
            case "POST", ["uploads", session, "parts"]:
                part = {"id": f"part_{next(self._numbers)}", "object": "upload.part"}
                return 200, json.dumps({**part, "created_at": 0, "upload_id": session}).encode()
            case "POST", ["uploads", session, "complete"]:
                return 200, _upload(session, "completed", self._made(*self._sessions[session]))
            case "POST", ["uploads", session, "cancel"]:
                return 200, _upload(session, "cancelled", None)
        return 404, b'{"error": {"message": "no such route", "code": null}}'

    def _made(self, filename: str, size: int) -> dict[str, Any]:
        return _file(f"file-new{next(self._numbers)}", filename, size, int(time.time()))

    def _page(self, query: dict[str, str]) -> bytes:
        after = query.get("after")
        begin = self._places[after] + 1 if after else 0
        limit = int(query.get("limit", "10000"))
        wanted = begin, limit, len(self._files)
        if wanted not in self._pages:
            files = self._files[begin : begin + limit]
            page = {
                "object": "list",
                "data": files,
                "first_id": files[0]["id"] if files else None,
                "last_id": files[-1]["id"] if files else None,
                "has_more": begin + limit < len(self._files),
            }
            self._pages[wanted] = json.dumps(page).encode()
        return self._pages[wanted]


def _file(file_id: str, filename: str, size: int, created_at: int) -> dict[str, Any]:
    return {
        "id": file_id,
        "object": "file",
        "bytes": size,
        "created_at": created_at,
        "expires_at": None,
        "filename": filename,
        "purpose": "user_data",
        "status": "processed",
    }


def _upload(session: str, status: str, file: dict[str, Any] | None) -> bytes:
    told = {"id": session, "object": "upload", "status": status, "file": file, "created_at": 0}
    return json.dumps(told).encode()


def _filename(head: bytes) -> str:
    found = _FILENAME.search(head)
    return found.group(1).decode() if found else ""


def serve_connection(sink: Sink, connection: socket.socket) -> None:
    """Answer requests on one connection until it ends."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    buffer = bytearray(_BUFFER)
    view = memoryview(buffer)
    with connection:
        while True:
            filled = 0
            while (end := buffer.find(b"\r\n\r\n", 0, filled)) < 0:
                count = connection.recv_into(view[filled:])
                if not count:
                    return
                filled += count
            head = bytes(view[: end + 4])
            method, path, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
            if path == "/stats":
                _send(connection, *sink.stats())
                continue
            write = method != "GET"
            allowed = sink.arrived(write)
            found = _LENGTH.search(head)
            length = int(found.group(1)) if found else 0
            first = bytes(view[end + 4 : filled])
            size = 0
            if boundary := _BOUNDARY.search(head):
                while not (field := _FILE_FIELD.search(first)):
                    if not (more := connection.recv(4096)):
                        return
                    first += more
                size = length - field.end() - len(boundary.group(1)) - 8  # CRLF -- boundary -- CRLF
                if path.endswith("/files"):
                    sink.begins(_filename(first), size)
            body = _receive(sink, connection, view, first, length)
            if sink.latency:
                time.sleep(sink.latency)
            if allowed:
                status, answer = sink.route(method, path, size, body)
            else:
                status, answer = 429, b'{"error": {"message": "slow down", "code": "rate_limit"}}'
            sink.answered(write, length)
            _send(connection, status, answer)


def _receive(
    sink: Sink, connection: socket.socket, view: memoryview, first: bytes, length: int
) -> bytes:
    """Read the rest of a body, no faster than the bandwidth; return its first bytes: all of a
    short one."""
    began, received = time.monotonic(), len(first)
    most = _PACED_READ if sink.bandwidth else len(view)
    while received < length:
        count = connection.recv_into(view[:most], min(most, length - received))
        if not count:
            raise ConnectionResetError
        if len(first) < 2000:
            first += bytes(view[: min(count, 2000)])
        received += count
        if sink.bandwidth:
            ahead = began + received / sink.bandwidth - time.monotonic()
            if ahead > 0:
                time.sleep(ahead)
    return first


def _send(connection: socket.socket, status: int, body: bytes) -> None:
    wait = "Retry-After: 1\r\n" if status == 429 else ""
    head = (
        f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{wait}"
        f"Date: {formatdate(usegmt=True)}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection.sendall(head.encode() + body)


def main() -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=0)
    parser.add_argument("--bandwidth", type=float, default=0)
    parser.add_argument("--per-minute", type=float, default=0)
    parser.add_argument("--burst", type=float, default=60)
    parser.add_argument("--refuse", type=float, default=0)
    parser.add_argument("--list", type=int, default=0)
    parser.add_argument("--bytes", type=int, default=1024)
    sink = Sink(parser.parse_args())
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    print(listener.getsockname()[1], flush=True)

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_guarded, args=(sink, connection), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()


def _guarded(sink: Sink, connection: socket.socket) -> None:
    with contextlib.suppress(ConnectionError):  # a client that was stopped
        serve_connection(sink, connection)


if __name__ == "__main__":
    main()

"""A server that outlives the clients we kill: the emulator, many of it, with faults around.

One uvicorn serves every tenant at one base URL; the API key says whose emulator answers. So a
project folder can be copied with its platform, lockfile and all, and go on elsewhere. Bodies
are read whole before the emulator sees them, and answers before the client does: a fault can
stand at any place in between.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast
from urllib.parse import parse_qs

import uvicorn
from starlette.applications import Starlette

from filesync.emulator.app import create_app

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Any]
Send = Callable[[Message], Any]
Rows = list[dict[str, Any]]

_LINGER_NOT = struct.pack("ii", 1, 0)


class Fault(NamedTuple):
    """What happens to one request.

    kind: "status" (answer `status` without the emulator seeing it; with `processed` after it),
    "reset" (before, or with `processed` after the emulator did it; with `early` before the body
    is read), "cut" (its answer's JSON ends in the middle; with `early` the connection does,
    too), "html" (200 with a web page), "hold" (nothing is said until the gate opens or `seconds`
    are over, then the connection breaks), "late" (the emulator does it after `seconds`, and its
    answer is lost).
    """

    kind: str
    processed: bool = False
    early: bool = False
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    seconds: float = 0.0


class Seen(NamedTuple):
    """One request as the server saw it; `status` 0 where no answer went out."""

    number: int
    method: str
    path: str
    query: dict[str, str]
    body_sha: str
    status: int
    fault: str
    answer: dict[str, Any]

    @property
    def is_create(self) -> bool:
        return self.method == "POST" and self.path == "/v1/files"

    @property
    def is_part(self) -> bool:
        return self.method == "POST" and self.path.endswith("/parts")

    @property
    def is_listing(self) -> bool:
        return self.method == "GET" and self.path == "/v1/files"


class Listing(NamedTuple):
    """A listing's page on its way out, for a test to spoil."""

    rows: Rows
    more: bool | None
    status: int = 200


@dataclass
class Tenant:
    """One emulator. `plan` gives the fault for a request, `page` spoils pages of GET /files.

    `ahead` is how far its clock is ahead of ours; `lag` hides files younger than that from the
    listing, `ghosts` shows deleted ones for that long.
    """

    key: str
    app: Starlette
    times: list[float]
    catch_up: Callable[[], None]
    plan: Callable[[Seen], Fault | None] = lambda _seen: None
    page: Callable[[Listing, dict[str, str]], Listing] = lambda page, _query: page
    lag: float = 0.0
    ghosts: float = 0.0
    gate: threading.Event = field(default_factory=threading.Event)
    held: threading.Event = field(default_factory=threading.Event)
    log: list[Seen] = field(default_factory=list)
    count: int = 0
    made_at: dict[str, float] = field(default_factory=dict)
    gone: dict[str, tuple[float, dict[str, Any]]] = field(default_factory=dict)

    # ---- looking ----------------------------------------------------------------------------

    def now(self) -> float:
        return (self.times[1] or time.time()) + self.times[0]

    def freeze_clock(self) -> None:
        self.times[1] = time.time()

    def advance(self, seconds: float) -> None:
        self.times[0] += seconds

    def files(self) -> dict[str, dict[str, Any]]:
        """Every file by id: bytes, created_at, expires_at, filename, purpose, content."""
        store = self.app.state.store
        with store.reading() as db:
            rows = db.execute(
                "SELECT id, bytes, created_at, expires_at, filename, purpose, blobs FROM files"
            ).fetchall()
        names = ("id", "bytes", "created_at", "expires_at", "filename", "purpose")
        found = {}
        for row in rows:
            file = dict(zip(names, row[:6], strict=True))
            file["content"] = b"".join(store.content(json.loads(row[6])))
            found[row[0]] = file
        return found

    def pending(self) -> set[str]:
        """The ids of the upload sessions that are open."""
        with self.app.state.store.reading() as db:
            rows = db.execute("SELECT id FROM uploads WHERE status = 'pending'").fetchall()
        return {row[0] for row in rows}

    def settle(self) -> None:
        """Wait until no request is under way: a killed client's last one may be."""
        deadline = time.monotonic() + 10
        self.catch_up()  # the last one may be in a socket that nobody has read yet
        while self.busy and time.monotonic() < deadline:
            time.sleep(0.002)

    busy: int = 0

    # ---- serving ----------------------------------------------------------------------------

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.busy += 1
        try:
            await self._serve(scope, receive, send)
        finally:
            self.busy -= 1

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.count += 1
        query = {k: v[0] for k, v in parse_qs(scope["query_string"].decode()).items()}
        seen = Seen(self.count, scope["method"], scope["path"], query, "", 0, "", {})
        fault = self.plan(seen)
        if fault is not None and fault.early and fault.kind != "cut":
            self.log.append(seen._replace(fault=fault.kind))
            await self._break(fault, send)
            return
        body = b""
        while True:
            message = await receive()
            if message["type"] != "http.request":
                self.log.append(seen._replace(fault="client gone"))
                return
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        seen = seen._replace(body_sha=_content_sha(body))
        status, headers, answer = 0, cast("list[tuple[bytes, bytes]]", []), b""
        if fault is not None and fault.kind == "late":
            await asyncio.sleep(fault.seconds)
        if fault is None or fault.processed or fault.kind in ("cut", "late"):
            status, headers, answer = await self._emulate(scope, body)
            status, answer = self._watch(seen, status, answer)
            with_json = _json(answer)
        else:
            with_json = {}
        self.log.append(
            seen._replace(
                status=0 if fault else status,
                fault=fault.kind if fault else "",
                answer=with_json,
            )
        )
        if fault is None:
            await _answer(send, status, _sized(headers, len(answer)), answer)
        elif fault.kind == "status":
            body_out = fault.body
            if body_out is None:
                error = {"message": "injected", "type": "server_error", "param": None, "code": None}
                body_out = json.dumps({"error": error}).encode()
            extra = [(k.encode(), v.encode()) for k, v in fault.headers]
            extra.append((b"content-type", b"application/json"))
            await _answer(send, fault.status, _sized(extra, len(body_out)), body_out)
        elif fault.kind == "cut":
            half = answer[: max(1, len(answer) // 2)]
            if fault.early:
                # The length promises more than comes: the connection breaks in between.
                await _answer(send, status, _sized(headers, len(answer)), half, whole=False)
                await self._break(fault, send)
            else:
                await _answer(send, status, _sized(headers, len(half)), half)
        elif fault.kind == "html":
            page = fault.body or b"<html><body>Welcome to this hotel's wireless</body></html>"
            await _answer(send, 200, _sized([(b"content-type", b"text/html")], len(page)), page)
        else:
            await self._break(fault, send)

    async def _break(self, fault: Fault, send: Send) -> None:
        if fault.kind == "hold":
            self.held.set()
            deadline = time.monotonic() + fault.seconds
            while not self.gate.is_set() and time.monotonic() < deadline:
                await asyncio.sleep(0.01)
        transport = cast("Any", send).__self__.transport
        found = transport.get_extra_info("socket")
        if found is not None and found.fileno() >= 0:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        transport.abort()
        await asyncio.sleep(0.01)  # the loss of the connection is told in a later round

    async def _emulate(
        self, scope: Scope, body: bytes
    ) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        sent = False
        status, headers, out = 0, cast("list[tuple[bytes, bytes]]", []), b""

        async def receive() -> Message:
            nonlocal sent
            if sent:
                await asyncio.sleep(3600)
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            nonlocal status, headers, out
            if message["type"] == "http.response.start":
                status, headers = message["status"], list(message["headers"])
            else:
                out += message.get("body", b"")

        await self.app(scope, receive, send)
        return status, headers, out

    def _watch(self, seen: Seen, status: int, answer: bytes) -> tuple[int, bytes]:
        """Keep what listings need to lag, and spoil the listing."""
        if not seen.path.startswith("/v1/files") or status != 200 or seen.path.endswith("content"):
            return status, answer
        told = _json(answer)
        if seen.method == "DELETE":
            self.gone[told["id"]] = (self.now(), self._last.get(told["id"], {}))
        if not seen.is_listing:
            return status, answer
        rows: Rows = told["data"]
        self._last.update((row["id"], row) for row in rows)
        if self.lag:
            rows = [row for row in rows if row["created_at"] <= self.now() - self.lag]
        for when, row in self.gone.values():
            if row and self.now() - when < self.ghosts:
                rows = [*rows, row]
        page = self.page(Listing(rows, told["has_more"], status), seen.query)
        told["data"] = page.rows
        told["first_id"] = page.rows[0]["id"] if page.rows else None
        told["last_id"] = page.rows[-1]["id"] if page.rows else None
        told["has_more"] = page.more
        if page.more is None:
            del told["has_more"]
        if page.status != 200:
            error = {"message": "injected", "type": "x", "param": None, "code": None}
            told = {"error": error}
        return page.status, json.dumps(told).encode()

    _last: dict[str, dict[str, Any]] = field(default_factory=dict)


class Hub:
    """Serves tenants from a thread until `stop`."""

    def __init__(self) -> None:
        self.tenants: dict[str, Tenant] = {}
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(2048)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"
        self._server = uvicorn.Server(
            uvicorn.Config(
                cast("Any", self._serve),
                http="h11",
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                log_level="critical",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                date_header=False,
                timeout_graceful_shutdown=1,
            )
        )
        self._thread = threading.Thread(
            target=self._server.run, args=([self._listener],), name="crash-hub", daemon=True
        )
        self._thread.start()

    def open(self, key: str, data_dir: str) -> Tenant:
        """Serve the emulator on `data_dir` to whoever brings `key`."""
        times = [0.0, 0.0]
        # times: how far the clock is ahead, and when it stands still (or 0)
        app = create_app(data_dir, clock=lambda: (times[1] or time.time()) + times[0])
        tenant = self.tenants[key] = Tenant(key, app, times, self._catch_up)
        return tenant

    def close(self, key: str) -> None:
        """Serve it no more and let go of its folder."""
        tenant = self.tenants.pop(key)
        tenant.gate.set()
        tenant.settle()
        tenant.app.state.store.close()

    def stop(self) -> None:
        for key in list(self.tenants):
            self.close(key)
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()

    def _catch_up(self) -> None:
        """Wait until all that was sent to the hub before now is read, and its requests are begun.

        The loop takes what is ready in turn, new connections in their order, so that whoever comes
        later is answered later; twice, because a request is begun in the turn after it was read.
        """
        for _ in range(2):
            with socket.create_connection(self._listener.getsockname(), timeout=10) as ping:
                ping.sendall(b"GET / HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n")
                while ping.recv(4096):
                    pass

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = dict(scope["headers"])
        key = headers.get(b"authorization", b"").decode().removeprefix("Bearer ")
        tenant = self.tenants.get(key)
        if tenant is None:
            answer = b'{"error":{"message":"no such key","type":"x","param":null,"code":null}}'
            await _answer(send, 401, _sized([], len(answer)), answer)
            return
        await tenant.serve(scope, receive, send)


async def _answer(
    send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes, whole: bool = True
) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": not whole})


def _sized(headers: list[tuple[bytes, bytes]], length: int) -> list[tuple[bytes, bytes]]:
    rest = [(name, value) for name, value in headers if name.lower() != b"content-length"]
    return [*rest, (b"content-length", str(length).encode())]


def _json(answer: bytes) -> dict[str, Any]:
    try:
        told = json.loads(answer)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _content_sha(body: bytes) -> str:
    """The hash of what a multipart body's last field holds; the boundary is another each time."""
    begin, end = body.rfind(b"\r\n\r\n"), body.rfind(b"\r\n--")
    if not body.startswith(b"--") or begin < 0:
        return hashlib.sha256(body).hexdigest()
    head = body.find(b"filename=")
    begin = body.find(b"\r\n\r\n", head)
    return hashlib.sha256(body[begin + 4 : end]).hexdigest()

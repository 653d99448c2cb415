"""Runs the app on loopback: `serve` until a signal, `embedded` for the length of a block."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from filesync.emulator.app import create_app
from filesync.emulator.errors import Json

# How long running requests get to finish when the server is stopped.
GRACE_SECONDS = 1.0
READ_BYTES = 128 * 1024
# What is neither a whole head nor content may be as long as this, the bound that h11 has.
MOST_UNREAD = 64 * 1024
# Content that a request has not taken yet may be as long as this.
MOST_WAITING = 2 * READ_BYTES


def serve(
    data_dir: str,
    port: int,
    api_key: str | None,
    on_ready: Callable[[str], None],
    on_request: Callable[[Json], None] = lambda _record: None,
    settings: Mapping[str, object] = MappingProxyType({}),
) -> None:
    """Serve until SIGINT or SIGTERM; a port in use is an OSError, a bad folder UnusableFolder.

    `on_request` is called with a record of each request, once it was answered.
    """
    with _listen(port) as listener:
        app = create_app(data_dir, api_key=api_key, on_request=on_request, settings=settings)
        server = _Server(app, on_ready, signals=True)
        asyncio.run(server.serve(sockets=[listener]))


@contextlib.contextmanager
def embedded(
    data_dir: str,
    *,
    api_key: str | None = None,
    clock: Callable[[], float] = time.time,
    settings: Mapping[str, object] = MappingProxyType({}),
) -> Iterator[str]:
    """Serve from a thread of this process; yields the base URL, and stops when left.

    Raises UnusableFolder, an OSError, where the data cannot be kept there.
    """
    ready = threading.Event()
    urls: list[str] = []
    failures: list[BaseException] = []

    def on_ready(url: str) -> None:
        urls.append(url)
        ready.set()

    with _listen(0) as listener:
        server = _Server(
            create_app(data_dir, api_key=api_key, clock=clock, settings=settings), on_ready
        )

        def run() -> None:
            try:
                asyncio.run(server.serve(sockets=[listener]))
            except BaseException as error:
                failures.append(error)
            finally:
                ready.set()

        thread = threading.Thread(target=run, name="filesync-emulator", daemon=True)
        thread.start()
        ready.wait()
        if not urls:
            raise RuntimeError("the emulator did not start") from next(iter(failures), None)
        try:
            yield urls[0]
        finally:
            server.stop()
            thread.join()


def _listen(port: int) -> socket.socket:
    """Bind ourselves: the port is known at once, and one in use is an error we can tell."""
    # asyncio turns Nagle's algorithm off, 40 ms an answer, only where the protocol is spelled out.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # elsewhere it would let two servers share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        # Listening only later, an address in use could still be the other's.
        listener.listen(2048)
    except BaseException:
        listener.close()
        raise
    return listener


class Protocol(HttpToolsProtocol):
    """uvicorn's, with fewer copies of content, and reads that the heap keeps ready for the next.

    httptools collects a head, and the headers that may follow content in chunks, without a bound:
    a client that never ends them is cut off.
    """

    _unread = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        # asyncio's 256 KiB may go back to the system after each read: half as much work again.
        transport.max_size = READ_BYTES  # type: ignore[attr-defined]
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self._unread += len(data)
        super().data_received(data)
        if self._unread > MOST_UNREAD and not self.transport.is_closing():
            if self.cycle is None or self.cycle.response_complete:
                self.send_400_response("The request's head is too long.")
            else:
                self.transport.abort()

    def on_headers_complete(self) -> None:
        self._unread = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unread = 0
        cycle = self.cycle
        if cycle.response_complete:
            return
        # uvicorn's copies it into a bytearray and out again, and pauses in each read of ours.
        cycle.body = cycle.body + body if cycle.body else body  # type: ignore[assignment]
        if len(cycle.body) > MOST_WAITING:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_message_complete(self) -> None:
        self._unread = 0
        super().on_message_complete()


class _Server(uvicorn.Server):
    """uvicorn, woken by an event instead of its clock, so that it stops in milliseconds."""

    def __init__(
        self, app: Starlette, on_ready: Callable[[str], None], *, signals: bool = False
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                loop="asyncio",
                http=Protocol,
                ws="none",
                lifespan="on",
                interface="asgi3",
                log_config=None,
                # What goes wrong in a request is logged by the app; the rest is noise.
                log_level="critical",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                date_header=False,
            )
        )
        self._on_ready = on_ready
        self._app = app
        self._signals = signals
        self._stopping = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def stop(self) -> None:
        """Ask the server to stop, from any thread."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it has stopped already
                self._loop.call_soon_threadsafe(self._stopping.set)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn's raises the signal again when all is closed: `serve` returns instead.
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        if self._signals and threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                try:
                    self._loop.add_signal_handler(number, self._stopping.set)
                except NotImplementedError:  # Windows
                    signal.signal(number, lambda *_: self.stop())
        await super().startup(sockets=sockets)
        for listener in sockets or ():
            path = self._app.state.store.type.path
            self._on_ready(f"http://127.0.0.1:{listener.getsockname()[1]}{path}")

    async def main_loop(self) -> None:
        await self._stopping.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for listening in (*self.servers, *(sockets or ())):
            listening.close()
        # Idle connections end here; the others after their answer.
        for connection in list(self.server_state.connections):
            connection.shutdown()
        tasks = list(self.server_state.tasks)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=GRACE_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        for connection in list(self.server_state.connections):
            connection.transport.close()
        await asyncio.sleep(0)  # the transports say goodbye in the next round of the loop
        await self.lifespan.shutdown()

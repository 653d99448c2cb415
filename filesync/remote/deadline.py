"""A time by which an answer must be there, whole, however slowly it trickles in.

The HTTP library's timeouts are for silence: a server that sends one byte a second never meets
them. So the sockets are wrapped, and each read and write takes the time that is left. The time
belongs to the thread, as one thread makes one request at a time.

They also know how far a request has come, which the HTTP library's errors don't say: as long as
nothing is through a proxy's tunnel, what goes wrong is the proxy's.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterable
from typing import Any

import httpcore

_local = threading.local()


def within(seconds: float | None) -> None:
    """Give this thread's requests so many seconds from now; None lifts the deadline."""
    _local.until = None if seconds is None else time.monotonic() + seconds


def begin() -> None:
    """Note that this thread begins a request."""
    _local.dialled = False


def at_first_hop() -> bool:
    """Say whether the request has come no further than to whom its connection was opened."""
    return getattr(_local, "dialled", False)


def _left(timeout: float | None, error: type[httpcore.TimeoutException]) -> float | None:
    until: float | None = getattr(_local, "until", None)
    if until is None:
        return timeout
    left = until - time.monotonic()
    if left <= 0:
        raise error
    return left if timeout is None else min(timeout, left)


class _Stream(httpcore.NetworkStream):
    """A connection. A request's headers wait for what follows, and go in the same write."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream
        self._written = False
        self._between = True  # requests: what is written next are headers
        self._headers = b""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._headers:
            self.write(b"", timeout)
        self._between = True
        return self._stream.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._written = True
        if self._between:
            self._between, self._headers = False, buffer
            return
        if self._headers:
            buffer, self._headers = self._headers + buffer, b""
        self._stream.write(buffer, _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        if self._written:  # a CONNECT: the proxy has opened its tunnel
            _local.dialled = False
        left = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class DeadlineBackend(httpcore.NetworkBackend):
    """Opens sockets whose reads and writes keep to `within`."""

    def __init__(self) -> None:
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        _local.dialled = True
        left = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._backend.connect_tcp(host, port, left, local_address, socket_options))

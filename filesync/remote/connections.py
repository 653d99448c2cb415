"""The connections to one server: as many as there are requests at the same moment.

Each is a transport of its own with one connection in it. A pool that all threads share has one
lock, at which they queue, and looks through all its connections for every request; and building
each request with an `httpx.Client` costs as much as sending a small file. So the parts of httpx
below its client are used: the request, the transport and the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache

from filesync.remote.httpx_import import httpx

_WITH_BODY = ("POST", "PUT", "PATCH")


class _Content(httpx.SyncByteStream):
    """A request's body, which httpx wants to be of this class."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._chunks)


class _Answer(httpx.SyncByteStream):
    """An answer's body; when it is closed, its connection is free for the next request."""

    def __init__(self, stream: httpx.SyncByteStream, release: Callable[[], None]) -> None:
        self._stream = stream
        self._release = release

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._stream)

    def close(self) -> None:
        try:
            self._stream.close()
        finally:
            self._release()


class Connections:
    """Sends requests with the same headers to one server; safe to use from many threads.

    `connect` returns a transport with a connection of its own. A response must be closed: that
    gives its connection back.
    """

    def __init__(
        self, connect: Callable[[], httpx.HTTPTransport], headers: Mapping[str, str]
    ) -> None:
        self._connect = connect
        self._headers = {
            "Accept": "*/*",
            "Accept-Encoding": "gzip, deflate",
            "Connection": "keep-alive",
            **headers,
        }
        # Both are only appended to and popped from, which Python does in one step. The last one
        # used comes first, because its connection is the least likely to have been closed.
        self._free = [connect()]
        self._all = list(self._free)
        self._cookies = httpx.Cookies()

    def close(self) -> None:
        """Close all connections."""
        for transport in self._all:
            transport.close()

    def send(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str],
        headers: Mapping[str, str],
        content: Iterable[bytes] | None,
        timeout: Mapping[str, float | None],
    ) -> httpx.Response:
        """Send a request and return the answer, its body unread; raises httpx.HTTPError.

        `headers` has the Content-Length of `content`. Redirects are answers like others.
        """
        target = httpx.URL(url, params=params) if params else _parsed(url)
        every = {"Host": target.netloc.decode("ascii"), **self._headers, **headers}
        if content is None and method in _WITH_BODY:
            every["Content-Length"] = "0"
        request = httpx.Request(
            method,
            target,
            headers=every,
            stream=_Content(content or ()),
            extensions={"timeout": timeout},
        )
        if self._cookies:
            self._cookies.set_cookie_header(request)
        transport = self._take()
        try:
            response = transport.handle_request(request)
        except BaseException:
            self._free.append(transport)  # it has dropped its connection and opens another
            raise
        response.request = request
        assert isinstance(response.stream, httpx.SyncByteStream)
        response.stream = _Answer(response.stream, lambda: self._free.append(transport))
        if "set-cookie" in response.headers:
            self._cookies.extract_cookies(response)
        return response

    def _take(self) -> httpx.HTTPTransport:
        try:
            return self._free.pop()
        except IndexError:
            transport = self._connect()
            self._all.append(transport)
            return transport


@lru_cache(maxsize=32)
def _parsed(url: str) -> httpx.URL:
    return httpx.URL(url)

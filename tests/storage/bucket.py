"""Buckets on loopback, as S3, Google Cloud Storage and web servers answer: with faults on request.

moto shows that a real S3 works; this one can be late, throttled, changed halfway and large.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple
from xml.sax.saxutils import escape

PATTERN = bytes(range(256)) * 4096  # 1 MiB


class Large(NamedTuple):
    """An object of `size` bytes that is never in memory: PATTERN again and again."""

    size: int

    def __len__(self) -> int:
        return self.size

    def pieces(self, start: int, end: int) -> Iterator[bytes]:
        """Yield its bytes from `start` to `end`."""
        at = start
        while at < end:
            offset = at % len(PATTERN)
            piece = PATTERN[offset : offset + min(len(PATTERN) - offset, end - at)]
            yield piece
            at += len(piece)


class Request(NamedTuple):
    """What was asked: the key is "" for a listing, `span` the range of bytes."""

    method: str
    key: str
    span: tuple[int, int] | None
    headers: dict[str, str]


class Bucket:
    """One bucket, `data`; `fault` may return a status to answer instead, or wait."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes | Large] = {}
        self.requests: list[Request] = []
        self.fault: Callable[[Request], int | None] = lambda _request: None
        self.etags = True
        self.lists_bare_etags = False  # without their quotes, as Azure does
        self.ranges = True
        self.url = ""

    @property
    def env(self) -> dict[str, str]:
        """The environment by which S3 and Google Cloud Storage are this bucket."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "canary-aws-secret",
            "AWS_REGION": "us-east-1",
            "GOOGLE_BASE_URL": self.url,
            "GOOGLE_SKIP_SIGNATURE": "true",
        }

    def reads(self, key: str) -> list[tuple[int, int] | None]:
        """The ranges that were read of an object, None for all of it."""
        return [one.span for one in self.requests if (one.method, one.key) == ("GET", key)]

    def etag(self, key: str) -> str:
        content = self.objects[key]
        named = str(content.size).encode() if isinstance(content, Large) else content
        return f'"{hashlib.md5(named).hexdigest()}"'


@contextmanager
def serving_bucket() -> Iterator[Bucket]:
    """Serve a bucket for as long as the context is open."""
    bucket = Bucket()

    class Handler(_Handler):
        served = bucket

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    bucket.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield bucket
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(http.server.BaseHTTPRequestHandler):
    served: Bucket
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        with contextlib.suppress(ConnectionError):  # whoever asked gave up
            self._answer()

    def _answer(self) -> None:
        url = urllib.parse.urlsplit(self.path)
        bucket, _, key = urllib.parse.unquote(url.path).lstrip("/").partition("/")
        query = urllib.parse.parse_qs(url.query)
        asked = self.headers.get("range", "")
        span = None
        if asked.startswith("bytes=") and self.served.ranges:
            first, _, last = asked.removeprefix("bytes=").partition("-")
            span = int(first), int(last) + 1
        request = Request(self.command, key, span, dict(self.headers.items()))
        self.served.requests.append(request)
        if status := self.served.fault(request):
            self._error(status, "SlowDown" if status == 503 else "AccessDenied")
        elif bucket != "data":
            self._error(404, "NoSuchBucket")
        elif not key:
            self._list(query.get("prefix", [""])[0])
        elif key not in self.served.objects:
            self._error(404, "NoSuchKey")
        elif self.headers.get("if-match") not in (None, self.served.etag(key)):
            self._error(412, "PreconditionFailed")
        else:
            self._object(key, span)

    def _object(self, key: str, span: tuple[int, int] | None) -> None:
        content = self.served.objects[key]
        start, end = (span[0], min(span[1], len(content))) if span else (0, len(content))
        self.send_response(206 if span else 200)
        self.send_header("content-length", str(end - start))
        if span:
            self.send_header("content-range", f"bytes {start}-{end - 1}/{len(content)}")
        if self.served.etags:
            self.send_header("etag", self.served.etag(key))
            self.send_header("last-modified", "Wed, 01 Jan 2025 00:00:00 GMT")
        self.end_headers()
        if self.command == "HEAD":
            return
        if isinstance(content, Large):
            for piece in content.pieces(start, end):
                self.wfile.write(piece)
        else:
            self.wfile.write(content[start:end])

    def _list(self, prefix: str) -> None:
        def etag(key: str) -> str:
            found = self.served.etag(key)
            return found.strip('"') if self.served.lists_bare_etags else found

        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(content)}</Size>"
            f"<ETag>{escape(etag(key))}</ETag>"
            "<LastModified>2025-01-01T00:00:00.000Z</LastModified></Contents>"
            for key, content in sorted(self.served.objects.items())
            if key.startswith(prefix)
        )
        body = f"<ListBucketResult><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>"
        self._send(200, body.encode())

    def _error(self, status: int, code: str) -> None:
        self._send(status, f"<Error><Code>{code}</Code><X>canary-aws-secret</X></Error>".encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def late(seconds: float) -> Callable[[Request], int | None]:
    """Return a fault: each answer comes this late."""

    def wait(_request: Request) -> None:
        time.sleep(seconds)

    return wait

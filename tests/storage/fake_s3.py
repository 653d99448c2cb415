"""S3 as far as filesync uses it, with conditional writes that are one step each.

Its clock can be moved, and each request can be made to fail, to be late, or to lose its answer:
what a store does on a bad day. `moto` is the second opinion on the protocol; it checks a condition
and writes in two steps, so races are run here.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

BUCKET = "bucket"


class Stored(NamedTuple):
    data: bytes
    etag: str
    modified: float


class FakeS3:
    """One bucket. `fault` is asked before each request: a status to answer, "lost" or None.

    "lost" carries the request out and closes the connection without an answer.
    """

    def __init__(self) -> None:
        self.objects: dict[str, Stored] = {}
        self.ahead = 0.0  # seconds by which its clock is ahead
        self.fault: Callable[[str, str], int | str | None] = lambda _method, _key: None
        self.requests: list[tuple[str, str]] = []
        self.guard = threading.Lock()
        self.url = ""

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which filesync finds it."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
        }

    def put(self, key: str, data: bytes, headers: dict[str, str]) -> tuple[int, str]:
        with self.guard:
            there = self.objects.get(key)
            if headers.get("if-none-match") == "*" and there is not None:
                return 412, "PreconditionFailed"
            wanted = headers.get("if-match")
            if wanted is not None and (there is None or there.etag != wanted):
                return (404, "NoSuchKey") if there is None else (412, "PreconditionFailed")
            etag = f'"{hashlib.md5(data).hexdigest()}"'
            self.objects[key] = Stored(data, etag, time.time() + self.ahead)
            return 200, etag


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_args: object) -> None:
        """Say nothing."""

    def _do(self) -> None:
        s3 = self.server.s3
        parts = urlsplit(self.path)
        _, bucket, *rest = unquote(parts.path).split("/", 2)
        key, query = (rest[0] if rest else ""), parse_qs(parts.query, keep_blank_values=True)
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        s3.requests.append((self.command, key))
        fault = s3.fault(self.command, key)
        if isinstance(fault, int):
            code = {403: "InvalidAccessKeyId", 503: "SlowDown"}.get(fault, "InternalError")
            self._answer(fault, code)
            return
        status, data, headers = self._carry_out(s3, bucket, key, query, body)
        if fault == "lost":
            self.close_connection = True
            return
        self._send(status, data, headers)

    def _carry_out(
        self, s3: FakeS3, bucket: str, key: str, query: dict[str, list[str]], body: bytes
    ) -> tuple[int, bytes, dict[str, str]]:
        if bucket != BUCKET:
            return 404, _error("NoSuchBucket"), {}
        if self.command == "PUT":
            status, text = s3.put(key, body, {k.lower(): v for k, v in self.headers.items()})
            return (200, b"", {"ETag": text}) if status == 200 else (status, _error(text), {})
        if self.command == "POST":
            keys = re.findall(r"<Key>(.*?)</Key>", body.decode())
            for one in keys:
                s3.objects.pop(one, None)
            deleted = "".join(f"<Deleted><Key>{one}</Key></Deleted>" for one in keys)
            return 200, f"<DeleteResult>{deleted}</DeleteResult>".encode(), {}
        if self.command == "DELETE":
            s3.objects.pop(key, None)
            return 204, b"", {}
        if not key:
            return 200, _listing(s3, query.get("prefix", [""])[0]), {}
        found = s3.objects.get(key)
        if found is None:
            return 404, _error("NoSuchKey"), {}
        when = formatdate(found.modified, usegmt=True)
        return 200, found.data, {"ETag": found.etag, "Last-Modified": when}

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _do

    def _answer(self, status: int, code: str) -> None:
        self._send(status, _error(code), {})

    def _send(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


def _error(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()


def _listing(s3: FakeS3, prefix: str) -> bytes:
    root = ET.Element("ListBucketResult")
    ET.SubElement(root, "IsTruncated").text = "false"
    for key, one in sorted(s3.objects.items()):
        if key.startswith(prefix):
            item = ET.SubElement(root, "Contents")
            ET.SubElement(item, "Key").text = escape(key)
            when = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(one.modified))
            ET.SubElement(item, "LastModified").text = when
            ET.SubElement(item, "ETag").text = one.etag
            ET.SubElement(item, "Size").text = str(len(one.data))
    return ET.tostring(root)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    s3: FakeS3

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that were killed."""


@contextmanager
def serving() -> Iterator[FakeS3]:
    """Serve a bucket on loopback."""
    s3 = FakeS3()
    server = _Server(("127.0.0.1", 0), _Handler)
    server.s3 = s3
    s3.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield s3
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

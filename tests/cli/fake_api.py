"""A Files API written from its description alone, whose every answer a test may script.

Shares nothing with the emulator or the client, so that an error the two have in common shows.
Without rules it behaves; each rule is asked first and may answer instead.
"""

from __future__ import annotations

import itertools
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

# Long enough ago that no listing can be excused for not showing the file yet.
OLD = int(time.time()) - 30 * 86400
# Errors say this so that a client which retries does so at once: tests must not wait.
AT_ONCE = {"retry-after-ms": "1"}


class Request(NamedTuple):
    """What a client sent; `path` without the /v1 in front, `form` the text fields of a body."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    form: dict[str, str]
    filename: str | None
    content: bytes


class Answer(NamedTuple):
    """What the server says; a `body` that is no bytes goes out as JSON.

    With status 0 it says nothing and hangs up.
    """

    status: int = 200
    body: Any = b""
    headers: Mapping[str, str] = MappingProxyType({})


Rule = Callable[[Request], Answer | None]


def error(status: int, message: str, **headers: str) -> Answer:
    """An error in the API's shape, to be retried at once if at all."""
    body = {"error": {"message": message, "type": "server", "param": None, "code": None}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, body, {**AT_ONCE, **named})


class FakeApi:
    """The server's files, its rules and its request log."""

    def __init__(self) -> None:
        self.url = ""
        self.files: dict[str, dict[str, Any]] = {}
        self.contents: dict[str, bytes] = {}
        self.log: list[Request] = []
        self.rules: list[Rule] = []
        self.clock: Callable[[], float] = time.time
        self.guard = threading.RLock()
        self._numbers = itertools.count(1)

    # for tests

    def add(
        self,
        filename: str,
        content: bytes = b"x",
        purpose: str = "user_data",
        *,
        created_at: int = OLD,
        **fields: Any,
    ) -> str:
        """Put a file on the platform behind everybody's back; returns its id."""
        with self.guard:
            file_id = f"file-{next(self._numbers):04d}"
            self.files[file_id] = {
                "id": file_id,
                "object": "file",
                "bytes": len(content),
                "created_at": created_at,
                "expires_at": None,
                "filename": filename,
                "purpose": purpose,
                "status": "processed",
                **fields,
            }
            self.contents[file_id] = content
            return file_id

    def age(self) -> None:
        """Make every file old, so that nothing can be too new to be listed."""
        for file in self.files.values():
            file["created_at"] = OLD

    def later(self, seconds: float) -> None:
        """Let the server's clock be so many seconds ahead of what it is."""
        clock = self.clock
        self.clock = lambda: clock() + seconds

    def later_once_listed(self, seconds: float) -> None:
        """Put the clock forward when files are listed after an upload: a wait is over then."""
        left = [seconds]

        def rule(request: Request) -> Answer | None:
            listed = (request.method, request.path) == ("GET", "/files")
            if listed and left and self.count("POST"):
                self.later(left.pop())
            return None

        self.rule(rule)

    def rule(self, rule: Rule) -> None:
        """Ask this rule before the ones already there."""
        self.rules.insert(0, rule)

    def on(self, method: str, path: str, answer: Answer) -> None:
        """Answer always like this where the method and the path (a regex) fit."""

        def rule(request: Request) -> Answer | None:
            fits = request.method == method and re.fullmatch(path, request.path)
            return answer if fits else None

        self.rule(rule)

    def count(self, method: str, path: str = ".*") -> int:
        """Say how many requests there were of this kind."""
        return sum(one.method == method and bool(re.fullmatch(path, one.path)) for one in self.log)

    @property
    def writes(self) -> list[str]:
        """Every request that is not a look."""
        return [f"{one.method} {one.path}" for one in self.log if one.method != "GET"]

    def names(self) -> list[str]:
        """The filenames there are, sorted."""
        return sorted(file["filename"] for file in self.files.values())

    def listing(self, ids: list[str], **fields: Any) -> Answer:
        """A page with these files."""
        data = [self.files[one] for one in ids]
        ends = {"first_id": ids[0], "last_id": ids[-1]} if ids else {}
        return Answer(200, {"object": "list", "data": data, **ends, **fields})

    # the API

    def answer(self, request: Request) -> Answer:
        """Answer a request by the first rule that does, or as the API would."""
        with self.guard:
            self.log.append(request)
            rules = list(self.rules)
        for rule in rules:
            if (answer := rule(request)) is not None:
                return answer
        with self.guard:
            return self._behave(request)

    def _behave(self, request: Request) -> Answer:
        match request.method, request.path.strip("/").split("/"):
            case "GET", ["files"]:
                return self._page(request.query)
            case "POST", ["files"]:
                return self._create(request)
            case "GET", ["files", file_id] if file_id in self.files:
                return Answer(200, self.files[file_id])
            case "GET", ["files", file_id, "content"] if file_id in self.files:
                purpose = self.files[file_id]["purpose"]
                if purpose in ("assistants", "user_data"):
                    return error(400, f"Not allowed to download files of purpose: {purpose}")
                return Answer(200, self.contents[file_id])
            case "DELETE", ["files", file_id] if file_id in self.files:
                del self.files[file_id]
                return Answer(200, {"id": file_id, "object": "file", "deleted": True})
            case _, ["files", file_id, *_]:
                return error(404, f"No such File object: {file_id}")
        return error(404, f"Invalid URL ({request.method} {request.path})")

    def _page(self, query: dict[str, str]) -> Answer:
        ids = list(reversed(self.files))
        if "purpose" in query:
            ids = [one for one in ids if self.files[one]["purpose"] == query["purpose"]]
        if query.get("order") == "asc":
            ids.reverse()
        if (after := query.get("after")) is not None:
            if after not in ids:
                return error(400, f"No such File object: {after}")
            ids = ids[ids.index(after) + 1 :]
        limit = int(query.get("limit", "10000"))
        return self.listing(ids[:limit], has_more=len(ids) > limit)

    def _create(self, request: Request) -> Answer:
        if request.filename is None or "purpose" not in request.form:
            return error(400, "Missing required parameter")
        expires = None
        created_at = int(self.clock())
        if "expires_after[seconds]" in request.form:
            if request.form.get("expires_after[anchor]") != "created_at":
                return error(400, "Missing required parameter: expires_after[anchor]")
            expires = created_at + int(request.form["expires_after[seconds]"])
        file_id = self.add(
            request.filename,
            request.content,
            request.form["purpose"],
            created_at=created_at,
            expires_at=expires,
        )
        return Answer(200, self.files[file_id])


def _multipart(content_type: str, body: bytes) -> tuple[dict[str, str], str | None, bytes]:
    found = re.search(r'boundary="?([^";]+)', content_type)
    form: dict[str, str] = {}
    filename, content = None, b""
    if found is None:
        return form, filename, content
    for part in body.split(b"--" + found.group(1).encode())[1:-1]:
        head, _, value = part.partition(b"\r\n\r\n")
        value = value.removesuffix(b"\r\n")
        text = head.decode()
        name = re.search(r'\bname="([^"]*)"', text)
        file = re.search(r'filename="([^"]*)"', text)
        if file is not None:
            filename, content = file.group(1).replace("%22", '"'), value
        elif name is not None:
            form[name.group(1)] = value.decode()
    return form, filename, content


@contextmanager
def serving(api: FakeApi, host: str = "127.0.0.1") -> Iterator[FakeApi]:
    """Serve `api` on a free port for the length of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = 1 << 16

        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            parts = urlsplit(self.path)
            form, filename, content = _multipart(self.headers.get("content-type", ""), body)
            answer = api.answer(
                Request(
                    self.command,
                    parts.path.removeprefix("/v1"),
                    {name: values[0] for name, values in parse_qs(parts.query).items()},
                    {name.lower(): value for name, value in self.headers.items()},
                    body,
                    form,
                    filename,
                    content,
                )
            )
            if not answer.status:
                self.close_connection = True
                return
            data = answer.body
            kind = "text/html"
            if not isinstance(data, bytes):
                data, kind = json.dumps(data).encode(), "application/json"
            self.send_response_only(answer.status)
            named = {
                "date": formatdate(api.clock(), usegmt=True),
                "content-type": kind,
                "content-length": str(len(data)),
                **answer.headers,
            }
            for name, value in named.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = _handle

        def log_message(self, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # a client that was interrupted

    with Server((host, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        api.url = f"http://{host}:{server.server_address[1]}/v1"
        try:
            yield api
        finally:
            server.shutdown()
            thread.join()

"""GitHub, as far as the action asks it: comments, issues, and git over HTTP, by permission.

It is addressed as a server of one's own is: `/api/v3`, `/api/graphql` and the repositories below
one host. What a token may do comes from the job's permissions.
"""

from __future__ import annotations

import base64
import json
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

BOT = "github-actions[bot]"
REPOSITORY = "acme/files"
EVERYTHING = {"contents": "write", "pull-requests": "write", "issues": "write"}


@dataclass
class GitHubState:
    """What GitHub holds: `tokens` says whose each is, `permissions` what the job's own may do."""

    root: Path
    url: str = ""
    comments: list[dict[str, Any]] = field(default_factory=list)
    issues: list[dict[str, Any]] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=lambda: {"job-token": BOT})
    permissions: dict[str, str] = field(default_factory=lambda: dict(EVERYTHING))
    calls: list[str] = field(default_factory=list)

    def may(self, token: str, scope: str, what: str = "write") -> bool:
        """Say whether a token allows something."""
        if token not in self.tokens:
            return False
        if token != "job-token":  # a person's or an app's
            return True
        return self.permissions.get(scope) in (what, "write")


@contextmanager
def github(root: Path) -> Iterator[GitHubState]:
    """Serve the repositories below `root`, and an API without any comment or issue."""
    state = GitHubState(root)

    class Handler(_Handler):
        github = state

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield state
        server.shutdown()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    github: GitHubState

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._git()

    def do_PATCH(self) -> None:
        self._rest("PATCH")

    def do_POST(self) -> None:
        if self.path == "/api/graphql":
            self._graphql()
        elif self.path.startswith("/api/v3/"):
            self._rest("POST")
        else:
            self._git()

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _answer(self, status: int, body: Any) -> None:
        sent = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    # the API

    def _token(self) -> str:
        return str(self.headers.get("Authorization") or "").removeprefix("Bearer ")

    def _graphql(self) -> None:
        state, asked = self.github, json.loads(self._body())
        query, given = asked["query"], asked["variables"]
        state.calls.append("query" if "mutation" not in query else "mutation")
        me = state.tokens.get(self._token())
        if me is None:
            return self._answer(401, {"message": "Bad credentials"})
        declared = dict(re.findall(r"\$(\w+): (\w+!?)", query.partition("{")[0]))
        assert set(given) == set(declared), "each variable is declared and given"
        assert query.count("{") == query.count("}")
        assert all(given[name] is not None for name, kind in declared.items() if kind[-1] == "!")
        if "updateIssueComment" in query:
            (found,) = (one for one in state.comments if one["id"] == given["id"])
            if found["login"] != me and not state.may(self._token(), "pull-requests"):
                message = "Resource not accessible by integration"
                return self._answer(200, {"data": None, "errors": [{"message": message}]})
            found["body"] = given["body"]
            return self._answer(200, {"data": {"updateIssueComment": {}}})
        assert f"{given['owner']}/{given['name']}" == REPOSITORY
        if "comments(" in query:
            texts = [one for one in state.comments if one["on"] == given["number"]]
        else:
            assert "states: OPEN" in query
            texts = [one for one in reversed(state.issues) if one["state"] == "open"]
        # Two a page: a reader that stops after the first is found out.
        start = int(given["after"] or 0)
        page = {
            "nodes": [
                {**one, "viewerDidAuthor": one["login"] == me} for one in texts[start : start + 2]
            ],
            "pageInfo": {"hasNextPage": start + 2 < len(texts), "endCursor": str(start + 2)},
        }
        if "comments(" in query:
            found = {"repository": {"in": {"found": page}}}
        else:
            found = {"in": {"found": page}}
        return self._answer(200, {"data": found})

    def _rest(self, method: str) -> None:
        state, fields = self.github, json.loads(self._body())
        base = f"/api/v3/repos/{REPOSITORY}/issues"
        path = self.path.removeprefix(base)
        state.calls.append(f"{method} {path}")
        me = state.tokens.get(self._token())
        if me is None:
            return self._answer(401, {"message": "Bad credentials"})
        scope = "pull-requests" if path.endswith("/comments") else "issues"
        if not state.may(self._token(), scope):
            return self._answer(403, {"message": "Resource not accessible by integration"})
        if len(fields.get("body", "")) > 65536:
            return self._answer(422, {"message": "Body is too long (maximum is 65536 characters)"})
        if method == "POST" and (on := re.fullmatch(r"/(\d+)/comments", path)):
            self.add("comments", login=me, on=int(on[1]), **fields)
        elif method == "POST" and path == "":
            self.add("issues", login=me, **fields)
        elif method == "PATCH" and (number := re.fullmatch(r"/(\d+)", path)):
            state.issues[int(number[1]) - 1].update(fields)
        else:
            return self._answer(404, {"message": "Not Found"})
        return self._answer(200, {})

    def add(self, what: str, **fields: Any) -> None:
        add(self.github, what, **fields)

    # git

    def _git(self) -> None:
        """Answer as `git http-backend` does; only a token that may write may push."""
        path, _, query = self.path.partition("?")
        pushing = "git-receive-pack" in self.path
        authorization = self.headers.get_all("Authorization") or []
        if len(authorization) > 1:
            return self._answer(400, {"message": 'Duplicate header: "Authorization"'})
        body = self._body()
        if pushing:
            pair = base64.b64decode("".join(authorization).removeprefix("basic ")).decode()
            if not self.github.may(pair.removeprefix("x-access-token:"), "contents"):
                return self._answer(403 if authorization else 401, {})
        done = subprocess.run(
            ["git", "http-backend"],
            input=body,
            env={
                "GIT_PROJECT_ROOT": str(self.github.root),
                "GIT_HTTP_EXPORT_ALL": "1",
                "REMOTE_USER": "someone",
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type") or "",
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding") or "",
                "PATH": "/usr/bin:/bin:/usr/local/bin",
            },
            stdout=subprocess.PIPE,
            check=False,
        )
        head, _, sent = done.stdout.partition(b"\r\n\r\n")
        headers = [line.split(": ", 1) for line in head.decode().splitlines()]
        status = next((value for name, value in headers if name == "Status"), "200")
        self.send_response(int(status.split()[0]))
        for name, value in headers:
            if name != "Status":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)
        return None


def add(state: GitHubState, what: str, **fields: Any) -> None:
    """Put a comment or an issue there; `login` says whose it is."""
    kept = getattr(state, what)
    number = len(kept) + 1
    kept.append({"id": f"{what}-{number}", "number": number, "state": "open", **fields})

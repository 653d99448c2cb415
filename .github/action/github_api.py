"""GitHub's API, of github.com or of a server of one's own, without its command line tool."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
from job import given, target

_TIMEOUT = 30  # seconds
_MOST_PAGES = 50  # of 100 each

# GitHub itself says whose a text is, for a token of any kind. `id` is what changes a comment.
_FOUND = "nodes { id body viewerDidAuthor %s } pageInfo { hasNextPage endCursor }"
_COMMENTS = (
    "query($owner: String!, $name: String!, $number: Int!, $after: String) {"
    " repository(owner: $owner, name: $name) { in: pullRequest(number: $number) {"
    f" found: comments(first: 100, after: $after) {{ {_FOUND % ''} }} }} }} }}"
)
_NEWEST = "states: OPEN, orderBy: {field: CREATED_AT, direction: DESC}"
_ISSUES = (
    "query($owner: String!, $name: String!, $after: String) {"
    " in: repository(owner: $owner, name: $name) {"
    f" found: issues({_NEWEST}, first: 100, after: $after) {{ {_FOUND % 'number'} }} }} }}"
)
_CHANGE = """mutation($id: ID!, $body: String!) {
  updateIssueComment(input: {id: $id, body: $body}) { issueComment { id } } }"""


class Unreachable(Exception):
    """GitHub did not do what it was asked; the message says why."""


class Text(NamedTuple):
    """A comment, or an issue, that the owner of the token wrote; a comment's number is None."""

    id: str
    number: int | None
    body: str


def mark(what: str) -> str:
    """Return the invisible line by which our text about this manifest is found again."""
    return f"<!-- filesync {what} {hashlib.sha256(target().encode()).hexdigest()[:16]} -->"


class GitHub:
    """The repository of this job, as the owner of the token sees it."""

    def __init__(self) -> None:
        self._repository = os.environ["GITHUB_REPOSITORY"]
        self._graphql = os.environ.get("GITHUB_GRAPHQL_URL") or "https://api.github.com/graphql"
        api = os.environ.get("GITHUB_API_URL") or "https://api.github.com"
        self._base = f"{api}/repos/{self._repository}"
        self._http = httpx.Client(
            headers={
                "Authorization": f"Bearer {given('TOKEN')}",
                "Accept": "application/vnd.github+json",
                "User-Agent": "filesync",
            },
            timeout=_TIMEOUT,
        )

    def find_comment(self, pull_request: str, mark: str) -> Text | None:
        """Return our comment that begins with the mark, None if there is none."""
        return self._find(_COMMENTS, mark, number=int(pull_request))

    def find_issue(self, mark: str) -> Text | None:
        """Return our open issue that begins with the mark, None if there is none."""
        return self._find(_ISSUES, mark)

    def write(self, method: str, path: str, **fields: str) -> None:
        """Create or change something below the repository; raises Unreachable if refused."""
        self._call(method, f"{self._base}/{path}", fields)

    def change_comment(self, comment: Text, body: str) -> None:
        """Replace a comment's text; raises Unreachable if refused."""
        self._ask(_CHANGE, {"id": comment.id, "body": body})

    def _find(self, query: str, mark: str, **variables: Any) -> Text | None:
        for one in self._nodes(query, variables):
            # Somebody else's text with the same mark must not pass for ours.
            if one["viewerDidAuthor"] and (one["body"] or "").startswith(mark):
                return Text(one["id"], one.get("number"), one["body"])
        return None

    def _nodes(self, query: str, variables: dict[str, Any]) -> Iterator[dict[str, Any]]:
        owner, _, name = self._repository.partition("/")
        variables = {"owner": owner, "name": name, "after": None, **variables}
        for _ in range(_MOST_PAGES):
            data = self._ask(query, variables)
            found = (data.get("repository") or data)["in"]["found"]
            yield from found["nodes"]
            page = found["pageInfo"]
            if not page["hasNextPage"] or page["endCursor"] == variables["after"]:
                return
            variables["after"] = page["endCursor"]

    def _ask(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        """Return the data of an answer of the GraphQL API, which says 200 to a refusal as well."""
        answer = self._call("POST", self._graphql, {"query": query, "variables": variables})
        if not isinstance(answer, dict) or answer.get("errors") or not answer.get("data"):
            raise Unreachable(_reason(answer))
        data: dict[str, Any] = answer["data"]
        return data

    def _call(self, method: str, url: str, body: dict[str, Any]) -> Any:
        if not given("TOKEN"):
            raise Unreachable("there is no token")
        try:
            answer = self._http.request(method, url, json=body)
        except httpx.HTTPError as error:
            raise Unreachable(f"{type(error).__name__}: {error}") from None
        try:
            read = answer.json()
        except ValueError:
            read = None
        if not answer.is_success:
            raise Unreachable(f"HTTP {answer.status_code}: {_reason(read)}")
        return read


def _reason(answer: object) -> str:
    """Return GitHub's words for what is wrong, whichever way it says it."""
    if isinstance(answer, dict):
        errors = answer.get("errors")
        if isinstance(errors, list) and errors and isinstance(errors[0], dict):
            return str(errors[0].get("message"))
        if answer.get("message"):
            return str(answer["message"])
    return "an answer that is not GitHub's"

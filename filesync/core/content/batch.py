"""Requests of a batch: one line each, for one endpoint and one model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from filesync.core.content import chat, tools
from filesync.core.content.findings import Fault
from filesync.core.content.json_line import kind, quoted

MAX_REQUESTS = 50_000
MAX_INPUTS = 50_000
"""How many embedding inputs all requests of a batch may have together."""

# What a body needs beside its model; one of several is enough where the API has alternatives.
URLS: dict[str, tuple[str, ...]] = {
    "/v1/responses": ("input", "prompt", "conversation", "previous_response_id"),
    "/v1/chat/completions": ("messages",),
    "/v1/embeddings": ("input",),
    "/v1/completions": ("prompt",),
    "/v1/moderations": ("input",),
    "/v1/images/generations": ("prompt",),
    "/v1/images/edits": ("prompt",),
    "/v1/videos": ("prompt",),
}
_NO_MODEL = {"/v1/moderations", "/v1/images/generations", "/v1/images/edits", "/v1/videos"}
_KEYS = {"custom_id", "method", "url", "body"}
# Where a prompt is one text; elsewhere it, or the input, may be a list.
_TEXT_ONLY = {"/v1/images/generations", "/v1/images/edits", "/v1/videos"}
_RESPONSE_ROLES = ("user", "assistant", "system", "developer")

_MESSAGE_CHECKS = (
    chat.shape,
    chat.roles,
    chat.contents,
    chat.names,
    chat.images,
    tools.tools,
    tools.functions,
    tools.parallel,
    tools.tool_calls,
    tools.tool_answers,
)


def custom_id_of(request: dict[str, Any]) -> str | None:
    """Return a request's custom_id, None where it has none that can be one."""
    found = request.get("custom_id")
    return found if isinstance(found, str) and found else None


def model_of(request: dict[str, Any]) -> str | None:
    """Return the model that a request names."""
    body = request.get("body")
    found = body.get("model") if isinstance(body, dict) else None
    return found if isinstance(found, str) and found else None


def url_of(request: dict[str, Any]) -> str | None:
    """Return the path a request goes to, None where it is not one that batches may use."""
    found = request.get("url")
    return found if isinstance(found, str) and found in URLS else None


def inputs_of(request: dict[str, Any]) -> int:
    """Return how many embedding inputs a request has; a list of numbers is one input."""
    body = request.get("body")
    if request.get("url") != "/v1/embeddings" or not isinstance(body, dict):
        return 0
    found = body.get("input")
    if isinstance(found, list) and found and not isinstance(found[0], int):
        return len(found)
    return 1


def envelope(request: dict[str, Any]) -> Iterator[Fault]:
    """Yield what is wrong around a request's body."""
    for key in request:
        if key not in _KEYS:
            yield "unknown-key", f"the unknown key {quoted(key)}"
    if custom_id_of(request) is None:
        found = request.get("custom_id")
        what = kind(found) if "custom_id" in request else "missing"
        yield "custom-id", f"`custom_id` is {'empty' if found == '' else what}"
    if request.get("method") != "POST":
        what = quoted(request["method"]) if "method" in request else "missing"
        yield "method", f"`method` is {what}, not POST"
    if url_of(request) is None:
        yield "url", _bad_url(request)


def _bad_url(request: dict[str, Any]) -> str:
    url = request.get("url")
    if not isinstance(url, str):
        return "`url` is missing" if url is None else f"`url` is {kind(url)}, not a text"
    if "://" in url:
        return f"`url` is {quoted(url)}: write the path alone, such as /v1/chat/completions"
    for known in URLS:
        if url.strip().rstrip("/").lower() in (known, known[3:], known[1:]):
            return f"`url` is {quoted(url)}: write {known}"
    return f"`url` is {quoted(url)}, which batches do not take; they take {', '.join(URLS)}"


def body(request: dict[str, Any]) -> Iterator[Fault]:
    """Yield what a request's body lacks for its endpoint."""
    content = request.get("body")
    if not isinstance(content, dict):
        what = f"{kind(content)}, not an object" if "body" in request else "missing"
        yield "body", f"`body` is {what}"
        return
    if model_of(request) is None:
        found = content.get("model")
        if found is not None or url_of(request) not in _NO_MODEL:
            what = quoted(found) if "model" in content else "missing"
            yield "model", f"`body.model` is {what}"
    if content.get("stream") not in (None, False):
        yield "stream", "`body.stream` is set: a batch does not stream"
    url = url_of(request)
    needs = URLS[url] if url else ()
    if needs and all(content.get(key) is None for key in needs):
        yield "body", f"`body.{needs[0]}` is missing, which {url} needs"
    elif needs and content.get(needs[0]) in ("", []):
        yield "body", f"`body.{needs[0]}` is empty"
    elif needs and needs[0] != "messages":
        yield from _text(content.get(needs[0]), f"`body.{needs[0]}`", url)


def _text(value: object, where: str, url: str | None) -> Iterator[Fault]:
    """Yield what is wrong with what a request is about: a text, or for most a list."""
    if value is None or isinstance(value, str):
        return
    if not isinstance(value, list) or url in _TEXT_ONLY:
        yield "body", f"{where} is {kind(value)}, not a text"
    elif url == "/v1/embeddings":
        kinds = {type(one) for one in value}
        if len(kinds) != 1 or kinds.pop() not in (str, int, list):
            yield "body", f"{where} is a list of other things than texts or tokens"
        elif "" in value:
            yield "body", f"{where}[{value.index('')}] is empty"


def response_items(request: dict[str, Any]) -> Iterator[Fault]:
    """Yield what is wrong with the messages among the items of a response's input."""
    content = request.get("body")
    items = content.get("input") if isinstance(content, dict) else None
    if url_of(request) != "/v1/responses" or not isinstance(items, list):
        return
    for i, item in enumerate(items):
        if not isinstance(item, dict):
            yield "message", f"body.input[{i}] is {kind(item)}, not an object"
        elif "role" in item and item["role"] not in _RESPONSE_ROLES:
            known = ", ".join(_RESPONSE_ROLES)
            role = quoted(item["role"])
            yield "role", f"body.input[{i}] has the role {role}; roles are {known}"


def messages(request: dict[str, Any]) -> Iterator[Fault]:
    """Yield what is wrong with the messages of a chat request."""
    content = request.get("body")
    if url_of(request) != "/v1/chat/completions" or not isinstance(content, dict):
        return
    if not content.get("messages"):
        return
    talk = chat.conversation_of(content, "body.messages")
    for check in _MESSAGE_CHECKS:
        yield from check(talk)

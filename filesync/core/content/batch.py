"""Requests of a batch: one line each, for one endpoint and one model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from filesync.core.content import chat, tools
from filesync.core.content.findings import Fault
from filesync.core.content.json_line import kind, quoted
from filesync.core.servers import ServerType

MAX_REQUESTS = 50_000
MAX_INPUTS = 50_000
"""How many embedding inputs all requests of a batch may have together."""

MAX_INPUTS_OF_ONE = 2048
"""How many texts, or lists of tokens, one request for embeddings may have."""

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
# Where a prompt is one text, and not an empty one; elsewhere it, or the input, may be a list.
_TEXT_ONLY = {"/v1/images/generations", "/v1/images/edits", "/v1/videos"}
_NEVER_EMPTY = {*_TEXT_ONLY, "/v1/embeddings"}
_RESPONSE_ROLES = ("user", "assistant", "system", "developer")
# Parts of a chat's message, and what they are called in the input of a response.
_CHAT_PARTS = {"text": "input_text", "image_url": "input_image", "file": "input_file"}

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


def as_openai(request: dict[str, Any], server: ServerType) -> dict[str, Any]:
    """Return a request with the path that OpenAI has for its url, if its server has another."""
    url = request.get("url")
    path = server.batch_urls.get(url) if isinstance(url, str) else None
    return {**request, "url": path} if path else request


def own_url(request: dict[str, Any], server: ServerType) -> bool:
    """Say whether a request goes to a path that its server has and OpenAI has not."""
    url = request.get("url")
    return isinstance(url, str) and server.batch_urls.get(url) == ""


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
        there = "method" in request
        what = f"is {quoted(request['method'])}, not" if there else "is missing: it must be"
        yield "method", f"`method` {what} POST"


def address(request: dict[str, Any]) -> Iterator[Fault]:
    """Yield that a request goes where batches cannot go."""
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
    url = url_of(request)
    if model_of(request) is None and (
        content.get("model") is not None or not _needs_no_model(url, content)
    ):
        what = quoted(content["model"]) if "model" in content else "missing"
        yield "model", f"`body.model` is {what}"
    if content.get("stream") not in (None, False):
        yield "stream", "`body.stream` is set: a batch does not stream"
    if url is not None:
        yield from _asked(content, url)


def _needs_no_model(url: str | None, content: dict[str, Any]) -> bool:
    """Say whether the server knows the model by itself; the template of a prompt can name it."""
    return url in _NO_MODEL or (url == "/v1/responses" and content.get("prompt") is not None)


def _asked(content: dict[str, Any], url: str) -> Iterator[Fault]:
    """Yield what is wrong with what a request is about."""
    needs = URLS[url]
    found = content.get(needs[0])
    where = f"`body.{needs[0]}`"
    if all(content.get(key) is None for key in needs):
        if url != "/v1/completions" or needs[0] not in content:  # there, null is its default
            yield "body", f"{where} is missing, which {url} needs"
    elif found == [] or (found == "" and url in _NEVER_EMPTY):
        yield "body", f"{where} is empty"
    elif found == "" and url != "/v1/completions":
        yield "empty-content", f"{where} is empty"
    elif needs[0] != "messages":
        yield from _text(found, where, url)
    if url == "/v1/images/edits" and not content.get("images"):
        yield "body", f"`body.images` is missing, which {url} needs"


def _text(value: object, where: str, url: str) -> Iterator[Fault]:
    """Yield what is wrong with what a request is about: a text, or for most a list."""
    if value is None or isinstance(value, str):
        return
    if not isinstance(value, list) or url in _TEXT_ONLY:
        yield "body", f"{where} is {kind(value)}, not a text"
    elif url == "/v1/embeddings":
        kinds = {type(one) for one in value}
        if len(kinds) != 1 or kinds.pop() not in (str, int, list):
            yield "body", f"{where} is a list of other things than texts or tokens"
        elif "" in value or [] in value:
            at = value.index("" if "" in value else [])
            yield "body", f"{where}[{at}] is empty"
        elif len(value) > MAX_INPUTS_OF_ONE and not isinstance(value[0], int):
            most = f"{MAX_INPUTS_OF_ONE:,}"
            yield "body", f"{where} has {len(value):,} inputs; the limit of a request is {most}"


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
        elif "role" in item and item.get("type", "message") == "message":
            yield from _response_content(item, f"body.input[{i}].content")


def _response_content(item: dict[str, Any], where: str) -> Iterator[Fault]:
    """Yield what is wrong with the content of a message, which is not called as in a chat."""
    content = item.get("content")
    if not isinstance(content, str | list):
        what = f"{kind(content)}, not a text or a list of parts" if "content" in item else "missing"
        yield "content", f"{where} is {what}"
    for i, part in enumerate(content if isinstance(content, list) else ()):
        at = f"{where}[{i}]"
        if not isinstance(part, dict):
            yield "content-part", f"{at} is {kind(part)}, not an object"
            continue
        sort = part.get("type")
        if not isinstance(sort, str) or sort in _CHAT_PARTS:
            better = f"; write {_CHAT_PARTS[sort]}" if isinstance(sort, str) else ""
            yield "content-part", f"{at} has the type {quoted(sort)}{better}"
        elif sort == "input_image" and isinstance(part.get("image_url"), dict):
            yield "image", f"{at}.image_url is an object, not a text"


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

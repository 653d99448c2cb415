"""What a batch or a fine-tuning job finds wrong with its file: our own reading of the guides.

https://developers.openai.com/api/docs/guides/batch and .../guides/supervised-fine-tuning (2026).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from filesync.emulator.errors import Json
from filesync.emulator.store import Store

MAX_REQUESTS = 50_000
MIN_EXAMPLES = 10
_MOST_ERRORS = 100
_ROLES = ("system", "developer", "user", "assistant", "tool", "function")
# Where the API's document gives the model a default.
_WITHOUT_MODEL = ("/v1/moderations", "/v1/images/generations", "/v1/images/edits", "/v1/videos")


def batch_errors(store: Store, blobs: list[str], endpoint: str) -> list[Json]:
    """What is wrong with the file of a batch, as its `errors` have it; at most a hundred."""
    found: list[Json] = []
    seen: set[str] = set()
    models: set[str] = set()
    count = 0
    for count, line in enumerate(_lines(store.content(blobs)), 1):
        if count > MAX_REQUESTS:
            message = f"This file contains more than {MAX_REQUESTS} requests."
            return [_error("too_many_tasks", message)]
        fault = _request_fault(line, endpoint, seen, models)
        if fault is not None:
            code, message, param = fault
            found.append(_error(code, message, param, count))
        if len(found) >= _MOST_ERRORS:
            break
    if not count:
        return [_error("empty_file", "The input file is empty.")]
    return found


def _request_fault(
    line: bytes, endpoint: str, seen: set[str], models: set[str]
) -> tuple[str, str, str | None] | None:
    """The code, message and parameter of what is wrong with one request."""
    request = _object(line)
    if request is None:
        return "invalid_json_line", "This line is not parseable as valid JSON.", None
    for name, kind in (("custom_id", str), ("method", str), ("url", str), ("body", dict)):
        if not isinstance(request.get(name), kind) or request[name] == "":
            return "missing_required_parameter", f"Missing required parameter: '{name}'.", name
    if request["method"] != "POST":
        return "invalid_method", "The method must be POST.", "method"
    if request["url"] != endpoint:
        why = f"The URL must be that of the batch, '{endpoint}'."
        return "mismatched_url", why, "url"
    if request["custom_id"] in seen:
        why = f"The custom_id '{request['custom_id']}' is used more than once."
        return "duplicate_custom_id", why, "custom_id"
    seen.add(request["custom_id"])
    model = request["body"].get("model")
    has_template = endpoint == "/v1/responses" and request["body"].get("prompt") is not None
    if (endpoint in _WITHOUT_MODEL or has_template) and model is None:
        return None
    if not isinstance(model, str) or not model:
        return "missing_required_parameter", "Missing required parameter: 'body.model'.", "model"
    models.add(model)
    if len(models) > 1:
        return "mismatched_model", "All requests must have the same model.", "body.model"
    return None


def training_fault(store: Store, blobs: list[str], method: str, *, least: int) -> str | None:
    """The first thing that is wrong with a training or validation file, None for nothing.

    `method` is supervised, dpo or reinforcement; `least` is how many examples there must be.
    """
    count = 0
    for count, line in enumerate(_lines(store.content(blobs)), 1):
        example = _object(line)
        if example is None:
            return f"Line {count} is not a JSON object."
        why = _example_fault(example, method)
        if why is not None:
            return f"Line {count}: {why}"
    if count < least:
        return f"The file has {count} examples, and at least {least} are needed."
    return None


def _example_fault(example: Json, method: str) -> str | None:
    if method == "dpo":
        prompt = example.get("input")
        if not isinstance(prompt, dict):
            return "'input' must be an object."
        names = ("preferred_output", "non_preferred_output")
        answers = (_messages_fault(example.get(name), name, asks=True) for name in names)
        return _messages_fault(prompt.get("messages"), "input.messages") or next(
            (why for why in answers if why), None
        )
    if method == "supervised" and "messages" not in example:
        both = ("prompt", "completion")
        if all(isinstance(example.get(name), str) for name in both):
            return None
        return "it has neither 'messages' nor 'prompt' and 'completion'."
    return _messages_fault(example.get("messages"), "messages", asks=method == "supervised")


def _messages_fault(messages: object, name: str, *, asks: bool = False) -> str | None:
    """What is wrong with a list of messages; `asks` for one of the assistant."""
    if not isinstance(messages, list) or not messages:
        return f"'{name}' must be a list of messages."
    for message in messages:
        if not isinstance(message, dict) or message.get("role") not in _ROLES:
            return f"each of '{name}' must have one of the roles {list(_ROLES)}."
        if not _says_something(message):
            return f"each of '{name}' must have content or tool calls."
    if asks and not any(message["role"] == "assistant" for message in messages):
        return f"'{name}' has no message of the assistant."
    return None


def _says_something(message: Json) -> bool:
    if message.get("content") == "" or (message["role"] == "function" and "content" in message):
        return True
    keys = ("content", "tool_calls", "function_call", "refusal", "audio")
    return any(message.get(key) for key in keys)


def _object(line: bytes) -> Json | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a file that comes in pieces; an empty last one is none."""
    rest = b""
    for piece in pieces:
        first, *others = piece.split(b"\n")
        rest += first
        for other in others:
            yield rest
            rest = other
    if rest.strip():
        yield rest


def _error(code: str, message: str, param: str | None = None, line: int | None = None) -> Json:
    return {"code": code, "line": line, "message": message, "param": param}

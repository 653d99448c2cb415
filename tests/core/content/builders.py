"""Good lines of every format, and a whole file checked as the package checks it.

The formats are those of OpenAI's public descriptions: the guides for supervised, vision,
preference and reinforcement fine-tuning and for batches, and the schemas
`FineTuneChatRequestInput`, `FineTunePreferenceRequestInput`, `FineTuneReinforcementRequestInput`
and `BatchRequestInput` of the OpenAPI document.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

from filesync.core.content.asked import Asked
from filesync.core.content.document import of_name
from filesync.core.content.findings import Finding, Verdict, joined
from filesync.core.content.frame import frame_of
from filesync.core.content.lines import LineChecker
from filesync.core.content.streamed import StreamedChecks
from filesync.core.content.whole import Whole

PNG = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="  # noqa: E501

TOOLS = [
    {
        "type": "function",
        "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}},
    }
]


def call(call_id: str = "call_1", name: str = "weather") -> dict[str, Any]:
    """A tool call."""
    function = {"name": name, "arguments": '{"city": "Bern"}'}
    return {"id": call_id, "type": "function", "function": function}


def chat(number: int = 0) -> dict[str, Any]:
    """An example of a chat."""
    return {
        "messages": [
            {"role": "system", "content": "You are short, and warm."},
            {"role": "user", "content": f"How much is {number} + 1?"},
            {"role": "assistant", "content": str(number + 1)},
        ]
    }


def tool_chat(number: int = 0) -> dict[str, Any]:
    """An example in which a tool is called and answers."""
    return {
        "messages": [
            {"role": "user", "content": f"Is it warm? ({number})"},
            {"role": "assistant", "tool_calls": [call()]},
            {"role": "tool", "tool_call_id": "call_1", "content": "22 degrees"},
            {"role": "assistant", "content": "Yes.", "weight": 1},
        ],
        "tools": copy.deepcopy(TOOLS),
        "parallel_tool_calls": False,
    }


def image_chat(number: int = 0) -> dict[str, Any]:
    """An example with an image."""
    parts = [
        {"type": "text", "text": f"What is this? ({number})"},
        {"type": "image_url", "image_url": {"url": PNG, "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.jpg"}},
    ]
    return {
        "messages": [
            {"role": "user", "content": parts, "name": "kim"},
            {"role": "assistant", "content": "A dot."},
        ]
    }


def completion(number: int = 0) -> dict[str, Any]:
    """A prompt with its completion."""
    return {"prompt": f"{number} + 1 =", "completion": f" {number + 1}"}


def preference(number: int = 0) -> dict[str, Any]:
    """A preference."""
    return {
        "input": {"messages": [{"role": "user", "content": f"Hello {number}"}]},
        "preferred_output": [{"role": "assistant", "content": "Hello!"}],
        "non_preferred_output": [{"role": "assistant", "content": "What?"}],
    }


def reinforcement(number: int = 0) -> dict[str, Any]:
    """An example for a grader."""
    return {
        "messages": [{"role": "user", "content": f"{number} + 1?"}],
        "reference_answer": str(number + 1),
    }


def request(number: int = 0) -> dict[str, Any]:
    """A request of a batch."""
    return {
        "custom_id": f"request-{number}",
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": {
            "model": "gpt-4o-mini",
            "messages": [{"role": "user", "content": "Hello"}],
            "max_tokens": 100,
        },
    }


def embedding(number: int = 0) -> dict[str, Any]:
    """A request for an embedding."""
    return {
        "custom_id": f"e{number}",
        "method": "POST",
        "url": "/v1/embeddings",
        "body": {"model": "text-embedding-3-small", "input": [f"text {number}"]},
    }


def response(number: int = 0) -> dict[str, Any]:
    """A request for a response."""
    return {
        "custom_id": f"r{number}",
        "method": "POST",
        "url": "/v1/responses",
        "body": {"model": "gpt-4o-mini", "input": f"Hello {number}"},
    }


BODIES: dict[str, dict[str, Any]] = {
    "/v1/responses": {"model": "gpt-4o-mini", "input": "Hello"},
    "/v1/chat/completions": {
        "model": "gpt-4o-mini",
        "messages": [{"role": "user", "content": "Hello"}],
    },
    "/v1/embeddings": {"model": "text-embedding-3-small", "input": "Hello"},
    "/v1/completions": {"model": "gpt-3.5-turbo-instruct", "prompt": "Hello"},
    "/v1/moderations": {"input": "Hello"},
    "/v1/images/generations": {"model": "gpt-image-1", "prompt": "A dot"},
    "/v1/images/edits": {"prompt": "A larger dot", "images": [{"file_id": "file-1"}]},
    "/v1/videos": {"model": "sora-2", "prompt": "A dot that moves"},
}


def requests_to(url: str, body: dict[str, Any] | None = None) -> Callable[[int], dict[str, Any]]:
    """What makes requests to an endpoint, by their number."""

    def made(number: int = 0) -> dict[str, Any]:
        content = copy.deepcopy(BODIES[url] if body is None else body)
        return {"custom_id": f"r{number}", "method": "POST", "url": url, "body": content}

    return made


def text_of(*lines: Any) -> bytes:
    """The lines as JSONL; a line of bytes stands as it is."""
    return b"".join(
        line + b"\n" if isinstance(line, bytes) else json.dumps(line).encode() + b"\n"
        for line in lines
    )


def check(
    purpose: str, data: bytes, *, part: int | None = None, server: str = "compatible"
) -> Verdict:
    """The verdict on a file's lines; with `part`, checked in parts of so many lines."""
    lines = data.split(b"\n")
    frame = frame_of(purpose, data[:1000], lines[:50], server)
    whole = Whole(purpose, frame)
    checker = LineChecker(frame)
    kept = data.splitlines(keepends=True) if part else [data]
    step = part or 1
    for start in range(0, len(kept), step):
        stretch = b"".join(kept[start : start + step])
        last = start + step >= len(kept)
        if not frame.refused:
            whole.add(checker.check(stretch, first=start == 0, last=last))
    return whole.verdict(lambda number: lines[number - 1])


def found(purpose: str, data: bytes) -> list[tuple[int | None, str]]:
    """Line and rule of each finding."""
    return [(one.line, one.rule) for one in check(purpose, data).findings]


def messages(findings: tuple[Finding, ...]) -> list[str]:
    """What the findings say."""
    return [one.message for one in findings]


def findings_of(name: str, purpose: str, data: bytes) -> tuple[Finding, ...]:
    """What is wrong with a file, as the commands check it."""
    checks = StreamedChecks(Asked(purpose, name), len(data), lambda n, at: data[at : at + n])
    checks.feed(data)
    return joined(of_name(purpose, name, name, len(data)), checks.verdict()).findings


def rules_of(name: str, purpose: str, data: bytes) -> set[str]:
    """The rules that a file breaks."""
    return {one.rule for one in findings_of(name, purpose, data)}

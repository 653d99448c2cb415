"""Nothing is found in lines that are unusual and good, one of each kind.

Written from OpenAI's OpenAPI document and guides, and from Azure's, Mistral's and Groq's pages.
"""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from tests.core.content import builders
from tests.core.content.builders import PNG, call, check, text_of

CHAT = "/v1/chat/completions"
WAV = {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}
PDF = {"type": "file", "file": {"file_id": "file-1"}}
USER = {"role": "user", "content": "Hello"}


def image(url: str, **more: Any) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url, **more}}


def item(**more: Any) -> dict[str, Any]:
    return {"model": "m", "input": [more]}


def chat(*messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": list(messages), **more}


TWO_TURNS: list[dict[str, Any]] = [
    USER,
    {"role": "assistant", "content": None, "tool_calls": [call("c")]},
    {"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "22"}]},
    {"role": "assistant", "content": "22", "tool_calls": None, "name": None},
    {"role": "user", "content": "And now?"},
    {"role": "assistant", "content": "", "tool_calls": [call("c"), call("d")]},
    {"role": "tool", "tool_call_id": "d", "content": "23"},
    {"role": "tool", "tool_call_id": "c", "content": "23"},
    {"role": "assistant", "content": "23"},
]
OLD_CALL = {"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}}
# fmt: off
BODIES: list[tuple[str, str, dict[str, Any]]] = [
    *((f"as described: {url}", url, body) for url, body in builders.BODIES.items()),
    ("a template with its model", "/v1/responses", {"prompt": {"id": "pmpt_1", "variables": {}}}),
    ("a conversation goes on", "/v1/responses", {"model": "m", "previous_response_id": "resp_1"}),
    ("an easy message", "/v1/responses", item(role="developer", content="Be short.")),
    ("parts", "/v1/responses", item(type="message", role="user", content=[{"type": "input_text", "text": "?"}, {"type": "input_image", "image_url": PNG, "detail": "original"}, {"type": "input_file", "file_id": "file-1"}])),  # noqa: E501
    ("an answer of before", "/v1/responses", item(type="message", role="assistant", status="completed", content=[{"type": "output_text", "text": "!", "annotations": []}])),  # noqa: E501
    ("the result of a call", "/v1/responses", item(type="function_call_output", call_id="c", output="22")),  # noqa: E501
    ("a call", "/v1/responses", item(type="function_call", call_id="c", name="f", arguments="{}")),
    ("reasoning", "/v1/responses", item(type="reasoning", id="rs_1", summary=[])),
    ("a reference to an item", "/v1/responses", item(type="item_reference", id="msg_1")),
    ("more tools", "/v1/responses", item(type="additional_tools", role="developer", tools=[])),
    ("all roles", CHAT, chat({"role": "developer", "content": "x"}, {"role": "system", "content": [{"type": "text", "text": "x"}]}, USER, {"role": "assistant", "content": "x"}, USER)),  # noqa: E501
    ("two turns with tools, whose ids are used again", CHAT, chat(*TWO_TURNS, tools=builders.TOOLS)),  # noqa: E501
    ("an older call that returns null", CHAT, chat(USER, OLD_CALL, {"role": "function", "name": "f", "content": None}, USER, functions=[{"name": "f"}])),  # noqa: E501
    ("a tool of one's own", CHAT, chat(USER, {"role": "assistant", "tool_calls": [{"id": "c", "type": "custom", "custom": {"name": "sql", "input": "select"}}]}, {"role": "tool", "tool_call_id": "c", "content": "1"}, tools=[{"type": "custom", "custom": {"name": "sql"}}])),  # noqa: E501
    ("audio and a file", CHAT, chat({"role": "user", "content": [WAV, PDF, {"type": "text", "text": "?"}]})),  # noqa: E501
    ("audio of before", CHAT, chat(USER, {"role": "assistant", "audio": {"id": "audio_1"}}, USER)),
    ("a refusal", CHAT, chat(USER, {"role": "assistant", "content": None, "refusal": "No."}, USER)),
    ("a refusal as a part", CHAT, chat(USER, {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}, USER)),  # noqa: E501
    ("an address in capitals", CHAT, chat({"role": "user", "content": [image("HTTPS://EXAMPLE.COM/A.PNG")]})),
    ("no detail", CHAT, chat({"role": "user", "content": [image(PNG, detail=None)]})),
    ("base64 in lines", CHAT, chat({"role": "user", "content": [image(PNG[:60] + "\r\n" + PNG[60:])]})),  # noqa: E501
    ("a data URL with a parameter", CHAT, chat({"role": "user", "content": [image(PNG.replace(";", ";charset=utf-8;"))]})),  # noqa: E501
    ("a larger image than fine-tuning takes", CHAT, chat({"role": "user", "content": [image(PNG[:-4] + "AAAA" * (4 * 2**20))]})),  # noqa: E501
    ("70 images", CHAT, chat({"role": "user", "content": [image(PNG)] * 70})),
    ("a strict function", CHAT, chat(USER, tools=[{"type": "function", "function": {"name": "f", "strict": True}}], tool_choice="auto")),  # noqa: E501
    ("no stream", CHAT, chat(USER, stream=False)),
    ("stream null", CHAT, chat(USER, stream=None)),
    ("tokens", "/v1/embeddings", {"model": "m", "input": [1, 2, 3]}),
    ("a long list of tokens", "/v1/embeddings", {"model": "m", "input": list(range(8191))}),
    ("lists of tokens", "/v1/embeddings", {"model": "m", "input": [[1, 2], [3]]}),
    ("texts", "/v1/embeddings", {"model": "m", "input": ["a"] * 2048, "encoding_format": "base64"}),
    ("a prompt of null", "/v1/completions", {"model": "m", "prompt": None}),
    ("an empty prompt", "/v1/completions", {"model": "m", "prompt": ""}),
    ("prompts", "/v1/completions", {"model": "m", "prompt": ["a", "b"]}),
    ("tokens as a prompt", "/v1/completions", {"model": "m", "prompt": [[1, 2], [3]]}),
    ("texts to judge", "/v1/moderations", {"input": ["a", "b"], "model": "omni-moderation-latest"}),
    ("parts to judge", "/v1/moderations", {"input": [{"type": "text", "text": "a"}, image(PNG)]}),
    ("a mask", "/v1/images/edits", {"prompt": "x", "images": [{"image_url": PNG}], "mask": {"file_id": "file-2"}, "model": None}),  # noqa: E501
]
EXAMPLES: list[tuple[str, dict[str, Any]]] = [
    ("weights", chat(USER, {"role": "assistant", "content": "x", "weight": 0}, USER, {"role": "assistant", "content": "y", "weight": 1.0})),  # noqa: E501
    ("columns of a table that are null", chat({"role": "user", "content": "x", "name": None, "weight": None, "tool_calls": None, "function_call": None}, {"role": "assistant", "content": "y", "weight": None})),  # noqa: E501
    ("two turns with tools", {"messages": TWO_TURNS, "tools": builders.TOOLS}),
    ("an older call", chat(USER, OLD_CALL, functions=[{"name": "f", "parameters": {}}])),
    ("an image as a data URL", chat({"role": "user", "content": [image(PNG), {"type": "text", "text": "?"}]}, {"role": "assistant", "content": [{"type": "text", "text": "x"}]})),  # noqa: E501
    ("without a user", chat({"role": "system", "content": "x"}, {"role": "assistant", "content": "y"})),  # noqa: E501
    ("a message of a person", chat({"role": "user", "name": "kim_3", "content": "x"}, {"role": "assistant", "content": "y"})),  # noqa: E501
]
# fmt: on
NAMED = lambda one: one if isinstance(one, str) else ""  # noqa: E731


@pytest.mark.parametrize(("name", "url", "body"), BODIES, ids=NAMED)
def test_a_request_is_good(name: str, url: str, body: dict[str, Any]) -> None:
    made = builders.requests_to(url, body)
    assert check("batch", text_of(*map(made, range(3)))).findings == ()


@pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=NAMED)
def test_an_example_is_good(name: str, example: dict[str, Any]) -> None:
    lines = []
    for number in range(10):
        one = copy.deepcopy(example)
        one.pop("model", None)
        one["messages"].insert(0, {"role": "system", "content": f"number {number}"})
        lines.append(one)
    assert check("fine-tune", text_of(*lines)).findings == ()


def test_azure_writes_paths_without_a_version_and_takes_a_byte_order_mark() -> None:
    lines = []
    for number in range(12):
        lines.append({**builders.request(number), "url": "/chat/completions"})
    data = b"\xef\xbb\xbf" + text_of(*lines)
    assert check("batch", data, server="azure").findings == ()
    rules = [one.rule for one in check("batch", data, server="openai").findings]
    assert rules == ["byte-order-mark", *["url"] * 12]
    lines[3]["body"]["messages"] = []
    lines[5]["url"] = "/v1/chat/completions"  # the same for Azure
    lines[7]["url"] = "/v1/audio/speech"
    lines[9]["custom_id"] = "request-0"
    told = [
        (one.line, one.rule)
        for one in check("batch", b"\xef\xbb\xbf" + text_of(*lines), server="azure").findings
    ]
    assert told == [(4, "body"), (8, "url"), (10, "duplicate-custom-id")]


def test_groq_takes_audio_and_mistral_names_the_endpoint_in_the_job() -> None:
    audio = {"model": "whisper-large-v3", "url": "https://example.com/a.wav"}
    line = {"method": "POST", "url": "/v1/audio/transcriptions", "body": audio}
    lines = [{"custom_id": f"r{number}", **line} for number in range(3)]
    assert check("batch", text_of(*lines), server="groq").findings == ()
    assert {one.rule for one in check("batch", text_of(*lines)).findings} == {"url"}
    bare: list[Any] = [{"custom_id": str(n), "body": {"messages": [USER]}} for n in range(3)]
    assert check("batch", text_of(*bare), server="mistral").findings == ()
    found = check("batch", text_of(*bare, bare[0], b"{"), server="mistral").findings
    assert [(one.line, one.rule) for one in found] == [
        (4, "duplicate-custom-id"),
        (5, "invalid-json"),
    ]


def test_what_most_lines_say_counts_and_the_odd_one_out_is_reported() -> None:
    lines = [json.dumps(builders.request(number)).encode() for number in range(12)]
    lines[0] = lines[0].replace(b"gpt-4o-mini", b"gpt-4o")
    lines[1] = (
        json.dumps(builders.embedding(1))
        .encode()
        .replace(b"text-embedding-3-small", b"gpt-4o-mini")
    )
    found = check("batch", text_of(*lines)).findings
    assert [(one.line, one.rule) for one in found] == [(1, "mixed-models"), (2, "mixed-urls")]

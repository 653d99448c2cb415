"""Each defect is found at its line, with its rule, and nothing else is found."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from tests.core.content import builders
from tests.core.content.builders import call, found, text_of

Line = dict[str, Any]


class Defect(NamedTuple):
    """What is wrong with one line, of which format, and the rules that say so."""

    name: str
    purpose: str
    made: Callable[[int], Line]
    spoil: Callable[[Line], Line | bytes | None]
    rules: tuple[str, ...]


def _set(*path: str | int, to: Any) -> Callable[[Line], None]:
    def spoil(line: Line) -> None:
        at: Any = line
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = copy.deepcopy(to)

    return spoil


def _drop(*path: str | int) -> Callable[[Line], None]:
    def spoil(line: Line) -> None:
        at: Any = line
        for step in path[:-1]:
            at = at[step]
        del at[path[-1]]

    return spoil


def _text(change: Callable[[str], str | bytes]) -> Callable[[Line], bytes]:
    def spoil(line: Line) -> bytes:
        changed = change(json.dumps(line))
        return changed if isinstance(changed, bytes) else changed.encode()

    return spoil


def chat(name: str, spoil: Any, *rules: str) -> Defect:
    return Defect(f"chat: {name}", "fine-tune", builders.chat, spoil, rules)


def tools(name: str, spoil: Any, *rules: str) -> Defect:
    return Defect(f"tools: {name}", "fine-tune", builders.tool_chat, spoil, rules)


def image(name: str, spoil: Any, *rules: str) -> Defect:
    return Defect(f"image: {name}", "fine-tune", builders.image_chat, spoil, rules)


def completion(name: str, spoil: Any, *rules: str) -> Defect:
    return Defect(f"completion: {name}", "fine-tune", builders.completion, spoil, rules)


def preference(name: str, spoil: Any, *rules: str) -> Defect:
    return Defect(f"preference: {name}", "fine-tune", builders.preference, spoil, rules)


def reinforcement(name: str, spoil: Any, *rules: str) -> Defect:
    return Defect(f"reinforcement: {name}", "fine-tune", builders.reinforcement, spoil, rules)


def batch(name: str, spoil: Any, *rules: str) -> Defect:
    return Defect(f"batch: {name}", "batch", builders.request, spoil, rules)


def embedding(name: str, spoil: Any, *rules: str) -> Defect:
    return Defect(f"embedding: {name}", "batch", builders.embedding, spoil, rules)


def response(name: str, spoil: Any, *rules: str) -> Defect:
    return Defect(f"response: {name}", "batch", builders.response, spoil, rules)


def request(url: str, name: str, spoil: Any, *rules: str) -> Defect:
    return Defect(f"{url}: {name}", "batch", builders.requests_to(url), spoil, rules)


M, SYSTEM, USER, ANSWER = "messages", 0, 1, 2
CALL = (M, 1, "tool_calls", 0)
URL = (M, 0, "content", 1, "image_url", "url")
PNG = builders.PNG

DEFECTS = [
    # text and JSON
    chat("not UTF-8", _text(lambda t: t.encode().replace(b"short", b"sh\xffrt")), "not-utf-8"),
    chat("latin-1", _text(lambda t: t.replace("warm", "wärm").encode("latin-1")), "not-utf-8"),
    chat("UTF-16 in the middle", _text(lambda t: t.encode("utf-16-le")), "not-utf-8"),
    chat("surrogate as UTF-8", _text(lambda t: t.encode()[:-60] + b"\xed\xa0\x80" + t.encode()[-60:]), "not-utf-8"),  # noqa: E501
    chat("blank", lambda _: b"", "blank-line"),
    chat("only spaces", lambda _: b"  \t ", "blank-line"),
    chat("cut", _text(lambda t: t[:-5]), "invalid-json"),
    chat("text behind", _text(lambda t: t + " x"), "invalid-json"),
    chat("two on a line", _text(lambda t: t + t), "invalid-json"),
    chat("comma at the end", _text(lambda t: t + ","), "invalid-json"),
    chat("trailing comma", _text(lambda t: t.replace("]}", ",]}")), "invalid-json"),
    chat("single quotes", _text(lambda t: t.replace('"', "'")), "invalid-json"),
    chat("Python's True", _text(lambda t: t[:-1] + ', "parallel_tool_calls": True}'), "invalid-json"),  # noqa: E501
    chat("comment", _text(lambda t: t + " // good"), "invalid-json"),
    chat("control character", _text(lambda t: t.replace("short", "sh\x01rt")), "invalid-json"),
    chat("unknown escape", _text(lambda t: t.replace("short", "sh\\qrt")), "invalid-json"),
    chat("NUL", _text(lambda t: t + "\0"), "invalid-json"),
    chat("NaN", _text(lambda t: re.sub(r'"\d+"', "NaN", t)), "not-a-number"),
    chat("Infinity", _text(lambda t: t[:-1] + ', "functions": [{"name": "f", "x": Infinity}]}'), "not-a-number"),  # noqa: E501
    chat("minus Infinity", _text(lambda t: t[:-1] + ', "functions": [{"name": "f", "x": -Infinity}]}'), "not-a-number"),  # noqa: E501
    chat("key twice", _text(lambda t: t.replace('"role": "user"', '"role": "user", "role": "user"')), "duplicate-key"),  # noqa: E501
    chat("messages twice", _text(lambda t: t[:-1] + ", " + t[1:]), "duplicate-key"),
    chat("key twice by an escape", _text(lambda t: t.replace('"role": "user"', '"role": "user", "r\\u006fle": "user"')), "duplicate-key"),  # noqa: E501
    chat("half a surrogate pair", _text(lambda t: t.replace("short", "\\ud83d")), "lone-surrogate"),
    chat("nested too deeply", lambda _: b'{"a":' * 5000 + b"1" + b"}" * 5000, "too-deep"),
    chat("a huge number", lambda _: b'{"a": ' + b"9" * 5000 + b"}", "invalid-json"),
    chat("a list", lambda line: json.dumps([line]).encode(), "not-an-object"),
    chat("a text", lambda _: b'"hello"', "not-an-object"),
    chat("null", lambda _: b"null", "not-an-object"),
    chat("a number", lambda _: b"12", "not-an-object"),
    # chat
    chat("no messages", _drop(M), "unknown-format"),
    chat("messages misspelt", lambda line: {"mesages": line[M]}, "unknown-format"),
    chat("messages null", _set(M, to=None), "messages"),
    chat("messages an object", _set(M, to={"role": "user"}), "messages"),
    chat("messages a text", _set(M, to="hello"), "messages"),
    chat("messages empty", _set(M, to=[]), "messages"),
    chat("a message is a text", _set(M, SYSTEM, to="hello"), "message"),
    chat("a message is null", _set(M, SYSTEM, to=None), "message"),
    chat("no role", _drop(M, USER, "role"), "role"),
    chat("unknown role", _set(M, USER, "role", to="human"), "role"),
    chat("role in capitals", _set(M, USER, "role", to="User"), "role"),
    chat("role null", _set(M, USER, "role", to=None), "role"),
    chat("role a list", _set(M, USER, "role", to=["user"]), "role"),
    chat("no content", _drop(M, USER, "content"), "content"),
    chat("content null", _set(M, USER, "content", to=None), "content"),
    chat("content a number", _set(M, USER, "content", to=12), "content"),
    chat("content an object", _set(M, USER, "content", to={"content": "x"}), "content"),
    chat("content an empty list", _set(M, USER, "content", to=[]), "content"),
    chat("answer null without a call", _set(M, ANSWER, "content", to=None), "content"),
    chat("content empty", _set(M, USER, "content", to=""), "empty-content"),
    chat("content blank", _set(M, USER, "content", to=" \n "), "empty-content"),
    chat("no assistant", _set(M, ANSWER, "role", to="user"), "no-assistant"),
    chat("ends with the user", lambda line: {M: [*line[M], {"role": "user", "content": "and?"}]}, "ends-without-assistant"),  # noqa: E501
    chat("unknown key", _set("model", to="gpt-4o"), "unknown-key"),
    chat("weight misspelt", _set(M, ANSWER, "wieght", to=1), "unknown-key"),
    chat("weight 2", _set(M, ANSWER, "weight", to=2), "weight"),
    chat("weight 0.5", _set(M, ANSWER, "weight", to=0.5), "weight"),
    chat("weight true", _set(M, ANSWER, "weight", to=True), "weight"),
    chat("weight a text", _set(M, ANSWER, "weight", to="1"), "weight"),
    chat("weight of the user", _set(M, USER, "weight", to=0), "weight"),
    chat("all weights 0", _set(M, ANSWER, "weight", to=0), "nothing-to-learn"),
    chat("name with a space", _set(M, USER, "name", to="a b"), "name"),
    chat("name too long", _set(M, USER, "name", to="n" * 65), "name"),
    chat("name empty", _set(M, USER, "name", to=""), "name"),
    chat("name a number", _set(M, USER, "name", to=7), "name"),
    chat("function without a name", _set(M, USER, "role", to="function"), "name"),
    chat("another format", lambda _: builders.completion(), "mixed-formats"),
    chat("a preference", lambda _: builders.preference(), "mixed-formats"),
    # parts and images
    image("part a text", _set(M, 0, "content", 0, to="hello"), "content-part"),
    image("part without a type", _drop(M, 0, "content", 0, "type"), "content-part"),
    image("part of an unknown type", _set(M, 0, "content", 0, "type", to="video"), "content-part"),
    image("text part without text", _drop(M, 0, "content", 0, "text"), "content-part"),
    image("text part with a number", _set(M, 0, "content", 0, "text", to=1), "content-part"),
    image("image part without image_url", _drop(M, 0, "content", 1, "image_url"), "content-part"),
    image("audio part without audio", _set(M, 0, "content", 0, to={"type": "input_audio"}), "content-part"),  # noqa: E501
    image("file part without a file", _set(M, 0, "content", 0, to={"type": "file"}), "content-part"),  # noqa: E501
    image("image_url a text", _set(M, 0, "content", 1, "image_url", to=PNG), "image"),
    image("no address", _drop(*URL), "image"),
    image("a local path", _set(*URL, to="photos/a.png"), "image"),
    image("ftp", _set(*URL, to="ftp://example.com/a.png"), "image"),
    image("data URL of a PDF", _set(*URL, to="data:application/pdf;base64,JVBERi0="), "image"),
    image("data URL of a BMP", _set(*URL, to="data:image/bmp;base64,Qk0="), "image"),
    image("not base64", _set(*URL, to="data:image/png;base64,!!!!"), "image"),
    image("another type than it says", _set(*URL, to=PNG.replace("png", "jpeg")), "image-type"),
    image("no image at all", _set(*URL, to="data:image/png;base64,aGVsbG8h"), "image"),
    image("not base64 further on", _set(*URL, to=PNG[:-20] + "*" * 20), "image"),
    image("audio, which is not learned", _set(M, 0, "content", 0, to={"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}), "content-part"),  # noqa: E501
    image("a file, which is not learned", _set(M, 0, "content", 0, to={"type": "file", "file": {"file_id": "file-1"}}), "content-part"),  # noqa: E501
    image("more than 10 MB", _set(*URL, to=PNG[:-4] + "AAAA" * (4 * 2**20)), "image"),
    image("unknown detail", _set(M, 0, "content", 1, "image_url", "detail", to="best"), "image"),
    image("in an answer", _set(M, 1, "content", to=[{"type": "image_url", "image_url": {"url": PNG}}]), "image-role"),  # noqa: E501
    image("65 of them", _set(M, 0, "content", to=[{"type": "image_url", "image_url": {"url": PNG}}] * 65), "too-many-images"),  # noqa: E501
    # tools
    tools("tools an object", _set("tools", to={}), "tools"),
    tools("a tool without a function", _set("tools", 0, to={"type": "function"}), "tools", "unknown-tool"),  # noqa: E501
    tools("a tool of another type", _set("tools", 0, "type", to="fn"), "tools"),
    tools("a function without a name", _drop("tools", 0, "function", "name"), "tools", "unknown-tool"),  # noqa: E501
    tools("a name with a space", _set("tools", 0, "function", "name", to="the weather"), "tools", "unknown-tool"),  # noqa: E501
    tools("two of one name", _set("tools", to=builders.TOOLS * 2), "same-tool"),
    tools("parameters a list", _set("tools", 0, "function", "parameters", to=[]), "tools"),
    tools("129 of them", _set("tools", to=[{"type": "function", "function": {"name": f"weather{n or ''}"}} for n in range(129)]), "tools"),  # noqa: E501
    tools("functions a text", _set("functions", to="weather"), "tools"),
    tools("a function in the older way without a name", _set("functions", to=[{"parameters": {}}]), "tools"),  # noqa: E501
    tools("an older call of what is not offered", lambda line: {M: [line[M][0], {"role": "assistant", "function_call": {"name": "time", "arguments": "{}"}}], "functions": [{"name": "weather"}]}, "unknown-tool"),  # noqa: E501
    tools("parallel a text", _set("parallel_tool_calls", to="false"), "parallel-tool-calls"),
    tools("a call by the user", lambda line: {**line, M: [{**line[M][0], "tool_calls": [call("call_0")]}, {"role": "tool", "tool_call_id": "call_0", "content": "x"}, *line[M][1:]]}, "tool-call"),  # noqa: E501
    tools("calls an object", _set(M, 1, "tool_calls", to={"id": "call_1"}), "tool-call", "tool-answer"),  # noqa: E501
    tools("no id", _drop(*CALL, "id"), "tool-call", "tool-answer"),
    tools("two of one id", _set(M, 1, "tool_calls", to=[call(), call()]), "tool-call"),
    tools("another type", _set(*CALL, "type", to="fn"), "tool-call"),
    tools("no function", _drop(*CALL, "function"), "tool-call"),
    tools("no name", _drop(*CALL, "function", "name"), "tool-call"),
    tools("name with a dot", _set(*CALL, "function", "name", to="a.b"), "tool-call"),
    tools("no arguments", _drop(*CALL, "function", "arguments"), "tool-call"),
    tools("arguments an object", _set(*CALL, "function", "arguments", to={}), "tool-call"),
    tools("arguments not JSON", _set(*CALL, "function", "arguments", to="{city}"), "tool-arguments"),  # noqa: E501
    tools("a tool that is not offered", _set(*CALL, "function", "name", to="time"), "unknown-tool"),
    tools("no answer", _drop(M, 2), "unanswered-call"),
    tools("one of two answered", _set(M, 1, "tool_calls", to=[call(), call("call_2")]), "unanswered-call"),  # noqa: E501
    tools("an answer without a call", _set(M, 2, "tool_call_id", to="call_9"), "tool-answer", "unanswered-call"),  # noqa: E501
    tools("an answer without an id", _drop(M, 2, "tool_call_id"), "tool-answer", "unanswered-call"),
    tools("two answers", lambda line: {**line, M: [*line[M][:3], line[M][2], line[M][3]]}, "tool-answer"),  # noqa: E501
    # completions, preferences, reinforcement
    completion("completion blank", _set("completion", to=" "), "empty-content"),
    preference("audio in an output", _set("preferred_output", 0, "content", to=[{"type": "input_audio", "input_audio": {}}]), "content-part", "content-part"),  # noqa: E501
    completion("no prompt", _drop("prompt"), "completion"),
    completion("no completion", _drop("completion"), "completion"),
    completion("prompt a list", _set("prompt", to=["a"]), "completion"),
    completion("completion null", _set("completion", to=None), "completion"),
    completion("completion empty", _set("completion", to=""), "completion"),
    completion("unknown key", _set("weight", to=1), "unknown-key"),
    completion("a chat", lambda _: builders.chat(), "mixed-formats"),
    preference("no input", _drop("input"), "preference"),
    preference("input a text", _set("input", to="hello"), "preference"),
    preference("input without messages", _set("input", to={}), "messages"),
    preference("no preferred output", _drop("preferred_output"), "preference"),
    preference("no other output", _drop("non_preferred_output"), "preference"),
    preference("output a text", _set("preferred_output", to="Hello!"), "preference"),
    preference("output empty", _set("preferred_output", to=[]), "preference"),
    preference("output of the user", _set("preferred_output", 0, "role", to="user"), "preference", "preference"),  # noqa: E501
    preference("output without content", _drop("non_preferred_output", 0, "content"), "content"),
    preference("input role", _set("input", M, 0, "role", to="human"), "role"),
    preference("the same twice", _set("non_preferred_output", 0, "content", to="Hello!"), "same-outputs"),  # noqa: E501
    preference("unknown key", _set("score", to=1), "unknown-key"),
    reinforcement("with the answer", _set(M, to=[{"role": "user", "content": "1?"}, {"role": "assistant", "content": "2"}]), "ends-with-assistant"),  # noqa: E501
    reinforcement("role", _set(M, 0, "role", to="human"), "role"),
    reinforcement("no messages", _drop(M), "unknown-format"),
    # batches
    batch("no custom_id", _drop("custom_id"), "custom-id"),
    batch("custom_id a number", _set("custom_id", to=4), "custom-id"),
    batch("custom_id empty", _set("custom_id", to=""), "custom-id"),
    batch("custom_id of another line", _set("custom_id", to="request-1"), "duplicate-custom-id"),
    batch("no method", _drop("method"), "method"),
    batch("GET", _set("method", to="GET"), "method"),
    batch("post in small letters", _set("method", to="post"), "method"),
    batch("no url", _drop("url"), "url"),
    batch("url a number", _set("url", to=1), "url"),
    batch("whole address", _set("url", to="https://api.openai.com/v1/chat/completions"), "url"),
    batch("url without /v1", _set("url", to="/chat/completions"), "url"),
    batch("url with a slash behind", _set("url", to="/v1/chat/completions/"), "url"),
    batch("url that batches do not take", _set("url", to="/v1/audio/speech"), "url"),
    batch("another url", lambda line: {**builders.embedding(), "body": {"model": "gpt-4o-mini", "input": "x"}, "custom_id": line["custom_id"]}, "mixed-urls"),  # noqa: E501
    batch("no body", _drop("body"), "body"),
    batch("body a text", _set("body", to="{}"), "body"),
    batch("body a list", _set("body", to=[]), "body"),
    batch("no model", _drop("body", "model"), "model"),
    batch("model null", _set("body", "model", to=None), "model"),
    batch("model empty", _set("body", "model", to=""), "model"),
    batch("another model", _set("body", "model", to="gpt-4o"), "mixed-models"),
    batch("stream", _set("body", "stream", to=True), "stream"),
    batch("no messages", _drop("body", M), "body"),
    batch("messages empty", _set("body", M, to=[]), "body"),
    batch("messages a text", _set("body", M, to="Hello"), "messages"),
    batch("unknown role", _set("body", M, 0, "role", to="human"), "role"),
    embedding("input an object", _set("body", "input", to={}), "body"),
    embedding("input a number", _set("body", "input", to=5), "body"),
    embedding("an empty text among the inputs", _set("body", "input", to=["a", ""]), "body"),
    embedding("texts and tokens mixed", _set("body", "input", to=["a", 1]), "body"),
    embedding("inputs that are objects", _set("body", "input", to=[{}]), "body"),
    response("input a number", _set("body", "input", to=5), "body"),
    response("an unknown role", _set("body", "input", to=[{"role": "usr", "content": "x"}]), "role"),  # noqa: E501
    response("an item that is a text", _set("body", "input", to=["x"]), "message"),
    response("a message without content", _set("body", "input", to=[{"role": "user"}]), "content"),
    response("content a number", _set("body", "input", to=[{"role": "user", "content": 5}]), "content"),  # noqa: E501
    response("a part that is a text", _set("body", "input", to=[{"role": "user", "content": ["x"]}]), "content-part"),  # noqa: E501
    response("a part called as in a chat", _set("body", "input", to=[{"role": "user", "content": [{"type": "text", "text": "x"}]}]), "content-part"),  # noqa: E501
    response("an image as in a chat", _set("body", "input", to=[{"role": "user", "content": [{"type": "input_image", "image_url": {"url": PNG}}]}]), "image"),  # noqa: E501
    response("no model and no template", _drop("body", "model"), "model"),
    response("input empty", _set("body", "input", to=""), "empty-content"),
    embedding("input empty", _set("body", "input", to=""), "body"),
    embedding("no inputs", _set("body", "input", to=[]), "body"),
    embedding("an empty list of tokens", _set("body", "input", to=[[1], []]), "body"),
    embedding("2,049 inputs", _set("body", "input", to=["x"] * 2049), "body"),
    request("/v1/images/edits", "no images", _drop("body", "images"), "body"),
    request("/v1/images/edits", "no prompt", _drop("body", "prompt"), "body"),
    request("/v1/images/generations", "prompt empty", _set("body", "prompt", to=""), "body"),
    request("/v1/videos", "prompt a list", _set("body", "prompt", to=["x"]), "body"),
    request("/v1/moderations", "no input", _drop("body", "input"), "body"),
    request("/v1/completions", "no prompt", _drop("body", "prompt"), "body"),
    batch("a part as in a response", _set("body", M, 0, "content", to=[{"type": "input_text", "text": "x"}]), "content-part"),  # noqa: E501
    batch("a refusal of the user", _set("body", M, 0, "content", to=[{"type": "refusal", "refusal": "x"}]), "content-part"),  # noqa: E501
    batch("audio of the system", _set("body", M, 0, to={"role": "system", "content": [{"type": "input_audio", "input_audio": {}}]}), "content-part"),  # noqa: E501
    batch("a file that is a text", _set("body", M, 0, "content", to=[{"type": "file", "file": "file-1"}]), "content-part"),  # noqa: E501
    batch("unknown key", _set("customid", to="x"), "unknown-key"),
    batch("an example for fine-tuning", lambda _: builders.chat(), "unknown-key", "custom-id", "method", "url", "body"),  # noqa: E501
    batch("key twice", _text(lambda t: t.replace('"model": ', '"model": "a", "model": ')), "duplicate-key"),  # noqa: E501
]  # fmt: skip


def test_there_are_enough_and_no_two_are_called_the_same() -> None:
    names = [one.name for one in DEFECTS]
    assert len(set(names)) == len(names) >= 80


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda one: one.name)
@pytest.mark.parametrize(("bad", "part"), [(4, None), (1, 1), (12, 5)])
def test_a_defect_is_found_at_its_line(defect: Defect, bad: int, part: int | None) -> None:
    lines: list[Line | bytes] = [defect.made(number) for number in range(12)]
    spoilt = copy.deepcopy(lines[bad - 1])
    assert isinstance(spoilt, dict)
    changed = defect.spoil(spoilt)
    lines[bad - 1] = spoilt if changed is None else changed
    verdict = builders.check(defect.purpose, text_of(*lines), part=part)
    told = [(one.line, one.rule) for one in verdict.findings]
    # Of two requests with one custom_id, the second is reported.
    at = {"duplicate-custom-id": max(bad, 2)}
    assert sorted(told) == sorted((at.get(rule, bad), rule) for rule in defect.rules)
    assert verdict.errors + verdict.warnings == len(defect.rules)


def good(count: int = 12) -> list[Line]:
    return [builders.chat(number) for number in range(count)]


WHOLE: list[tuple[str, str, bytes, list[tuple[int | None, str]]]] = [
    ("a byte order mark", "fine-tune", b"\xef\xbb\xbf" + text_of(*good()), [(1, "byte-order-mark")]),  # noqa: E501
    ("UTF-16", "fine-tune", text_of(*good()).decode().encode("utf-16"), [(1, "not-utf-8")]),
    ("gzip", "batch", b"\x1f\x8b\x08\x00" + bytes(100), [(1, "invalid-json")]),
    ("a PDF", "batch", b"%PDF-1.7\n%abc\n", [(1, "invalid-json")]),
    ("CR LF", "fine-tune", text_of(*good()).replace(b"\n", b"\r\n"), [(1, "crlf")]),
    ("a blank line at the end", "fine-tune", text_of(*good()) + b"\n", [(13, "blank-line")]),
    ("a cut last line", "fine-tune", text_of(*good(), builders.chat(99))[:-30], [(13, "cut-line")]),
    ("a last line cut in a word", "fine-tune", text_of(*good()) + b'{"messages": nul', [(13, "cut-line")]),  # noqa: E501
    ("few examples", "fine-tune", text_of(*good(9)), [(None, "few-examples")]),
    ("no example with an answer", "fine-tune", text_of(*({"messages": one["messages"][:2]} for one in good())), [(None, "no-answers")]),  # noqa: E501
    ("too few to be for reinforcement", "fine-tune", text_of(*({"messages": one["messages"][:2]} for one in good(2))), [(None, "few-examples"), (1, "no-assistant"), (2, "no-assistant")]),  # noqa: E501
    ("an example twice", "fine-tune", text_of(*good(), builders.chat(3)), [(13, "duplicate-example")]),  # noqa: E501
    ("a JSON document", "fine-tune", json.dumps(good(), indent=1).encode(), []),
]  # fmt: skip


@pytest.mark.parametrize(("name", "purpose", "data", "rules"), WHOLE, ids=lambda one: str(one)[:30])
def test_what_is_wrong_with_a_whole_file(
    name: str, purpose: str, data: bytes, rules: list[tuple[int | None, str]]
) -> None:
    told = found(purpose, data)
    if name == "a JSON document":
        assert {line for line, _ in told} >= {1}
    else:
        assert told == rules


def test_the_first_of_many_are_kept_and_all_are_counted() -> None:
    verdict = builders.check("fine-tune", b"[1]\n" * 1000)
    errors = [one for one in verdict.findings if one.severity == "error"]
    assert [one.line for one in errors] == list(range(1, 21))
    assert verdict.errors == 1000


def test_too_many_requests_are_found_at_the_first_that_is_too_much() -> None:
    line = json.dumps(builders.request())
    lines = "".join(line.replace("request-0", str(number)) + "\n" for number in range(50_001))
    told = found("batch", lines.encode())
    assert told == [(50_001, "too-many-requests")]


def test_embedding_inputs_are_counted_over_the_file() -> None:
    lines = []
    for number in range(51):
        line = builders.embedding(number)
        line["body"]["input"] = ["x"] * 1000
        lines.append(line)
    assert found("batch", text_of(*lines)) == [(None, "too-many-inputs")]

"""Tools: the functions on offer, the calls of them, and the answers to the calls."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from filesync.core.content import chat
from filesync.core.content.findings import Fault
from filesync.core.content.json_line import kind, quoted

MAX_TOOLS = 128
_FUNCTION_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}\Z")


def tools(talk: chat.Conversation) -> Iterator[Fault]:
    """Yield what is wrong with the functions offered beside the messages."""
    listed = talk.beside.get("tools")
    if listed is None:
        return
    if not isinstance(listed, list):
        yield "tools", f"`tools` is {kind(listed)}, not a list"
        return
    if len(listed) > MAX_TOOLS:
        yield "tools", f"{len(listed)} tools; the limit is {MAX_TOOLS}"
    seen = set()
    for i, tool in enumerate(listed):
        function = tool.get("function") if isinstance(tool, dict) else None
        if not isinstance(function, dict):
            if not (isinstance(tool, dict) and tool.get("type") == "custom"):
                yield "tools", f'tools[{i}] is not {{"type": "function", "function": {{…}}}}'
            continue
        if tool.get("type") != "function":
            yield "tools", f"tools[{i}].type is {quoted(tool.get('type'))}, not function"
        name = function.get("name")
        if not (isinstance(name, str) and _FUNCTION_NAME.match(name)):
            yield "tools", f"tools[{i}].function.name is {quoted(name)}"
        elif name in seen:
            yield "same-tool", f"tools[{i}] is a second function with the name {quoted(name)}"
        else:
            seen.add(name)
        if not isinstance(function.get("parameters", {}), dict):
            yield "tools", f"tools[{i}].function.parameters is not an object"


def functions(talk: chat.Conversation) -> Iterator[Fault]:
    """Yield what is wrong with functions offered in the older way, without `tools`."""
    listed = talk.beside.get("functions")
    if listed is None:
        return
    if not isinstance(listed, list):
        yield "tools", f"`functions` is {kind(listed)}, not a list"
        return
    for i, function in enumerate(listed):
        name = function.get("name") if isinstance(function, dict) else None
        if not (isinstance(name, str) and _FUNCTION_NAME.match(name)):
            yield "tools", f"functions[{i}] has the name {quoted(name)}"


def parallel(talk: chat.Conversation) -> Iterator[Fault]:
    """Yield a `parallel_tool_calls` that is neither true nor false."""
    value = talk.beside.get("parallel_tool_calls", True)
    if not isinstance(value, bool):
        yield "parallel-tool-calls", f"`parallel_tool_calls` is {kind(value)}, not true or false"


def _offered(talk: chat.Conversation, key: str) -> set[str] | None:
    """Return the names of the `tools` or `functions` that are offered, None without a list."""
    listed = talk.beside.get(key)
    if not isinstance(listed, list):
        return None
    found = set()
    for tool in listed:
        function = tool.get("function") if isinstance(tool, dict) and key == "tools" else tool
        name = function.get("name") if isinstance(function, dict) else None
        if isinstance(name, str):
            found.add(name)
    return found


def tool_calls(talk: chat.Conversation) -> Iterator[Fault]:
    """Yield calls that cannot be made."""
    offered, functions = _offered(talk, "tools"), _offered(talk, "functions")
    for i, message in talk.messages:
        if "function_call" in message and message["function_call"] is not None:
            yield from _function(message["function_call"], f"{talk.at(i)}.function_call", functions)
        calls = message.get("tool_calls")
        if calls is None:
            continue
        at = f"{talk.at(i)}.tool_calls"
        if chat.role_of(message) != "assistant":
            yield "tool-call", f"{at}: only assistant messages call tools"
        elif not isinstance(calls, list) or not calls:
            what = "an empty list" if calls == [] else kind(calls)
            yield "tool-call", f"{at} is {what}, not a list of calls"
        else:
            for j, call in enumerate(calls):
                yield from _call(call, f"{at}[{j}]", offered)


def _call(call: object, at: str, offered: set[str] | None) -> Iterator[Fault]:
    if not isinstance(call, dict):
        yield "tool-call", f"{at} is {kind(call)}, not an object"
        return
    if not (isinstance(call.get("id"), str) and call["id"]):
        yield "tool-call", f"{at} has no `id`"
    if call.get("type") == "custom":
        return
    if call.get("type") != "function":
        yield "tool-call", f"{at}.type is {quoted(call.get('type'))}, not function"
    yield from _function(call.get("function"), f"{at}.function", offered)


def _function(function: object, at: str, offered: set[str] | None) -> Iterator[Fault]:
    if not isinstance(function, dict):
        yield "tool-call", f"{at} is {'missing' if function is None else kind(function)}"
        return
    name, arguments = function.get("name"), function.get("arguments")
    if not (isinstance(name, str) and _FUNCTION_NAME.match(name)):
        yield "tool-call", f"{at}.name is {'missing' if name is None else quoted(name)}"
    elif offered is not None and name not in offered:
        yield "unknown-tool", f"{at}.name is {quoted(name)}, which is not on offer"
    if not isinstance(arguments, str):
        what = "missing" if arguments is None else f"{kind(arguments)}, not a text"
        yield "tool-call", f"{at}.arguments is {what}"
    else:
        try:
            json.loads(arguments)
        except (ValueError, RecursionError):
            yield "tool-arguments", f"{at}.arguments is not JSON"


def tool_answers(talk: chat.Conversation) -> Iterator[Fault]:
    """Yield calls without an answer and answers without a call.

    The calls of the very last message wait for no answer: making them is what is learned.
    """
    waiting: dict[str, str] = {}
    made: set[str] = set()
    for i, message in talk.messages:
        at, role = talk.at(i), chat.role_of(message)
        if role == "tool":
            answers = message.get("tool_call_id")
            if not isinstance(answers, str) or not answers:
                yield "tool-answer", f"{at} has no `tool_call_id`"
            elif answers in waiting:
                del waiting[answers]
            elif answers in made:
                yield "tool-answer", f"{at} answers {quoted(answers)} a second time"
            else:
                yield (
                    "tool-answer",
                    f"{at} answers {quoted(answers)}, which no message before calls",
                )
            continue
        for call, place in waiting.items():
            yield "unanswered-call", f"{place} ({quoted(call)}) is not answered before {at}"
        waiting = {}
        calls = message.get("tool_calls")
        for j, call in enumerate(calls if isinstance(calls, list) else ()):
            if isinstance(call, dict) and isinstance(call.get("id"), str):
                place = f"{at}.tool_calls[{j}]"
                if call["id"] in waiting:  # in a later message, an id may be used again
                    yield "tool-call", f"{place} has the id {quoted(call['id'])} of another call"
                made.add(call["id"])
                waiting[call["id"]] = place
    if waiting and talk.messages and chat.role_of(talk.messages[-1][1]) == "tool":
        for call, place in waiting.items():
            yield "unanswered-call", f"{place} ({quoted(call)}) is not answered"

"""Examples for fine-tuning that are not a plain chat, and what tells the formats apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from filesync.core.content import chat
from filesync.core.content.findings import Fault
from filesync.core.content.json_line import kind, quoted

Format = Literal["chat", "completions", "preference", "reinforcement"]

MIN_EXAMPLES = 10
"""How many examples a job needs."""

LIKE: dict[str, Format] = {"chat": "chat", "reinforcement": "chat"}
"""The formats that one file may hold together, as only an example's end tells them apart."""

_CHAT_KEYS = {"messages", "tools", "parallel_tool_calls", "functions", "function_call"}
_PREFERENCE_KEYS = ("input", "preferred_output", "non_preferred_output")
_COMPLETION_KEYS = ("prompt", "completion")


def format_of(example: dict[str, Any]) -> Format | None:
    """Return which format an example is written in, None where nothing says so.

    Reinforcement is a chat with fields of its own for the grader, and without the answer.
    """
    if "preferred_output" in example or "non_preferred_output" in example:
        return "preference"
    if "messages" in example:
        talk = chat.conversation_of(example)
        answered = bool(talk.messages) and chat.role_of(talk.messages[-1][1]) == "assistant"
        return "reinforcement" if example.keys() - _CHAT_KEYS and not answered else "chat"
    if "prompt" in example or "completion" in example:
        return "completions"
    return "preference" if isinstance(example.get("input"), dict) else None


def chat_keys(example: dict[str, Any]) -> Iterator[Fault]:
    """Yield keys beside `messages` that a chat example does not have."""
    for key in example:
        if key not in _CHAT_KEYS:
            yield "unknown-key", f"the unknown key {quoted(key)}"


def completions(example: dict[str, Any]) -> Iterator[Fault]:
    """Yield what is wrong with a prompt and its completion."""
    for key in _COMPLETION_KEYS:
        value = example.get(key)
        if key not in example:
            yield "completion", f"`{key}` is missing"
        elif not isinstance(value, str):
            yield "completion", f"`{key}` is {kind(value)}, not a text"
        elif key == "completion" and not value:
            yield "completion", "`completion` is empty"
        elif key == "completion" and not value.strip():
            yield "empty-content", "`completion` is blank"
    for key in example:
        if key not in _COMPLETION_KEYS:
            yield "unknown-key", f"the unknown key {quoted(key)}"


def preference(example: dict[str, Any]) -> Iterator[Fault]:
    """Yield what is wrong with a preference itself; its messages have checks of their own."""
    for key in example:
        if key not in _PREFERENCE_KEYS:
            yield "unknown-key", f"the unknown key {quoted(key)}"
    if not isinstance(example.get("input"), dict):
        what = kind(example["input"]) if "input" in example else "missing"
        yield "preference", f"`input` is {what}, not an object with `messages`"
    for key in _PREFERENCE_KEYS[1:]:
        talk = chat.conversation_of(example, key)
        yield from (("preference", message) for _, message in chat.shape(talk))
        for i, message in talk.messages:
            if chat.role_of(message) not in ("assistant", "tool"):
                role = quoted(message.get("role"))
                yield "preference", f"{key}[{i}] has the role {role}, not assistant"
        said = [chat.role_of(message) for _, message in talk.messages]
        if said and "assistant" not in said:
            yield "preference", f"`{key}` has no assistant message"
    if "preferred_output" in example:
        preferred, other = (example.get(key) for key in _PREFERENCE_KEYS[1:])
        if preferred and preferred == other:
            yield "same-outputs", "the preferred and the non-preferred output are the same"


def preference_talks(example: dict[str, Any]) -> Iterator[chat.Conversation]:
    """Yield the three conversations of a preference."""
    asked = example.get("input")
    if isinstance(asked, dict):
        yield chat.conversation_of(asked, "input.messages")
    for key in _PREFERENCE_KEYS[1:]:
        yield chat.conversation_of(example, key)


def reinforcement_end(talk: chat.Conversation) -> Iterator[Fault]:
    """Yield that the messages end with the answer that the model is to find."""
    if talk.messages and chat.role_of(talk.messages[-1][1]) == "assistant":
        yield "ends-with-assistant", "the last message has the role assistant"

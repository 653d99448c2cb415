"""Which checks a line goes through: one row each, with the format that it is for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from filesync.core.content import batch, chat, fine_tune, tools
from filesync.core.content.findings import Fault
from filesync.core.content.fine_tune import LIKE
from filesync.core.content.frame import Frame, LineFormat
from filesync.core.content.json_line import quoted
from filesync.core.servers import SERVER_TYPES

Line = dict[str, Any]
LineCheck = Callable[[Line], Iterator[Fault]]
TalkCheck = Callable[[chat.Conversation], Iterator[Fault]]

# What holds for messages wherever they stand in an example.
_MESSAGES: tuple[TalkCheck, ...] = (
    chat.shape,
    chat.roles,
    chat.keys,
    chat.contents,
    chat.names,
    chat.images,
    chat.image_limits,
    chat.learned_parts,
    tools.tools,
    tools.functions,
    tools.parallel,
    tools.tool_calls,
    tools.tool_answers,
)
_CHAT: tuple[TalkCheck, ...] = (*_MESSAGES, chat.weights, chat.assistant)
_REINFORCEMENT: tuple[TalkCheck, ...] = (*_MESSAGES, fine_tune.reinforcement_end)
# The two outputs are not whole conversations: they have a shape of their own to check.
_OUTPUT: tuple[TalkCheck, ...] = (
    chat.contents,
    chat.learned_parts,
    chat.names,
    chat.images,
    tools.tool_calls,
)


def _chat(line: Line) -> Iterator[Fault]:
    talk = chat.conversation_of(line)
    for check in _CHAT:
        yield from check(talk)


def _reinforcement(line: Line) -> Iterator[Fault]:
    talk = chat.conversation_of(line)
    for check in _REINFORCEMENT:
        yield from check(talk)


def _preference_messages(line: Line) -> Iterator[Fault]:
    for talk in fine_tune.preference_talks(line):
        for check in _MESSAGES if talk.place == "input.messages" else _OUTPUT:
            yield from check(talk)


LINE_CHECKS: dict[LineFormat, tuple[LineCheck, ...]] = {
    "batch": (
        batch.envelope,
        batch.address,
        batch.body,
        batch.messages,
        batch.response_items,
    ),
    "chat": (fine_tune.chat_keys, _chat),
    "completions": (fine_tune.completions,),
    "preference": (fine_tune.preference, _preference_messages),
    "reinforcement": (_reinforcement,),
    "json": (),
}
"""The checks of each format, for one line by itself."""


def faults_of(line: Line, frame: Frame) -> Iterator[Fault]:
    """Yield all that is wrong with a line: by itself, and compared with the file's frame."""
    if frame.format == "json":
        return
    if frame.format == "batch":
        server = SERVER_TYPES[frame.server]
        if not server.batch_envelope:
            return
        yield from _beside(line, frame)
        # Of a path that only this server has, we do not know what a body needs.
        is_own = batch.own_url(line, server)
        checks = (batch.envelope,) if is_own else LINE_CHECKS["batch"]
    else:
        found = fine_tune.format_of(line)
        if found is None:
            yield "unknown-format", "has none of `messages`, `prompt` and `preferred_output`"
            return
        if frame.format and LIKE.get(found, found) != LIKE.get(frame.format, frame.format):
            yield "mixed-formats", f"is {_A[found]}, but this file holds {_MANY[frame.format]}"
            return
        checks = LINE_CHECKS[frame.format or found]
    for check in checks:
        yield from check(line)


_A = {
    "chat": "a chat",
    "reinforcement": "a chat for reinforcement",
    "completions": "a prompt with its completion",
    "preference": "a preference",
}
_MANY = {
    "chat": "chats",
    "reinforcement": "chats for reinforcement",
    "completions": "prompts with completions",
    "preference": "preferences",
}


def _beside(line: Line, frame: Frame) -> Iterator[Fault]:
    url, model = batch.url_of(line), batch.model_of(line)
    if url and frame.url and url != frame.url:
        yield "mixed-urls", f"`url` is {quoted(url)}; other requests have {quoted(frame.url)}"
    if model and frame.model and model != frame.model:
        yield (
            "mixed-models",
            f"`body.model` is {quoted(model)}; other requests have {quoted(frame.model)}",
        )

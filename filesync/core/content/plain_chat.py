"""The fast way for ordinary chat examples: let lines through that are certainly good.

How it works: msgspec decodes a block of lines into the few types below and refuses everything
else, without decoding the texts themselves. How long a line with these parts is in the file's
style is then known: where the block has that length, and its keys stand as often as they must, no
key can have been there twice and no whitespace or order is unusual. What is not let through is
not wrong: it goes through all checks.

Why counting is enough: in the style without spaces nothing can be left out, so one more key or
space makes the block longer. In the other style each space belongs to the beginning of a line, up
to the text of its first message, or to what stands between two texts of a line, which is counted.
That cannot stand in a text, where its quotes are escaped, nor more than once for each message,
unless a key is there twice: then the block is longer.

Nothing is done line by line in Python but what `map` can do. Measured on examples of 1 KB, one
core: 0.25 to 0.6 times the speed of msgspec decoding alone (the more escapes, the better), and 1.5
to 2 times that of the standard library's parser. Of msgspec, jiter, orjson and simdjson only
msgspec checks types and skips texts while it parses; it has no dependencies, and its wheels cover
what we support.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable
from itertools import chain
from operator import attrgetter, itemgetter, methodcaller
from typing import Any, NamedTuple

import msgspec

# As `chat.contents` judges: a text of a few blanks and nothing else, here as JSON writes it.
_BLANK = re.compile(rb'"(?: |\\[nrt]|\\u00(?:20|0[9aAdD]))*"')
_SHORT = 62
_MESSAGES = attrgetter("messages")
_CONTENT = attrgetter("content")
_LAST = itemgetter(-1)


class _System(msgspec.Struct, tag_field="role", tag="system", forbid_unknown_fields=True, gc=False):
    content: msgspec.Raw


class _Developer(
    msgspec.Struct, tag_field="role", tag="developer", forbid_unknown_fields=True, gc=False
):
    content: msgspec.Raw


class _User(msgspec.Struct, tag_field="role", tag="user", forbid_unknown_fields=True, gc=False):
    content: msgspec.Raw


class _Assistant(
    msgspec.Struct, tag_field="role", tag="assistant", forbid_unknown_fields=True, gc=False
):
    content: msgspec.Raw


class _Example(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    messages: list[_System | _Developer | _User | _Assistant]


_ROLES: dict[type[Any], int] = {
    _System: len("system"),
    _Developer: len("developer"),
    _User: len("user"),
    _Assistant: len("assistant"),
}
_DECODER = msgspec.json.Decoder(_Example)


class _Style(NamedTuple):
    """How a program writes JSON: how a line begins, and the bytes that are not role or content.

    Of a line with its end these are `line`, and `message` for each message. `begins` says whether
    a line begins as it has to; `count` says in how many places of a block a further message of a
    line begins so.
    """

    opening: bytes
    line: int
    message: int
    begins: Callable[[bytes], bool]
    count: Callable[[bytes], int]


def _style(opening: bytes, between: bytes, comma: bytes, colon: bytes) -> _Style:
    """Return a style: how a line opens, what is between two messages, a comma and a colon."""
    role = b'{"role"' + colon + b'"'
    names = [name.__struct_config__.tag for name in _ROLES]
    content = b'"' + comma + b'"content"' + colon + b'"'
    beginnings = tuple(opening + role + str(name).encode() + content for name in names)
    further = re.compile(re.escape(between + role) + rb"[a-z]+" + re.escape(content))
    return _Style(
        opening + b'{"role"' + colon,
        line=len(opening + b"]}\n") - len(comma),
        message=len(role + content + b"}" + comma) - len(b'"'),
        begins=methodcaller("startswith", beginnings),
        count=lambda block: len(further.findall(block)),
    )


_STYLES = (
    # As json.dumps writes it, and without spaces.
    _style(b'{"messages": [', b"}, ", b", ", b": "),
    _style(b'{"messages":[', b"},", b",", b":"),
)


class PlainChat:
    """Lets blocks of ordinary lines through; one for each file, as it learns the file's style."""

    def __init__(self) -> None:
        self._style: _Style | None = None

    def keys(self, block: bytes) -> array[int] | None:
        """Return the hash of each line of a block of whole lines, None if one is not ordinary."""
        if self._style is None or not block.startswith(self._style.opening):
            self._style = next((one for one in _STYLES if block.startswith(one.opening)), None)
            if self._style is None:
                return None
        try:
            talks = list(map(_MESSAGES, _DECODER.decode_lines(block)))
            if not block.isascii():
                block.decode()
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
        if not all(talks) or set(map(type, map(_LAST, talks))) != {_Assistant}:
            return None
        messages = list(chain.from_iterable(talks))
        contents = list(map(_CONTENT, messages))
        lengths = list(map(len, contents))
        roles = list(map(type, messages))
        size = sum(lengths) + sum(roles.count(role) * length for role, length in _ROLES.items())
        lines = block.split(b"\n")
        lines.pop()
        if len(lines) != len(talks) or not _is_written_so(
            block, lines, self._style, (len(messages), size)
        ):
            return None
        if min(lengths) < _SHORT and _has_blank(contents, lengths):
            return None
        return array("q", map(hash, lines))


def _is_written_so(block: bytes, lines: list[bytes], style: _Style, has: tuple[int, int]) -> bool:
    """Say whether a block is what a style makes of so many messages, and bytes in them."""
    messages, size = has
    return (
        len(block) == len(lines) * style.line + messages * style.message + size
        and all(map(style.begins, lines))
        and style.count(block) == messages - len(lines)
    )


def _has_blank(contents: list[msgspec.Raw], lengths: list[int]) -> bool:
    known = None  # one that is not: short texts are often the same, as instructions are
    for content, length in zip(contents, lengths, strict=True):
        if length < _SHORT and content != known:
            if _BLANK.fullmatch(content):
                return True
            known = content
    return False

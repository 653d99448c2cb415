"""The fast way for ordinary chat examples: let lines through that are certainly good.

How it works: msgspec decodes a block of lines into the few types below and refuses everything
else, without decoding the texts themselves. Then the block is written again from what was found in
it, in the file's style: where that is the same, byte for byte, no key was there twice, and no
whitespace or order is unusual. What is not let through is not wrong: it goes through all checks.

Nothing is done line by line in Python but what `map` can do. Of msgspec, jiter, orjson and simdjson
only msgspec checks types and skips texts while it parses; it has no dependencies, and its wheels
cover what we support. docs/performance.md has what this costs.
"""

from __future__ import annotations

import io
import re
from array import array
from itertools import accumulate, chain
from operator import attrgetter, itemgetter
from struct import Struct
from typing import Literal, NamedTuple

import msgspec

# As `chat.contents` judges: a text of a few blanks and nothing else, here as JSON writes it.
_BLANK = re.compile(rb'"(?: |\\[nrt]|\\u00(?:20|0[9aAdD]))*"')
_SHORT = 62
_MESSAGES = attrgetter("messages")
_ROLE = attrgetter("role")
_CONTENT = attrgetter("content")
_LAST = itemgetter(-1)
# What a text begins with, its quote included: any, and those that can be blank.
_BEGINNING = Struct("cc").unpack_from
_QUOTE = b'"'
_MAY_BE_BLANK = {(_QUOTE, one) for one in (b" ", b"\\", _QUOTE)}

_Role = Literal["system", "developer", "user", "assistant"]


class _Message(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    role: _Role
    content: msgspec.Raw


class _Example(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    messages: list[_Message]


_DECODER = msgspec.json.Decoder(_Example)


class _Style(NamedTuple):
    """How a program writes JSON: the bytes before a content, by the role of its message.

    `first` is for the first message of a line, with the end of the line before, and `further` for
    the others. `end` ends a line.
    """

    opening: bytes
    first: dict[_Role, bytes]
    further: dict[_Role, bytes]
    end: bytes


def _style(comma: bytes, colon: bytes) -> _Style:
    """Return the style of a comma and a colon, with what stands behind them."""
    opening, end = b'{"messages"' + colon + b"[", b"}]}\n"
    roles: tuple[_Role, ...] = ("system", "developer", "user", "assistant")
    began = {
        role: b'{"role"' + colon + b'"' + role.encode() + b'"' + comma + b'"content"' + colon
        for role in roles
    }
    return _Style(
        opening,
        {role: end + opening + text for role, text in began.items()},
        {role: b"}" + comma + text for role, text in began.items()},
        end,
    )


_STYLES = (_style(b", ", b": "), _style(b",", b":"))  # as json.dumps writes, and without spaces


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
        if not all(talks) or set(map(_ROLE, map(_LAST, talks))) != {"assistant"}:
            return None
        if not _is_written_so(block, talks, self._style):
            return None
        return array("q", map(hash, io.BytesIO(block)))


def _is_written_so(block: bytes, talks: list[list[_Message]], style: _Style) -> bool:
    """Say whether all contents are texts, none blank, and a block is what a style makes of them."""
    messages = list(chain.from_iterable(talks))
    contents = list(map(_CONTENT, messages))
    lengths = list(map(len, contents))
    if min(lengths) < len(b'""'):  # a number
        return False
    beginnings = set(map(_BEGINNING, contents))
    if any(first != _QUOTE for first, _ in beginnings):
        return False
    if not beginnings.isdisjoint(_MAY_BE_BLANK) and _has_blank(contents, lengths):
        return False
    befores = _befores(talks, list(map(_ROLE, messages)), style)
    befores[0] = befores[0].removeprefix(style.end)
    written = b"".join(
        chain(chain.from_iterable(zip(befores, contents, strict=True)), (style.end,))
    )
    return written == block


def _befores(talks: list[list[_Message]], roles: list[_Role], style: _Style) -> list[bytes]:
    """Return the bytes before each content, with the end of a line before the first of the next."""
    count = len(talks[0])
    # Most files have lines of the same roles: then those of the first line hold for the block.
    if roles == roles[:count] * len(talks) and set(map(len, talks)) == {count}:
        first, *further = roles[:count]
        return [style.first[first], *map(style.further.__getitem__, further)] * len(talks)
    befores = list(map(style.further.__getitem__, roles))
    for at in accumulate(map(len, talks[:-1]), initial=0):
        befores[at] = style.first[roles[at]]
    return befores


def _has_blank(contents: list[msgspec.Raw], lengths: list[int]) -> bool:
    known = None  # one that is not: short texts are often the same, as instructions are
    for content, length in zip(contents, lengths, strict=True):
        if length < _SHORT and content != known:
            if _BLANK.fullmatch(content):
                return True
            known = content
    return False

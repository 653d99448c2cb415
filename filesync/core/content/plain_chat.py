"""The fast way for ordinary chat examples: let lines through that are certainly good.

How it works: msgspec decodes a block of lines into the few types below and refuses everything
else, without decoding the texts themselves. Then the block is written again, in the file's style
and order of keys: keys and roles as we write them, with the contents that were found between them.
What is not let through is not wrong: it goes through all checks.

Why that is a proof: each content is one whole JSON value, since msgspec went over it, and begins
with a quote, so it is one text; it was looked at by itself, and is not blank. All between the
contents was written here. So where both are the same, byte for byte, the block is what we wrote:
whole examples, one a line, with roles that we know, the last of them the assistant's, and every
key once. No more is asked of what was decoded; it may even be roles of an earlier block that are
written.

Nothing is done line by line in Python but what `map` can do. Of msgspec, jiter, orjson and simdjson
only msgspec checks types and skips texts while it parses; it has no dependencies, and its wheels
cover what we support. docs/performance.md has what this costs.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator
from itertools import accumulate, chain, compress
from operator import attrgetter, itemgetter
from typing import Literal, NamedTuple

import msgspec

from filesync.core.content.repeated import key_of

# As `chat.contents` judges: a text of a few blanks and nothing else, here as JSON writes it.
_BLANK = re.compile(rb'"(?: |\\[nrt]|\\u00(?:20|0[9aAdD]))*"')
_SHORT = 63  # more bytes than `chat.contents` takes for blank, however they are written
_MOST_COLUMNS = 16
_MESSAGES = attrgetter("messages")
_ROLE = attrgetter("role")
_CONTENT = attrgetter("content")
_LAST = itemgetter(-1)
# What a text begins with, its quote included, where it is not short; what any text begins with,
# and those that can be blank.
_BEGINNING_OF_LONG = struct.Struct(f"c{_SHORT - 1}x").unpack_from
_BEGINNING = struct.Struct("cc").unpack_from
_QUOTE = b'"'
_MAY_BE_BLANK = {(_QUOTE, one) for one in (b" ", b"\\", _QUOTE)}

_Role = Literal["system", "developer", "user", "assistant"]


class _Message(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    role: _Role
    content: msgspec.Raw


class _Example(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    messages: list[_Message]


_DECODER = msgspec.json.Decoder(_Example)


_ROLES: tuple[_Role, ...] = ("system", "developer", "user", "assistant")


class _Style(NamedTuple):
    """How a program writes JSON: the bytes between two contents, by the role that is among them.

    That is the role of the second content, or where `content_first` of the first. `beginning` is
    that of a line, by which its style is known. `lines` is for contents of two lines, `messages`
    for those of one. `end` ends a line.
    """

    content_first: bool
    beginning: bytes
    lines: dict[_Role, bytes]
    messages: dict[_Role, bytes]
    end: bytes


def _style(comma: bytes, colon: bytes, *, content_first: bool) -> _Style:
    """Return the style of a comma and a colon, with what stands behind them, and of an order."""
    opening, content = b'{"messages"' + colon + b"[{", b'"content"' + colon
    roles = {role: b'"role"' + colon + b'"' + role.encode() + b'"' for role in _ROLES}
    if content_first:
        end = comma + roles["assistant"] + b"}]}\n"
        lines = dict.fromkeys(_ROLES, end + opening + content)
        messages = {role: comma + roles[role] + b"}" + comma + b"{" + content for role in _ROLES}
        return _Style(content_first, opening + b'"content"', lines, messages, end)
    end = b"}]}\n"
    lines = {role: end + opening + roles[role] + comma + content for role in _ROLES}
    messages = {role: b"}" + comma + b"{" + roles[role] + comma + content for role in _ROLES}
    return _Style(content_first, opening + b'"role"', lines, messages, end)


# As json.dumps writes, and without spaces.
_STYLES = tuple(
    _style(*marks, content_first=content_first)
    for marks in ((b", ", b": "), (b",", b":"))
    for content_first in (False, True)
)


class PlainChat:
    """Lets blocks of ordinary lines through; one for each file, as it learns the file's style."""

    def __init__(self) -> None:
        self._style: _Style | None = None
        # Of the last block whose lines all had the same roles: the bytes before each content of
        # a line. Most files have such lines, and then no role is looked at.
        self._befores: list[bytes] = []

    def keys(self, data: bytes, end: int | None = None) -> bytes | None:
        """Return the key of each line before `end`, None if one is not ordinary; no copy is made.

        What is behind `end` may be anything.
        """
        end = len(data) if end is None else end
        if self._style is None or not data.startswith(self._style.beginning):
            self._style = next((one for one in _STYLES if data.startswith(one.beginning)), None)
            if self._style is None:
                return None
        block = memoryview(data)[:end]
        try:
            examples = _DECODER.decode_lines(block)
            if not data.isascii():
                str(block, "utf-8")
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
        contents = list(map(_CONTENT, chain.from_iterable(map(_MESSAGES, examples))))
        if not _are_texts(contents, len(examples)):
            return None
        for befores in self._befores_of(examples, len(contents), self._style):
            written = _written(befores, contents, self._style)
            if len(written) == end and data.startswith(written):
                return b"".join(map(key_of, io.BytesIO(written)))
        return None

    def _befores_of(
        self, examples: list[_Example], count: int, style: _Style
    ) -> Iterator[list[bytes]]:
        """Yield what may stand before each content: as in the lines before, then by the roles."""
        known = self._befores * len(examples)
        if len(known) == count:
            yield known
        talks = list(map(_MESSAGES, examples))
        if all(talks) and set(map(_ROLE, map(_LAST, talks))) == {"assistant"}:
            befores, first = _befores(talks, style), len(talks[0])
            if befores == befores[:first] * len(talks):
                self._befores = befores[:first]
            yield befores


def _are_texts(contents: list[msgspec.Raw], count: int) -> bool:
    """Say whether all contents of `count` lines are texts, and none of them blank."""
    if not contents:
        return False
    if count == 1:
        return _all_texts_of_any_length(contents)
    # In most files all lines have as many messages: then those at one place are alike, and the
    # instructions, often the same in all lines, are looked at once. Any other split is as right.
    columns = len(contents) // count
    if not 0 < columns <= _MOST_COLUMNS:
        columns = 1
    return all(map(_all_texts, (contents[i::columns] for i in range(columns))))


def _all_texts(contents: list[msgspec.Raw]) -> bool:
    one = contents[0]
    if one == contents[-1] and contents.count(one) == len(contents):
        contents = [one]
    try:
        return set(map(_BEGINNING_OF_LONG, contents)) == {(_QUOTE,)}
    except struct.error:  # one is short
        return _all_texts_of_any_length(contents)


def _all_texts_of_any_length(contents: list[msgspec.Raw]) -> bool:
    try:
        beginnings = set(map(_BEGINNING, contents))
    except struct.error:  # a number of one digit
        return False
    if any(first != _QUOTE for first, _ in beginnings):
        return False
    if beginnings.isdisjoint(_MAY_BE_BLANK):
        return True
    short = map(_SHORT.__gt__, map(len, contents))
    return not any(map(_BLANK.fullmatch, compress(contents, short)))


def _befores(talks: list[list[_Message]], style: _Style) -> list[bytes]:
    """Return the bytes before each content, with the end of a line before the first of the next."""
    roles = list(map(_ROLE, chain.from_iterable(talks)))
    if style.content_first:
        roles = ["assistant", *roles[:-1]]
    befores = list(map(style.messages.__getitem__, roles))
    for at in accumulate(map(len, talks[:-1]), initial=0):
        befores[at] = style.lines[roles[at]]
    return befores


def _written(befores: list[bytes], contents: list[msgspec.Raw], style: _Style) -> bytes:
    """Return the lines that these make together."""
    pieces: list[bytes | msgspec.Raw] = [style.end] * (2 * len(contents) + 1)
    pieces[:-1:2] = befores
    pieces[0] = befores[0].removeprefix(style.end)
    pieces[1::2] = contents
    return b"".join(pieces)

"""Which lines of a file are parsed one by one: those that are unusual, and no others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from unittest.mock import patch

import pytest

from filesync.core.content.frame import Frame
from filesync.core.content.json_line import LineParser
from filesync.core.content.lines import LineChecker
from filesync.core.content.plain_chat import PlainChat
from tests.core.content import builders

BLOCKS = 12  # more than those after which the fast way is given up in a file of unusual lines


@pytest.fixture
def parsed() -> Iterator[list[bytes]]:
    """The lines that are parsed one by one."""
    lines: list[bytes] = []
    parse = LineParser.parse

    def noted(parser: LineParser, line: bytes, *, cut: bool = False) -> object:
        lines.append(line)
        return parse(parser, line, cut=cut)

    with patch.object(LineParser, "parse", noted):
        yield lines


def check(blocks: list[bytes]) -> None:
    checker = LineChecker(Frame("chat"))
    for block in blocks:
        part = checker.check(block)
        assert part.errors == 0
        assert part.lines == block.count(b"\n")


def chats(*numbers: int) -> bytes:
    return builders.text_of(*map(builders.chat, numbers))


def test_a_few_unusual_lines_leave_the_others_to_the_fast_way(parsed: list[bytes]) -> None:
    tools = [builders.text_of(builders.tool_chat(number)) for number in range(BLOCKS)]
    check([chats(i) + tool + chats(i + 100, i + 200) for i, tool in enumerate(tools)])
    assert parsed == [tool.rstrip(b"\n") for tool in tools]


@pytest.mark.parametrize("end", [b"\r\n", b" \n"])
def test_lines_that_end_in_cr_lf_take_the_fast_way(parsed: list[bytes], end: bytes) -> None:
    check([chats(i, i + 100).replace(b"\n", end) for i in range(BLOCKS)])
    assert bool(parsed) == (end == b" \n")


@pytest.mark.parametrize("separators", [None, (",", ":")])
def test_lines_take_it_in_either_order_of_keys(
    parsed: list[bytes], separators: tuple[str, str] | None
) -> None:
    made = [
        json.dumps(builders.chat(i), separators=separators, sort_keys=True) + "\n"
        for i in range(BLOCKS)
    ]
    check([line.encode() for line in made])
    assert parsed == []


def test_the_fast_way_is_given_up_where_most_lines_are_unusual() -> None:
    tools = builders.text_of(*map(builders.tool_chat, range(3)))
    assert tries(chats(1) + tools, BLOCKS) == tries(chats(1) + tools, 2 * BLOCKS)
    assert tries(chats(1, 2, 3) + tools, BLOCKS) < tries(chats(1, 2, 3) + tools, 2 * BLOCKS)


def tries(block: bytes, times: int) -> int:
    """How often the fast way is tried in a file of the same blocks."""
    with patch.object(PlainChat, "keys", autospec=True, side_effect=PlainChat.keys) as keys:
        check([block] * times)
    return keys.call_count

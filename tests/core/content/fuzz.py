"""Lines that were once good, spoilt at random: `python -m tests.core.content.fuzz 1000000`."""

from __future__ import annotations

import copy
import json
import random
import sys
from collections.abc import Callable
from typing import Any

from filesync.core.content.findings import Finding
from filesync.core.content.frame import Frame
from filesync.core.content.json_line import LineParser
from filesync.core.content.lines import LineChecker
from filesync.core.content.plain_chat import PlainChat
from filesync.core.content.table import faults_of
from tests.core.content import builders

MADE: tuple[tuple[str, Callable[[int], dict[str, Any]]], ...] = (
    ("fine-tune", builders.chat),
    ("fine-tune", builders.tool_chat),
    ("fine-tune", builders.image_chat),
    ("fine-tune", builders.completion),
    ("fine-tune", builders.preference),
    ("fine-tune", builders.reinforcement),
    ("batch", builders.request),
    ("batch", builders.embedding),
)
FRAMES = (
    Frame("chat"),
    Frame("completions"),
    Frame("preference"),
    Frame("reinforcement"),
    Frame("batch", "/v1/chat/completions", "gpt-4o-mini"),
    Frame("json"),
    Frame(None),
)
VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 10**30, "", " ", "x", "user", "assistant", "tool", [], [[]], [None],
    {}, {"a": {}}, {"role": "tool"}, {"type": "text"}, {"type": "image_url", "image_url": None},
    "data:image/png;base64,AA", "\ud83d", {"id": 1}, {"id": "x", "function": 3},
)  # fmt: skip
PIECES = (b'"', b"\\", b"\\u", b"{", b"}", b"[", b"]", b",", b":", b"\xff", b"\0", b"NaN", b"\xc3")


def line(chance: random.Random) -> bytes:
    """One line, good or spoilt, without its end."""
    _, made = chance.choice(MADE)
    value: Any = made(chance.randrange(100))
    for _ in range(chance.randrange(3)):
        _change(value, chance)
    text = json.dumps(value, separators=chance.choice([None, (",", ":")])).encode()
    if chance.random() < 0.3:
        at = chance.randrange(len(text))
        piece = chance.choice(PIECES)
        text = text[:at] + piece + text[at + chance.randrange(3) :]
    if chance.random() < 0.05:
        text = text[: chance.randrange(len(text))]
    return text.replace(b"\n", b"")


def _change(value: Any, chance: random.Random) -> None:
    """Change something somewhere below a value."""
    while isinstance(value, dict | list) and value:
        key = chance.choice(list(value) if isinstance(value, dict) else range(len(value)))
        if chance.random() < 0.3 or not isinstance(value[key], dict | list):
            if chance.random() < 0.3:
                del value[key]
            else:
                value[key] = copy.deepcopy(chance.choice(VALUES))
            return
        value = value[key]


def try_lines(count: int, seed: int) -> int:
    """Check so many lines in every frame in turn; return how many findings there were.

    What the fast way lets through, the checks let through.
    """
    chance = random.Random(seed)
    found = 0
    plain, parser = PlainChat(), LineParser()
    checkers = [LineChecker(frame) for frame in FRAMES]
    for number in range(count):
        text = line(chance)
        part = checkers[number % len(checkers)].check(text + b"\n", last=True)
        assert part.lines == 1
        assert all(isinstance(one, Finding) and one.line == 1 for one in part.findings)
        found += len(part.findings)
        if plain.keys(text + b"\n") is not None:
            value = parser.parse(text)
            assert parser.faults == [], text
            assert value is not None
            assert list(faults_of(value, FRAMES[0])) == [], text
    return found


if __name__ == "__main__":
    total = int(sys.argv[1])
    print(f"{total:,} lines, {try_lines(total, 1):,} findings, no traceback")

"""Lines that were once good, spoilt at random: `python -m tests.core.content.fuzz 1000000`."""

from __future__ import annotations

import copy
import json
import random
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any

from filesync.core.content import batch
from filesync.core.content.findings import Fault, Finding, Tally
from filesync.core.content.frame import Frame
from filesync.core.content.json_line import BOM, LineParser
from filesync.core.content.lines import LineChecker
from filesync.core.content.rules import Severity
from filesync.core.content.table import faults_of
from filesync.core.servers import SERVER_TYPES
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
    ("batch", builders.response),
    *(("batch", builders.requests_to(url)) for url in builders.BODIES),
)
FRAMES = (
    Frame("chat"),
    Frame("completions"),
    Frame("preference"),
    Frame("reinforcement"),
    Frame("batch", "/v1/chat/completions", "gpt-4o-mini"),
    Frame("batch", "/v1/responses", "gpt-4o-mini", server="azure"),
    Frame("batch", server="groq"),
    Frame("batch", server="mistral"),
    Frame("json"),
    Frame(None),
)
VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 10**30, "", " ", "x", "user", "assistant", "tool", [], [[]], [None],
    {}, {"a": {}}, {"role": "tool"}, {"type": "text"}, {"type": "image_url", "image_url": None},
    "data:image/png;base64,AA", "\ud83d", "/chat/completions", "/v1/audio/translations",
    [{"role": "user", "content": [{"type": "text"}]}], {"type": "input_audio"},
    {"id": 1}, {"id": "x", "function": 3},
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


def text(chance: random.Random) -> bytes:
    """A file of some lines: good ones of one kind, and spoilt ones between them."""
    _, made = chance.choice(MADE)
    style = chance.choice([None, (",", ":")])
    lines = []
    for number in range(chance.randrange(1, 40)):
        if chance.random() < 0.5:
            lines.append(json.dumps(made(number), separators=style).encode())
        else:
            lines.append(line(chance))
    end = chance.choice([b"\n", b"\n", b"\r\n"])
    mark = b"\xef\xbb\xbf" if chance.random() < 0.1 else b""
    return mark + end.join(lines) + chance.choice([end, end, b"", b"\n\n"])


def one_by_one(data: bytes, frame: Frame) -> tuple[list[Finding], Mapping[Severity, int]]:
    """What is wrong with each line by itself, without the fast way; the first 20 are kept."""
    tally, parser = Tally(), LineParser()
    if data.startswith(BOM):
        if not SERVER_TYPES[frame.server].byte_order_mark:
            tally.add(1, "byte-order-mark", "a byte order mark stands before the JSON")
        data = data.removeprefix(BOM)
    *lines, last = data.split(b"\n")
    for number, one in enumerate([*lines, last] if last else lines, 1):
        if not one.strip():
            tally.add(number, "blank-line", "a blank line")
            continue
        value = parser.parse(one, cut=number > len(lines))
        tally.add_all(number, parser.faults)
        _columns_fit(one, parser.faults)
        if value is not None:
            if frame.format == "batch":
                value = batch.as_openai(value, SERVER_TYPES[frame.server])
            tally.add_all(number, faults_of(value, frame))
    return list(tally.kept()), tally.counts


def _columns_fit(one: bytes, faults: list[Fault]) -> None:
    """Hold the columns that are reported against the line."""
    for rule, message in faults:
        found = re.search(r"column (\d+)", message)
        if rule == "not-utf-8" and found:
            at = int(found[1]) - 1
            assert f"0x{one[at]:02x}" in message
            assert one[:at].decode() is not None
        elif rule == "invalid-json" and found:
            # What stands before the column is good as far as it goes.
            before = one.decode()[: int(found[1]) - 1]
            assert _is_beginning(before), message


def _is_beginning(text: str) -> bool:
    """Say whether a text is JSON as far as it goes."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        ends = error.pos >= len(text.rstrip())
        return ends or error.msg.startswith(("Unterminated", "Invalid \\"))
    return True


def try_lines(count: int, seed: int) -> int:
    """Check so many lines, some to a file, in every frame in turn; return the findings.

    Line by line, and in stretches as they come from a disk, the same is found.
    """
    chance = random.Random(seed)
    found = checked = number = 0
    while checked < count:
        frame = FRAMES[number % len(FRAMES)]
        number += 1
        data = text(chance)
        checker = LineChecker(frame)
        part = checker.check(data, first=True, last=True)
        kept, counts = one_by_one(data, frame)
        assert list(part.findings) == kept, data
        assert {"error": part.errors, "warning": part.warnings} == counts
        assert part.lines == data.count(b"\n") + (data[-1:] != b"\n")
        found += sum(counts.values())
        checked += part.lines
    return found


if __name__ == "__main__":
    total = int(sys.argv[1])
    print(f"{total:,} lines, {try_lines(total, 1):,} findings, no traceback")

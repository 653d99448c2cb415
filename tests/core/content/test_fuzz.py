"""No line, whatever it holds, ends in a traceback; and the fast way is never too kind."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filesync.core.content.json_line import LineParser
from filesync.core.content.plain_chat import PlainChat
from filesync.core.content.table import faults_of
from tests.core.content import builders
from tests.core.content.fuzz import FRAMES, try_lines

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
ROLE = st.sampled_from(["system", "developer", "user", "assistant", "tool", "human"])
MESSAGE = st.fixed_dictionaries(
    {"role": ROLE, "content": st.text(max_size=20) | JSON},
    optional={"weight": JSON, "name": JSON, "content ": JSON},
)
EXAMPLE = st.fixed_dictionaries({"messages": st.lists(MESSAGE, max_size=4)})


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_spoilt_lines(seed: int) -> None:
    assert try_lines(4000, seed) > 1000


@given(EXAMPLE, st.booleans(), st.booleans())
def test_what_the_fast_way_lets_through_has_no_fault(
    example: object, compact: bool, ascii_only: bool
) -> None:
    separators = (",", ":") if compact else None
    text = json.dumps(example, separators=separators, ensure_ascii=ascii_only)
    line = text.encode(errors="surrogatepass")
    if PlainChat().keys(line + b"\n") is not None:
        parser = LineParser()
        value = parser.parse(line)
        assert parser.faults == []
        assert value is not None
        assert list(faults_of(value, FRAMES[0])) == []


@pytest.mark.parametrize(
    "change",
    [
        ('"role": "user"', '"role": "user", "role": "user"'),
        ('"content": "How', '"content": "x", "content": "How'),
        ('{"messages": [', '{"messages": [], "messages": ['),
        ('"role": "user"', '"r\\u006fle": "assistant", "role": "user"'),
        ('"content": "How much is 1 + 1?"', '"content": {"content": "x"}'),
        ('"content": "How much is 1 + 1?"', '"content": 12'),
        ('"content": "How much is 1 + 1?"', '"content": ""'),
        ('"content": "How much is 1 + 1?"', '"content": "\\u0020\\n"'),
        ("How much", "How \\ud83d much"),
        ("How much", "How \x01 much"),
        ("How much", "How \\q much"),
        ('{"messages"', ' {"messages"'),
        ('"user"', '"assistant "'),
    ],
)
def test_what_the_fast_way_must_not_let_through(change: tuple[str, str]) -> None:
    good = builders.text_of(*(builders.chat(number) for number in range(5)))
    assert PlainChat().keys(good) is not None
    bad = good.decode().replace(*change, 2)
    assert bad.encode() != good
    assert PlainChat().keys(bad.encode()) is None


@pytest.mark.parametrize("separators", [None, (",", ":")])
@pytest.mark.parametrize(
    "shapes",
    [
        ["sua", "sua", "sua"],
        ["sua", "ua", "sua"],
        ["ua", "uaua", "ua"],
        ["suaua", "sua", "ua"],
        ["sua", "dua", "sua"],
        ["a", "a", "a"],
    ],
)
def test_the_fast_way_takes_lines_of_the_same_roles_and_of_others(
    shapes: list[str], separators: tuple[str, str] | None
) -> None:
    roles = {"s": "system", "d": "developer", "u": "user", "a": "assistant"}
    lines = [
        {"messages": [{"role": roles[one], "content": f"{one} {i}"} for one in shape]}
        for i, shape in enumerate(shapes)
    ]
    text = [json.dumps(line, separators=separators) + "\n" for line in lines]
    assert PlainChat().keys("".join(text).encode()) is not None
    # One line has a key twice, in a block whose lines have the same roles all the same.
    for number, line in enumerate(text):
        spoilt = line.replace('{"role"', '{"role":"user","role"', 1)
        block = "".join([*text[:number], spoilt, *text[number + 1 :]])
        assert PlainChat().keys(block.encode()) is None


def test_the_fast_way_reads_utf_8_only() -> None:
    good = builders.text_of(builders.chat(1)).replace(b"much", b"m\xc3\xbcch")
    assert PlainChat().keys(good) is not None
    assert PlainChat().keys(good.replace(b"\xc3\xbc", b"\xfc")) is None

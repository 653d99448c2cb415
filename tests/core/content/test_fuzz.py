"""No line, whatever it holds, ends in a traceback; and the fast way is never too kind."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filesync.core.content.json_line import LineParser
from filesync.core.content.plain_chat import PlainChat
from filesync.core.content.repeated import key_of
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


# Lines as text, most of them good: what stands where it may, and what must not pass.
_TEXTS = st.sampled_from(
    [
        '"How much?"',
        '"\\u00fc \\" \\\\"',
        '"}, {\\"role\\": \\"user\\", \\"content\\": \\"x"',
        '"content: "',
        f'"{"x" * 100}"',
    ]
)
_VALUES = st.sampled_from(['""', '" \\n"', "1", "null", '["x"]', '{"content": "x"}', '"\\q"'])
_ROLES = st.sampled_from(['"system"', '"user"', '"assistant"'])
_OTHER_ROLES = st.sampled_from(['"tool"', '"\\u0075ser"', "1"])
_ROLE_KEYS = st.sampled_from(['"role"', '"r\\u006fle"'])
_CONTENT_KEYS = st.sampled_from(['"content"', '"c\\u006Fntent"'])
_SPACES = st.sampled_from(["", " ", "  ", "\n"])


@st.composite
def chat_blocks(draw: st.DrawFn) -> list[bytes]:
    """Draw blocks of lines in one style, most lines of the same roles, odd in a few places."""
    left = draw(st.integers(0, 3))  # oddities

    def odd(usual: str, others: st.SearchStrategy[str]) -> str:
        nonlocal left
        if left and draw(st.integers(0, 31)) == 0:
            left -= 1
            return draw(others)
        return usual

    comma, colon = draw(st.sampled_from([(", ", ": "), (",", ":")]))
    content_first = draw(st.booleans())

    def pair(key: str, value: str) -> str:
        return f"{key}{odd(colon, _SPACES.map(lambda one: f':{one}'))}{value}"

    def separator() -> str:
        return odd(comma, _SPACES.map(lambda one: f",{one}"))

    def message(role: str) -> str:
        shown = pair('"role"', odd(role, _OTHER_ROLES))
        said = pair('"content"', odd(draw(_TEXTS), _VALUES))
        again = odd(
            "", st.builds(pair, _ROLE_KEYS, _ROLES) | st.builds(pair, _CONTENT_KEYS, _TEXTS)
        )
        members = [one for one in (again, shown, said) if one]
        if bool(odd("", st.just("turned"))) != content_first:
            members.reverse()
        return "{" + separator().join(members) + "}"

    def example(roles: list[str]) -> str:
        talk = pair('"messages"', "[" + separator().join(map(message, roles)) + "]")
        again = odd("", st.builds(pair, st.just('"messages"'), st.just("[]")))
        return "{" + separator().join(one for one in (again, talk) if one) + "}"

    def line(usual: list[str]) -> str:
        roles = [*draw(st.lists(_ROLES, max_size=3)), draw(_ROLES)] if odd("", _ROLES) else usual
        return example(roles) + odd("\n", _SPACES)

    usual = [*draw(st.lists(_ROLES, max_size=2)), '"assistant"']
    blocks = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    return ["".join(line(usual) for _ in range(count)).encode() for count in blocks]


@given(chat_blocks())
def test_no_block_passes_that_has_a_fault_in_any_line(blocks: list[bytes]) -> None:
    plain = PlainChat()  # one for all: it learns from the blocks before
    parser = LineParser()
    behind = b"".join(reversed(blocks)) + b"\xff"
    for block in blocks:
        keys = plain.keys(block) if block.endswith(b"\n") else None
        assert plain.keys(block + behind, len(block)) == keys
        if keys is not None:
            lines = block.splitlines(keepends=True)
            assert keys == b"".join(map(key_of, lines))
            for line in lines:
                value = parser.parse(line)
                assert parser.faults == []
                assert value is not None
                assert list(faults_of(value, FRAMES[0])) == []


@given(EXAMPLE, st.booleans(), st.booleans(), st.booleans())
def test_what_the_fast_way_lets_through_has_no_fault(
    example: object, compact: bool, ascii_only: bool, sort_keys: bool
) -> None:
    separators = (",", ":") if compact else None
    text = json.dumps(example, separators=separators, ensure_ascii=ascii_only, sort_keys=sort_keys)
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
        ('"content": "How much is 1 + 1?"', '"content": 2'),
        ('"content": "How much is 1 + 1?"', '"content": ""'),
        ('"content": "How much is 1 + 1?"', '"content": "\\u0020\\n"'),
        ('"content": "How much is 1 + 1?"', '"content": "' + 10 * "\\u0020" + '"'),
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
    # The same where the role is written after the content.
    turned = re.compile(r'("role": "[a-z]+"), ("content": "(?:[^"\\]|\\.)*")')
    assert PlainChat().keys(turned.sub(r"\2, \1", good.decode()).encode()) is not None
    assert PlainChat().keys(turned.sub(r"\2, \1", bad).encode()) is None


@pytest.mark.parametrize("content_first", [False, True])
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
    shapes: list[str], separators: tuple[str, str] | None, content_first: bool
) -> None:
    roles = {"s": "system", "d": "developer", "u": "user", "a": "assistant"}
    lines = [
        {"messages": [{"role": roles[one], "content": f"{one} {i}"} for one in shape]}
        for i, shape in enumerate(shapes)
    ]
    text = [
        json.dumps(line, separators=separators, sort_keys=content_first) + "\n" for line in lines
    ]
    assert PlainChat().keys("".join(text).encode()) is not None
    # One line has a key twice, in a block whose lines have the same roles all the same.
    for number, line in enumerate(text):
        for key in ("role", "content"):
            spoilt = line.replace(f'"{key}"', f'"{key}":"user","{key}"', 1)
            block = "".join([*text[:number], spoilt, *text[number + 1 :]])
            assert PlainChat().keys(block.encode()) is None


def _spaced(number: int) -> str:
    return builders.text_of(builders.chat(number)).decode()


@pytest.mark.parametrize("learned", [False, True])
@pytest.mark.parametrize(
    "block",
    [
        # A key twice, and the bytes for it saved in other lines, which have no blanks.
        _spaced(1).replace('{"role": "user"', '{"role": "user", "role": "user"')
        + _spaced(2).replace('": ', '":').replace(', "', ',"').replace("}, {", "},{") * 3,
        # A number, where the lines around it have texts that are the same.
        _spaced(1) + _spaced(2).replace('"How much is 2 + 1?"', "12") + _spaced(1),
        # Two examples on a line, and as many line ends and bytes as if there were none.
        _spaced(1).rstrip("\n") + _spaced(2) + "\n",
        _spaced(1).replace("}, {", "},{", 1).rstrip("\n") + " " + _spaced(2) + "\n",
        # One example on two lines.
        _spaced(1).replace("}, {", "},\n{", 1) + _spaced(2),
        _spaced(1).replace("}, {", "},\n{", 1).rstrip("\n") + _spaced(2),
        # No messages in one line, and in another as many as in two.
        '{"messages": []}\n' + _spaced(1).replace("]}", ", ").rstrip("\n") + _spaced(2)[14:],
    ],
)
def test_what_one_line_saves_does_not_hide_another(block: str, learned: bool) -> None:
    plain = PlainChat()
    if learned:
        assert plain.keys(_spaced(3).encode()) is not None
    assert plain.keys(block.encode()) is None


def test_the_fast_way_reads_utf_8_only() -> None:
    good = builders.text_of(builders.chat(1)).replace(b"much", b"m\xc3\xbcch")
    assert PlainChat().keys(good) is not None
    assert PlainChat().keys(good.replace(b"\xc3\xbc", b"\xfc")) is None


@pytest.mark.parametrize("value", ["7" * 100, f'["{"x" * 100}"]', f'{{"x": "{"y" * 100}"}}'])
def test_the_fast_way_takes_long_texts_only(value: str) -> None:
    long = _spaced(1).replace("How", "How " * 20).replace("short", "short " * 20)
    good = long.replace('"2"', f'"{"two " * 20}"')
    assert PlainChat().keys(good.encode() * 3) is not None
    for text in re.findall(r'"content": ("[^"]*")', good):
        bad = good + good.replace(text, value) + good
        assert PlainChat().keys(bad.encode()) is None

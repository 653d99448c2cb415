"""YAML text -> data with positions: what is read how, and every guard against hostile text."""

from __future__ import annotations

import pytest
import yaml

from filesync.core.manifest import yaml_reader
from filesync.core.manifest.yaml_errors import MAX_BYTES, Unreadable
from filesync.core.manifest.yaml_reader import Mapping, load, position
from filesync.core.model import Position
from filesync.errors import Problem


@pytest.fixture(params=["CSafeLoader", "SafeLoader"], autouse=True)
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run each test with libyaml and with PyYAML's own scanner: they must read alike."""
    name = str(request.param)
    if not hasattr(yaml, name):
        pytest.skip("this PyYAML has no libyaml")
    monkeypatch.setattr(yaml_reader, "_LOADER", getattr(yaml, name))
    return name


def read(text: str) -> Mapping:
    root, problems = load(text.encode())
    assert problems == []
    return root


def stopped(text: str | bytes) -> Problem:
    with pytest.raises(Unreadable) as caught:
        load(text.encode() if isinstance(text, str) else text)
    return caught.value.problems[-1]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("-3", -3),
        ("1.5", 1.5),
        ("yes", True),
        ("Off", False),
        ("null", None),
        ("~", None),
        ("", None),
        # What YAML 1.1 would read otherwise than the writer meant stays text.
        ("2024-01-01", "2024-01-01"),
        ("1:30", "1:30"),
        ("010", "010"),
        ("1_000", "1_000"),
        ("0x10", "0x10"),
        ("9" * 5000, "9" * 5000),
        (".", "."),
        ("=", "="),
        ("n", "n"),
        ("'12'", "12"),
        ('"yes"', "yes"),
        ("!!str 12", "12"),
        ("! 12", "12"),
        ("!!int 12", 12),
        ("|\n  a\n  b\n", "a\nb\n"),
        ("[1, a]", [1, "a"]),
        ("{}", {}),
    ],
)
def test_values(text: str, value: object) -> None:
    got = read(f"a: {text}")["a"]
    assert got == value
    assert type(got) is type(value) or isinstance(got, list | dict)


def test_keys_are_what_is_written() -> None:
    assert list(read("on: 1\n123: 2\nnull: 3\n2024-01-01: 4\n'a b': 5\n? c\n: 6\n")) == [
        *("on", "123", "null", "2024-01-01", "a b", "c"),
    ]


def test_positions_of_values_and_keys() -> None:
    root = read("a: 1\nbb:\n  - x\n  - {c: 2}\n")
    assert root.at == (1, 1)
    assert position(root, ("a",)) == (1, 4)
    assert position(root, ("a",), of_key=True) == (1, 1)
    assert position(root, ("bb", 1, "c")) == (4, 9)
    assert position(root, ("bb", 1, "c"), of_key=True) == (4, 6)
    assert position(root, ("bb", "missing"), of_key=True) == (2, 1)
    assert position(root, ("missing",)) == (1, 1)


def test_columns_count_characters_and_a_bom_is_not_one() -> None:
    root, _ = load(b"\xef\xbb\xbf'\xc3\xa9\xf0\x9f\x98\x80': x")
    assert position(root, ("é😀",)) == (1, 7)


def test_windows_line_ends() -> None:
    assert position(read("a: 1\r\nb: 2\r\n"), ("b",)) == (2, 4)


def test_aliases_stand_where_they_are_used_and_share_what_is_inside() -> None:
    root = read("a: &x\n  k: 1\nb: *x\n")
    assert root["b"] == {"k": 1}
    assert position(root, ("b",)) == (3, 4)
    assert position(root, ("b", "k")) == (2, 6)
    assert read("&x k: v\nb: *x\n")["b"] == "k"


def test_merge_keys() -> None:
    root = read(
        "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\n"
        "one: {<<: *a, x: 9}\nfirst: {x: 9, <<: [*a, *b]}\nquoted: {'<<': 1}\n"
    )
    assert root["one"] == {"x": 9, "y": 1}
    assert root["first"] == {"x": 9, "y": 1, "z": 2}
    assert root["quoted"] == {"<<": 1}
    assert position(root, ("one", "y")) == (1, 17)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: 2\na: 3\n", Problem(3, 1, "a", "declared twice, first at line 1")),
        (
            "files:\n  t: {}\n  u:\n    p: 1\n    p: {q: 1}\n  v: 1\n",
            Problem(5, 5, "files.u.p", "declared twice, first at line 4"),
        ),
        ("a:\n- b: 1\n  b: 2", Problem(3, 3, "a[0].b", "declared twice, first at line 2")),
        (
            "a: !!python/object:os.system x",
            Problem(
                1,
                4,
                "a",
                "the tag !!python/object:os.system is not allowed: put the text in quotes",
            ),
        ),
        ("a: [!x y]", Problem(1, 5, "a[0]", "the tag !x is not allowed: put the text in quotes")),
        ("!x a: 1", Problem(1, 1, "", "the tag !x is not allowed: put the text in quotes")),
        ("a: !x {}", Problem(1, 4, "a", "the tag !x is not allowed: put the text in quotes")),
        ("a: {<<: 1}", Problem(1, 9, "a", "<< takes a mapping, or a list of mappings")),
    ],
)
def test_problems_that_do_not_stop_the_reading(text: str, problem: Problem) -> None:
    _, problems = load(text.encode())
    assert problems == [problem]


def test_the_first_of_two_equal_keys_counts() -> None:
    assert load(b"a: {x: 1}\na: {y: 2}\n")[0] == {"a": {"x": 1}}


def test_problems_found_before_the_reading_stopped_are_told_too() -> None:
    with pytest.raises(Unreadable) as caught:
        load(b"a: 1\na: 2\nb: 'x\n")
    assert [p.line for p in caught.value.problems] == [2, 3]


NOT_YAML = "not valid YAML: "
MISFIT = NOT_YAML + "this does not fit the lines above: check indentation and quotes"
COLON = "a ':' is not expected here: see the line above, or put the text in quotes"


@pytest.mark.parametrize(
    ("text", "line", "col", "message"),
    [
        ("", 1, 1, "is empty: `filesync init` writes a manifest to start from"),
        ("# nothing\n", 1, 1, "is empty: `filesync init` writes a manifest to start from"),
        ("---\n", 1, 1, "is empty: `filesync init` writes a manifest to start from"),
        ("\n- a\n", 2, 1, "must be a mapping with version, project and files"),
        ("hello", 1, 1, "must be a mapping with version, project and files"),
        ("a: 1\n---\nb: 2\n", 2, 1, "a second document begins here: a manifest is one document"),
        ("a: 1\n\tb: 2", 2, 1, NOT_YAML + "a tab in the indentation: use spaces"),
        ("a:\n\tb: 2", 2, 1, NOT_YAML + "a tab in the indentation: use spaces"),
        ("a: 'x\n\n", 1, 4, NOT_YAML + "a quote that is never closed"),
        ("a: *.md", 1, 5, NOT_YAML + "text that begins with '*' must be in quotes"),
        ("a: **/*.md", 1, 5, NOT_YAML + "text that begins with '*' must be in quotes"),
        ("a: @x", 1, 4, NOT_YAML + "text that begins with '@' must be in quotes"),
        ("a: b: c", 1, 5, NOT_YAML + COLON),
        ("a: 1\n b: 2", 2, 3, NOT_YAML + COLON),
        (
            "a: - b",
            1,
            4,
            NOT_YAML + "a '- ' is not expected here: begin the list on a line of its own",
        ),
        ("a: [1\nb: 2", 2, 2, NOT_YAML + "a list in [brackets] is not closed, or lacks a comma"),
        ("a:\n  b: 1\n c: 2", 3, 2, MISFIT),
        ("  a: 1\nb: 2", 2, 1, MISFIT),
        ("a: 'x' y", 1, 8, MISFIT),
        ("a: *b", 1, 4, "no &b above for *b: put it in quotes if the * is meant"),
        ("a: &b [*b]", 1, 8, "*b contains itself"),
        ("a: {<<: &b {c: *b}}", 1, 16, "*b contains itself"),
        ("a: {{ x }}", 1, 5, "a key must be text: put it in quotes"),
        ("? [a]\n: 1", 1, 3, "a key must be text: put it in quotes"),
        ("&a k: v\n*a : w", 2, 1, "a key must be text: put it in quotes"),
        ("a: x\x00", 1, 5, "control character \\x00 is not allowed in a manifest"),
        ("a: 1\r\nb: \x1b[0m", 2, 4, "control character \\x1b is not allowed in a manifest"),
        ("a: x\u2028", 1, 5, "control character \\u2028 is not allowed in a manifest"),
    ],
)
def test_text_that_cannot_be_read(text: str, line: int, col: int, message: str) -> None:
    problem = stopped(text)
    assert (problem.line, problem.col, problem.message) == (line, col, message)


@pytest.mark.parametrize(
    ("text", "line", "col", "message"),
    [
        (b"a: 1\nb: \xff", 2, 4, "byte 0xff is not UTF-8: save it as UTF-8"),
        (b"\xef\xbb\xbfa: \xe9", 1, 4, "byte 0xe9 is not UTF-8: save it as UTF-8"),
        (b"a: \xed\xa0\x80", 1, 4, "byte 0xed is not UTF-8: save it as UTF-8"),
        ("a: 1".encode("utf-16"), 1, 1, "is UTF-16: save it as UTF-8"),
        (b"#" * 50_000_000, 1, 1, "is 50.0 MB: at most 10 MiB are read; use globs"),
        (b"#" * (MAX_BYTES + 1), 1, 1, "is 10.5 MB: at most 10 MiB are read; use globs"),
    ],
    ids=["latin", "bom", "surrogate", "utf-16", "50MB", "over"],
)
def test_bytes_that_are_no_manifest(text: bytes, line: int, col: int, message: str) -> None:
    assert stopped(text) == Problem(line, col, "", message)


def test_a_bomb_is_refused_before_it_is_built() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    problem = stopped("\n".join(lines))
    assert problem.message == "expands to too much: more than 1,000,000 values"
    assert problem.line == 6


def test_a_bomb_of_merge_keys_is_refused_too() -> None:
    lines = ["a0: &a0 {x: [1, 2, 3, 4, 5, 6, 7, 8, 9]}"]
    for n in range(1, 30):
        lines.append(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}")
    assert stopped("\n".join(lines)).message.startswith("expands to too much")


def test_many_values_without_aliases_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_reader, "MAX_NODES", 1000)
    assert read("a: [" + "1," * 998 + "]")
    assert stopped("a: [" + "1," * 999 + "]").message.startswith("expands to too much")


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "[[{a: "])
def test_deep_nesting_stops_early(opening: str) -> None:
    assert stopped("a:\n " + opening * 100_000).message == "nested more than 32 levels deep"


def test_32_levels_are_allowed() -> None:
    assert read("a: " + "[" * 31 + "]" * 31)
    assert stopped("a: " + "[" * 32 + "]" * 32).message == "nested more than 32 levels deep"


def test_half_a_surrogate_pair_is_refused() -> None:
    assert stopped('a: "\\ud800"').message.startswith(NOT_YAML)


def test_positions_are_named_tuples() -> None:
    assert read("a: 1").value_at == {"a": Position(1, 4)}


def test_places_are_printable_and_short() -> None:
    assert yaml_reader.place_text(("a\x1b", "b" * 100, 3)) == f"a\\x1b.{'b' * 79}…[3]"

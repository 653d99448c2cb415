"""The glob language: a table of what matches, and a brute-force definition to agree with."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filesync.core.globs import Glob


def matches(pattern: str, path: str, *, dots: bool = False) -> bool:
    glob = Glob(pattern, dots=dots)
    *folders, name = path.split("/")
    states = glob.start
    for folder in folders:
        states = glob.step(states, folder)
    test = glob.final(states)
    return bool(test and test(name))


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("a.md", "a.md"),
        ("*.md", "a.md"),
        ("?.md", "a.md"),
        ("[ab].md", "a.md"),
        ("[!b].md", "a.md"),
        ("docs/*.md", "docs/a.md"),
        ("./docs//*.md", "docs/a.md"),
        ("docs/**/*.md", "docs/a.md"),
        ("docs/**/*.md", "docs/x/y/a.md"),
        ("docs/**", "docs/a.md"),
        ("docs/**", "docs/x/y/a"),
        ("docs/", "docs/x/a"),
        ("**", "a"),
        ("**/**", "x/a"),
        ("**/a/**/b", "a/b"),
        ("**/a/**/b", "x/a/a/y/b"),
        (".github/*.yml", ".github/ci.yml"),
        ("**/.git*", "x/.gitignore"),
        ("a**b", "axxb"),
        ("{a,b}.md", "{a,b}.md"),
        ("[x", "[x"),
    ],
)
def test_matches(pattern: str, path: str) -> None:
    assert matches(pattern, path)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*.md", "A.MD"),
        ("*.md", "x/a.md"),
        ("*.md", ".a.md"),
        ("?a", ".a"),
        ("[.]a", ".a"),
        ("[!b]a", ".a"),
        ("**", ".a"),
        ("**", ".x/a"),
        ("**/a", ".x/a"),
        ("*/a", ".x/a"),
        ("docs/**", "docs"),
        ("docs/*", "docs/x/a"),
        ("a**b", "a/b"),
        ("{a,b}.md", "a.md"),
        ("docs", "docs/a"),
    ],
)
def test_does_not_match(pattern: str, path: str) -> None:
    assert not matches(pattern, path)


@pytest.mark.parametrize(
    ("pattern", "path"), [("**", ".x/.a"), ("*", ".a"), ("**/*.md", ".x/.a.md"), ("[.]a", ".a")]
)
def test_wildcards_of_exclude_match_dot_names(pattern: str, path: str) -> None:
    assert matches(pattern, path, dots=True)


@pytest.mark.parametrize(
    ("pattern", "prefix"),
    [
        ("docs/**/*.md", ["docs"]),
        ("docs/a/b.md", ["docs", "a"]),
        ("*.md", []),
        ("a.md", []),
        ("**", []),
        ("a/[b]/c/*", ["a"]),
        ("../x/*", ["..", "x"]),
    ],
)
def test_fixed_prefix(pattern: str, prefix: list[str]) -> None:
    assert Glob(pattern).prefix == prefix


def brute_force(pattern: list[str], path: list[str], dots: bool) -> bool:
    """The definition: try every split."""
    if not pattern or not path:
        return not pattern and not path
    head, rest = pattern[0], pattern[1:]
    hidden = path[0].startswith(".") and not dots
    if head == "**":
        if not rest:
            return not any(name.startswith(".") and not dots for name in path)
        skip = not hidden and len(path) > 1 and brute_force(pattern, path[1:], dots)
        return skip or brute_force(rest, path, dots)
    wild = any(c in head for c in "*?[")
    if wild and hidden and not head.startswith("."):
        return False
    named = fnmatch.fnmatchcase(path[0], head) if wild else path[0] == head
    return named and brute_force(rest, path[1:], dots)


SEGMENTS = st.sampled_from(["**", "**", "*", "a", "b", "?", "a*", ".*", ".a", "[!a]", "*b"])
NAMES = st.sampled_from(["a", "b", "ab", ".a", ".ab", "ba"])


@given(
    st.lists(SEGMENTS, min_size=1, max_size=5),
    st.lists(NAMES, min_size=1, max_size=5),
    st.booleans(),
)
def test_agrees_with_brute_force(pattern: list[str], path: list[str], dots: bool) -> None:
    expected = brute_force(pattern, path, dots)
    assert matches("/".join(pattern), "/".join(path), dots=dots) == expected

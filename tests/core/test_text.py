"""Names as they are printed: nothing in them may command a terminal or a runner."""

from __future__ import annotations

import pytest

from filesync.core.ids import is_id
from filesync.core.text import printable


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("docs/a b.md", "docs/a b.md"),
        ("a::b", "a::b"),
        ("#1 [x]", "#1 [x]"),
        ("\x1b[31m\n", r"\x1b[31m\n"),
        ("\u202egpj", r"\u202egpj"),
        ("\udcff", r"\udcff"),
        ("::error::x", r"\x3a:error::x"),
        ("  ::set-output name=a::b", r"  \x3a:set-output name=a::b"),
        ("\xa0::debug::x", "\xa0\\x3a:debug::x"),
        ("::", r"\x3a:"),
        ("a ##[error]x ##[group]", r"a #\x23[error]x #\x23[group]"),
    ],
)
def test_what_could_do_harm_is_escaped(name: str, shown: str) -> None:
    assert printable(name) == shown
    assert printable(shown) == shown


@pytest.mark.parametrize("text", ["file-1", "a:b", "file-#1", "vs_[1]"])
def test_ids(text: str) -> None:
    assert is_id(text)


@pytest.mark.parametrize("text", ["::error::x", "a##[error]b", "..", "", "a/b", "a b", "a\nb"])
def test_what_cannot_be_an_id(text: str) -> None:
    assert not is_id(text)

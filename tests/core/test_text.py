"""Texts in columns: as wide as a terminal shows them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filesync.output.columns import fitted, padded, pieces, width


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("", 0),
        ("train.jsonl", 11),
        ("résumé", 6),
        ("re\u0301sume\u0301", 6),  # the same with accents of their own
        ("日本語.md", 9),
        ("\uff57\uff49\uff44\uff45", 8),
        ("한국어", 6),
        ("👍.png", 6),
    ],
)
def test_width_is_what_a_terminal_shows(text: str, columns: int) -> None:
    assert width(text) == columns


def test_pieces_leave_nothing_out() -> None:
    assert list(pieces("abcdefg", 3)) == ["abc", "def", "g"]
    assert list(pieces("日本語x", 3)) == ["日", "本", "語x"]
    assert list(pieces("e\u0301e\u0301e", 2)) == ["e\u0301e\u0301", "e"]
    assert list(pieces("", 3)) == [""]


def test_padded_fills_up_to_the_same_column() -> None:
    assert [padded(name, 6) + "|" for name in ("ab", "日本", "日本語")] == [
        "ab    |",
        "日本  |",
        "日本語|",
    ]
    assert padded("日本", 6, right=True) == "  日本"
    assert padded("too long", 3) == "too long"


def test_fitted_leaves_out_the_middle() -> None:
    assert fitted("train.jsonl", 11) == "train.jsonl"
    assert fitted("docs/a-long-name.md", 11) == "docs/…me.md"
    assert fitted("日本語の説明書.md", 10) == "日本…書.md"


@given(st.text(), st.integers(1, 40))
def test_fitted_fits(text: str, columns: int) -> None:
    short = fitted(text, columns)
    assert width(short) <= columns
    assert short == text or width(text) > columns

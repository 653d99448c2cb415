"""Texts in columns: as wide as a terminal shows them."""

from __future__ import annotations

import pytest

from filesync.output.columns import padded, width


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


def test_padded_fills_up_to_the_same_column() -> None:
    assert [padded(name, 6) + "|" for name in ("ab", "日本", "日本語")] == [
        "ab    |",
        "日本  |",
        "日本語|",
    ]
    assert padded("日本", 6, right=True) == "  日本"
    assert padded("too long", 3) == "too long"

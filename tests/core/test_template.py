"""`${filesync:KEY}` in a text: what is replaced, what is kept, and where each mistake stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filesync.core.template import fill
from filesync.errors import FilesyncError

IDS = {"train": "file-1", "docs/a b.md": "file-2"}


@pytest.mark.parametrize(
    ("text", "filled", "used"),
    [
        ("", "", set()),
        ("${filesync:train}", "file-1", {"train"}),
        ("a ${filesync:train}, ${filesync:train}.", "a file-1, file-1.", {"train"}),
        ("${filesync:docs/a b.md}", "file-2", {"docs/a b.md"}),
        ("$${filesync:train}", "${filesync:train}", set()),
        ("$${filesync:nothing}", "${filesync:nothing}", set()),
        ("$$${filesync:train}", "$${filesync:train}", set()),
        (
            "${HOME} $filesync:train {filesync:train}",
            "${HOME} $filesync:train {filesync:train}",
            set(),
        ),
        ("x\r\n${filesync:train}\r\n", "x\r\nfile-1\r\n", {"train"}),
    ],
)
def test_keys_become_ids_and_nothing_else_changes(text: str, filled: str, used: set[str]) -> None:
    assert fill(text, IDS, "job.json") == (filled, used)


@given(st.text())
def test_a_text_without_a_mark_stays(text: str) -> None:
    if "${filesync:" not in text:
        assert fill(text, IDS, "x") == (text, set())


def problems(text: str) -> list[str]:
    with pytest.raises(FilesyncError) as raised:
        fill(text, IDS, "job.json")
    assert "`filesync ids`" in raised.value.hint
    return raised.value.message.splitlines()


def test_every_unknown_key_is_named_with_its_line_and_column() -> None:
    first, second = problems("${filesync:trian}\n  é${filesync:x}${filesync:train}")
    assert first.startswith("job.json:1:1: ")
    assert "trian" in first
    assert "train" in first.replace("trian", ""), "the nearest key is proposed"
    assert second.startswith("job.json:2:4: ")
    assert "train" not in second


@pytest.mark.parametrize("text", ["${filesync:train", "${filesync:train\n}", "${filesync:"])
def test_a_mark_that_is_not_closed_is_named(text: str) -> None:
    (problem,) = problems(text)
    assert problem.startswith("job.json:1:1: ")
    assert "}" in problem


def test_many_mistakes_are_counted() -> None:
    lines = problems("${filesync:no}\n" * 60)
    assert len(lines) == 51
    assert lines[-1].endswith("10 more")


def test_keys_and_paths_are_safe_to_print() -> None:
    with pytest.raises(FilesyncError) as raised:
        fill("${filesync:\x1b[31m}", IDS, "job\n.json")
    assert "\x1b" not in raised.value.message
    assert raised.value.message.startswith(r"job\n.json:1:1:")

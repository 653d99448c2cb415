"""Nothing is found in good files of any format, however they are written."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.core.content import builders
from tests.core.content.builders import check

FORMATS: list[tuple[str, Callable[[int], dict[str, Any]]]] = [
    ("fine-tune", builders.chat),
    ("fine-tune", builders.tool_chat),
    ("fine-tune", builders.image_chat),
    ("fine-tune", builders.completion),
    ("fine-tune", builders.preference),
    ("fine-tune", builders.reinforcement),
    ("batch", builders.request),
    ("batch", builders.embedding),
    ("batch", builders.response),
]
STYLES: list[dict[str, Any]] = [
    {},
    {"separators": (",", ":")},
    {"ensure_ascii": False},
    {"sort_keys": True},
    {"separators": (" , ", " : ")},
]


@pytest.mark.parametrize(
    ("purpose", "made"), FORMATS, ids=lambda one: getattr(one, "__name__", one)
)
@pytest.mark.parametrize("style", STYLES, ids=str)
@pytest.mark.parametrize("end", ["\n", ""])
def test_good_files(
    purpose: str, made: Callable[[int], dict[str, Any]], style: dict[str, Any], end: str
) -> None:
    text = "\n".join(json.dumps(made(number), **style) for number in range(12)) + end
    assert check(purpose, text.encode()).findings == ()


def test_a_chat_may_end_with_a_call_that_nothing_answers_yet() -> None:
    example = builders.tool_chat()
    del example["messages"][2:]
    lines = [{**example, "messages": [*example["messages"]]} for _ in range(10)]
    for number, line in enumerate(lines):
        line["messages"][0] = {"role": "user", "content": f"{number}?"}
    assert check("fine-tune", builders.text_of(*lines)).findings == ()


@pytest.mark.parametrize("text", ["naïve café", "日本語", "🙂", 'say "hi"\n\tand \\ go', "\u2028"])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_any_text_is_good(text: str, ascii_only: bool) -> None:
    example = builders.chat()
    lines = []
    for number in range(10):
        example["messages"][1]["content"] = f"{number} {text}"
        lines.append(json.dumps(example, ensure_ascii=ascii_only))
    assert check("fine-tune", "\n".join(lines).encode()).findings == ()

"""What a search in a vector store answers, for a terminal and as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from filesync.core.stores.model import Answer
from filesync.core.text import printable

_COLUMNS = 88
_LINES = 6


def render_passages(found: Sequence[Answer]) -> str:
    """Return each passage below the name of its file, at most six lines of it."""
    return "\n\n".join(_one(answer) for answer in found)


def _one(answer: Answer) -> str:
    score = "" if answer.score is None else f"  {answer.score:.2f}"
    name = answer.key if answer.key is not None else answer.filename or answer.file_id
    text = printable(" ".join(answer.text.split()))
    lines = textwrap.wrap(text, _COLUMNS, max_lines=_LINES, placeholder=" …")
    return "\n".join([f"{printable(name)}{score}", *(f"  {printable(line)}" for line in lines)])


def passages_document(found: Sequence[Answer]) -> list[dict[str, Any]]:
    """Return `search --json`: a passage each, the best first."""
    return [
        {
            "key": answer.key,
            "file_id": answer.file_id,
            "filename": answer.filename,
            "score": answer.score,
            "text": answer.text,
        }
        for answer in found
    ]

"""The documents taken apart: pages, and in them blocks, sections, tables and headings."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from docs_helpers import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$|^<!-- run\n(.*?)^-->$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block and its language; `run` is what a reader does not see."""

    language: str
    text: str


def name_of(page: Path) -> str:
    """Return a page's path from the root of the checkout, to name a test by."""
    return str(page.relative_to(ROOT))


def text_of(name: str) -> str:
    """Return a page's text."""
    return (ROOT / name).read_text(encoding="utf-8")


def blocks_of(text: str) -> list[Block]:
    """Return the blocks of a page or of a part of it."""
    return [
        Block(language or "run", body if language else hidden)
        for language, body, hidden in _BLOCK.findall(text)
    ]


def prose_of(text: str) -> str:
    """Return a page without its blocks and comments."""
    return re.sub(r"<!--.*?-->", "", _BLOCK.sub("", text), flags=re.DOTALL)


def sections_of(text: str) -> dict[str, str]:
    """Return what stands below each heading of the second level, "" for what is above them."""
    parts = re.split(r"^## (.*)\n", text, flags=re.MULTILINE)
    return dict(zip(["", *parts[1::2]], parts[::2], strict=True))


def table_of(text: str) -> list[list[str]]:
    """Return the cells of the rows of the first table in a text."""
    rows: list[list[str]] = []
    for line in text.splitlines():
        if line.startswith("|"):
            rows.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))])
        elif rows:
            break
    return rows[2:]


def anchors_of(text: str) -> set[str]:
    """Return what a link to a heading of a page may say behind its #, as GitHub makes it."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ +(.*)$", prose_of(text), re.MULTILINE):
        anchor = re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-")
        same = sum(re.fullmatch(re.escape(anchor) + r"(-\d+)?", one) is not None for one in found)
        found.add(f"{anchor}-{same}" if same else anchor)
    return found

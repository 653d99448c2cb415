"""Markdown as GitHub shows it: read back through a Markdown parser."""

from __future__ import annotations

import html
import re

from markdown_it import MarkdownIt

GFM = MarkdownIt("commonmark", {"html": True}).enable("table")


def tables(markdown: str) -> list[list[list[str]]]:
    """The tables of a text as a reader sees them: each a list of rows of cells, tags left out."""
    rendered = GFM.render(markdown)
    return [
        [
            [
                html.unescape(re.sub(r"<[^>]*>", "", cell))
                for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
            ]
            for row in re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
        ]
        for table in re.findall(r"<table>(.*?)</table>", rendered, re.DOTALL)
    ]

"""Every page: its links lead somewhere, its options exist, and what it quotes can be printed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest
from docs_helpers import ROOT
from docs_pages import (
    PAGES,
    anchors_of,
    blocks_of,
    name_of,
    prose_of,
    sections_of,
    table_of,
    text_of,
)

from filesync.cli import cli

each = pytest.mark.parametrize("page", PAGES, ids=name_of)

# Options of git, ruff, mypy and click.
OTHERS = {"--help", "--version", "--cached", "--quiet", "--check", "--strict"}
OTHERS |= {"--format", "--ours", "--short", "--staged", "--worktree"}


@each
def test_links_lead_somewhere(page: Path) -> None:
    # What is code is no link.
    text = re.sub(r"`[^`]*`", "", prose_of(page.read_text(encoding="utf-8")))
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        other = (page.parent / path).resolve() if path else page
        assert other.exists(), target
        if anchor:
            assert anchor in anchors_of(other.read_text(encoding="utf-8")), target


@each
def test_pages_lead_to_each_other(page: Path) -> None:
    """The README names each page in docs/; where a folder has an index, that one does."""
    if page.parent != ROOT:
        folders = page.parents[1 if page.name == "README.md" else 0 :]
        index = next(folder / "README.md" for folder in folders if (folder / "README.md").exists())
        link = f"]({page.relative_to(index.parent).as_posix()})"
        assert link in index.read_text(encoding="utf-8"), f"{index} names each page"


@each
def test_every_option_named_exists(page: Path) -> None:
    if name_of(page) == "docs/design/contract.md":
        pytest.skip("it also promises options that are not built yet")
    text = page.read_text(encoding="utf-8")
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) <= set(_options(cli)) | OTHERS


def _options(command: click.Command) -> Iterator[str]:
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            yield from (*parameter.opts, *parameter.secondary_opts)
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            if (one := command.get_command(context, name)) is not None:
                yield from _options(one)


@each
def test_what_is_quoted_can_be_printed(page: Path) -> None:
    """What no block of commands prints is compared with the texts in the code."""
    if name_of(page) in ("docs/reference.md", "CONTRIBUTING.md") or "design" in page.parts:
        return  # the first is made from them, and the others quote no message
    for block in blocks_of(page.read_text(encoding="utf-8")):
        if block.language == "text":
            for line in block.text.splitlines():
                assert _can_be_printed(line), line


def test_what_a_failed_job_says_can_be_printed() -> None:
    rows = table_of(sections_of(text_of("docs/ci.md"))["When a job fails"])
    quoted = [row[0].strip("`") for row in rows if row[0].startswith("`")]
    assert len(quoted) > 3
    for message in quoted:
        assert _can_be_printed(message), message


def _can_be_printed(line: str) -> bool:
    """Say whether more than half of a line, marks aside, comes from one text in the code."""
    line = re.sub(r"^(error: |warning: | *-> | +)", "", line)
    found = (
        literal
        for pattern, literal in _messages()
        if literal * 2 > len(line) and _compiled(pattern).search(line + "\n") is not None
    )
    return any(found)


_compiled = cache(re.compile)  # there are more than `re` keeps


@cache
def _messages() -> list[tuple[str, int]]:
    """Return a pattern for each text in the code, and how much of it always stands there."""
    paths = [*(ROOT / "filesync").rglob("*.py"), *(ROOT / ".github" / "action").glob("*.py")]
    sources = [path.read_text(encoding="utf-8") for path in paths]
    found = {_pattern(node) for text in sources for node in ast.walk(ast.parse(text))}
    told = re.findall(r"::(?:error|warning)::(.*?)'", text_of("action.yml"))
    return [*(one for one in found if one[1]), *((re.escape(one), len(one)) for one in told)]


def _pattern(node: ast.AST) -> tuple[str, int]:
    """Return what an expression that makes a text matches, and how many letters are certain."""
    match node:
        case ast.Constant(value=str(text)):
            return re.escape(text), len(text)
        case ast.JoinedStr(values=parts):
            patterns = [_pattern(part) for part in parts]
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            patterns = [_pattern(left), _pattern(right)]
        case ast.IfExp(body=body, orelse=orelse):
            first, second = _pattern(body), _pattern(orelse)
            return f"(?:{first[0]}|{second[0]})", min(first[1], second[1])
        case ast.Call(func=ast.Name(id="plural"), args=[_, ast.Constant(value=str(noun))]):
            return rf"[\d,]+ {noun}s?", len(noun) + 2
        case ast.FormattedValue(value=value):
            return _pattern(value) if isinstance(value, ast.Call) else (".*", 0)
        case _:
            return ".*", 0
    return "".join(pattern for pattern, _ in patterns), sum(count for _, count in patterns)

"""Plain English everywhere: none of the phrases that sneak back in (docs/design/style.md)."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest
from docs_helpers import ROOT
from docs_pages import PAGES, name_of, prose_of

# Each is a literal translation, or one of several words for one thing. Patterns, in any case.
PHRASES = (
    r"held against",
    r"holds? (?:\w+ )?against",
    r"makes? it so",
    r"mend(?:s|ed|ing)?\b",
    r"\b(?:is|are|was|were|be|been) told\b",
    r"\btells? (?:of|whether|which|how|that)\b",
    r"\btold (?:at once|anew|apart|by|of)\b",
    r"goes? on\b(?! (?:main|a|the|each|every|offering)\b)",
    r"gone on with",
    r"(?<!there )\b(?:is|are) no (?!longer|more than)",
    r"cut short",
    r"made anew|makes? .{0,30} anew|told anew|begins anew",
    r"(?<!\")superseded",
    r"smells? of",
    r"what is there\b",
    r"by its fingerprint\b",
    r"left alone\b",
    r"\ba landslide\b",
    r"\bmistakes? .{0,20} is told",
    r"in the same go\b|in one go\b",
    r", or else\b|\belse is\b|, else\b",
    r"where (?:it|that|this) is missing",
    r"\bof its own accord\b",
    r"\bhas the last word\b",
    r"if they are meant\b|if it is meant\b",
    r"what goes on\b|flag that goes on",
    r"\bcannot be told apart\b",
    r"\bbears? the (?:same )?name",
)
PATTERN = re.compile("|".join(f"(?:{phrase})" for phrase in PHRASES), re.IGNORECASE)

# It quotes what to avoid.
EXCEPT = {"docs/design/style.md"}


def prose(text: str) -> str:
    """Return a page's own words in one line: no blocks, no code, no quotations in a table."""
    return " ".join(re.sub(r"`[^`]*`", "", prose_of(text)).split())


MODULES = sorted((ROOT / "filesync").rglob("*.py"))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_page_uses_them(page: Path) -> None:
    if name_of(page) in EXCEPT:
        pytest.skip("it quotes what to avoid")
    found = PATTERN.findall(prose(page.read_text(encoding="utf-8")))
    assert found == []


def parts_of(module: Path) -> tuple[str, str]:
    """Return a module's docstrings and comments, and its messages (all other texts)."""
    source = module.read_text(encoding="utf-8")
    tree = ast.parse(source)
    explained = {
        id(node.body[0].value): node.body[0].value.value
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
        and isinstance(node.body[0].value, ast.Constant)
    }
    comments = [
        token.string.lstrip("# ")
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    ]
    messages = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if id(node) not in explained and " " in node.value.strip()  # the rest is names and keys
    ]
    notes = [*map(str, explained.values()), " ".join(comments)]
    return " ".join(" ".join(notes).split()), "\n".join(messages)


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_no_docstring_or_comment_uses_them(module: Path) -> None:
    assert PATTERN.findall(parts_of(module)[0]) == []


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_no_message_uses_them(module: Path) -> None:
    assert PATTERN.findall(parts_of(module)[1]) == []


def test_the_pattern_finds_what_it_should() -> None:
    for phrase in (
        "each file is held against its hash",
        "`apply` makes it so",
        "mend it, and look again",
        "an apply that was cut short",
        "a flag that goes on",
        "What merely was not applied is no drift",
        "208 other files left alone",
        "which else begins with the old lockfile, else it is refused",
    ):
        assert PATTERN.search(phrase), phrase
    for plain in ("it is no longer there", "the job goes on main", "compared with the lockfile"):
        assert not PATTERN.search(plain), plain

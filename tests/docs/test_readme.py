"""The tables of the README and of CONTRIBUTING.md leave nothing out, and what they name exists."""

from __future__ import annotations

import re

import pytest
from docs_helpers import ROOT
from docs_pages import blocks_of, sections_of, table_of, text_of

from filesync.cli.commands import COMMANDS

README = sections_of(text_of("README.md"))


def test_readme_stays_short() -> None:
    assert len(text_of("README.md").split()) < 2000


def test_commands_table_has_every_command() -> None:
    named = [
        word.group(1)
        for row in table_of(README["Commands"])
        if (word := re.match(r"`filesync ([\w-]+)", row[0])) is not None
    ]
    assert sorted(named) == sorted(COMMANDS)


def test_what_the_shell_is_told_is_in_the_makefile() -> None:
    """What is to be run before filesync is there; the tests run all that comes after."""
    makefile = text_of("Makefile")
    for page in ("README.md", "CONTRIBUTING.md"):
        for block in blocks_of(text_of(page)):
            if block.language == "sh":
                for line in block.text.splitlines():
                    known = re.match(r"make (\w+)\b|pip install|git clone |\.ci/run\b", line)
                    assert known is not None, line
                    assert known[1] is None or f"\n{known[1]}:" in makefile, line


def test_map_of_the_code_names_every_folder() -> None:
    folders = {
        f"{path.parent.relative_to(ROOT)}/" for path in (ROOT / "filesync").rglob("__init__.py")
    }
    rows = table_of(sections_of(text_of("CONTRIBUTING.md"))["A map of the code"])
    named = [row[0].strip("`") for row in rows]
    assert folders - set(named) == set(), "each folder has a row in the map"
    assert [name for name in named if not (ROOT / name).is_dir()] == []


@pytest.mark.parametrize("section", ["Where a thing goes", "Questions and answers"])
def test_places_in_contributing_exist(section: str) -> None:
    rows = table_of(sections_of(text_of("CONTRIBUTING.md"))[section])
    assert len(rows) >= 10
    for _, answer in rows:
        for place in re.findall(r"`([^`\s]+/[^`\s]*)`", answer):
            assert any((root / place).exists() for root in (ROOT, ROOT / "filesync")), place

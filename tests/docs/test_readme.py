"""The README and the map in CONTRIBUTING.md leave nothing out of their tables."""

from __future__ import annotations

import re

from docs_pages import blocks_of, sections_of, table_of, text_of

from filesync.cli.commands import COMMANDS
from filesync.core.decide.change import Action, Reason
from filesync.core.manifest.schema import SECTIONS

README = sections_of(text_of("README.md"))


def test_decision_table_has_every_action_and_every_reason_once() -> None:
    rows = {
        action: re.findall(r"`(\w+)`\)", when)
        for action, when in table_of(README["How it decides"])
    }
    assert set(rows) == set(Action)
    assert sorted(name for names in rows.values() for name in names) == sorted(Reason)


def test_commands_table_has_every_command() -> None:
    named = [
        word.group(1)
        for row in table_of(README["Commands"])
        if (word := re.match(r"`filesync ([\w-]+)", row[0])) is not None
    ]
    assert sorted(named) == sorted(COMMANDS)


def test_manifest_table_has_every_field() -> None:
    rows = table_of(README["The manifest"])
    named = {name for row in rows for name in re.findall(r"`([\w.]+)`", row[0])}
    fields = {f"files.KEY.{field}" for field in SECTIONS["files"]}
    fields |= {f"environments.NAME.{field}" for field in SECTIONS["environments"]}
    for section in ("remote", "limits", "prune"):
        fields |= {f"{section}.{field}" for field in SECTIONS[section]}
    assert named == fields | {"version", "project", "defaults"}


def test_what_the_shell_is_told_is_in_the_makefile() -> None:
    """What is to be run before filesync is there; the tests run all that comes after."""
    makefile = text_of("Makefile")
    for page in ("README.md", "CONTRIBUTING.md"):
        for block in blocks_of(text_of(page)):
            if block.language == "sh":
                for line in block.text.splitlines():
                    known = re.match(r"make (\w+)\b|pip install|\.ci/run\b", line)
                    assert known is not None, line
                    assert known[1] is None or f"\n{known[1]}:" in makefile, line

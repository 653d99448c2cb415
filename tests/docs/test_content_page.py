"""docs/content.md names each rule as the code has it."""

from __future__ import annotations

import re
from pathlib import Path

from filesync.core.content.rules import RULES

PAGE = Path(__file__).parents[2] / "docs" / "content.md"


def test_the_table_of_rules_is_complete() -> None:
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| (\w+) \| ([^|]+) \| (.+) \|$", PAGE.read_text(), re.M)
    assert [(row[0], row[1], row[3]) for row in rows] == [
        (rule.id, rule.severity, rule.why) for rule in RULES.values()
    ]

"""docs/how-it-decides.md has the whole table, and says what lifts each refusal."""

from __future__ import annotations

import re

from docs_pages import sections_of, table_of, text_of

from filesync.core.decide.change import Action, Reason
from filesync.core.decide.guards import Guard, Overrides, Refusal, enforce
from filesync.errors import Refused

PAGE = sections_of(text_of("docs/how-it-decides.md"))

# What an option of `apply` says yes to.
LIFTING = {
    "--allow-duplicates": Overrides(duplicates=True),
    "--accept-missing": Overrides(missing=True),
    "--max-delete": Overrides(max_delete=1),
    "--no-delete": Overrides(deletes=False),
    "--allow-empty-store": Overrides(empty_stores=True),
}


def test_decision_table_has_every_reason_in_order() -> None:
    rows = [row for row in table_of(PAGE["The table"]) if row[4]]
    shown = [row[4].strip("`") for row in rows]
    assert shown == [reason for reason in Reason if reason in shown]
    assert {row[3] for row in rows} == set(Action)
    # A reason that comes from no row is explained below the table.
    assert [reason for reason in Reason if f"`{reason}`" not in PAGE["The table"]] == []


def test_every_action_is_explained() -> None:
    told = PAGE["The table"].lower()
    assert {action for action in Action if f"*{action}*" in told} == set(Action) - {Action.NOOP}


def test_each_refusal_is_lifted_by_the_options_that_are_named_and_no_others() -> None:
    rows = {row[0].strip("`"): row[2] for row in table_of(PAGE["What is refused"])}
    assert list(rows) == list(Guard), "each guard has a row"
    for name, cell in rows.items():
        named = set(re.findall(r"--[a-z-]+", cell))
        assert named == {option for option in LIFTING if _lifts(LIFTING[option], Guard(name))}


def _lifts(allowed: Overrides, guard: Guard) -> bool:
    try:
        enforce([Refusal(guard, "", "")], allowed, [])
    except Refused:
        return False
    return True

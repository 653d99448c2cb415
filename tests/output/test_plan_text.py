"""A plan as text: what stands in each line, and how lines fit a terminal."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest

from filesync.core.decide.change import Action, Reason
from filesync.core.decide.reasons import REASONS
from filesync.core.events import Done, Failed, Result
from filesync.core.plan.document import OFFLINE, PlanDocument
from filesync.core.plan.plan import Summary
from filesync.output.columns import width
from filesync.output.plan_text import count_words, past, render_plan, render_result
from tests.output.builders import change, plan_of

LONG = "docs/a-very-long-folder-name-indeed/with-another-below/and-a-long-file-name-too.md"
WIDE = "docs/日本語の説明書とその他の長い名前のファイル/読んでください.md"
REMOVED = REASONS[Reason.REMOVED_FROM_MANIFEST].words


def rows_in(text: str) -> list[str]:
    """The lines between a plan's head and its summary."""
    (table,) = (part for part in text.split("\n\n") if part.startswith("  "))
    return table.splitlines()


def delete(key: str | None, number: int = 1, **more: Any) -> dict[str, Any]:
    fields = {"id": f"file-{number:022}", "reason": "removed_from_manifest", **more}
    return change(key, "delete", **fields)


def test_head_rows_and_summary() -> None:
    plan = plan_of(
        [
            delete("old", bytes=5),
            change("b", "replace", "content_changed", bytes=6, id="file-2"),
            change("a", "create", bytes=2500),
        ],
        summary={**dict.fromkeys(Summary._fields, 0), "delete": 1, "replace": 1, "create": 1}
        | {"noop": 1200, "unmanaged": 1, "upload_bytes": 2506},
        only="a*",
    )
    head, *rest = render_plan(plan).splitlines()
    assert head == "test on https://api.openai.com/v1, only a*"
    assert rest == [
        "",
        f"  - delete   old  {'file-' + '1'.zfill(22)}  {REMOVED}",
        "  ~ replace  b         6 B  content changed",
        "  + create   a      2.5 kB  new",
        "",
        rest[-1],
    ]
    assert rest[-1].startswith("Plan: 1 to delete, 1 to replace, 1 to create; 1,200 up to date, ")
    assert rest[-1].endswith(" 2.5 kB to upload.")


def test_no_changes_is_a_line() -> None:
    assert render_plan(plan_of([])) == "No changes. 7 files up to date."


def test_what_a_plan_rests_on_stands_above_it() -> None:
    assert OFFLINE in render_plan(plan_of([], OFFLINE)).split("\n\n")[0]
    assert "2033-05-18" in render_plan(plan_of([], at=2_000_000_000)).split("\n\n")[0]


def test_unknown_actions_and_reasons_of_a_later_version_are_shown() -> None:
    (row,) = rows_in(render_plan(plan_of([change("k", "freeze", "too_warm", bytes=1)])))
    assert row.split() == ["*", "freeze", "k", "1", "B", "too_warm"]


def test_a_file_without_a_key_is_named_by_its_remote_name() -> None:
    (row,) = rows_in(render_plan(plan_of([delete(None, filename="x\n.txt")])))
    assert r"x\n.txt" in row


def test_ids_are_shown_where_asked_for() -> None:
    plan = plan_of([change("a", "replace", "expiring", id="file-old")])
    assert "file-old" not in render_plan(plan)
    assert "(file-old)" in render_plan(plan, verbose=True)


def test_colours_are_the_callers() -> None:
    text = render_plan(plan_of([delete("a")]), paint=lambda text, colour: f"<{colour}>{text}</>")
    assert "<red>- delete </>" in text


def test_long_lists_are_folded_but_for_deletes() -> None:
    changes = [delete(f"gone-{n:02}", n) for n in range(60)]
    changes += [change(f"new-{n:02}", "create") for n in range(60)]
    rows = rows_in(render_plan(plan_of(changes)))
    assert len(rows) == 60 + 40 + 1
    assert "20 more to create" in rows[-1]
    assert len(rows_in(render_plan(plan_of(changes), verbose=True))) == 120


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_lines_fit_and_columns_stand_below_each_other(columns: int) -> None:
    names = (LONG, WIDE, "docs/short.md")
    plan = plan_of([change(name, "create", bytes=1) for name in names])
    rows = rows_in(render_plan(plan, columns=columns))
    assert max(map(width, rows)) <= columns
    assert len({width(row[: row.index("  1 B  new")]) for row in rows}) == 1
    assert any("…" in row for row in rows) == (columns < 120)
    whole = render_plan(plan)
    assert LONG in whole
    assert WIDE in whole


def test_a_long_reason_leaves_room_for_the_keys() -> None:
    keys = [f"a-key-that-says-something-{n}" for n in range(2)]
    reasons = ["filename", "purpose"]
    changes = [
        change(
            key, "replace", "attributes_changed", fields=[field], filename="long-" * 20, purpose="x"
        )
        for key, field in zip(keys, reasons, strict=True)
    ]
    rows = rows_in(render_plan(plan_of(changes), columns=80))
    assert max(map(width, rows)) <= 80
    for key, row in zip(keys, rows, strict=True):
        assert f"  {key}  " in row


@pytest.mark.parametrize("columns", [60, 80])
def test_what_is_deleted_is_named_in_full(columns: int) -> None:
    """A name too long to stand beside its id is broken in front of it; others stay aligned."""
    names = ["docs/a.md", "docs/other.md", LONG, WIDE]
    changes = [delete(name, number) for number, name in enumerate(names)]
    rows = rows_in(render_plan(plan_of(changes), columns=columns))
    ids = [one["id"] for one in changes]
    assert max(map(width, rows)) <= max(columns, width(f"  {ids[0]}  {REMOVED}") + 13)
    joined = "".join(row[13:] for row in rows)
    for name in names:
        assert name in joined
    assert len({row.index(one) for one in ids for row in rows if one in row}) == 1
    for name, file_id in zip(names, ids, strict=True):
        assert re.search(f"{re.escape(name)} +{file_id}", render_plan(plan_of(changes)))


def test_counts_in_words_name_deletes_first_and_leave_out_zeros() -> None:
    assert count_words(Summary(3, 0, 0, 1_000, 2, 9, 9, 9)) == (
        "1,000 to delete, 3 to create, 2 to forget"
    )
    assert count_words(Summary(0, 0, 0, 0, 0, 9, 9, 9)) == ""


def result(*actions: Action) -> Result:
    done = tuple(Done(str(n), action, "file-1") for n, action in enumerate(actions))
    return Result(done, (Failed("x", Action.CREATE, "why"),), interrupted=False)


def test_a_result_counts_what_was_done() -> None:
    assert render_result(result(), "x.lock") == "Applied: nothing."
    text = render_result(result(Action.CREATE, Action.CREATE, Action.DELETE), "x\n.lock")
    assert text.startswith("Applied: 2 created, 1 deleted.")
    assert r"x\n.lock" in text
    # Where there is no new id, the lockfile is not where to look.
    assert "x.lock" not in render_result(result(Action.DELETE, Action.FORGET), "x.lock")


def test_every_action_that_changes_something_has_a_past() -> None:
    words = [past(action) for action in Action if action is not Action.NOOP]
    assert len(set(words)) == len(words)


@pytest.mark.parametrize("columns", [None, 20, 40])
def test_no_width_loses_a_change(columns: int | None) -> None:
    """Even where nothing fits, each change has its line."""
    plan: PlanDocument = plan_of(
        [
            change(f"{action}-{name}", action, id="file-1", bytes=10**9)
            for action, name in itertools.product(("delete", "create", "forget"), ("a", "b" * 90))
        ]
    )
    text = render_plan(plan, columns=columns)
    for start in ("- delete", "+ create", ". forget"):
        assert text.count(start) == 2

"""A plan as text: what stands in each line, and how lines fit a terminal."""

from __future__ import annotations

import re
from typing import Any

import pytest

from filesync.core.decide.change import Action, Reason
from filesync.core.decide.reasons import REASONS
from filesync.core.events import Done, Failed, Result
from filesync.core.plan.document import OFFLINE
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
        "Stored: 2.5 kB more (2.5 kB new, 5 B deleted).",
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


def test_without_a_terminal_each_change_has_its_line() -> None:
    changes = [delete(f"gone-{n:02}", n) for n in range(100)]
    changes += [change(f"new-{n:02}", "create") for n in range(100)]
    assert len(rows_in(render_plan(plan_of(changes)))) == 200


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_a_terminal_shows_the_reason_once_a_group_and_the_folder_once(columns: int) -> None:
    names = ("docs/a.md", "docs/b.md", "docs/deep/c.md", "d.md")
    plan = plan_of([change(name, "create", bytes=1000) for name in names])
    text = render_plan(plan, columns=columns)
    assert text.count("new") == 1
    assert "+ create 4: new (4.0 kB)" in text
    lines = [line.split() for line in text.splitlines()]
    assert lines.count(["docs/"]) == 1
    assert ["a.md", "1.0", "kB"] in lines
    assert ["docs/deep/"] in lines


@pytest.mark.parametrize("columns", [20, 60, 80, 120])
@pytest.mark.parametrize("action", ["create", "delete"])
def test_a_terminal_shows_every_name_whole(columns: int, action: str) -> None:
    names = (LONG, WIDE, "docs/short.md")
    changes = [change(name, action, bytes=1, id="file-1") for name in names]
    lines = [line.strip() for line in render_plan(plan_of(changes), columns=columns).splitlines()]
    for name in names:
        base = name.rpartition("/")[2]
        assert any(line == base or line.startswith(base + "  ") for line in lines)
        assert f"{name.rpartition('/')[0]}/" in lines
    fitting = [line for line in lines if width(line) <= columns]
    assert "…" not in "".join(lines)
    assert len(fitting) >= 1


def test_what_is_deleted_has_its_id_beside_it() -> None:
    changes = [delete(name, number) for number, name in enumerate(["docs/a.md", "docs/other.md"])]
    text = render_plan(plan_of(changes), columns=80)
    assert f"- delete 2: {REMOVED}" in text
    for one in changes:
        assert re.search(rf"{re.escape(one['key'].rpartition('/')[2])} +{one['id']}$", text, re.M)


def test_old_and_new_stand_beside_the_name() -> None:
    none = dict.fromkeys(("sha256", "purpose", "filename", "expires_after"))
    files: dict[str, Any] = {"before": {**none, "bytes": 10}, "after": {**none, "bytes": 2000}}
    row = change("a.md", "replace", "content_changed", bytes=2000, fields=["content"], **files)
    assert "a.md  10 B -> 2.0 kB" in render_plan(plan_of([row]), columns=80)


def test_many_changes_are_rolled_up_by_folder_on_a_terminal() -> None:
    changes = [delete(f"old/{n}.md", n) for n in range(50)]
    changes += [change(f"docs/{n}.md", "create", bytes=1000) for n in range(5_000)]
    plan = plan_of(changes)
    text = render_plan(plan, columns=80)
    assert re.search(r"docs/ +5,000 to create +5\.0 MB", text)
    assert re.search(r"old/ +50 to delete", text)
    assert "5,050 changes, rolled up by folder; --full lists each one" in text
    assert len(text.splitlines()) < 20
    full = render_plan(plan, columns=80, verbose=True)
    assert len(full.splitlines()) > 5_050
    assert "rolled up" not in full


def test_many_folders_are_summed_up_by_their_first_part() -> None:
    changes = [change(f"docs/{n % 90}/{n}.md", "create", bytes=1) for n in range(180)]
    text = render_plan(plan_of(changes), columns=80)
    assert re.search(r"docs/ +180 to create", text)


def test_folders_are_summed_up_no_more_than_needed() -> None:
    changes = [change(f"docs/{n % 3}/{n % 27}/{n}.md", "create", bytes=1) for n in range(270)]
    changes += [change(f"docs/0/x/{n}/y.md", "create", bytes=1) for n in range(30)]
    text = render_plan(plan_of(changes), columns=80)
    assert re.search(r"docs/0/ +120 to create", text)
    assert re.search(r"docs/1/ +90 to create", text)
    assert len(text.splitlines()) < 12


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


def test_a_result_says_how_much_was_sent_in_which_time() -> None:
    done = (
        Done("a", Action.CREATE, "file-1", 1_500),
        Done("b", Action.REPLACE, "file-2", 1_000_000),
        Done("c", Action.ADOPT, "file-3", 7_000_000),
    )
    text = render_result(Result(done, (), interrupted=False), "x.lock", 71.3)
    assert text.startswith("Applied: 1 created, 1 replaced, 1 adopted; 1.0 MB sent in 1m.")


def test_a_result_says_how_many_requests_were_sent_again() -> None:
    done = (Done("a", Action.DELETE, "file-1"),)
    for retries, said in ((0, ""), (1, "; 1 retry"), (3, "; 3 retries")):
        text = render_result(Result(done, (), interrupted=False, retries=retries), "x.lock")
        assert text == f"Applied: 1 deleted{said}."


def test_every_action_that_changes_something_has_a_past() -> None:
    words = [past(action) for action in Action if action is not Action.NOOP]
    assert len(set(words)) == len(words)

"""The HTML page of a plan: everything escaped, what is alike said once, and the rest foldable."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

import pytest

from filesync.core.plan.document import PlanDocument
from filesync.core.plan.origin import Origin
from filesync.output.plan_html import render_html
from filesync.output.plan_html_script import SCRIPT
from filesync.output.plan_markdown import render_markdown
from filesync.output.plan_text import render_plan
from tests.output.builders import change, plan_of
from tests.output.html import Page

EVIL = "<script>document.title='owned'</script>\"'&<img src=http://evil.example/x>.md"


def test_everything_is_escaped() -> None:
    name = EVIL + "\x1b\u202e\n"
    told = {"path": name, "filename": name, "purpose": name, "bytes": 1, "id": name}
    rows = ((name, "delete"), (None, "adopt"), (name, name))
    changes = [change(key, action, name, **told) for key, action in rows]
    names = ("project", "base_url", "manifest_sha256", "lock_sha256", "only", "env")
    origin = dict.fromkeys(Origin._fields, name)
    given: dict[str, Any] = dict.fromkeys(names, name)
    plan = plan_of(changes, name, has_drift=True, origin=origin, **given)
    text = render_html(plan, command=name)
    page = Page(text)
    assert [tag for tag, _ in page.tags if tag in ("script", "img")] == ["script"]
    assert text.count("</script>") == text.count(f"<script>{SCRIPT}</script>") == 1
    assert page.text.count("<script>document.title='owned'</script>") >= 12
    assert r".md\x1b\u202e\n" in page.text
    for shown in (text, render_markdown(plan), render_plan(plan)):
        assert not {"\x1b", "\u202e"} & set(shown)


def test_nothing_but_its_own_style_and_script_may_run() -> None:
    text = render_html(plan_of([change("a", "create")]))
    (policy,) = re.findall(r'http-equiv=Content-Security-Policy content="([^"]*)"', text)
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        (inline,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert not re.search(r"<[^>]* (style|on\w+)=", text)


def test_a_very_long_plan_is_cut_and_says_so() -> None:
    page = Page(render_html(plan_of([change(f"key-{n}", "create") for n in range(6000)])))
    assert "6,000 to create" in page.text
    assert "and 1,000 more, not shown" in page.text


def many(count: int, **more: Any) -> PlanDocument:
    fields = {"bytes": 1000, "purpose": "assistants", **more}
    changes = [change(f"docs/{n % 9}/{n}.md", "create", **fields) for n in range(count)]
    return plan_of(changes)


def test_what_all_rows_have_in_common_is_said_once() -> None:
    text = render_html(many(60))
    page = Page(text)
    assert text.count("assistants") == text.count("<b>new</b>") == 1
    assert "Reason new Purpose assistants" in page.text
    titles = [attributes for tag, attributes in page.tags if attributes.get("scope") == "col"]
    assert {one["class"] for one in titles if "class" in one} == {"size"}


def test_old_and_new_values_are_shown() -> None:
    none = dict.fromkeys(("sha256", "filename"))
    before = {**none, "bytes": 10, "purpose": "user_data", "expires_after": 172800}
    after = {**none, "bytes": 2000, "purpose": "assistants", "expires_after": None}
    fields = ["content", "purpose", "expires_after"]
    rows = [
        change(name, "replace", reason, bytes=2000, fields=fields, before=before, after=after)
        for name, reason in (("a", "content_changed"), ("b", "expired"))
    ]
    text = Page(render_html(plan_of(rows))).text
    assert text.count("10 B → 2.0 kB") == 2
    assert text.count("purpose user_data → assistants, expires_after 2d → never") == 2


@pytest.mark.parametrize("count", [5, 60, 3000])
def test_the_rows_of_a_table_keep_its_semantics(count: int) -> None:
    page = Page(render_html(many(count)))
    roles = [attributes.get("role") for _, attributes in page.tags]
    tags = [tag for tag, _ in page.tags]
    assert roles.count("table") == tags.count("table")
    assert roles.count("rowheader") == count
    assert roles.count("cell") == tags.count("td") == count
    assert roles.count("row") == tags.count("tr")


def test_a_long_plan_is_folded_and_a_short_one_is_not() -> None:
    folds = [attributes for tag, attributes in Page(render_html(many(60))).tags if tag == "details"]
    assert len(folds) == 9
    assert all("open" in one for one in folds)
    page = Page(render_html(many(3000)))
    folds = [attributes for tag, attributes in page.tags if tag == "details"]
    assert len(folds) == 9
    assert not any("open" in one for one in folds)
    assert "docs/4/ 333 files, 333.0 kB" in page.text
    assert len(page.tags) < 10_000
    assert "details" not in [tag for tag, _ in Page(render_html(many(5))).tags]


def names_by_folder(page: str) -> list[tuple[str, list[str]]]:
    """What stands above each table, and the names in its rows."""
    return [
        (label, re.findall(r"role=rowheader>(.*?)(?:<td|\n)", table))
        for label, table in re.findall(
            r'<table role=table(?: aria-label="([^"]*)")?>(.*?)</table>', page, re.DOTALL
        )
    ]


@pytest.mark.parametrize("count", [60, 3000])
def test_the_folder_stands_once_above_its_rows(count: int) -> None:
    tables = names_by_folder(render_html(many(count)))
    assert [label for label, _ in tables] == [f"docs/{n}/" for n in range(9)]
    assert all(re.fullmatch(r"\d+\.md", name) for _, names in tables for name in names)
    one = plan_of([change(f"docs/x/{n}.md", "create") for n in range(50)])
    ((label, names),) = names_by_folder(render_html(one))
    assert (label, len(names), names[0]) == ("docs/x/", 50, "0.md")
    # A few rows need no fold, so each has its whole key.
    few = plan_of([change(f"docs/x/{n}.md", "create") for n in range(5)])
    ((label, names),) = names_by_folder(render_html(few))
    assert (label, names[0]) == ("", "docs/x/<b>0.md</b>")
    assert len(names_by_folder(render_html(many(20)))) == 1, "20 rows in 9 folders"
    some = plan_of([change(f"docs/{n % 2}/{n}.md", "create") for n in range(20)])
    assert [label for label, _ in names_by_folder(render_html(some))] == ["docs/0/", "docs/1/"]


def test_thousands_of_folders_are_not_thousands_of_folds() -> None:
    changes = [change(f"{n}/x.md", "create") for n in range(3000)]
    page = Page(render_html(plan_of(changes)))
    assert [tag for tag, _ in page.tags].count("details") == 1


def test_tiles_lead_to_their_sections() -> None:
    changes = [change("a", "delete", id="file-1"), change("b", "create")]
    page = Page(render_html(plan_of(changes)))
    targets = {attributes["href"] for tag, attributes in page.tags if tag == "a"}
    assert targets == {"#delete", "#create"}
    assert {f"#{attributes.get('id')}" for _, attributes in page.tags} >= targets
    assert "- 1 to delete + 1 to create" in page.text


def test_head_says_that_it_is_a_plan_and_how_to_apply_it() -> None:
    origin = {"manifest": "m/prod.yaml", "branch": "main", "commit": "0123456789abcdef"}
    plan = plan_of([change("a", "create")], origin=origin, env="prod")
    text = Page(render_html(plan, command="filesync apply plan.json")).text
    assert "This is a plan: nothing has changed yet." in text
    assert "To apply it, run filesync apply plan.json" in text
    about = "Manifest m/prod.yaml Environment prod Branch main Commit 0123456789ab"
    assert about in text
    assert "No changes" in Page(render_html(plan_of([]), command="filesync apply")).text
    assert "To apply it" not in Page(render_html(plan_of([change("a", "create")]))).text

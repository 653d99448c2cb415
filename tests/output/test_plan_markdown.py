"""The Markdown of a plan: its tables, what is escaped in it, and what is cut to fit."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from filesync.output.plan_html import render_html
from filesync.output.plan_markdown import render_markdown
from tests.output.builders import change, plan_of
from tests.output.markdown import GFM, tables

LIMIT = 65_000


EVIL = [
    "a|b",
    "a`b``c",
    "<script>alert(1)</script>",
    "![x](http://evil.example/x.png)",
    "[link](http://evil.example)",
    "*bold* _it_ ~~no~~",
    "back\\|slash\\",
    "@everyone",
    "www.evil.example",
    "&lt;b&gt;&amp;",
    " spaces ",
    "<!-- hidden",
    "| --- |",
    "größe-日本語-😀",
    "$x^2$ #1",
]


def test_drift_is_told_by_its_reasons() -> None:
    """Nobody changes a file that expires."""

    def told(*reasons: str, **more: Any) -> list[str]:
        changes = [change(f"{n}", "create", reason) for n, reason in enumerate(reasons)]
        plan = plan_of(changes, has_drift=True, **more)
        markdown = re.findall(r"\*\*Drift:\*\* (.*)", render_markdown(plan))
        assert re.findall(r"<b>Drift:</b> (.*)</p>", render_html(plan)) == markdown
        return markdown

    assert told("expired", "new") == ["1 file has expired."]
    assert told("expired", "expired") == ["2 files have expired."]
    assert told("expired", at=2_000_000_000) == ["1 file will have expired by then."]
    assert told("expired", "missing_remotely", "remote_error", "orphan", "orphan") == [
        "1 file cannot be used by the platform; 1 file has expired; 1 file is missing on the "
        "platform; 2 files have this project's tag and are not in the lockfile."
    ]
    # A later version may know of more.
    assert told("stolen") == ["the platform has drifted from the lockfile."]


def test_names_are_shown_as_they_are_and_format_nothing() -> None:
    changes = [change(name, "delete", "orphan", id=f"file-{n}") for n, name in enumerate(EVIL)]
    markdown = render_markdown(plan_of(changes))
    (table,) = tables(markdown)
    assert [row[:2] for row in table[1:]] == [[name, f"file-{n}"] for n, name in enumerate(EVIL)]
    rendered = GFM.render(markdown)
    assert not re.search(r"<(script|img|a|strong|em|b|del)\b", rendered)
    # What autolinks would take hold of is in no running text.
    assert "http://evil" not in re.sub(r"`[^`]*`", "", markdown)


def test_commands_in_warnings_are_code() -> None:
    warning = "no lock: run `filesync adopt a|b 'file-1'` or `filesync plan`, not `this"
    plan = plan_of([change("a", "create")], warning)
    rendered = GFM.render(render_markdown(plan))
    for command in ("filesync adopt a|b 'file-1'", "filesync plan"):
        assert f"<code>{html.escape(command, quote=False)}</code>" in html.unescape(rendered)
    assert "not `this</li>" in html.unescape(rendered)
    page = render_html(plan)
    assert "run <code>filesync adopt a|b &#x27;file-1&#x27;</code> or <code>filesync plan" in page
    assert "not `this" in page


def test_a_name_between_backticks_formats_nothing() -> None:
    for name in EVIL:
        markdown = render_markdown(plan_of([change("a", "create")], f"run `filesync id {name}`"))
        rendered = GFM.render(markdown)
        assert not re.search(r"<(script|img|a|strong|em|b|del)\b", rendered)
        if "`" not in name:
            assert name.strip() in html.unescape(rendered)
        assert "`filesync id" not in rendered


def test_control_characters_are_escaped() -> None:
    name = "a\nb\r\t\x1b[31m\u202e"
    markdown = render_markdown(
        plan_of([change(name, "create", purpose="x\ny")], f"w {name} | **x**")
    )
    assert tables(markdown)[0][1][0] == r"a\nb\r\t\x1b[31m\u202e"
    assert tables(markdown)[0][1][3] == r"x\ny"
    rendered = GFM.render(markdown)
    assert r"w a\nb" in rendered
    assert "<strong>" not in rendered


def test_warnings_call_nobody() -> None:
    markdown = render_markdown(
        plan_of([], "file @org/team <b>x</b> www.evil.example http://evil.x")
    )
    assert "> [!WARNING]" in markdown
    for word in ("@org", "<b>", "www.", "http://evil"):
        assert word not in markdown


@pytest.mark.parametrize("name", ["key-{}", "ключ|😀-{}" + "x" * 3000, "<>&|`" * 60 + "{}"])
@pytest.mark.parametrize("warnings", [0, 500])
def test_long_plans_are_cut_to_fit(name: str, warnings: int) -> None:
    """10,000 changes: the totals and the first deletes stay, and the cut is said."""
    changes = [
        change(name.format(n), action, "new", id=f"file-{n}", purpose="user_data", bytes=n)
        for action, count in (("delete", 4000), ("replace", 2000), ("create", 4000))
        for n in range(count)
    ]
    texts = [f"warning {n} " + "<&|>" * 300 for n in range(warnings)]
    markdown = render_markdown(plan_of(changes, *texts))
    assert len(markdown.encode("utf-16-le")) // 2 <= LIMIT
    assert len(markdown) > LIMIT * 0.8 or len(markdown.encode()) > LIMIT * 0.8
    assert "4,000 to delete, 2,000 to replace, 4,000 to create" in markdown.splitlines()[0]
    found = re.search(r"\*\*Cut to fit:\*\* ([\d,]+) changes of 10,000 not shown", markdown)
    assert found is not None
    rows = sum(len(table) - 1 for table in tables(markdown))
    assert rows + int(found.group(1).replace(",", "")) == 10_000
    deletes, replaces, creates = tables(markdown)
    assert deletes[0][1] == "Id"
    # None of them crowds out another.
    shares = [len("".join(map(str, table))) for table in (deletes, replaces, creates)]
    assert max(shares) < 2 * min(shares)
    assert markdown.count("<details>") == markdown.count("</details>")


def test_deletes_stay_where_the_rest_is_cut() -> None:
    changes = [change(f"gone-{n}", "delete", id=f"file-{n}") for n in range(200)]
    changes += [change(f"new-{n}", "create") for n in range(9000)]
    markdown = render_markdown(plan_of(changes))
    deletes, creates = tables(markdown)
    assert len(deletes) == 201
    assert "more to create" in markdown
    assert len(creates) > 500
    assert markdown.count("<details>") == markdown.count("</details>") == 2


@pytest.mark.parametrize("count", [1, 25, 26])
def test_a_section_of_many_rows_is_folded(count: int) -> None:
    changes = [change(f"gone-{n}", "delete", id=f"file-{n}") for n in range(count)]
    markdown = render_markdown(plan_of(changes))
    assert ("<details>" in markdown) == (count > 25)
    assert len(tables(markdown)[0]) == count + 1


def test_what_rows_have_in_common_is_said_once() -> None:
    changes = [
        change(f"a{n}", "create", path=f"a{n}", filename=f"a{n}", purpose="batch", bytes=n)
        for n in range(9)
    ]
    markdown = render_markdown(plan_of(changes))
    assert "Reason: new. Purpose: `batch`." in markdown
    assert markdown.count("batch") == markdown.count("new") == 1
    assert tables(markdown)[0][:2] == [["Key", "Size"], ["a0", "0 B"]]
    changes.append(change("b", "create", "expired", purpose="batch"))
    assert tables(render_markdown(plan_of(changes)))[0][0] == ["Key", "Size", "Reason"]


ORIGIN = {
    "manifest": "m/prod.yaml",
    "branch": "fix",
    "commit": "0123456789abcdef",
    "run": "https://github.com/o/r/actions/runs/7",
    "pull": "https://github.com/o/r/pull/5",
    "files": "https://github.com/o/r/blob/0123456789abcdef/m/",
}


def test_head_names_what_the_plan_was_made_from() -> None:
    markdown = render_markdown(plan_of([], origin=ORIGIN, env="prod"))
    head = GFM.render(markdown)
    assert f'manifest <a href="{ORIGIN["files"]}prod.yaml"><code>m/prod.yaml</code></a>' in head
    assert "environment <code>prod</code>" in head
    assert f'<a href="{ORIGIN["pull"]}/files"><code>0123456789ab</code></a> of <code>fix' in head
    assert f'<a href="{ORIGIN["run"]}">run</a>' in head


def test_keys_link_to_the_files_of_the_pull_request() -> None:
    names = ["docs/a b.md", "../out.md", "s3://bucket/a.md", "x](http://evil.example).md"]
    changes = [change(name, "create", path=name) for name in names]
    changes.append(change("gone", "delete", path="gone.md", id="file-1"))
    rendered = GFM.render(render_markdown(plan_of(changes, origin=ORIGIN)))
    found = re.findall(r'<a href="([^"]*)"', rendered.partition("<table>")[2])
    evil = "x%5D%28http%3A//evil.example%29.md"
    assert found == [ORIGIN["files"] + "docs/a%20b.md", ORIGIN["files"] + evil]


def test_links_that_are_none_are_left_out() -> None:
    bad = dict.fromkeys(ORIGIN, "javascript:alert(1)")
    markdown = render_markdown(plan_of([change("a", "create", path="a")], origin=bad))
    assert "](" not in markdown


def test_rows_matter_more_than_links() -> None:
    def made(count: int) -> str:
        changes = [change(f"key-{n}", "create", path=f"docs/{n}.md") for n in range(count)]
        return render_markdown(plan_of(changes, origin=ORIGIN))

    assert made(300).count("/blob/") == 301
    cut = made(2000)
    assert cut.count("/blob/") == 1
    assert "Cut to fit" not in cut


def test_hundreds_of_vector_stores_fit() -> None:
    store: dict[str, Any] = {"action": "create", "reason": "new", "id": None, "fields": []}
    members = [
        {"key": f"k{n}", "action": "attach", "reason": "new", "file_id": None, "old_file_id": None}
        for n in range(30)
    ]
    plain: dict[str, Any] = {**store, "before": None, "after": None, "members": members}
    stores = [{**plain, "key": f"store-{n}"} for n in range(900)]
    plan = plan_of([], vector_stores=stores, has_changes=True)
    markdown = render_markdown(plan)
    assert len(markdown) <= LIMIT
    assert "840 more vector stores: not shown" in markdown

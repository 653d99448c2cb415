"""The Markdown of a plan, as GitHub shows it: read back through a Markdown parser."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from tests.cli.harness import Platform, Project

LIMIT = 65_000
GFM = MarkdownIt("commonmark", {"html": True}).enable("table")


def tables(markdown: str) -> list[list[list[str]]]:
    """The tables of a text as a reader sees them: each a list of rows of cells, tags left out."""
    rendered = GFM.render(markdown)
    return [
        [
            [
                html.unescape(re.sub(r"<[^>]*>", "", cell))
                for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
            ]
            for row in re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
        ]
        for table in re.findall(r"<table>(.*?)</table>", rendered, re.DOTALL)
    ]


def change(key: str | None, action: str, reason: str = "new", **more: Any) -> dict[str, Any]:
    """A change of a plan file."""
    told = dict.fromkeys(("path", "filename", "purpose", "bytes", "sha256", "id"))
    return {"key": key, "action": action, "reason": reason, **told, "fields": []} | more


def document(changes: list[dict[str, Any]], *warnings: str, **more: Any) -> str:
    """A plan file with these changes."""
    names = ("create", "replace", "adopt", "delete", "forget")
    counts = {name: sum(one["action"] == name for one in changes) for name in names}
    return json.dumps(
        {
            "format_version": "1.0",
            "project": "test",
            "base_url": "https://api.openai.com/v1",
            "manifest_sha256": "0" * 64,
            "lock_sha256": None,
            "has_changes": bool(changes),
            "has_drift": False,
            "summary": {**counts, "noop": 7, "unmanaged": 0, "upload_bytes": 12345},
            "changes": changes,
            "warnings": list(warnings),
        }
        | more
    )


def show(alone: Project, text: str) -> str:
    """What `show-plan --markdown` makes of a plan file."""
    alone.write("plan.json", text)
    shown: str = alone.run("show-plan", "plan.json", "--markdown").out
    return shown


def test_counts_first_then_deletes_by_name_then_the_rest(
    platform: Platform, project: Project
) -> None:
    project.files("a", "b", "c")
    project.apply()
    gone, lost = project.id("c"), project.id("b")
    platform.delete(lost)
    project.files("a", "b", d="purpose: fine-tune, filename: other.jsonl")
    project.write("a.txt", "other\n")
    markdown = project.run("plan", "--markdown").out
    headline = "### filesync: 1 to delete, 1 to replace, 2 to create (26 B to upload)"
    assert markdown.splitlines()[0] == headline
    assert "**Drift:** 1 file is missing on the platform." in markdown
    assert re.findall(r"^#### (.*)$", markdown, re.MULTILINE) == [
        "Delete 1",
        "Replace 1",
        "Create 2",
    ]
    deletes, replaces, creates = tables(markdown)
    assert deletes == [
        ["Key", "Id", "Size", "Reason", "Purpose"],
        ["c", gone, "10 B", "not in the manifest", "user_data"],
    ]
    assert replaces[1] == ["a", "6 B", "content changed", "user_data"]
    assert creates[0] == ["Key", "Size", "Reason", "Purpose", "Remote name"]
    assert creates[1] == ["b", "10 B", "missing on the platform", "user_data", ""]
    assert creates[2] == ["d", "10 B", "new", "fine-tune", "other.jsonl"]


def test_drift_is_told_by_its_reasons(alone: Project) -> None:
    """Nobody changes a file that expires."""

    def told(*reasons: str, **more: Any) -> list[str]:
        changes = [change(f"{n}", "create", reason) for n, reason in enumerate(reasons)]
        text = document(changes, has_drift=True, **more)
        markdown = re.findall(r"\*\*Drift:\*\* (.*)", show(alone, text))
        page = alone.run("show-plan", "plan.json", "--html", "-").out
        assert re.findall(r"<b>Drift:</b> (.*)</p>", page) == markdown
        return markdown

    assert told("expired", "new") == ["1 file has expired."]
    assert told("expired", "expired") == ["2 files have expired."]
    assert told("expired", at=2_000_000_000) == ["1 file will have expired by then."]
    assert told("expired", "missing_remotely", "remote_error", "orphan", "orphan") == [
        "1 file is missing on the platform; 1 file has expired; 1 file cannot be used by the "
        "platform; 2 files of ours are there and in no lockfile."
    ]
    # A later version may know of more.
    assert told("stolen") == ["the platform is not as the lockfile says."]


def test_no_changes_is_said_in_a_line(project: Project) -> None:
    project.files("a", "b")
    project.apply()
    markdown = project.run("plan", "--markdown").out
    assert markdown.startswith("### filesync: no changes, 2 files up to date\n")
    assert tables(markdown) == []


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


def test_names_are_shown_as_they_are_and_format_nothing(alone: Project) -> None:
    changes = [change(name, "delete", "orphan", id=f"file-{n}") for n, name in enumerate(EVIL)]
    markdown = show(alone, document(changes))
    (table,) = tables(markdown)
    assert [row[:2] for row in table[1:]] == [[name, f"file-{n}"] for n, name in enumerate(EVIL)]
    rendered = GFM.render(markdown)
    assert not re.search(r"<(script|img|a|strong|em|b|del)\b", rendered)
    # What autolinks would take hold of is in no running text.
    assert "http://evil" not in re.sub(r"`[^`]*`", "", markdown)


def test_control_characters_are_escaped(alone: Project) -> None:
    name = "a\nb\r\t\x1b[31m\u202e"
    markdown = show(alone, document([change(name, "create", purpose="x\ny")], f"w {name} | **x**"))
    assert tables(markdown)[0][1][0] == r"a\nb\r\t\x1b[31m\u202e"
    assert tables(markdown)[0][1][3] == r"x\ny"
    rendered = GFM.render(markdown)
    assert r"w a\nb" in rendered
    assert "<strong>" not in rendered


def test_warnings_call_nobody(alone: Project) -> None:
    markdown = show(alone, document([], "file @org/team <b>x</b> www.evil.example http://evil.x"))
    assert "> [!WARNING]" in markdown
    for word in ("@org", "<b>", "www.", "http://evil"):
        assert word not in markdown


@pytest.mark.parametrize("name", ["key-{}", "ключ|😀-{}" + "x" * 3000, "<>&|`" * 60 + "{}"])
@pytest.mark.parametrize("warnings", [0, 500])
def test_long_plans_are_cut_to_fit(alone: Project, name: str, warnings: int) -> None:
    """10,000 changes: the totals and the first deletes stay, and the cut is said."""
    changes = [
        change(name.format(n), action, "new", id=f"file-{n}", purpose="user_data", bytes=n)
        for action, count in (("delete", 4000), ("replace", 2000), ("create", 4000))
        for n in range(count)
    ]
    texts = [f"warning {n} " + "<&|>" * 300 for n in range(warnings)]
    markdown = show(alone, document(changes, *texts))
    assert len(markdown.encode("utf-16-le")) // 2 <= LIMIT
    assert len(markdown) > LIMIT * 0.8 or len(markdown.encode()) > LIMIT * 0.8
    assert "4,000 to delete, 2,000 to replace, 4,000 to create" in markdown.splitlines()[0]
    found = re.search(r"\*\*Cut to fit:\*\* ([\d,]+) changes of 10,000 not shown", markdown)
    assert found is not None
    rows = sum(len(table) - 1 for table in tables(markdown))
    assert rows + int(found.group(1).replace(",", "")) == 10_000
    assert tables(markdown)[0][0][1] == "Id"
    for left in ("Replace 2,000: not shown", "Create 4,000: not shown"):
        assert left in markdown
    assert markdown.count("<details>") == markdown.count("</details>")


def test_deletes_stay_where_the_rest_is_cut(alone: Project) -> None:
    changes = [change(f"gone-{n}", "delete", id=f"file-{n}") for n in range(200)]
    changes += [change(f"new-{n}", "create") for n in range(9000)]
    markdown = show(alone, document(changes))
    deletes, creates = tables(markdown)
    assert len(deletes) == 201
    assert "more to create" in markdown
    assert len(creates) > 500
    assert markdown.count("<details>") == markdown.count("</details>") == 1


def github(project: Project, **more: str | None) -> dict[str, str | None]:
    return {
        "GITHUB_STEP_SUMMARY": str(project.root / "summary.md"),
        "GITHUB_OUTPUT": str(project.root / "output.txt"),
        **more,
    }


def outputs(path: Path) -> dict[str, str]:
    """The outputs of a step, as the runner reads them."""
    return dict(line.split("=", 1) for line in path.read_text().splitlines())


@pytest.mark.parametrize("form", [[], ["--json"], ["--markdown"], ["--html", "-"], ["--quiet"]])
def test_plan_tells_github_actions(platform: Platform, project: Project, form: list[str]) -> None:
    project.files("a", "b")
    project.apply()
    platform.delete(project.id("a"))
    project.files("a", "c")
    project.write("summary.md", "before\n")
    project.write("output.txt", "earlier=1\n")
    project.run("plan", "--out", "my plan.json", *form, env=github(project))
    summary = (project.root / "summary.md").read_text()
    assert summary == "before\n" + project.run("plan", "--markdown").out
    assert outputs(project.root / "output.txt") == {
        "earlier": "1",
        "has_changes": "true",
        "has_drift": "true",
        "create": "2",
        "replace": "0",
        "adopt": "0",
        "delete": "1",
        "forget": "0",
        "noop": "0",
        "unmanaged": "0",
        "upload_bytes": "20",
        "plan_path": "my plan.json",
    }


def test_output_cannot_be_forged_by_a_file_name(project: Project) -> None:
    project.files("a")
    name = "x\nhas_changes=false\n"
    project.run("plan", "--out", name, "-q", env=github(project))
    text = (project.root / "output.txt").read_text()
    found = re.search(r"^plan_path<<(end-\w{16})\n(.*)\n\1\n\Z", text, re.DOTALL | re.MULTILINE)
    assert found is not None
    assert found.group(2) == name


def test_unwritable_github_files_are_a_warning_only(project: Project) -> None:
    project.files("a")
    nowhere = {"GITHUB_STEP_SUMMARY": "no/such/file", "GITHUB_OUTPUT": str(project.root)}
    ran = project.run("plan", "--json", env=nowhere)
    assert ran.json["has_changes"] is True
    assert ran.err.count("warning: ") == 2
    project.run("plan", env={"GITHUB_STEP_SUMMARY": "", "GITHUB_OUTPUT": ""})


def test_one_form_at_a_time_on_stdout(project: Project) -> None:
    project.files("a")
    project.all_refused(
        ["plan", "--json", "--markdown"],
        ["plan", "--json", "--html", "-"],
        ["plan", "--markdown", "--html", "-"],
    )
    project.run("plan", "--json", "--html", "page.html")
    assert (project.root / "page.html").read_text().startswith("<!doctype html>")

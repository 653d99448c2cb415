"""The HTML page of a plan: everything escaped, and what is too long cut."""

from __future__ import annotations

from filesync.output.plan_html import render_html
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
    names = ("project", "base_url", "manifest_sha256", "lock_sha256", "only")
    plan = plan_of(changes, name, has_drift=True, **dict.fromkeys(names, name))
    page = Page(render_html(plan))
    assert {tag for tag, _ in page.tags} & {"script", "img"} == set()
    assert page.text.count("<script>document.title='owned'</script>") >= 12
    assert r".md\x1b\u202e\n" in page.text
    for text in (render_html(plan), render_markdown(plan), render_plan(plan)):
        assert not {"\x1b", "\u202e"} & set(text)


def test_a_very_long_plan_is_cut_and_says_so() -> None:
    page = Page(render_html(plan_of([change(f"key-{n}", "create") for n in range(6000)])))
    assert "6,000 create" in page.text
    assert "and 1,000 more, not shown" in page.text

"""Vector stores in a plan: on a terminal by reason and folder, and old -> new in every form."""

from __future__ import annotations

import re
from typing import Any

import pytest

from filesync.core.events import Done
from filesync.core.plan.document import PlanDocument
from filesync.core.stores.change import MemberAction
from filesync.output.plan_html import render_html
from filesync.output.plan_markdown import render_markdown
from filesync.output.plan_stores import done_line
from filesync.output.plan_text import render_plan
from tests.output.builders import plan_of
from tests.output.html import Page
from tests.output.markdown import tables

SETTINGS: dict[str, Any] = {
    "name": "kb",
    "expires_after": None,
    "metadata": {"team": "a"},
    "chunking": None,
}


def member(key: str, action: str, reason: str = "new", **more: Any) -> dict[str, Any]:
    ids = {"file_id": None, "old_file_id": None}
    return {"key": key, "action": action, "reason": reason, **ids, **more}


def store(*members: dict[str, Any], action: str = "noop", **after: Any) -> PlanDocument:
    fields = sorted(set(after) - {"chunking"})
    reason = "attributes_changed" if fields else "up_to_date"
    told = {"key": "kb", "action": action, "reason": reason, "id": "vs_1", "fields": fields}
    sides = {"before": SETTINGS, "after": SETTINGS | after}
    return plan_of(
        [], vector_stores=[{**told, **sides, "members": list(members)}], has_changes=True
    )


def shown_everywhere(plan: PlanDocument) -> list[str]:
    """The same plan on a terminal, in a log, as Markdown and as a page, spaces and arrows alike."""
    markdown = render_markdown(plan)
    texts = [render_plan(plan, columns=120), render_plan(plan), Page(render_html(plan)).text]
    texts.append(re.sub(r"&#(\d+);", lambda found: chr(int(found[1])), markdown))
    return [" ".join(text.replace("→", "->").split()) for text in texts]


def test_a_terminal_shows_reason_and_folder_once() -> None:
    keys = ("kb/a/one.md", "kb/a/two.md", "kb/b/three.md", "top.md")
    text = render_plan(store(*(member(key, "attach") for key in keys)), columns=80)
    assert text.splitlines()[2:10] == [
        "    vector store kb (vs_1)",
        "      + attach 4: new",
        "          kb/a/",
        "            one.md",
        "            two.md",
        "          kb/b/",
        "            three.md",
        "          top.md",
    ]


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_no_line_is_longer_than_the_terminal(columns: int) -> None:
    lang = {"before": {}, "after": {"language of it": "a long text " * 4, "other": 1}}
    members = [member(f"kb/{n}.md", "update", "attributes_changed", **lang) for n in range(3)]
    members.append(member("kb/x.md", "swap", "content_changed", **lang))
    plan = store(*members, action="update", name="another name " * 3, metadata={"team": "b" * 20})
    assert max(map(len, render_plan(plan, columns=columns).splitlines())) <= columns


def test_many_documents_are_rolled_up_on_a_terminal_only() -> None:
    plan = store(*(member(f"kb/{n % 3}/{n}.md", "attach") for n in range(300)))
    rolled = render_plan(plan, columns=80)
    assert re.search(r"kb/1/ +100 to attach$", rolled, re.M)
    assert "300 documents, rolled up by folder; --full lists each one" in rolled
    for whole in (render_plan(plan), render_plan(plan, columns=80, verbose=True)):
        assert "rolled up" not in whole
        assert all(f"{n}.md" in whole for n in range(300))


def test_what_all_have_in_common_is_said_once() -> None:
    lang = {"before": {}, "after": {"lang": "en"}}
    rows = [member(f"{n}.md", "update", "attributes_changed", **lang) for n in range(3)]
    text = render_plan(store(*rows), columns=80)
    assert "~ update 3: lang none -> en\n" in text
    assert text.count("lang") == 1


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ({}, {"lang": "en"}, "lang none -> en"),
        ({"lang": "en"}, {}, "lang en -> none"),
        ({"n": 3}, {"n": "3"}, "n 3 -> '3'"),
        ({"n": True}, {"n": "true"}, "n true -> 'true'"),
        ({"who": "all"}, {"who": "a b, c"}, "who all -> 'a b, c'"),
        ({"expires_after": "soon"}, {"expires_after": 5}, "expires_after soon -> 5"),
        ({"chunking": "x"}, {"chunking": "y"}, "chunking x -> y"),
    ],
)
@pytest.mark.parametrize("action", ["update", "swap", "reattach"])
def test_attributes_are_shown_old_and_new(
    before: dict[str, Any], after: dict[str, Any], words: str, action: str
) -> None:
    reasons = {"update": "attributes_changed", "swap": "content_changed"}
    reason = reasons.get(action, "index_failed")
    plan = store(member("a.md", action, reason, before=before, after=after))
    for text in shown_everywhere(plan):
        assert words in text


@pytest.mark.parametrize(
    ("after", "words"),
    [
        ({"expires_after": 86400 * 30}, "expires_after never -> 30d"),
        ({"name": "another one"}, "name kb -> 'another one'"),
        ({"metadata": {"team": "b"}}, "metadata.team a -> b"),
        (
            {"chunking": {"max_tokens": 400, "overlap": 100}},
            "chunking auto -> 400 tokens with an overlap of 100",
        ),
    ],
)
def test_settings_are_shown_old_and_new(after: dict[str, Any], words: str) -> None:
    action = "noop" if "chunking" in after else "update"
    plan = store(member("a.md", "swap", "content_changed"), action=action, **after)
    for text in shown_everywhere(plan):
        assert words in text


def test_a_table_has_the_error_of_the_server() -> None:
    plan = store(member("a.md", "reattach", "index_failed", error="unsupported_file: no text"))
    (table,) = tables(render_markdown(plan))
    assert table[1] == ["a.md", "reattach", "was not indexed: unsupported_file: no text"]


@pytest.mark.parametrize(
    ("action", "said"),
    [
        (MemberAction.ATTACH, "attached faq to vector store kb (file-1)"),
        (MemberAction.DETACH, "detached faq from vector store kb (file-1)"),
        (MemberAction.SWAP, "swapped faq in vector store kb (file-1)"),
        (MemberAction.REATTACH, "attached faq again in vector store kb (file-1)"),
        (MemberAction.UPDATE, "updated faq in vector store kb (file-1)"),
    ],
)
def test_what_was_done_is_a_sentence(action: MemberAction, said: str) -> None:
    assert done_line(Done("faq", action, "file-1", store="kb")) == said

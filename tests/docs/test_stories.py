"""The pages keep their word: what they tell a reader to run prints what they show."""

from __future__ import annotations

from pathlib import Path

import pytest
from docs_helpers import ROOT
from docs_stories import Story, all_stories, comparable, same_ids, told

STORIES = all_stories()


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_story_prints_what_is_shown(story: Story, tmp_path: Path) -> None:
    pairs: set[tuple[str, str]] = set()
    for step, said in zip(story.steps, told(story, tmp_path), strict=True):
        if step.shown is not None:
            told_anew = f"$ {step.command}\n{said}\n`make docs` shows what is printed now"
            assert comparable(said) == comparable(step.shown), told_anew
            pairs |= same_ids(step.shown, said)
        elif step.command.endswith("python page.py"):
            assert said.startswith("file-")
    # Where a page shows one id twice, or two, so it is.
    assert len(pairs) == len({shown for shown, _ in pairs}) == len({said for _, said in pairs})


def test_pages_that_tell_what_to_run_are_run() -> None:
    told = {story.page.relative_to(ROOT).as_posix() for story in STORIES}
    named = ("tutorial", "how-it-decides", "recovery", "environments")
    expected = {"README.md", *(f"docs/{name}.md" for name in named)}
    assert expected <= told

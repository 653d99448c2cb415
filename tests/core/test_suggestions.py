"""The nearest known word: what a slip of the finger meant, and nothing where no word is near."""

from __future__ import annotations

import pytest

from filesync.core.suggestions import nearest

OPTIONS = ["--json", "--markdown", "--html", "--out", "--full", "--only", "--detailed-exitcode"]
OPTIONS += ["--quiet", "--env", "--no-pager", "--strict", "--color", "--exclude", "--base-url"]
COMMANDS = ["plan", "apply", "status", "ids", "id", "ls", "show", "download", "destroy", "adopt"]
FIELDS = ["path", "glob", "purpose", "expires_after", "filename", "retain", "in_use", "fine-tune"]
KEYS = ["train", "eval-set", "handbook/intro.md", "docs/a/page-1.md", "faq"]


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("--jsn", OPTIONS, "--json"),
        ("--markdwon", OPTIONS, "--markdown"),
        ("--colour", OPTIONS, "--color"),
        ("--excldue", OPTIONS, "--exclude"),
        ("--output", OPTIONS, "--out"),
        ("--detailed", OPTIONS, "--detailed-exitcode"),
        ("plna", COMMANDS, "plan"),
        ("aply", COMMANDS, "apply"),
        ("staus", COMMANDS, "status"),
        ("purpos", FIELDS, "purpose"),
        ("finetune", FIELDS, "fine-tune"),
        ("expires", FIELDS, "expires_after"),
        ("expire_aftre", FIELDS, "expires_after"),
        ("eval_set", KEYS, "eval-set"),
        ("trian", KEYS, "train"),
        ("FAQ", KEYS, "faq"),
        ("handbook/intro", KEYS, "handbook/intro.md"),
        ("page-1.md", KEYS, "docs/a/page-1.md"),
    ],
)
def test_a_slip_finds_what_was_meant(word: str, known: list[str], meant: str) -> None:
    assert nearest(word, known) == meant


@pytest.mark.parametrize(
    ("word", "known"),
    [
        ("--nosuch", OPTIONS),
        ("--foo", OPTIONS),
        ("--mode", OPTIONS),
        ("--host", OPTIONS),
        ("--unknown", OPTIONS),
        ("--locked", OPTIONS),
        ("nosuch", COMMANDS),
        ("upload", COMMANDS),
        ("pull", COMMANDS),
        ("date", FIELDS),
        ("lifetime", FIELDS),
        ("reader", KEYS),
        ("x", KEYS),
        ("", KEYS),
        ("t" * 200, KEYS),
    ],
)
def test_where_nothing_is_near_nothing_is_suggested(word: str, known: list[str]) -> None:
    assert nearest(word, known) is None

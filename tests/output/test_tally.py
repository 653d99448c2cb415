"""How far an apply is, as its events say, and the lines that a log has of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from filesync.core.decide.change import Action
from filesync.core.events import Done, Failed, Indexing, Sent, Started
from filesync.core.plan.plan import Plan, Summary
from filesync.output import progress
from filesync.output.tally import Tally


def planned(create: int, size: int) -> Summary:
    return Summary(create, 0, 0, 0, 0, noop=0, unmanaged=0, upload_bytes=size)


def test_files_bytes_and_what_is_in_flight() -> None:
    tally = Tally(planned(2, 3_000))
    assert str(tally) == "0 of 2 files, 0 B of 3.0 kB sent"
    tally.add(Started("a.md", 1_000))
    tally.add(Started("b.md", 2_000))
    tally.add(Sent("a.md", 1_000))
    assert str(tally) == "0 of 2 files, 1.0 kB of 3.0 kB sent; a.md and 1 more"
    tally.add(Done("a.md", Action.CREATE, "file-1", 1_000))
    tally.add(Sent("b.md", 2_000))
    assert tally.now == "b.md"
    tally.add(Done("b.md", Action.CREATE, "file-2", 2_000))
    assert str(tally) == "2 of 2 files, 3.0 kB of 3.0 kB sent; finishing"
    tally.add(Indexing("kb", 1, 2))
    assert tally.now == "kb: 1/2 indexed"


def test_a_file_that_failed_is_not_in_flight() -> None:
    tally = Tally(planned(1, 1_000))
    tally.add(Started("a.md", 1_000))
    tally.add(Failed("a.md", Action.CREATE, "why"))
    assert tally.now == ""


def test_a_long_name_is_shortened_and_a_wild_one_escaped() -> None:
    tally = Tally(planned(1, 1_000))
    tally.add(Started("docs/" * 30 + "\x1b[31m.md", 1))
    assert tally.now.endswith(r"\x1b[31m.md")
    assert len(tally.now) <= 40


def test_a_log_has_a_line_on_the_whole_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = cast(Plan, SimpleNamespace(summary=planned(1, 1_000)))
    with progress.watching(plan, quiet=False, verbose=False) as watch:
        watch(Sent("a.md", 10))
        assert capsys.readouterr().err == ""
        monkeypatch.setattr(progress, "_SUM_EVERY", 0.0)
        watch(Sent("a.md", 500))
    assert capsys.readouterr().err == "0 of 1 file, 510 B of 1.0 kB sent\n"
    with progress.watching(plan, quiet=True, verbose=False) as watch:
        watch(Sent("a.md", 10))
    assert capsys.readouterr().err == ""

"""What a terminal adds: colour, the question, bars; and what NO_COLOR takes away."""

from __future__ import annotations

import re
import sys
import threading
import time

import pytest

from filesync.output import stderr
from filesync.output.columns import width
from tests.cli.fake_api import Answer, FakeApi, Request, error
from tests.cli.harness import Platform, Project
from tests.cli.terminal import on_terminal


def test_colour_on_a_terminal_only_and_not_with_no_color(project: Project) -> None:
    project.files("a")
    code, text = on_terminal(project, "plan")
    assert code == 0
    assert "\x1b[" in text
    code, text = on_terminal(project, "plan", env={"NO_COLOR": "1"})
    assert code == 0
    assert "\x1b[" not in text


def test_no_color_holds_for_errors_warnings_and_progress(
    platform: Platform, project: Project
) -> None:
    project.files("a", "b")
    platform.upload("a.txt", b"this is a\n")
    no_color = {"NO_COLOR": "1"}
    _, error = on_terminal(project, "id", "nothing", env=no_color)
    _, warning = on_terminal(project, "plan", env=no_color)
    code, progress = on_terminal(project, "apply", "--allow-duplicates", answer="y\n", env=no_color)
    assert code == 0
    assert "error" in error
    assert "warning" in warning
    for text in (error, warning, progress):
        assert not re.search(r"\x1b\[[0-9;]*3[0-9][0-9;]*m", text)


def test_apply_asks_and_yes_goes_on(platform: Platform, project: Project) -> None:
    project.files("a")
    code, text = on_terminal(project, "apply", answer="y\n")
    assert code == 0
    assert "1 to create" in text
    assert platform.names() == ["a.txt"]
    # Nothing to do is nothing to ask.
    code, text = on_terminal(project, "apply")
    assert code == 0
    assert "No changes" in text


def test_apply_asks_and_no_writes_nothing(platform: Platform, project: Project) -> None:
    project.files("a")
    code, text = on_terminal(project, "apply", answer="n\n")
    assert "Apply 1 create? [y/N]" in text
    assert "Nothing was changed." in text
    assert "error:" not in text
    assert code != 0
    assert platform.names() == []
    assert not project.lock_path.exists()


def test_no_is_not_an_interruption(project: Project) -> None:
    """130 tells CI and shells that a signal came; an answer is none."""
    project.files("a")
    code, text = on_terminal(project, "apply", answer="n\n")
    assert code == 1
    assert "interrupted" not in text


def test_a_note_stands_above_the_bars(on_fake: Project, fake: FakeApi) -> None:
    """The upload's answer is lost, and so is that to the look whether it was made."""
    on_fake.files("a")
    lost = []

    def lose(request: Request) -> Answer | None:
        if request.method == "POST":
            fake.add(request.filename or "", request.content, created_at=int(fake.clock()))
        elif "POST" not in lost:
            return None
        if request.method in lost:
            return None
        lost.append(request.method)
        return Answer(0)

    fake.rule(lose)
    code, text = on_terminal(on_fake, "apply", "-y")
    assert code == 0
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    assert "0/1 files" in shown
    host = fake.url.removeprefix("http://").removesuffix("/v1")
    note = f"no answer from {host} (the connection broke): trying again"
    assert note in re.split(r"[\r\n]+", shown)
    assert re.search(r"Applied: 1 .*; 1 retry\.", shown), shown


def test_a_retry_counts_down_while_planning_and_beside_the_bar(
    on_fake: Project, fake: FakeApi
) -> None:
    on_fake.files("a")
    refused = []

    def refuse(request: Request) -> Answer | None:
        if request.method in refused:
            return None
        refused.append(request.method)
        return error(429, "Slow down.", retry_after_ms="2000")

    fake.rule(refuse)
    code, text = on_terminal(on_fake, "apply", "-y", env={"COLUMNS": "120"})
    assert code == 0
    assert refused == ["GET", "POST"]
    planning, _, applying = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).partition("0/1 files")
    for part in (planning, applying):
        assert re.search(r"trying again in 2 s(?s:.*)trying again in 1 s", part), part
    assert "again in" not in re.split(r"[\r\n]+", applying.strip())[-1]


def test_a_line_does_not_run_into_a_counter(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(stderr, "_TELL_AFTER", 0.0)
    with stderr.hashing(quiet=False) as on_hashed:
        assert on_hashed is not None
        on_hashed(5)
        stderr.say("wait")
    stderr.say("done")
    start = "\r\x1b[K"
    shown = f"{start}hashed 5 B{start}wait\nhashed 5 B{start}done\n"
    assert capsys.readouterr().err == shown


def test_a_bar_may_ask_for_the_countdown_while_its_line_waits_to_be_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A bar lets nobody write while it asks, and hung with whoever wrote the last line."""
    writing, bar = threading.Event(), threading.Lock()

    class Terminal:
        def isatty(self) -> bool:
            return True

        def write(self, _text: str) -> None:
            writing.set()
            with bar:
                pass

        def flush(self) -> None:
            pass

    monkeypatch.setattr(sys, "stderr", Terminal())
    waits = stderr._Waits()
    told: list[str] = []
    with bar:
        writer = threading.Thread(target=waits.add, args=(60.0,), daemon=True)
        writer.start()
        assert writing.wait(30)
        asking = threading.Thread(target=lambda: told.append(waits.line()), daemon=True)
        asking.start()
        asking.join(30)
        assert told == ["trying again in 60 s"]
    writer.join(30)
    waits.end()


def test_an_error_does_not_run_into_the_countdown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    stderr.count_down(60.0)
    stderr.end_countdown()
    print("error", file=sys.stderr)
    start = "\r\x1b[K"
    assert capsys.readouterr().err == f"{start}trying again in 60 s{start}error\n"


@pytest.mark.parametrize("command", ["apply", "destroy"])
def test_ctrl_c_at_the_question_is_130(platform: Platform, project: Project, command: str) -> None:
    project.files("a")
    if command == "destroy":
        project.run("apply", "-y")
    before = platform.names()
    for answer in (None, "\x04"):  # Ctrl-C and Ctrl-D
        code, text = on_terminal(project, command, answer=answer)
        assert code == 130
        assert "interrupted: nothing was written" in text.splitlines()[-1]
        assert text.splitlines()[-1].startswith("\x1b[31merror: ")
        assert platform.names() == before


LONG = "docs/a-very-long-folder-name-indeed/with-another-below/and-a-long-file-name-too.md"
WIDE = "docs/日本語の説明書とその他の長い名前のファイル/読んでください.md"


def test_names_are_whole_and_columns_stand_below_each_other(project: Project) -> None:
    """Of each table once; tests/output has other widths and names."""
    for name in (LONG, WIDE, "docs/short.md"):
        project.write(name, "x")
    project.manifest("files: {docs: {glob: 'docs/**', purpose: assistants}}")
    env = {"COLUMNS": "80", "NO_COLOR": "1"}
    _, plan = on_terminal(project, "plan", env=env)
    project.run("apply", "-y")
    _, status = on_terminal(project, "status", env=env)
    _, listed = on_terminal(project, "ls", env=env)
    for text, mark in ((status, "never  up to date"), (listed, "assistants")):
        lines = text.splitlines()
        at = [width(line[: line.index(mark)]) for line in lines if mark in line]
        assert len(at) == 3
        assert len(set(at)) == 1, text
    for name in (LONG, WIDE):
        folder, _, base = name.rpartition("/")
        assert f"{folder}/" in plan
        assert base in plan
        assert name in status
        assert base in listed
    assert "…" not in plan + status + listed


def test_full_names_each_change_and_breaks_no_line_in_a_word(project: Project) -> None:
    for n in range(70):
        project.write(f"{LONG.removesuffix('.md')}-{n:02}.md", f"text {n}\n")
    project.manifest("files: {docs: {glob: 'docs/**', purpose: assistants}}")
    env = {"COLUMNS": "80", "NO_COLOR": "1"}
    _, rolled = on_terminal(project, "plan", env=env)
    assert "70 changes, rolled up by folder" in rolled
    _, full = on_terminal(project, "plan", "--full", "--no-pager", env=env)
    assert full.count("with-another-below/") == 1
    assert all(f"and-a-long-file-name-too-{n:02}.md" in full for n in range(70))
    assert max(map(len, full.splitlines())) <= 80


def table_in(text: str) -> list[str]:
    """The lines of a plan between its head and its summary."""
    (table,) = (part for part in text.replace("\r", "").split("\n\n") if part.startswith("  "))
    return table.splitlines()


def test_what_is_deleted_is_named_in_full_with_its_id(project: Project) -> None:
    names = ["docs/a.md", "docs/other.md", LONG, WIDE]
    for name in names:
        project.write(name, "x")
    project.manifest("files: {docs: {glob: 'docs/**', purpose: assistants}}")
    project.run("apply", "-y")
    env = {"COLUMNS": "80", "NO_COLOR": "1"}
    _, text = on_terminal(project, "destroy", answer="n\n", env=env)
    lines = [line.strip() for line in table_in(text)]
    for name in names:
        base = name.rpartition("/")[2]
        (at,) = (n for n, line in enumerate(lines) if line.split("  ")[0] == base)
        assert project.id(name) in "".join(lines[at : at + 2])


def bars_in(text: str) -> list[str]:
    """Each bar that was drawn, as it was seen."""
    drawn = re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text))
    return [line for line in drawn if re.match(r"\d+/\d+ files ", line)]


def test_a_bar_stays_in_its_line_and_what_was_done_follows(project: Project) -> None:
    project.files("a", "b")
    _, text = on_terminal(project, "apply", "-y", env={"COLUMNS": "80"})
    bars = bars_in(text)
    # The terminal shows ^C behind it, and what is wider than the window cannot be taken back.
    assert bars
    assert max(map(width, bars)) <= 75
    for key in "ab":
        assert text.rindex("/2 files") < text.index(f"created {key} ({project.id(key)}, 10 B)")
    # Where there are many, the lockfile tells.
    project.files(*(f"f{n}" for n in range(21)))
    _, text = on_terminal(project, "apply", "-y")
    assert "21 created" in text
    assert "created f1 (" not in text


def test_the_name_in_flight_does_not_break_the_line(on_fake: Project, fake: FakeApi) -> None:
    names = [f"docs/{'a-name-of-a-file-' * 3}{n}.md" for n in range(3)]
    for name in names:
        on_fake.write(name, name)
    on_fake.manifest("files: {docs: {glob: 'docs/**', purpose: assistants}}")
    fake.rules = [lambda request: time.sleep(0.4 if request.method == "POST" else 0)]
    _, text = on_terminal(on_fake, "apply", "-y", env={"COLUMNS": "80"})
    shown = [bar for bar in bars_in(text) if "a-file-" in bar]
    assert shown
    assert max(map(width, shown)) <= 75
    assert "\x1b[2K\x1b[1A" not in text, "the cursor goes up from a second line"


def test_a_log_is_not_torn_by_a_bar(project: Project) -> None:
    project.files("a", "b")
    _, text = on_terminal(project, "apply", "-y", "-v")
    assert "POST /files" in text
    assert bars_in(text) == []
    assert "created a (" in text


def test_a_newcomer_is_told_what_comes_next(project: Project) -> None:
    """Each step names the next one, as far as someone is there to read it."""
    _, text = on_terminal(project, "init")
    assert "then run `filesync plan`" in text
    for command in ("validate", "plan"):
        assert "name your files in filesync.yaml" in on_terminal(project, command)[1]
    project.manifest("files: {a: {path: a.txt}}")
    assert "`filesync validate`" in on_terminal(project, "plan")[1]
    project.write("a.txt")
    assert "`filesync plan` shows" in on_terminal(project, "validate")[1]
    assert "run `filesync apply` to make these changes" in on_terminal(project, "plan")[1]
    _, text = on_terminal(project, "apply", "-y")
    assert "commit filesync.lock" in text
    assert "`filesync id KEY`" in text
    assert "to make these changes" not in on_terminal(project, "plan")[1]
    assert "take it out of filesync.yaml" in on_terminal(project, "forget", "a")[1]
    # Not where it would be refused: there the warning says what to do.
    _, text = on_terminal(project, "plan")
    assert "filesync adopt a" in text
    assert "to make these changes" not in text
    assert "`filesync plan` shows" in on_terminal(project, "adopt", "a")[1]


def test_what_comes_next_is_for_terminals_and_for_this_manifest(project: Project) -> None:
    project.files("a", "b")
    (project.root / "filesync.yaml").rename(project.root / "my prod.yaml")
    args = ("-m", "my prod.yaml")
    assert (
        "run `filesync -m 'my prod.yaml' apply` to make" in on_terminal(project, "plan", *args)[1]
    )
    _, text = on_terminal(
        project, "plan", "--only", "a*", env={"FILESYNC_MANIFEST": "my prod.yaml"}
    )
    assert "`filesync -m 'my prod.yaml' apply --only 'a*'` to make these changes" in text
    assert "->" not in on_terminal(project, "plan", "-q", *args)[1]
    assert "->" not in on_terminal(project, "plan", "--at", "+1d", *args)[1]
    for ran in project.run_all(["plan", *args], ["validate", *args]):
        assert "->" not in ran.out + ran.err


def many(project: Project) -> None:
    project.files(*(f"file{number:02}" for number in range(40)))


def test_a_plan_taller_than_the_terminal_is_paged(project: Project) -> None:
    many(project)
    pager = {"PAGER": "sed s/^/PAGED:/"}
    code, text = on_terminal(project, "plan", env=pager)
    assert code == 0
    paged = [line for line in text.splitlines() if "PAGED:" in line]
    assert len(paged) > 40
    assert "40 to create" in paged[-1]
    # Not if told so, nor if it fits, nor without a terminal.
    assert "PAGED:" not in on_terminal(project, "plan", "--no-pager", env=pager)[1]
    assert "PAGED:" not in on_terminal(project, "plan", "--only", "file0?", env=pager)[1]
    assert "PAGED:" not in project.run("plan", env=pager).out
    for none in ("", "cat", "no-such-pager-anywhere"):
        assert "40 to create" in on_terminal(project, "plan", env={"PAGER": none})[1]


def test_warnings_stand_below_a_plan_that_scrolls_away_as_well(
    platform: Platform, project: Project
) -> None:
    many(project)
    platform.upload("file00.txt", b"this is file00\n")
    _, text = on_terminal(project, "plan", "--no-pager", env={"NO_COLOR": "1"})
    above, summary, below = text.partition("40 to create")
    assert above.count("warning: ") == below.count("warning: ") == 1
    assert summary
    _, short = on_terminal(project, "plan", "--only", "file00", env={"NO_COLOR": "1"})
    assert short.count("warning: ") == 1

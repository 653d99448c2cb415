"""Completion after Tab, asked for as real shells ask."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.fake_api import FakeApi
from tests.cli.harness import Project

BIN = Path(sys.executable).parent


def shell_env(project: Project) -> dict[str, str]:
    """Where the shells find this interpreter's filesync."""
    return {**project.env, "PATH": f"{BIN}{os.pathsep}{project.env['PATH']}", "TERM": "dumb"}


def run(project: Project, *command: str) -> str:
    """Run a shell; what it printed. It must not complain."""
    ran = subprocess.run(
        command,
        cwd=project.root,
        env=shell_env(project),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ran.stderr == ""
    return ran.stdout


def offered(project: Project, line: str, env: Mapping[str, str] = {}) -> list[str]:
    """What click answers for a line that ends at the cursor, without a shell in between."""
    words = line.split(" ")
    asked = {"_FILESYNC_COMPLETE": "bash_complete", "COMP_WORDS": "\n".join(words)}
    ran = subprocess.run(
        [BIN / "filesync"],
        cwd=project.root,
        env={**shell_env(project), **asked, "COMP_CWORD": str(len(words) - 1), **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ran.stderr == ""
    return [one.partition(",")[2] or one for one in ran.stdout.split("\n") if one]


@pytest.fixture
def keyed(on_fake: Project, fake: FakeApi) -> Project:
    """A project whose lockfile has the keys docs/a.md, docs/b.md and train; `new` is not in it."""
    for name in ("docs/a.md", "docs/b.md"):
        on_fake.write(name, "x")
    on_fake.manifest("files: {docs: {glob: 'docs/*'}, train: {path: train.txt}}")
    on_fake.write("train.txt", "x")
    on_fake.run("apply", "-y")
    on_fake.write("new.txt", "x")
    on_fake.manifest(
        "files: {docs: {glob: 'docs/*'}, train: {path: train.txt}, new: {path: new.txt}}"
    )
    fake.log.clear()
    return on_fake


def test_keys_options_and_words_are_offered(keyed: Project, fake: FakeApi) -> None:
    assert offered(keyed, "filesync id ") == ["docs/a.md", "docs/b.md", "train"]
    assert offered(keyed, "filesync id docs/") == ["docs/a.md", "docs/b.md"]
    assert offered(keyed, "filesync forget tr") == ["train"]
    assert offered(keyed, "filesync adopt ") == ["new"]
    assert offered(keyed, "filesync plan --only ") == ["docs", "docs/a.md", "docs/b.md", "train"]
    assert offered(keyed, "filesync exec --only do") == ["docs", "docs/a.md", "docs/b.md"]
    assert offered(keyed, "filesync ids --format ") == ["json", "env", "github", "tfvars"]
    assert "batch_output" in offered(keyed, "filesync ls --purpose ")
    assert offered(keyed, "filesync show ") == sorted(
        entry["id"] for entry in keyed.lock["files"].values()
    )
    assert "--detailed-exitcode" in offered(keyed, "filesync plan --")
    assert "completion" in offered(keyed, "filesync ")
    assert offered(keyed, "filesync completion ") == ["bash", "zsh", "fish"]
    assert fake.log == [], "Tab asked a server"


@pytest.mark.parametrize(
    "line", ["filesync -m ", "filesync plan -m ma", "filesync render ", "filesync plan --out "]
)
def test_the_shell_itself_offers_files(keyed: Project, line: str) -> None:
    (answer,) = offered(keyed, line)
    assert answer in ("file,", line.rpartition(" ")[2])


def test_keys_are_those_of_the_manifest_that_is_named(keyed: Project) -> None:
    keyed.lock_path.rename(keyed.root / "other.lock")
    assert offered(keyed, "filesync id ") == []
    for line in ("filesync id -m other.yaml ", "filesync -m other.yaml id "):
        assert "train" in offered(keyed, line)
    assert "train" in offered(keyed, "filesync id ", {"FILESYNC_MANIFEST": "other.yaml"})


def test_what_is_damaged_or_missing_offers_nothing_and_says_nothing(keyed: Project) -> None:
    lines = [f"filesync {line} " for line in ("id", "forget", "adopt", "show", "plan --only")]
    keyed.lock_path.write_text("<<<<<<< HEAD")
    assert [offered(keyed, line) for line in lines] == [[]] * 5
    keyed.lock_path.unlink()
    keyed.write("filesync.yaml", "version: [")
    assert [offered(keyed, line) for line in lines] == [[]] * 5
    (keyed.root / "filesync.yaml").unlink()
    assert [offered(keyed, line) for line in lines] == [[]] * 5


def test_a_key_with_a_line_break_is_not_two_offers(keyed: Project) -> None:
    text = keyed.lock_path.read_text().replace('"train"', '"tr\\nain"')
    keyed.lock_path.write_text(text)
    assert offered(keyed, "filesync id tr") == []


def needs(shell: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(shell) is None, reason=f"{shell} is not installed")


@needs("bash")
def test_bash_completes(keyed: Project) -> None:
    script = """
        eval "$(filesync completion bash)"
        tab() {
            COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
            _filesync_completion filesync
            echo "${COMPREPLY[@]}"
        }
        complete -p filesync
        tab filesync id d
        tab filesync ids --format g
        tab filesync sta
    """
    lines = run(keyed, "bash", "--norc", "-c", script).splitlines()
    assert "_filesync_completion" in lines[0]
    assert lines[1:] == ["docs/a.md docs/b.md", "github", "state status"]


@needs("bash")
def test_bash_completes_as_one_types(keyed: Project) -> None:
    assert "filesync forget train" in typed(
        keyed,
        ["bash", "--norc", "-i"],
        'PS1="> "; eval "$(filesync completion bash)"',
        "filesync forget tr",
    )


@needs("zsh")
def test_zsh_completes_as_one_types(keyed: Project) -> None:
    assert "filesync forget train" in typed(
        keyed,
        ["zsh", "-f", "-i"],
        "PS1='> '; autoload -U compinit; compinit -u -d zcompdump; "
        'eval "$(filesync completion zsh)"',
        "filesync forget tr",
    )


@needs("fish")
def test_fish_completes(keyed: Project) -> None:
    script = "filesync completion fish | source; complete -C 'filesync forget d'"
    lines = run(keyed, "fish", "--no-config", "-c", script).splitlines()
    ids = {key: entry["id"] for key, entry in keyed.lock["files"].items()}
    assert lines == [f"{key}\t{ids[key]}" for key in ("docs/a.md", "docs/b.md")]


def typed(project: Project, shell: list[str], setup: str, line: str) -> str:
    """Type a line and Tab into an interactive shell; what the terminal showed of it."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        shell,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=project.root,
        env=shell_env(project),
        start_new_session=True,
    )
    os.close(theirs)
    seen = ""

    def until(sign: str) -> None:
        nonlocal seen
        deadline = time.monotonic() + 30
        while not re.search(sign, seen):
            left = deadline - time.monotonic()
            assert left > 0, f"no {sign} in {seen!r}"
            if select.select([ours], [], [], left)[0]:
                with contextlib.suppress(OSError):
                    seen += os.read(ours, 65536).decode(errors="replace")

    try:
        # The sign of being ready is put together by the shell: what is echoed lacks it.
        os.write(ours, f"{setup}; echo rea''dy\n".encode())
        until("ready")
        seen = ""
        os.write(ours, f"{line}\t".encode())
        until("forget train")
        return seen
    finally:
        process.kill()
        process.wait()
        os.close(ours)

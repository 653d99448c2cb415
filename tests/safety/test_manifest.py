"""Wrong manifests: every problem at once, each with its place, and nothing sent."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.cli.harness import Project

HEAD = "version: 1\nproject: test\n"


def problems(project: Project, text: str) -> dict[str, str]:
    """Validate a manifest that must be wrong; returns place -> complaint, `L:C` where no place."""
    project.write("filesync.yaml", text)
    err = project.run("validate", code=1).err
    found = {}
    for line in err.splitlines():
        if line.strip().startswith("->"):
            continue
        match = re.fullmatch(r"filesync\.yaml:(\d+):(\d+): (?:([\w.\[\]/ *-]+?): )?(.+)", line)
        assert match is not None, f"no PATH:LINE:COL in {line!r}"
        row, column, place, message = match.groups()
        found[f"{row}:{column} {place or ''}".strip()] = message
    return found


def test_all_problems_in_one_go(alone: Project) -> None:
    alone.write("a.txt")
    found = problems(
        alone,
        """\
version: 1
project: Not A Name
remote:
  base_url: ftp://nowhere
  requests_per_minute: 0
defaults:
  retain: -1d
limits: {max_delete: 130%}
prune:
  purposes: [batch_output]
filse: {}
files:
  train:
    path: a.txt
    expires_after: 31d
    purpose: fine_tune
    protected: true
  train:
    path: a.txt
  both: {path: a.txt, glob: "*.txt"}
  none: {}
  batch: {path: a.txt, purpose: batch, expires_after: never}
  short: {path: a.txt, expires_after: 59m}
  renew: {path: a.txt, expires_after: 2h, renew_before: 3h}
  types: {path: 7, protect: maybe, retain: -1d, exclude: x}
""",
    )
    places = {place.split()[1] for place in found if " " in place}
    for place in (
        "project",
        "remote.base_url",
        "remote.requests_per_minute",
        "defaults.retain",
        "limits.max_delete",
        "prune.purposes[0]",
        "filse",
        "files.train.expires_after",
        "files.train.purpose",
        "files.train.protected",
        "files.none",
        "files.batch.expires_after",
        "files.short.expires_after",
        "files.types.path",
        "files.types.protect",
        "files.types.retain",
        "files.types.exclude",
    ):
        assert place in places, place
    assert any(place.startswith("files.both") for place in places)
    assert found["2:10 project"]
    assert "files" in found["11:1 filse"]
    assert "protect" in found["17:5 files.train.protected"]
    assert "fine-tune" in found["16:14 files.train.purpose"]
    assert "30d" in found["15:20 files.train.expires_after"]
    assert any(place.startswith("18:3") for place in found), "the second `train`"
    assert any("always expire" in message for message in found.values())


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "1:1"),
        ("# only a comment\n", "1:1"),
        ("- a\n- b\n", "1:1"),
        ("just text\n", "1:1"),
        ("version: 1\nproject: [\n", ""),
        ("version: 1\n\tproject: test\n", "2:1"),
        ("version: 1\nproject: test\nproject: test\nfiles: {}\n", "3:1"),
        ("version: 2\nproject: test\nfiles: {}\n", "1:10 version"),
        ("project: test\nfiles: {}\n", "version"),
        (HEAD + "files: []\n", "3:8 files"),
        (HEAD + "files: {a: {path: missing.txt}}\n", "files.a"),
        (HEAD + "files: {a: {path: folder}}\n", "files.a"),
        (HEAD + "files: {a: {path: ../home}}\n", "files.a"),
        (HEAD + "files: {a: {path: /etc/hostname}}\n", "files.a"),
        (HEAD + "files: {a: {glob: '*.nothing'}}\n", "files.a"),
        (HEAD + "files: {a: {path: link}}\n", "files.a"),
        (HEAD + "files: {a: {path: loop}}\n", "files.a"),
        (HEAD + "files: {a: {path: pipe}}\n", "files.a"),
        (HEAD + "files: {d/x.md: {path: d/x.md}, d: {glob: 'd/*.md'}}\n", "files.d"),
        (HEAD + "files: {a: !!python/object/apply:os.system [id]}\n", ""),
        (HEAD + "files: *nothing\n", "3:8"),
        (HEAD + "files: &a {a: *a}\n", ""),
        ("---\n" + HEAD + "files: {}\n---\nversion: 1\n", ""),
        ("[" * 100_000, ""),
        ("a: " + "{b: " * 50_000, ""),
    ],
    ids=range(25),
)
def test_one_wrong_thing(alone: Project, text: str, where: str) -> None:
    (alone.root / "folder").mkdir()
    (alone.root / "link").symlink_to("/etc/hostname")
    (alone.root / "loop").symlink_to("loop")
    os.mkfifo(alone.root / "pipe")
    alone.write("d/x.md")
    found = problems(alone, text)
    assert any(where in place for place in found), found


def test_bytes_that_are_no_manifest(alone: Project) -> None:
    for content in (b"\xff\xfe\x00\x01", b"version: 1\nproject: caf\xe9\n", b"\x00" * 100):
        alone.write("filesync.yaml", content)
        err = alone.run("validate", code=1).err
        assert re.search(r"filesync\.yaml:\d+:\d+: ", err), err


def test_a_pipe_is_no_manifest(alone: Project) -> None:
    os.mkfifo(alone.root / "pipe.yaml")
    for command in (["validate"], ["status"], ["plan", "--offline"], ["apply", "-y"]):
        err = alone.run("-m", "pipe.yaml", *command, code=1).err
        assert err == "error: cannot read pipe.yaml: it is not a regular file\n"
    assert "pipe.yaml is there already" in alone.run("-m", "pipe.yaml", "init", code=1).err


def test_a_bomb_and_a_huge_manifest(alone: Project) -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    for number in range(1, 10):
        items = ", ".join([f"*a{number - 1}"] * 9)
        bomb += f"a{number}: &a{number} [{items}]\n"
    assert problems(alone, HEAD + bomb)
    alone.write("filesync.yaml", HEAD.encode() + b"# " + b"x" * 50_000_000)
    err = alone.run("validate", code=1).err
    assert "filesync.yaml" in err
    assert len(err) < 1000


def test_no_manifest_or_no_file(alone: Project) -> None:
    for err in alone.all_refused(
        ["validate"], ["plan"], ["apply", "-y"], ["status"], ["destroy", "-y"]
    ):
        assert "filesync.yaml" in err
        assert "filesync init" in err
    (alone.root / "filesync.yaml").mkdir()
    assert "filesync.yaml" in alone.run("plan", code=1).err
    assert "filesync.yaml" in alone.run("init", code=1).err


def test_outside_the_folder_only_on_request(alone: Project) -> None:
    outside = alone.root.parent / "outside.txt"
    outside.write_text("x")
    (alone.root / "link.txt").symlink_to(outside)
    alone.manifest("files: {a: {path: ../outside.txt}, b: {path: link.txt}}")
    ran = alone.run("validate", code=1)
    assert "files.a" in ran.err
    assert "files.b" in ran.err
    assert "--allow-outside" in ran.err
    url = ["--base-url", "emulator:remote"]
    assert "--allow-outside" in alone.refused("apply", "-y", *url)
    alone.run("apply", "-y", "--allow-outside", *url)
    assert set(alone.lock["files"]) == {"a", "b"}
    assert str(Path.home()) not in alone.lock_path.read_text()


def test_a_wrong_manifest_sends_nothing(alone: Project) -> None:
    """Not even with a server that is not there: the manifest is read first."""
    alone.manifest("files: {a: {path: missing.txt}}")
    env: dict[str, str | None] = {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    for ran in alone.run_all(["plan"], ["apply", "-y"], ["status"], code=1, env=env):
        assert "missing.txt" in ran.err


def test_a_fault_in_the_defaults_hides_none_of_an_entry(alone: Project) -> None:
    """The entry says purpose and expiry itself, so nothing in the defaults could mend it."""
    alone.write("a.txt")
    found = problems(
        alone,
        HEAD + "defaults: {purpose: user-data}\n"
        "files: {a: {path: a.txt, purpose: batch, expires_after: never}}\n",
    )
    assert "3:21 defaults.purpose" in found
    assert any(place.endswith("files.a.expires_after") for place in found), found

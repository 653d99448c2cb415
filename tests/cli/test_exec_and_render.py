"""exec and render: ids handed to what uses them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.cli.harness import Platform, Project

SHOW = (
    "import json, os; print(json.dumps({k: v for k, v in os.environ.items() if 'FILESYNC' in k}))"
)


def applied(project: Project) -> None:
    project.files("train", "eval-set", rest="")
    project.write("docs/a b.md", "x")
    text = (project.root / "filesync.yaml").read_text()
    (project.root / "filesync.yaml").write_text(text + "  docs: {glob: 'docs/*'}\n")
    project.apply()


def test_exec_gives_every_id_by_its_name(project: Project) -> None:
    applied(project)
    ran = project.run("exec", "--", sys.executable, "-c", SHOW)
    assert ran.json == {
        "FILESYNC_TRAIN": project.id("train"),
        "FILESYNC_EVAL_SET": project.id("eval-set"),
        "FILESYNC_DOCS_A_B_MD": project.id("docs/a b.md"),
    }
    assert ran.err == ""
    # The rest of the environment stays; options after the command are the command's.
    some = project.run("exec", "--only", "tr*", sys.executable, "-c", SHOW, env={"X": "1"})
    assert some.json == {"FILESYNC_TRAIN": project.id("train")}
    home = project.run("exec", "--", "sh", "-c", 'echo "$HOME"', "--only", "-m")
    assert home.out.strip() == project.env["HOME"]


def test_exec_ends_as_the_command_does(project: Project) -> None:
    applied(project)
    assert project.run("exec", "--", "sh", "-c", "exit 7", code=None).code == 7
    assert project.run("exec", "--", "sh", "-c", "exit 2", code=None).code == 2
    killed = project.run("exec", "--", "sh", "-c", "kill -9 $$", code=None)
    assert killed.code == -signal.SIGKILL
    # Python ignores a closed pipe; a command that it becomes must not.
    status = Path("/proc/self/status")
    if status.exists():
        shown = project.run("exec", "--", "sed", "-n", r"s/^SigIgn:\s*//p", str(status)).out
        assert int(shown, 16) & 1 << signal.SIGPIPE - 1 == 0


def test_exec_that_cannot_start_is_an_error(project: Project) -> None:
    applied(project)
    project.write("not-executable", "#!/bin/sh\n")
    complaints = project.all_refused(
        ["exec", "--", "no-such-command-here"],
        ["exec", "--", "./not-executable"],
        ["exec", "--", ""],
        ["exec"],
        ["exec", "--only", "nothing*", "true"],
        ["exec", "-m", "other.yaml", "true"],
    )
    said = ["no command 'no-such-command-here'", "ermission", "''", "CMD", "nothing*", "lockfile"]
    for complaint, part in zip(complaints, said, strict=True):
        assert part in complaint


def test_exec_refuses_two_keys_of_one_name(project: Project) -> None:
    project.files("a-b", "a_b")
    project.apply()
    assert "--only" in project.refused("exec", "true")
    project.run("exec", "--only", "a-b", "true")


def test_expired_ids_are_warned_of(platform: Platform, project: Project) -> None:
    project.files("a", b="expires_after: 1h")
    project.apply()
    lock = project.lock
    lock["files"]["b"]["expires_at"] = 1
    project.lock_path.write_text(json.dumps(lock))
    project.write("t", "${filesync:b}")
    assert "b has expired" in project.run("exec", "true").err
    assert "b has expired" in project.run("render", "t").err
    assert project.run("exec", "--only", "a", "true").err == ""


def test_render_puts_ids_in_place(project: Project) -> None:
    applied(project)
    template = (
        '{"training_file": "${filesync:train}",\r\n "é": "${filesync:docs/a b.md}",\n'
        ' "kept": "$${filesync:train} $${filesync:nobody} ${other} $$ ${HOME}", "x": "$"}'
    )
    project.write("job.json", template)
    expected = (
        template.replace('"${filesync:train}"', f'"{project.id("train")}"')
        .replace('"${filesync:docs/a b.md}"', f'"{project.id("docs/a b.md")}"')
        .replace("$${filesync", "${filesync")
    )
    offline = {"OPENAI_API_KEY": None, "OPENAI_BASE_URL": None}
    ran = project.run("render", "job.json", "-o", "no/such/out.json", code=1)
    assert "cannot write" in ran.err
    ran = project.run("render", "job.json", "-o", "job.out.json", env=offline)
    assert ran.out == ""
    assert (project.root / "job.out.json").read_bytes() == expected.encode()
    env = {name: value for name, value in project.env.items() if name not in offline}
    piped = subprocess.run(
        [sys.executable, "-m", "filesync", "render", "-"],
        cwd=project.root,
        env=env,
        input=template.encode(),
        capture_output=True,
        check=True,
    )
    assert piped.stdout == expected.encode()


def test_render_names_every_unknown_key_with_its_place(project: Project) -> None:
    applied(project)
    project.write(
        "job.yaml",
        "a: ${filesync:train}\nb: x ${filesync:trian} ${filesync:}\nc: ${filesync:eval_set}\n"
        "d: ${filesync:never closed\ne: ${filesync:\x1b[31m}\n",
    )
    complaint = project.refused("render", "job.yaml", "-o", "out.yaml")
    for said in (
        "job.yaml:2:6: 'trian' is not in the lockfile; did you mean 'train'?",
        "job.yaml:2:24: '' is not in the lockfile",
        "job.yaml:3:4: 'eval_set' is not in the lockfile; did you mean 'eval-set'?",
        "job.yaml:4:4: `${filesync:` is not closed",
        r"job.yaml:5:4: '\x1b[31m' is not in the lockfile",
    ):
        assert said in complaint
    assert not (project.root / "out.yaml").exists()


def test_render_refuses_what_it_cannot_read_or_should_not_write(project: Project) -> None:
    applied(project)
    project.write("latin1.txt", b"\xe9")
    project.write("t", "${filesync:train}")
    commands = {
        "not UTF-8": ["latin1.txt"],
        "no template": ["nowhere.txt"],
        "cannot read": ["."],
        "the lockfile": ["t", "-o", "filesync.lock"],
        "the manifest": ["t", "-o", "./filesync.yaml"],
        "overwritten": ["t", "-o", "t"],
    }
    for complaint, said in zip(
        project.all_refused(*(["render", *one] for one in commands.values())),
        commands,
        strict=True,
    ):
        assert said in complaint
    assert (project.root / "t").read_text() == "${filesync:train}"
    assert os.path.getsize(project.root / "filesync.yaml") > 20

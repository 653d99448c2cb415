"""Standard streams that are full or closed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.cli.harness import Platform, Project, Ran, check_output


def in_shell(project: Project, args: str, redirect: str) -> Ran:
    """Run the command from a shell, as whoever redirects its streams does."""
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" -m filesync {args} {redirect}', sys.executable],
        cwd=project.root,
        env=project.env,
        capture_output=True,
        text=True,
        check=False,
    )
    check_output(done.stdout + done.stderr)
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.mark.skipif(os.name != "posix", reason="elsewhere Python takes UTF-8 for file names")
def test_names_are_utf8_whatever_the_locale_says(project: Project) -> None:
    project.write("ü.txt", "ü")
    project.manifest("files: {ü: {path: ü.txt}, d: {glob: '*.txt'}}")
    project.write("template", "${filesync:ü} für dich")
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for args in (["apply", "-y"], ["status"], ["id", "ü"], ["render", "template"]):
        ran = project.finish(project.start(*args, env=locale))
    assert ran.out == f"{project.id('ü')} für dich"


@pytest.mark.parametrize(
    "args",
    [
        "id a",
        "ids",
        "plan",
        "plan --json",
        "schema",
        "verify",
        "--version",
        "download $ID",
        "apply -y --json",
    ],
)
def test_a_stdout_that_takes_nothing(project: Project, args: str) -> None:
    project.write("a.jsonl", "{}\n" * 10_000)  # more than a buffer holds
    project.manifest("files: {a: {path: a.jsonl, purpose: evals}}")
    project.run("apply", "-y")
    project.env["ID"] = project.id("a")
    full = in_shell(project, args, "> /dev/full")
    assert full.code == 1
    assert full.err.count("error: cannot write to stdout: No space left on device\n") == 1
    closed = in_shell(project, args, ">&-")
    assert closed.code == 1
    assert closed.err.count("error: cannot write to stdout: it is closed\n") == 1
    for ran in (full, closed):
        assert "Exception ignored" not in ran.err


def test_apply_and_destroy_do_their_work_without_streams(
    platform: Platform, project: Project
) -> None:
    project.files("a")
    for redirect in (">&-", "2>&-", "<&- >&- 2>&-"):
        assert in_shell(project, "apply -y", redirect).code == 0
        assert platform.names() == ["a.txt"]
        assert project.lock["files"]["a"]["id"] in platform.files()
        assert in_shell(project, "destroy -y", redirect).code == 0
        assert platform.names() == []


def test_a_plan_that_cannot_be_shown_is_not_applied(platform: Platform, project: Project) -> None:
    project.files("a")
    assert in_shell(project, "apply -y", "> /dev/full").code == 1
    assert platform.names() == []


def test_errors_without_a_stderr_are_exit_codes(project: Project) -> None:
    project.files("a")
    ran = in_shell(project, "id nothing", "2>&-")
    assert (ran.code, ran.out) == (1, "")
    assert in_shell(project, "plan --detailed-exitcode", "2>&-").code == 2


def test_an_apply_that_nobody_reads_any_more_saves_its_ids(project: Project) -> None:
    """As with `filesync apply -y 2>&1 | head`."""
    names = [f"f{n}" for n in range(12)]
    project.files(*names)
    process = project.start("apply", "-y", "--concurrency", "1")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    process.stderr.close()
    process.wait(60)
    assert sorted(project.lock["files"]) == sorted(names)

"""Colours where they are asked for, and the log of requests."""

from __future__ import annotations

import json

import pytest

from tests.cli.harness import Project, in_colour

RED = "\x1b[31m"


@pytest.mark.parametrize(
    ("options", "env", "expected"),
    [
        ([], {}, False),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "0"}, False),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (["--color", "always"], {}, True),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
        (["--color", "auto"], {"FORCE_COLOR": "1"}, True),
    ],
)
def test_colours(alone: Project, options: list[str], env: dict[str, str], expected: bool) -> None:
    alone.files("a")
    out, err = in_colour(alone, "plan", "--offline", *options, env=env)
    assert ("\x1b[32m" in out) is expected
    _, err = in_colour(alone, "id", "a", *options, env=env)
    assert (RED in err) is expected


def test_log_of_requests(project: Project) -> None:
    project.files("a")
    lines = project.run("plan", "--log-http", "--log-format", "json").err.splitlines()
    logged = [json.loads(line) for line in lines if line.startswith("{")]
    assert logged
    assert {frozenset(one) for one in logged} == {frozenset({"time", "level", "logger", "message"})}
    assert any("GET /files" in one["message"] for one in logged)
    for option in ("--log-http", "-v"):
        assert "filesync.http: GET /files" in project.run("plan", option).err
    assert "GET" not in project.run("plan", "--full").err

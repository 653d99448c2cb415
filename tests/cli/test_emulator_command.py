"""`filesync emulator` and its options, as a user starts it."""

from __future__ import annotations

import contextlib
import json
import signal
from collections.abc import Iterator

import pytest

from tests.cli.harness import CANARY, Project


@contextlib.contextmanager
def served(alone: Project, *options: str) -> Iterator[str]:
    """Run the emulator with the canary as its key; yields its base URL."""
    words = ["--port", "0", "--data", "data", "--api-key", CANARY]
    process = alone.start("--quiet", "emulator", *words, *options)
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip()
        alone.env["OPENAI_BASE_URL"] = url
        yield url
    finally:
        process.send_signal(signal.SIGINT)
        alone.finish(process, code=None)


def test_a_log_of_what_was_asked(alone: Project) -> None:
    alone.files("a")
    with served(alone, "--log", "requests.jsonl", "--fault", "GET /files 503 x1"):
        alone.apply(settled=False)
    lines = (alone.root / "requests.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    assert [(one["status"], one["fault"]) for one in records[:2]] == [(503, "503"), (200, None)]
    assert {one["method"] for one in records} == {"GET", "POST"}
    assert all(one["path"].startswith("/v1/") and one["seconds"] >= 0 for one in records)
    alone.check_no_key()


def test_a_type_has_its_own_path(alone: Project) -> None:
    alone.write("a.jsonl", '{"custom_id": "1", "method": "POST", "url": "/v1/x", "body": {}}\n')
    alone.manifest("remote: {type: groq}\nfiles: {a: {path: a.jsonl, validate: false}}")
    with served(
        alone, "--type", "groq", "--latency", "0.01", "--requests-per-minute", "6000"
    ) as url:
        assert url.endswith("/openai/v1")
        alone.apply()
        assert alone.run("ls", "--json").json[0]["purpose"] == "batch"


def test_the_embedded_one_is_like_the_manifests_type(alone: Project) -> None:
    alone.write("a.md", "# A\n")
    alone.manifest("remote: {type: xai, base_url: 'emulator:data'}\nfiles: {a: {path: a.md}}")
    alone.apply()
    assert alone.run("ls", "--json").json[0]["purpose"] == ""


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--type", "nope", "expected one of ['openai', 'azure'"),
        ("--fault", "GET /files sometimes", "METHOD PATH KIND"),
        ("--latency", "-1", "not negative"),
        ("--latency", "inf", "not negative"),
        ("--clock-offset", "nan", "expected a number"),
        ("--index-delay", "1e300", "not negative"),
        ("--log", "no/such/folder/log", "cannot write the log"),
        ("--api-key", "", "must be printable ASCII"),
        ("--api-key", "sk with spaces", "must be printable ASCII"),
        ("--api-key", "sk-é", "must be printable ASCII"),
    ],
)
def test_a_wrong_option_is_named(alone: Project, option: str, value: str, says: str) -> None:
    err = alone.run("emulator", "--port", "0", "--data", "data", option, value, code=1).err
    assert option in err
    assert says in err
    assert "->" in err

"""ls, show, download, and the emulator as a process of its own."""

from __future__ import annotations

import contextlib
import json
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from tests.cli.fake_api import FakeApi
from tests.cli.harness import Platform, Project


def test_ls_and_show_tell_what_the_platform_holds(platform: Platform, project: Project) -> None:
    """Without a manifest, too."""
    first = platform.upload("first.txt", b"12345")
    second = platform.upload("second.jsonl", b"{}", "batch")
    out = project.run("ls").out
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert "first.txt" in lines[first]
    assert "5 B" in lines[first]
    assert "user_data" in lines[first]
    assert "batch" in lines[second]
    listed = project.run("ls", "--json").json
    assert {one["id"]: one["filename"] for one in listed} == {
        first: "first.txt",
        second: "second.jsonl",
    }
    assert [one["id"] for one in project.run("ls", "--json", "--purpose", "batch").json] == [second]
    assert project.run("show", first).json == platform.files()[first]
    assert "file-nothing" in project.run("show", "file-nothing", code=1).err
    assert project.run("ls", "--purpose", "evals", "--json").json == []


def test_ls_takes_a_misspelt_purpose_for_one(on_fake: Project, fake: FakeApi) -> None:
    """A server may have purposes of its own; those are known by their files."""
    fake.add("a", b"x", "fine-tunes")
    assert "fine-tunes" in on_fake.run("ls", "--purpose", "fine-tunes").out
    for wrong, meant in (("finetune", "fine-tune"), ("batchoutput", "batch_output")):
        for form in ([], ["--json"]):
            ran = on_fake.run("ls", "--purpose", wrong, *form, code=1)
            assert f"did you mean {meant}?" in ran.err
            assert ran.out == ""
    ran = on_fake.run("ls", "--purpose", "xyz", "--json")
    assert ran.json == []
    assert "warning: 'xyz' is not one of the API's purposes: assistants, " in ran.err
    for known in ("fine-tune", "fine-tune-results"):
        assert "there is no file of purpose" in on_fake.run("ls", "--purpose", known).err


def test_download(platform: Platform, project: Project) -> None:
    content = bytes(range(256)) * 1000
    file_id = platform.upload("data.jsonl", content, "batch")
    secret = platform.upload("doc.txt", b"x")
    raw = subprocess.run(
        [sys.executable, "-m", "filesync", "download", file_id],
        capture_output=True,
        env=project.env,
        cwd=project.root,
        check=True,
    )
    assert raw.stdout == content
    assert raw.stderr == b""
    ran = project.run("download", file_id, "-o", "got.bin")
    assert ran.out == ""
    assert (project.root / "got.bin").read_bytes() == content
    ran = project.run("download", secret, "-o", "no.bin", code=1)
    assert "Not allowed to download" in ran.err
    assert "file-nothing" in project.run("download", "file-nothing", code=1).err
    assert sorted(path.name for path in project.root.iterdir()) == ["got.bin"]
    err = project.run("download", file_id, "-o", "no/such/x", code=1).err
    assert "cannot write no/such/x: there is no folder no/such\n" in err


def test_ids_that_would_be_another_route_are_not_sent(fake: FakeApi, on_fake: Project) -> None:
    file_id = fake.add("data.jsonl", b"{}", purpose="batch")
    routes = (f"../files/{file_id}", f"{file_id}/content", "", ".", "..", "a b", "é")
    on_fake.run_all(*([command, one] for command in ("show", "download") for one in routes), code=1)
    assert fake.log == []


@pytest.mark.parametrize("odd", ["a?b", "a#b", "a%2fb", "a;b"])
def test_an_odd_id_is_one_part_of_the_path(fake: FakeApi, on_fake: Project, odd: str) -> None:
    on_fake.run_all(["show", odd], ["download", odd], code=1)
    escaped = f"/files/{quote(odd, safe='')}"
    assert {(one.path, *one.query) for one in fake.log} == {(escaped,), (f"{escaped}/content",)}


def test_emulator_serves_a_folder_until_interrupted(alone: Project) -> None:
    alone.files("a")

    def serve() -> tuple[subprocess.Popen[str], str]:
        process = alone.start(
            "emulator", "--port", "0", "--data", "data", "--api-key", "sk-emulator", "--verbose"
        )
        assert process.stdout is not None
        return process, process.stdout.readline().strip()

    process, url = serve()
    try:
        assert url.startswith("http://127.0.0.1:")
        env = {"OPENAI_API_KEY": "sk-emulator", "OPENAI_BASE_URL": url}
        alone.run("apply", "-y", env=env)
        assert "401" in alone.run("plan", code=1, env={"OPENAI_BASE_URL": url}).err
        port = url.rpartition(":")[2].removesuffix("/v1")
        taken = alone.run("emulator", "--port", port, "--data", "other", code=1)
        assert port in taken.err
    finally:
        process.send_signal(signal.SIGINT)
        ran = alone.finish(process, code=None)
    assert ran.code in (0, 130)
    assert "OPENAI_BASE_URL" in ran.err
    assert "POST /v1/files: 200\n" in ran.err
    assert "GET /v1/files: 401\n" in ran.err

    process, url = serve()
    try:
        headers = {"authorization": "Bearer sk-emulator"}
        listed = httpx.get(f"{url}/files", headers=headers, trust_env=False).json()
        assert [one["id"] for one in listed["data"]] == [alone.id("a")]
    finally:
        process.send_signal(signal.SIGTERM)
        alone.finish(process, code=None)


@pytest.mark.parametrize(
    ("folder", "says", "hint"),
    [
        ("file/data", "Not a directory", "name another folder"),
        ("/proc/nothing", "No such file or directory", "name another folder"),
        ("locked", "unable to open database file", "name another folder"),
        ("noise", "file is not a database", "starts with empty ones"),
        ("bare", "no such table", "starts with empty ones"),
    ],
    ids=lambda one: one,
)
def test_a_folder_that_the_emulator_cannot_use(
    alone: Project, folder: str, says: str, hint: str
) -> None:
    alone.files("a")
    alone.write("file", "a file")
    (alone.root / "locked/emulator.db").mkdir(parents=True)
    alone.write("noise/emulator.db", "no database" * 1000)
    (alone.root / "bare").mkdir()
    with contextlib.closing(sqlite3.connect(alone.root / "bare/emulator.db")) as db:
        db.execute("PRAGMA user_version = 1")
    for command in (
        ["plan", "--base-url", f"emulator:{folder}"],
        ["emulator", "--port", "0", "--data", folder],
    ):
        err = alone.run(*command, code=1).err
        assert f"error: the emulator cannot keep its files in {folder}: " in err
        assert says in err
        assert hint in err


def test_a_file_where_the_emulator_should_keep_its_own(alone: Project) -> None:
    alone.files("a")
    alone.write("data", "a file")
    err = alone.run("plan", "--base-url", "emulator:data", code=1).err
    assert "cannot keep its files in data: it is a file\n" in err
    assert "is a file" in alone.run("emulator", "--port", "0", "--data", "data", code=1).err


def test_the_emulators_folder_may_be_below_the_home(alone: Project) -> None:
    home = Path(alone.env["HOME"])
    alone.files("a", rest="remote: {base_url: 'emulator:~/platform'}\n")
    alone.apply()
    assert (home / "platform/emulator.db").is_file()
    assert alone.lock["base_url"] == "emulator:~/platform"
    assert not (alone.root / "~").exists()


def test_ls_json_is_ascii(platform: Platform, project: Project) -> None:
    platform.upload("\u202egpj.exe \u00e9.txt")
    out = project.run("ls", "--json").out
    assert out.isascii()
    assert json.loads(out)[0]["filename"] == "\u202egpj.exe \u00e9.txt"

"""A lockfile that is damaged, or somebody else's, is an error and never an empty one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.cli.fake_api import FakeApi
from tests.cli.harness import Project, lock_up

Damage = Callable[[str], str | bytes]


def swapped(old: str, new: str) -> Damage:
    """Replace a piece of the text, which must be there."""

    def damage(text: str) -> str:
        assert old in text, text
        return text.replace(old, new, 1)

    return damage


def with_entry(**fields: Any) -> Damage:
    """Set fields of the first file's entry; `...` takes one away."""

    def damage(text: str) -> str:
        document = json.loads(text)
        entry = document["files"]["a"]
        for name, value in fields.items():
            entry[name] = value
            if value is ...:
                del entry[name]
        return json.dumps(document)

    return damage


def with_top(**fields: Any) -> Damage:
    """Set fields of the document; `...` takes one away."""

    def damage(text: str) -> str:
        document = {**json.loads(text), **fields}
        return json.dumps({name: value for name, value in document.items() if value is not ...})

    return damage


CONFLICT = """{
  "version": 1,
<<<<<<< HEAD
  "project": "test",
=======
  "project": "test",
>>>>>>> branch
  "files": {}
}
"""

DAMAGES: dict[str, Damage] = {
    "empty": lambda text: "",
    "spaces": lambda text: " \n\n",
    "cut in half": lambda text: text[: len(text) // 2],
    "cut last brace": lambda text: text.rstrip().removesuffix("}"),
    "written twice": lambda text: text + text,
    "conflict markers": lambda text: CONFLICT,
    "not UTF-8": lambda text: text.replace("a.txt", "ä.txt").encode("latin-1"),
    "UTF-16": lambda text: text.encode("utf-16"),
    "zero bytes": lambda text: bytes(len(text)),
    "YAML": lambda text: "version: 1\nproject: test\nfiles: {}\n",
    "a list": lambda text: "[]",
    "null": lambda text: "null",
    "an empty object": lambda text: "{}",
    "deep nesting": lambda text: "[" * 200_000,
    "deep objects": lambda text: '{"version":' * 100_000,
    "version 2": with_top(version=2),
    "version true": with_top(version=True),
    "version text": with_top(version="1"),
    "no version": with_top(version=...),
    "no project": with_top(project=...),
    "no base_url": with_top(base_url=...),
    "no files": with_top(files=...),
    "files a list": with_top(files=[]),
    "files null": with_top(files=None),
    "unknown field": with_top(serial=7),
    "retired an object": with_top(retired={}),
    "retired half": with_top(retired=[{"id": "file-1", "key": "a"}]),
    "retired odd": with_top(retired=[{"id": "file-1", "key": "a", "delete_after": "soon"}]),
    "retired text": with_top(retired=["file-1"]),
    "entry null": with_top(files={"a": None}),
    "entry text": with_top(files={"a": "file-1"}),
    "no id": with_entry(id=...),
    "empty id": with_entry(id=""),
    "id number": with_entry(id=7),
    "id with a path": with_entry(id="../../organization/admin_api_keys"),
    "id with a newline": with_entry(id="file-1\nPATH=/tmp"),
    "id with an escape": with_entry(id="file-\x1b[31m1"),
    "no sha256": with_entry(sha256=...),
    "short sha256": with_entry(sha256="abc"),
    "sha256 no hex": with_entry(sha256="z" * 64),
    "bytes negative": with_entry(bytes=-1),
    "bytes float": with_entry(bytes=10.5),
    "bytes text": with_entry(bytes="10"),
    "bytes true": with_entry(bytes=True),
    "bytes NaN": with_entry(bytes=float("nan")),
    "bytes infinite": with_entry(bytes=float("inf")),
    "bytes huge": swapped('"bytes": 10', '"bytes": 1' + "0" * 5000),
    "bytes 1e400": swapped('"bytes": 10', '"bytes": 1e400'),
    "created_at null": with_entry(created_at=None),
    "created_at huge": with_entry(created_at=10**30),
    "expires_at missing": with_entry(expires_at=...),
    "expires_at text": with_entry(expires_at="never"),
    "filename missing": with_entry(filename=...),
    "filename number": with_entry(filename=1),
    "purpose null": with_entry(purpose=None),
    "path a list": with_entry(path=[]),
    "lone surrogate in a key": swapped('"a": {', '"\\ud800": {'),
    "lone surrogate in a name": with_entry(filename="\udfff.txt"),
    "same key twice": swapped('"b": {', '"a": {'),
    "files twice": swapped('"files": {', '"files": {}, "files": {'),
}


# These are applied as well; for the others the quicker `ids` reads the file the same way.
APPLIED = {"empty", "cut in half", "conflict markers", "null", "an empty object", "no files"}


@pytest.mark.parametrize("name", DAMAGES)
def test_damaged_lockfile(on_fake: Project, fake: FakeApi, name: str) -> None:
    lock_up(on_fake, fake, "a", "b")
    text = on_fake.lock_path.read_text()
    damaged = DAMAGES[name](text)
    on_fake.lock_path.write_bytes(damaged if isinstance(damaged, bytes) else damaged.encode())
    on_fake.files("a", "b", "c")
    commands = [["ids"]]
    if name in APPLIED:
        commands += [["apply", "-y", "--allow-duplicates", "--accept-missing"]]
    for err in on_fake.all_refused(*commands):
        assert "filesync.lock" in err
        assert len(err) < 2000
    assert fake.log == [], "it asked the platform before it read its lock"


def test_every_command_refuses_a_damaged_lockfile(on_fake: Project, fake: FakeApi) -> None:
    lock_up(on_fake, fake, "a")
    on_fake.lock_path.write_text(CONFLICT)
    on_fake.files("a")
    commands = [
        ["plan"],
        ["plan", "--offline"],
        ["status"],
        ["id", "a"],
        ["ids"],
        ["adopt", "a", "file-0001"],
        ["forget", "a"],
        ["destroy", "-y"],
    ]
    for err in on_fake.all_refused(*commands):
        assert "filesync.lock" in err
        assert "conflict" in err
    assert fake.log == []


def test_lockfile_that_is_no_file(on_fake: Project, fake: FakeApi) -> None:
    on_fake.files("a")
    on_fake.lock_path.mkdir()
    assert "filesync.lock" in on_fake.run("apply", "-y", code=1).err
    on_fake.lock_path.rmdir()
    on_fake.lock_path.symlink_to("nowhere")
    assert "filesync.lock" in on_fake.run("apply", "-y", code=1).err
    assert fake.log == []


def test_lock_of_another_project_or_server(on_fake: Project, fake: FakeApi) -> None:
    lock_up(on_fake, fake, "a")
    on_fake.files("a")
    text = (on_fake.root / "filesync.yaml").read_text()
    on_fake.write("filesync.yaml", text.replace("project: test", "project: other"))
    for err in on_fake.all_refused(
        ["plan"], ["apply", "-y"], ["status"], ["destroy", "-y"], ["adopt", "a"]
    ):
        assert "test" in err
        assert "other" in err
    on_fake.write("filesync.yaml", text)
    elsewhere = "https://files.example.invalid/v1"
    for err in on_fake.all_refused(
        *[[*one, "--base-url", elsewhere] for one in (["plan"], ["apply", "-y"], ["destroy", "-y"])]
    ):
        assert elsewhere in err
        assert f"--base-url {fake.url}" in err
    assert fake.log == []
    # What it names goes on.
    env: dict[str, str | None] = {"OPENAI_BASE_URL": elsewhere}
    assert on_fake.run("plan", "--base-url", fake.url, env=env).code == 0
    assert on_fake.run("plan", "--base-url", fake.url + "/").code == 0

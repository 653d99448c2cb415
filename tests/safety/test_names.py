"""Names from elsewhere may hold anything; what is printed is plain text.

Every run() asserts that no control character was printed; these make some come along.
"""

from __future__ import annotations

import hashlib

from tests.cli.fake_api import Answer, FakeApi, Request, error
from tests.cli.harness import Project, lock_up

EVIL = "\x1b[2J\x1b]0;owned\x07\r\n\x9b31m\u202etxt.exe"


def test_remote_names(on_fake: Project, fake: FakeApi) -> None:
    token = hashlib.sha256(b"test").hexdigest()[:6]
    file_id = fake.add(f"{EVIL}.txt", b"x", "batch")
    fake.add(f"{EVIL}.fs-{token}-0123456789ab.txt")
    fake.add("odd purpose", purpose=EVIL)
    on_fake.files("a", rest='prune: {unmanaged: true, purposes: [batch], match: "*"}\n')
    ran = on_fake.run("plan")
    assert "\\x1b[2J" in ran.out
    assert "\u202e" not in ran.out
    commands = (["ls"], ["status"], ["ls", "--json"], ["show", file_id], ["plan", "--json"])
    for ran in on_fake.run_all(*commands):
        assert "owned" in ran.out
        assert "\u202e" not in ran.out
    out = on_fake.run("apply", "-y").out
    assert "\u202e" not in out


def test_what_a_server_says(on_fake: Project, fake: FakeApi) -> None:
    lock_up(on_fake, fake, "a")
    on_fake.files("a", "b")
    fake.on("POST", "/files", error(400, EVIL))
    ran = on_fake.run("apply", "-y", "--verbose", code=1)
    assert "\u202e" not in ran.err
    ran = on_fake.run("apply", "-y", "--json", code=1)
    assert "\u202e" not in ran.err
    fake.on("GET", "/files", error(400, EVIL))
    assert "\u202e" not in on_fake.run("plan", code=1).err
    fake.on("GET", "/files/.*", error(400, EVIL))
    for err in on_fake.all_refused(
        ["show", "file-1"], ["download", "file-1"], ["adopt", "b", "file-1"]
    ):
        assert "\u202e" not in err


def test_an_id_that_is_none(on_fake: Project, fake: FakeApi) -> None:
    """An id goes into URLs, shells and $GITHUB_OUTPUT: none that could do harm gets that far."""
    evil = {"a.txt": "file-1\nPATH=/tmp", "b.txt": "../../admin", "c.txt": "file-\x1b[31m"}

    def answer(request: Request) -> Answer | None:
        if request.method != "POST":
            return None
        name = request.filename or ""
        file_id = fake.add(name, request.content, created_at=int(fake.clock()))
        return Answer(200, {**fake.files[file_id], "id": evil[name]})

    fake.rule(answer)
    fake.later_once_listed(200)
    on_fake.files("a", "b", "c")
    on_fake.run("apply", "-y", code=None)
    assert fake.count("POST") == 3
    if on_fake.lock_path.exists():
        assert {entry["id"] for entry in on_fake.lock["files"].values()} <= set(fake.files)


def test_local_names(on_fake: Project, fake: FakeApi) -> None:
    """A file name may hold all but / and NUL: it is shown escaped, whatever becomes of it."""
    on_fake.write("docs/\x1b[31mred\n.md", "1")
    on_fake.write("docs/\u202egpj.md", "2")
    on_fake.write("docs/plain.md", "3")
    on_fake.manifest("files: {docs: {glob: 'docs/*.md'}}")
    commands = [
        ["validate"],
        ["plan"],
        ["plan", "--json"],
        ["status"],
        ["ids", "--format", "env"],
        ["ids", "--format", "github"],
        ["ids", "--format", "tfvars"],
    ]
    on_fake.run("apply", "-y", code=None)
    for ran in on_fake.run_all(*commands, code=None):
        assert "\u202e" not in ran.out + ran.err


def test_a_local_name_that_is_no_utf8(on_fake: Project, fake: FakeApi) -> None:
    """run() reads what is printed as UTF-8; such a name is told, not a crash."""
    import os

    on_fake.write("docs/plain.md", "3")
    with open(os.fsencode(on_fake.root) + b"/docs/\xff\xfe.md", "wb") as file:
        file.write(b"x")
    on_fake.manifest("files: {docs: {glob: 'docs/*.md'}}")
    on_fake.run_all(["validate"], ["plan"], ["apply", "-y"], ["status"], code=None)
    on_fake.write(
        "filesync.yaml", b"version: 1\nproject: test\nfiles: {a: {path: docs/plain.md}}\n"
    )
    on_fake.apply("--max-delete", "9")


def test_names_on_the_command_line(on_fake: Project, fake: FakeApi) -> None:
    lock_up(on_fake, fake, "a")
    on_fake.files("a")
    commands = [
        ["id", EVIL],
        ["forget", EVIL],
        ["adopt", EVIL],
        ["adopt", "a", EVIL],
        ["show", EVIL],
        ["download", EVIL],
        ["plan", "--only", EVIL],
        ["plan", "-m", EVIL],
        ["init", "-m", f"no/{EVIL}.yaml"],
        ["ids", "-m", EVIL],
        ["plan", "--base-url", EVIL],
        ["download", "file-0001", "-o", f"no/{EVIL}"],
        ["emulator", "--port", "0", "--data", f"filesync.yaml/{EVIL}"],
        [EVIL],
        ["plan", f"--{EVIL}"],
        ["ids", "--format", EVIL],
    ]
    for some in (commands[:5], commands[5:10], commands[10:]):
        for ran in on_fake.run_all(*some, code=1):
            assert "\u202e" not in ran.err


def test_names_in_the_manifest_and_the_lockfile(on_fake: Project, fake: FakeApi) -> None:
    evil = '"\\e[31m\\u202e\\n"'  # as YAML spells it
    for text in (
        f"files: {{{evil}: {{path: a.txt}}}}",
        f"files: {{a: {{path: {evil}}}}}",
        f"files: {{a: {{glob: {evil}}}}}",
        f"files: {{a: {{path: a.txt, filename: {evil}}}}}",
        f"files: {{a: {{path: a.txt, purpose: {evil}}}}}",
        f"files: {{a: {{path: a.txt, {evil}: 1}}}}",
        f"{evil}: 1",
        f"remote: {{base_url: {evil}}}",
    ):
        on_fake.manifest(text)
        on_fake.write("a.txt")
        assert "\u202e" not in on_fake.run("validate", code=1).err
    lock_up(on_fake, fake, "a")
    text = on_fake.lock_path.read_text()
    on_fake.files("a")
    for old, new in (
        ('"project": "test"', '"project": "\\u001b[31m\\u202e"'),
        ('"a": {', '"\\u001b[31m\\u202e": {'),
        ('"a.txt"', '"\\u001b[31m\\u202e"'),
        ('"user_data"', '"\\u001b[31m\\u202e"'),
        ('"version"', '"\\u001b[31m\\u202e": 1, "version"'),
    ):
        assert old in text
        on_fake.lock_path.write_text(text.replace(old, new))
        for ran in on_fake.run_all(["plan"], ["status"], code=None):
            assert "\u202e" not in ran.out + ran.err

"""init --from-remote: a manifest and a lockfile for what is on the platform already."""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path

import pytest

from filesync.core.fingerprint import fingerprinted
from tests.cli.fake_api import OLD, Answer, FakeApi, Request, error
from tests.cli.harness import Platform, Project
from tests.cli.terminal import on_terminal

DAY = 86400

# What a batch takes: an upload of something else would be left out of a plan.
REQUEST = (
    b'{"custom_id": "1", "method": "POST", "url": "/v1/embeddings",'
    b' "body": {"model": "m", "input": "x"}}\n'
)


def snapshot(root: Path) -> dict[str, bytes]:
    """Every file of a folder but our own bookkeeping."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".filesync" not in path.parts
    }


def test_what_is_there_is_declared_and_nothing_is_left_to_do(
    platform: Platform, project: Project
) -> None:
    train = platform.upload("train.jsonl", b"train\n", "fine-tune")
    batch = platform.upload(
        "batch.jsonl",
        b"{}\n",
        "batch",
        **{"expires_after[anchor]": "created_at", "expires_after[seconds]": str(7 * DAY)},
    )
    twice = [platform.upload("photo.png", b"one", "vision") for _ in range(2)]
    other = platform.upload("photo.png", b"two", "vision")
    doc = platform.upload("hours.md", b"Tuesday\n", "assistants")
    lost = platform.upload("lost.md", b"lost\n", "user_data")
    project.write("docs/hours.md", "Tuesday\n")
    before = platform.files()

    ran = project.run("init", "--from-remote", "--download")
    assert ran.out == ""
    assert platform.files() == before
    plan = project.plan()
    assert plan.json["changes"] == []
    assert plan.json["summary"]["noop"] == 6
    assert plan.json["summary"]["unmanaged"] == 1

    entries = {entry["id"]: entry for entry in project.lock["files"].values()}
    assert entries.keys() == {train, batch, *twice, other, doc}
    assert entries[train]["path"] == "files/train.jsonl"
    assert (project.root / "files/train.jsonl").read_bytes() == b"train\n"
    assert entries[batch]["expires_after"] == 7 * DAY
    assert entries[batch]["expires_at"] == before[batch]["expires_at"]
    assert entries[doc]["path"] == "docs/hours.md"
    assert {entries[one]["path"] for one in twice} != {entries[other]["path"]}
    assert len({entries[one]["path"] for one in twice}) == 1
    assert project.run("ids", "--format", "env").out.count("FILESYNC_PHOTO") == 3

    text = (project.root / "filesync.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=filesync.schema.json\n")
    assert (project.root / "filesync.schema.json").exists()
    assert "expires_after: 7d" in text
    assert f"# filesync adopt lost {lost}" in text
    assert "6 files declared (5 downloaded into files/, 1 found in this folder)" in ran.err
    assert "the API gives out no files of purpose user_data" in ran.err
    assert "hours (docs/hours.md)" in ran.err
    assert "not compared" in ran.err
    assert "1 more file as comments" in ran.err
    assert "filesync plan" in ran.err
    assert not (project.root / ".filesync/import").exists()

    # What the comment says is all there is to do for the file that was not here.
    project.write("lost.md", "lost\n")
    comment = text.partition("\n# Not declared")[2]
    lines = [line[2:] for line in comment.splitlines() if line.startswith("#   ")]
    (project.root / "filesync.yaml").write_text(
        text.partition("\n# Not declared")[0] + "\n" + "\n".join(lines) + "\n"
    )
    project.run("adopt", "lost", lost)
    assert project.plan().json["summary"]["noop"] == 7


def test_what_is_none_of_ours_is_left_alone_and_counted(on_fake: Project, fake: FakeApi) -> None:
    fake.add("ok.jsonl", b"ok", "fine-tune")
    fake.add("out.jsonl", purpose="batch_output")
    fake.add("result.csv", purpose="fine-tune-results")
    fake.add("broken.jsonl", purpose="fine-tune", status="error")
    fake.add(fingerprinted("x.txt", "somebody-else", "0" * 64), purpose="fine-tune")
    fake.add("strange.bin", purpose="ocr")
    fake.add("old.jsonl", purpose="batch", expires_at=OLD + 60)
    ran = on_fake.run("init", "--from-remote", "--download")
    for phrase in (
        "1 file declared",
        "2 made by the API",
        "1 in status error",
        "1 with another project's fingerprint",
        "1 of a purpose that",
        "1 expired or about to",
    ):
        assert phrase in ran.err
    plan = on_fake.plan()
    assert plan.json["changes"] == []
    assert plan.json["summary"]["unmanaged"] == 6
    assert fake.writes == []


def test_match_and_project_narrow_and_name_it(on_fake: Project, fake: FakeApi) -> None:
    fake.add("kb-1.jsonl", b"1", "fine-tune")
    fake.add("other.jsonl", b"2", "fine-tune")
    args = ("init", "--from-remote", "--download", "--match", "kb-*", "--project", "knowledge")
    assert "1 not matching --match" in on_fake.run(*args).err
    assert on_fake.lock["project"] == "knowledge"
    assert list(on_fake.lock["files"]) == ["kb-1"]
    assert fake.count("GET", "/files/.*/content") == 2  # the first asks whether it may


def test_the_server_of_the_command_line_is_written_down(on_fake: Project, fake: FakeApi) -> None:
    fake.add("a.jsonl", b"1", "fine-tune")
    url = fake.url
    on_fake.run(
        "init", "--from-remote", "--download", "--base-url", url, env={"OPENAI_BASE_URL": None}
    )
    assert on_fake.lock["base_url"] == url
    assert on_fake.run("plan", env={"OPENAI_BASE_URL": None}).out.startswith("No changes")


def test_an_emulators_folder_is_found_from_the_manifest(alone: Project) -> None:
    alone.files("a")
    env = {"OPENAI_BASE_URL": "emulator:server"}
    alone.run("apply", "-y", env=env)
    alone.write("sub/a.txt", "this is a\n")
    args = ("init", "--from-remote", "--no-download", "-m", "sub/filesync.yaml")
    alone.run(*args, "--base-url", "emulator:../server")
    assert 'base_url: "emulator:../server"' in (alone.root / "sub/filesync.yaml").read_text()
    assert alone.run("plan", "-m", "sub/filesync.yaml").out.startswith("No changes. 1 file")


def test_without_a_terminal_the_choice_must_be_said(on_fake: Project, fake: FakeApi) -> None:
    fake.add("a.jsonl", b"12345", "fine-tune")
    before = snapshot(on_fake.root)
    complaint = on_fake.refused("init", "--from-remote")
    assert "1 file (5 B, fine-tune)" in complaint
    assert "--download" in complaint
    assert "--no-download" in complaint
    assert snapshot(on_fake.root) == before
    # Nothing to download is nothing to choose.
    fake.files.clear()
    fake.add("doc.md", b"x", "assistants")
    on_fake.write("doc.md", "x")
    on_fake.run("init", "--from-remote")
    assert on_fake.plan().json["summary"]["noop"] == 1


def test_on_a_terminal_it_asks(on_fake: Project, fake: FakeApi) -> None:
    fake.add("a.jsonl", b"12345", "fine-tune")
    before = snapshot(on_fake.root)
    code, text = on_terminal(on_fake, "init", "--from-remote", answer="\x04")
    assert code == 130
    assert text.splitlines()[-1].endswith("interrupted: nothing was written")
    assert snapshot(on_fake.root) == before
    code, text = on_terminal(on_fake, "init", "--from-remote", answer="y\n")
    assert code == 0
    assert "Download 1 file (5 B, fine-tune) into files/?" in text
    assert (on_fake.root / "files/a.jsonl").read_bytes() == b"12345"


def test_no_download_takes_what_is_here_and_says_that_it_did_not_look(
    on_fake: Project, fake: FakeApi
) -> None:
    fake.add("a.jsonl", b"12345", "fine-tune")
    fake.add("b.jsonl", b"12345", "fine-tune")
    on_fake.write("data/a.jsonl", "54321")
    ran = on_fake.run("init", "--from-remote", "--no-download")
    assert "a (data/a.jsonl)" in ran.err
    assert "not compared" in ran.err
    assert "it was not downloaded" in (on_fake.root / "filesync.yaml").read_text()
    assert on_fake.plan().json["changes"] == []


def test_content_that_differs_is_not_taken_for_the_same(on_fake: Project, fake: FakeApi) -> None:
    fake.add("a.jsonl", b"12345", "fine-tune")
    on_fake.write("a.jsonl", "54321")
    on_fake.write("files/a.jsonl", "abcde")
    before = snapshot(on_fake.root)
    on_fake.run("init", "--from-remote", "--download")
    after = snapshot(on_fake.root)
    assert {name: after[name] for name in before} == before
    assert after["files/a-2.jsonl"] == b"12345"
    assert on_fake.lock["files"]["a"]["path"] == "files/a-2.jsonl"
    assert on_fake.plan().json["changes"] == []


@pytest.mark.parametrize("there", ["filesync.yaml", "filesync.lock"])
def test_what_is_there_is_not_overwritten(on_fake: Project, fake: FakeApi, there: str) -> None:
    fake.add("a.jsonl", b"1", "fine-tune")
    on_fake.write(there, "mine")
    before = snapshot(on_fake.root)
    assert there in on_fake.run("init", "--from-remote", "--download", code=1).err
    assert snapshot(on_fake.root) == before
    assert fake.log == []


def test_a_download_that_fails_leaves_nothing_and_the_next_try_goes_on(
    on_fake: Project, fake: FakeApi
) -> None:
    for number in range(20):
        fake.add(f"f{number:02}.jsonl", b"content %d" % number, "fine-tune")
    broken = "file-0007"
    before = snapshot(on_fake.root)
    served: set[str] = set()
    guard = threading.Lock()

    def rule(request: Request) -> Answer | None:
        if not request.path.endswith("/content"):
            return None
        file_id = request.path.split("/")[2]
        with guard:
            if file_id == broken:
                return error(500, "boom")
            served.add(file_id)
            return None

    fake.rule(rule)
    complaint = on_fake.refused("init", "--from-remote", "--download")
    assert "boom" in complaint
    assert "the same command continues" in complaint
    assert snapshot(on_fake.root) == before

    fake.rules.clear()
    fake.log.clear()
    on_fake.run("init", "--from-remote", "--download")
    assert on_fake.plan().json["summary"]["noop"] == 20
    # One asks whether content is given out at all; what was had is not fetched again.
    asked = fake.count("GET", "/files/.*/content")
    assert asked <= 20 - len(list(served)) + 1 + 8
    assert len(list((on_fake.root / "files").iterdir())) == 20


def test_content_that_breaks_off_is_not_taken_for_a_file(on_fake: Project, fake: FakeApi) -> None:
    fake.add("a.jsonl", b"x" * 1000, "fine-tune")
    cut = Answer(200, b"x" * 500, {"content-length": "1000", "connection": "close"})
    fake.on("GET", "/files/.*/content", cut)
    before = snapshot(on_fake.root)
    on_fake.refused("init", "--from-remote", "--download")
    assert snapshot(on_fake.root) == before


def test_a_listing_that_is_not_whole_is_refused(on_fake: Project, fake: FakeApi) -> None:
    ids = [fake.add(f"f{n}.jsonl", b"1", "fine-tune") for n in range(3)]
    fake.on("GET", "/files", fake.listing(ids[:1], has_more=True))
    before = snapshot(on_fake.root)
    assert "not whole" in on_fake.refused("init", "--from-remote", "--download")
    assert snapshot(on_fake.root) == before


def test_single_refusals_become_comments(on_fake: Project, fake: FakeApi) -> None:
    fake.add("old.jsonl", b"1", "fine-tune", created_at=OLD)
    gone = fake.add("gone.jsonl", b"2", "fine-tune", created_at=OLD)
    fake.add("new.jsonl", b"3", "fine-tune", created_at=OLD + 10)
    fake.on("GET", f"/files/{gone}/content", error(404, "No such File object"))
    ran = on_fake.run("init", "--from-remote", "--download")
    assert "2 files declared" in ran.err
    text = (on_fake.root / "filesync.yaml").read_text()
    assert "#   gone:" in text
    assert "No such File object" in text


def test_files_of_our_own_are_found_again_by_their_fingerprint(
    platform: Platform, project: Project
) -> None:
    """Manifest and lockfile are lost, the files are here."""
    project.write("docs/a.md", "a")
    project.write("docs/b.md", "b")
    project.manifest(
        "defaults: {fingerprint: true}\nfiles: {docs: {glob: 'docs/*', purpose: assistants}}",
        project="mine",
    )
    project.apply()
    ids = {entry["id"] for entry in project.lock["files"].values()}
    for name in ("filesync.yaml", "filesync.lock"):
        (project.root / name).unlink()
    ran = project.run("init", "--from-remote", "--project", "mine")
    assert "not compared" not in ran.err
    assert {entry["id"] for entry in project.lock["files"].values()} == ids
    text = (project.root / "filesync.yaml").read_text()
    assert text.count("fingerprint: true") == 2
    assert project.plan().json["changes"] == []
    assert len(platform.files()) == 2


def test_files_of_our_own_that_are_not_here_would_be_deleted_so_it_is_refused(
    platform: Platform, project: Project
) -> None:
    project.files("a", rest="defaults: {fingerprint: true}\n")
    project.apply()
    for name in ("filesync.yaml", "filesync.lock", "a.txt"):
        (project.root / name).unlink()
    platform.upload("other.jsonl", b"1", "batch")
    before = snapshot(project.root)
    complaint = project.refused("init", "--from-remote", "--download", "--project", "test")
    assert "orphan" in complaint
    assert "--project NAME" in complaint
    assert snapshot(project.root) == before
    project.run("init", "--from-remote", "--download", "--project", "another")
    assert project.plan().json["changes"] == []


def test_nothing_to_declare_is_an_error_with_reasons(on_fake: Project, fake: FakeApi) -> None:
    assert "none can be declared" in on_fake.refused("init", "--from-remote")
    fake.add("out.jsonl", purpose="batch_output")
    complaint = on_fake.refused("init", "--from-remote")
    assert "1 made by the API" in complaint
    assert "filesync init" in complaint


def test_files_near_their_end_are_declared_and_renewed_later(
    on_fake: Project, fake: FakeApi
) -> None:
    made = OLD + 2 * 3600
    fake.add("a.jsonl", REQUEST, "batch", created_at=made, expires_at=made + 30 * DAY)
    on_fake.run("init", "--from-remote", "--download")
    assert on_fake.plan().json["changes"] == []
    assert "renew_before: " in (on_fake.root / "filesync.yaml").read_text()
    later = on_fake.run("plan", "--at", "+90m", "--json")
    assert later.actions == {"a": ("replace", "expiring")}


EVIL = [
    "../../escape.jsonl",
    "/etc/passwd.jsonl",
    "a\\b.jsonl",
    "-rf.jsonl",
    "$(touch owned).jsonl",
    "'quote\".jsonl",
    "on: [x].jsonl",
    "日本語.jsonl",
    "# comment.jsonl",
    "filesync.yaml",
    "x" * 120 + ".jsonl",
    "語" * 120 + ".jsonl",
]


def test_names_may_be_anything(on_fake: Project, fake: FakeApi) -> None:
    for number, name in enumerate(EVIL):
        fake.add(name, b"%d" % number, "fine-tune")
    before = set(os.listdir(on_fake.root.parent))
    on_fake.run("init", "--from-remote", "--download")
    assert on_fake.plan().json["summary"]["noop"] == len(EVIL)
    assert {entry["filename"] for entry in on_fake.lock["files"].values()} == set(EVIL)
    assert set(os.listdir(on_fake.root.parent)) == before
    assert sorted(os.listdir(on_fake.root)) == [
        ".filesync",
        "files",
        "filesync.lock",
        "filesync.schema.json",
        "filesync.yaml",
    ]


def test_a_symlinked_folder_is_not_written_through(on_fake: Project, fake: FakeApi) -> None:
    fake.add("a.jsonl", b"1", "fine-tune")
    elsewhere = on_fake.root.parent / "elsewhere"
    elsewhere.mkdir()
    (on_fake.root / "files").symlink_to(elsewhere)
    assert "symlink" in on_fake.refused("init", "--from-remote", "--download")
    assert os.listdir(elsewhere) == []


@pytest.mark.parametrize("args", [["--download"], ["--no-download"], ["--match", "x"]])
def test_options_of_the_import_alone(alone: Project, args: list[str]) -> None:
    assert "--from-remote" in alone.run("init", *args, code=1).err
    assert not (alone.root / "filesync.yaml").exists()


def test_a_project_can_be_named_for_the_starter_too(alone: Project) -> None:
    assert "--project" in alone.run("init", "--project", "Not This", code=1).err
    alone.run("init", "--project", "2026")  # in YAML a number, were it not quoted
    alone.run("validate")
    assert 'project: "2026"' in (alone.root / "filesync.yaml").read_text()


def test_many_files_of_many_pages(on_fake: Project, fake: FakeApi) -> None:
    for number in range(40):
        fake.add(f"doc {number % 15}.jsonl", b"%d" % number, "fine-tune")
    capped = error(400, "limit is at most 10")

    def rule(request: Request) -> Answer | None:
        if request.path != "/files" or int(request.query.get("limit", "10")) <= 10:
            return None
        return capped

    fake.rule(rule)
    on_fake.run("init", "--from-remote", "--download")
    assert len(on_fake.lock["files"]) == 40
    assert on_fake.plan().json["summary"]["noop"] == 40
    assert json.loads(on_fake.run("ids").out).keys() == on_fake.lock["files"].keys()


def test_interrupted_it_leaves_nothing_and_the_next_try_goes_on(
    on_fake: Project, fake: FakeApi
) -> None:
    for number in range(12):
        fake.add(f"f{number:02}.jsonl", b"content %d" % number, "fine-tune")
    before = snapshot(on_fake.root)
    hold, held = threading.Event(), threading.Event()

    def rule(request: Request) -> Answer | None:
        if request.path.startswith("/files/file-0005/") and not hold.is_set():
            held.set()
            hold.wait(30)
        return None

    fake.rule(rule)
    process = on_fake.start("init", "--from-remote", "--download")
    assert held.wait(30)
    process.send_signal(signal.SIGINT)
    ran = on_fake.finish(process, code=130)
    hold.set()
    assert ran.out == ""
    assert snapshot(on_fake.root) == before
    on_fake.run("init", "--from-remote", "--download")
    assert on_fake.plan().json["summary"]["noop"] == 12


def test_files_put_in_place_before_a_crash_are_found_again(on_fake: Project, fake: FakeApi) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        fake.add(name, name.encode(), "fine-tune")
    on_fake.run("init", "--from-remote", "--download")
    for name in ("filesync.yaml", "filesync.lock"):
        (on_fake.root / name).unlink()
    on_fake.run("init", "--from-remote", "--download")
    assert sorted(os.listdir(on_fake.root / "files")) == ["a.jsonl", "b.jsonl"]
    assert on_fake.plan().json["changes"] == []

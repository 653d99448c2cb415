"""Things that go wrong halfway, and a thousand files that go right."""

from __future__ import annotations

import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.cli.fake_api import Answer, FakeApi, Request, error
from tests.cli.harness import Project, end, lock_up


class Down(NamedTuple):
    """A plan under way against a port where nobody listens."""

    host: str
    project: Project
    process: subprocess.Popen[str]


@pytest.fixture(scope="module", autouse=True)
def down(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Down]:
    """It tries for some seconds: the other tests run meanwhile."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # so that no other server gets the port
        host = f"127.0.0.1:{taken.getsockname()[1]}"
        root = tmp_path_factory.mktemp("project")
        project = Project(root, root.parent, f"http://{host}/v1")
        project.files("a")
        process = project.start("plan")
        yield Down(host, project, process)
        end(process)


def test_ctrl_c_saves_what_was_done(on_fake: Project, fake: FakeApi) -> None:
    """Two uploads have ended and two are under way when the signal comes."""
    on_fake.files(*[f"f{number:02}" for number in range(20)])
    under_way, go_on = threading.Semaphore(0), threading.Event()
    seen, guard = 0, threading.Lock()

    def slow(request: Request) -> Answer | None:
        nonlocal seen
        if request.method == "POST":
            with guard:
                seen += 1
                wait = seen > 2
            if wait:
                under_way.release()
                go_on.wait(20)
        return None

    fake.rule(slow)
    process = on_fake.start("apply", "-y", "--concurrency", "2", "--json")
    for _ in range(2):
        if not under_way.acquire(timeout=40):
            pytest.fail(f"no upload came: {on_fake.finish(process, code=None)}")
    process.send_signal(signal.SIGINT)
    threading.Timer(0.3, go_on.set).start()
    ran = on_fake.finish(process, code=130)
    assert "interrupted" in ran.err
    locked = {entry["id"] for entry in on_fake.lock["files"].values()}
    assert locked == set(fake.files), "a file that was uploaded must be in the lock"
    assert 2 <= len(locked) < 20
    # The next apply goes on, and doubles nothing.
    fake.rules.clear()
    on_fake.apply()
    assert len(fake.files) == 20
    assert fake.count("POST") == 20


def test_ctrl_c_before_deletes_leaves_them(on_fake: Project, fake: FakeApi) -> None:
    on_fake.files("a", "gone")
    on_fake.apply()
    gone, old = on_fake.id("gone"), on_fake.id("a")
    arrived, go_on = threading.Event(), threading.Event()

    def slow(request: Request) -> Answer | None:
        if request.method == "POST":
            arrived.set()
            go_on.wait(20)
        return None

    fake.rule(slow)
    on_fake.write("a.txt", "edited\n")
    on_fake.files("a")
    process = on_fake.start("apply", "-y")
    if not arrived.wait(40):
        pytest.fail(f"no upload came: {on_fake.finish(process, code=None)}")
    process.send_signal(signal.SIGINT)
    threading.Timer(0.3, go_on.set).start()
    on_fake.finish(process, code=130)
    assert fake.count("DELETE") == 0
    assert {gone, old} < set(fake.files)
    fake.rules.clear()
    on_fake.apply()
    assert set(fake.files) == {on_fake.id("a")}


def test_one_failed_upload_stops_no_sibling_and_every_delete(
    on_fake: Project, fake: FakeApi
) -> None:
    on_fake.files("bad1", "bad2", "changed", "gone", "kept")
    on_fake.apply()
    gone, old = on_fake.id("gone"), on_fake.id("changed")
    before = {key: on_fake.id(key) for key in ("bad1", "bad2")}

    def refuse(request: Request) -> Answer | None:
        if request.method == "POST" and (request.filename or "").startswith("bad"):
            return error(400, f"cannot take {request.filename}")
        return None

    fake.rule(refuse)
    for key in ("bad1", "bad2", "changed"):
        on_fake.write(f"{key}.txt", "edited\n")
    on_fake.files("bad1", "bad2", "changed", "kept", *[f"new{number}" for number in range(5)])
    ran = on_fake.run("apply", "-y", "--json", code=1)
    assert {one["key"] for one in ran.json["failed"]} == {"bad1", "bad2"}
    for failed in ran.json["failed"]:
        assert set(failed) == {"key", "action", "error"}
        assert failed["action"] == "replace"
        assert f"cannot take {failed['key']}.txt" in failed["error"]
        assert failed["error"] in ran.err
        assert f"failed to replace {failed['key']}: {failed['error']}\n" in ran.err
    assert {one["key"] for one in ran.json["applied"]} == {
        "changed",
        *[f"new{number}" for number in range(5)],
    }
    assert fake.count("DELETE") == 0
    assert {gone, old, *before.values()} < set(fake.files)
    assert {key: on_fake.id(key) for key in ("bad1", "bad2")} == before
    assert [one["id"] for one in on_fake.lock["retired"]] == [old]

    fake.rules.clear()
    plan = on_fake.plan()
    assert {(one["action"], one["id"]) for one in plan.json["changes"]} == {
        ("replace", before["bad1"]),
        ("replace", before["bad2"]),
        ("delete", gone),
        ("delete", old),
    }
    on_fake.apply()
    assert len(fake.files) == 9


def test_a_key_that_is_refused_midway_is_told_once(on_fake: Project, fake: FakeApi) -> None:
    on_fake.files(*[f"f{number:02}" for number in range(30)])
    fake.on("POST", "/files", error(401, "Incorrect API key provided"))
    ran = on_fake.run("apply", "-y", "--concurrency", "2", code=1)
    assert "OPENAI_API_KEY" in ran.err or "401" in ran.err
    assert fake.count("POST") < 30, "it went on asking with a key that does not work"


def test_an_answer_that_is_lost_is_not_sent_twice(on_fake: Project, fake: FakeApi) -> None:
    """A 500 after the upload may have made the file: a blind second POST would double it."""

    def made_but_500(request: Request) -> Answer | None:
        if request.method != "POST":
            return None
        fake.add(request.filename or "", request.content, created_at=int(fake.clock()))
        return error(500, "gateway")

    fake.rule(made_but_500)
    fake.later_once_listed(200)
    on_fake.files("a")
    ran = on_fake.run("apply", "-y", code=None)
    assert fake.count("POST") == 1
    (file_id,) = fake.files
    fake.rules.clear()
    # Either it looked and found the file, or it says so and the next run sees it.
    if ran.code:
        on_fake.run("adopt", "a", file_id)
    assert on_fake.id("a") == file_id
    assert on_fake.plan().code == 0


def hang_up_once(fake: FakeApi, method: str, path: str) -> None:
    """Let the next such request end without an answer."""
    left = [Answer(0)]

    def rule(request: Request) -> Answer | None:
        fits = (request.method, request.path) == (method, path)
        return left.pop() if fits and left else None

    fake.rule(rule)


def test_a_request_that_is_sent_again_is_told_once(on_fake: Project, fake: FakeApi) -> None:
    lock_up(on_fake, fake, "a")
    on_fake.files("a")
    host = fake.url.removeprefix("http://").removesuffix("/v1")
    note = f"no answer from {host} (the connection broke): trying again\n"
    hang_up_once(fake, "GET", "/files")
    hang_up_once(fake, "GET", "/files")
    ran = on_fake.run("plan", "--json")
    assert ran.err == note
    assert ran.json["changes"] == []
    hang_up_once(fake, "GET", "/files/file-0001")
    assert on_fake.run("show", "file-0001").err == note
    hang_up_once(fake, "GET", "/files")
    assert on_fake.run("plan", "--quiet").err == ""


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "Invalid URL (GET /files)", "type": "invalid_request_error"}},
        b"<html><body>Not Found</body></html>",
    ],
    ids=["the API", "a web page"],
)
def test_a_base_url_without_its_version(on_fake: Project, fake: FakeApi, body: object) -> None:
    on_fake.files("a")
    fake.on("GET", "/files", Answer(404, body))
    short = fake.url.removesuffix("/v1")
    for command in ("plan", "ls"):
        err = on_fake.run(command, "--base-url", f"{short}/", code=1).err
        assert "HTTP 404" in err
        assert f"did you mean {short}/v1?" in err
        assert "did you mean" not in on_fake.run(command, code=1).err


def test_answer_with_another_size_is_undone(on_fake: Project, fake: FakeApi) -> None:
    def short(request: Request) -> Answer | None:
        if request.method != "POST":
            return None
        file_id = fake.add(request.filename or "", request.content[:3])
        return Answer(200, fake.files[file_id])

    fake.rule(short)
    on_fake.files("a")
    ran = on_fake.run("apply", "-y", code=1)
    assert "3 bytes" in ran.err
    assert fake.files == {}


def test_a_server_that_tells_no_size_or_expiry_and_rewrites_names(
    on_fake: Project, fake: FakeApi
) -> None:
    """Once uploaded they are as asked for: no endless replacing."""

    def vague(request: Request) -> Answer | None:
        if request.method != "POST":
            return None
        name = (request.filename or "").replace(" ", "_").replace("é", "_")
        file_id = fake.add(name, request.content, request.form["purpose"])
        fake.files[file_id] |= {"bytes": None, "expires_at": None, "created_at": int(fake.clock())}
        return Answer(201, fake.files[file_id])

    fake.rule(vague)
    on_fake.write("a é.txt", "1")
    on_fake.write("b é.txt", "2")
    on_fake.manifest(
        """
        files:
          a: {path: "a é.txt", expires_after: 3d}
          b: {path: "b é.txt", fingerprint: true}
        """
    )
    on_fake.apply()
    entry = on_fake.lock["files"]["a"]
    assert entry["filename"] == "a é.txt"
    assert entry["expires_at"] == entry["created_at"] + 3 * 86400
    fake.rules.clear()
    on_fake.write("b é.txt", "3")
    on_fake.apply()
    assert len(fake.files) == 2


def test_a_thousand_files(on_fake: Project, fake: FakeApi) -> None:
    """The first apply uploads each once; the plan after it is one request."""
    for number in range(1000):
        on_fake.write(f"docs/{number % 10}/{number}.md", f"{number}")
    on_fake.manifest(
        """
        remote: {requests_per_minute: 100000}
        files: {docs: {glob: "docs/**/*.md", purpose: assistants}}
        """
    )
    ran = on_fake.run("apply", "-y", "--json", "--concurrency", "16")
    assert len(ran.json["applied"]) == 1000
    assert fake.count("POST") == 1000
    assert len(on_fake.lock["files"]) == 1000
    fake.log.clear()
    plan = on_fake.plan()
    assert plan.code == 0
    assert plan.json["summary"]["noop"] == 1000
    assert [f"{one.method} {one.path}" for one in fake.log] == ["GET /files"]


def test_a_thousand_files_through_the_embedded_emulator(alone: Project) -> None:
    for number in range(1000):
        alone.write(f"docs/{number}.md", f"{number}")
    alone.manifest(
        """
        remote: {base_url: "emulator:remote"}
        files: {docs: {glob: "docs/*.md"}}
        """
    )
    ran = alone.run("apply", "-y", "--json")
    assert len(ran.json["applied"]) == 1000
    plan = alone.plan()
    assert plan.code == 0
    assert plan.json["summary"]["noop"] == 1000


@pytest.mark.parametrize("status", [403, 500])
def test_verify_that_could_not_look_is_no_success(
    on_fake: Project, fake: FakeApi, status: int
) -> None:
    on_fake.files("a", "b")
    on_fake.apply()
    no = error(400, "Not allowed to download files of purpose: user_data")
    fake.on("GET", f"/files/{on_fake.id('a')}/content", no)
    fake.on("GET", f"/files/{on_fake.id('b')}/content", no)
    ran = on_fake.run("verify", code=1)
    assert ran.out.count("unchecked") == 2
    assert "nothing was verified" in ran.err
    assert "pass --allow-unchecked" in ran.err
    on_fake.run("verify", "--allow-unchecked")
    fake.rules.clear()
    fake.on("GET", f"/files/{on_fake.id('b')}/content", error(status, "no", **{"retry-after": "0"}))
    ran = on_fake.run("verify", code=1)
    assert "1 file could not be downloaded" in ran.err


def test_a_server_that_is_down(down: Down) -> None:
    ran = down.project.finish(down.process, code=1)
    assert ran.out == ""
    assert ran.err.splitlines() == [
        f"no answer from {down.host} (connection refused): trying again",
        f"error: could not list the files: no connection to {down.host}: connection refused, "
        "after 3 attempts",
        "  -> start the server, or check base_url",
    ]

"""plan, apply, status and destroy: their outputs, options and exit codes."""

from __future__ import annotations

import hashlib
import json
import os
import re

from tests.cli.fake_api import Answer, FakeApi, Request
from tests.cli.harness import Platform, Project


def test_plan_json_says_all_that_the_contract_names(platform: Platform, project: Project) -> None:
    project.files("a", "b", "c")
    project.apply()
    ids = {key: project.id(key) for key in "abc"}
    project.write("a.txt", "other\n")
    platform.delete(ids["b"])
    platform.upload("foreign.txt")
    project.files("a", "b", "d", e="purpose: fine-tune, filename: other.jsonl")
    plan = project.plan()
    assert plan.code == 2
    assert plan.err == ""
    document = plan.json
    assert document["project"] == "test"
    assert document["base_url"] == platform.url
    text = (project.root / "filesync.yaml").read_bytes()
    assert document["manifest_sha256"] == hashlib.sha256(text).hexdigest()
    assert document["lock_sha256"] == hashlib.sha256(project.lock_path.read_bytes()).hexdigest()
    assert document["has_drift"] is True
    assert document["warnings"] == []
    assert document["summary"] == {
        "create": 3,
        "replace": 1,
        "adopt": 0,
        "delete": 1,
        "forget": 0,
        "noop": 0,
        "unmanaged": 1,
        "upload_bytes": 6 + 3 * len("this is b\n"),
        "attach": 0,
        "detach": 0,
        "swap": 0,
        "update": 0,
    }
    changes = {one["key"]: one for one in document["changes"]}
    content = b"this is e\n"
    assert changes["e"] == {
        "key": "e",
        "action": "create",
        "reason": "new",
        "path": "e.txt",
        "filename": "other.jsonl",
        "purpose": "fine-tune",
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "id": None,
        "fields": [],
        "before": None,
        "after": {
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "purpose": "fine-tune",
            "filename": "other.jsonl",
            "expires_after": None,
        },
    }
    assert changes["a"]["id"] == ids["a"]
    assert changes["c"]["id"] == ids["c"]
    assert plan.actions == {
        "a": ("replace", "content_changed"),
        "b": ("create", "missing_remotely"),
        "c": ("delete", "removed_from_manifest"),
        "d": ("create", "new"),
        "e": ("create", "new"),
    }


def test_plan_text_is_readable_and_without_lock_has_no_hash(project: Project) -> None:
    project.files("alpha", "beta")
    plan = project.plan()
    assert plan.json["lock_sha256"] is None
    assert plan.json["has_drift"] is False
    ran = project.run("plan")  # without --detailed-exitcode changes are no news
    assert ran.err == ""
    for key in ("alpha", "beta"):
        assert re.search(rf"^.*create.*{key}.*new.*$", ran.out, re.MULTILINE)
    assert "2 to create" in ran.out
    assert not project.lock_path.exists()


def test_every_delete_is_shown_first_and_never_folded(project: Project) -> None:
    names = [f"f{number:03}" for number in range(120)]
    project.files(*names, "stays", rest="remote: {requests_per_minute: 60000}\n")
    project.apply(settled=False)
    project.write("stays.txt", "edited\n")
    project.files("stays", "new", rest="limits: {max_delete: 100%}\n")
    out = project.run("plan").out
    lines = [line for line in out.splitlines() if "delete" in line]
    shown = "\n".join(lines)
    for name in names:
        assert f" {name} " in shown
    assert out.index("f119") < out.index("stays") < out.index("120 to delete")


def test_offline_plan_asks_nobody(on_fake: Project, fake: FakeApi) -> None:
    on_fake.files("a", "b", "gone")
    on_fake.apply()
    fake.files.clear()
    fake.log.clear()
    on_fake.write("a.txt", "edited\n")
    on_fake.files("a", "b", "new")
    plan = on_fake.plan("--offline")
    assert plan.actions == {
        "a": ("replace", "content_changed"),
        "new": ("create", "new"),
        "gone": ("delete", "removed_from_manifest"),
    }
    assert on_fake.run("plan", "--offline", env={"OPENAI_API_KEY": None}).code == 0
    assert fake.log == []


def test_every_form_of_an_offline_plan_says_that_nobody_was_asked(project: Project) -> None:
    said = "Offline: compared with the lockfile only; the server was not contacted."
    project.files("a")
    project.apply()
    for keys in ("a", "ab"):  # without changes, and with one
        project.files(*keys)
        saved = project.plan("--offline")
        assert saved.json["warnings"] == [said]
        project.write("plan.json", saved.out)
        for form in ([], ["--markdown"], ["--html", "-"]):
            assert said not in project.run("plan", *form).out
            for command in (["plan", "--offline"], ["show-plan", "plan.json"]):
                ran = project.run(*command, *form)
                assert ran.out.count(said) == 1
                assert ran.out.startswith(said) or form
                assert said not in ran.err


def test_only_narrows_plan_and_apply(platform: Platform, project: Project) -> None:
    project.files("a", "b", "old")
    project.write("docs/x.md", "x")
    project.write("docs/y.md", "y")
    project.apply()
    project.files("a", "b", rest="")
    project.write("filesync.yaml", project_docs(project))
    project.write("a.txt", "edited\n")
    project.write("b.txt", "edited too\n")
    assert set(project.plan("--only", "a").actions) == {"a"}
    assert set(project.plan("--only", "docs/*").actions) == {"docs/x.md", "docs/y.md"}
    assert set(project.plan("--only", "old").actions) == {"old"}
    ran = project.apply("--only", "docs/*", settled=False)
    assert {one["key"] for one in ran.json["applied"]} == {"docs/x.md", "docs/y.md"}
    assert set(project.plan().actions) == {"a", "b", "old"}
    assert "nothing-like-it" in project.run("plan", "--only", "nothing-like-it", code=1).err
    project.apply()


def project_docs(project: Project) -> str:
    """The manifest there is, with a glob added."""
    return (project.root / "filesync.yaml").read_text() + "  docs: {glob: 'docs/*.md'}\n"


def test_apply_without_yes_and_terminal_writes_nothing(on_fake: Project, fake: FakeApi) -> None:
    on_fake.files("a")
    for args in (["apply"], ["apply", "--json"]):
        assert "--yes" in on_fake.refused(*args)
    assert fake.writes == []
    on_fake.apply()
    assert "--yes" in on_fake.refused("destroy")
    assert fake.count("DELETE") == 0
    # Nothing to do needs no yes.
    assert on_fake.run("apply").code == 0


def test_lockfile_has_the_exact_text_and_never_churns(project: Project) -> None:
    project.files("b", a="purpose: fine-tune, expires_after: 14d")
    ran = project.apply()
    assert {(one["key"], one["action"]) for one in ran.json["applied"]} == {
        ("a", "create"),
        ("b", "create"),
    }
    entries = project.lock["files"]
    assert entries["a"]["expires_at"] == entries["a"]["created_at"] + 14 * 86400
    lines = []
    for key, purpose, seconds in (("a", "fine-tune", "1209600"), ("b", "user_data", "null")):
        content = f"this is {key}\n".encode()
        entry = entries[key]
        lines.append(
            f'    "{key}": {{"id": "{entry["id"]}", "path": "{key}.txt", '
            f'"sha256": "{hashlib.sha256(content).hexdigest()}", "bytes": {len(content)}, '
            f'"filename": "{key}.txt", "purpose": "{purpose}", "expires_after": {seconds}, '
            f'"created_at": {entry["created_at"]}, '
            f'"expires_at": {json.dumps(entry["expires_at"])}}}'
        )
    assert project.lock_path.read_text() == (
        '{\n  "version": 1,\n  "project": "test",\n'
        f'  "base_url": "{project.env["OPENAI_BASE_URL"]}",\n'
        '  "files": {\n' + ",\n".join(lines) + '\n  },\n  "retired": []\n}\n'
    )
    os.utime(project.lock_path, ns=(1, 1))
    before = project.lock_path.read_bytes()
    for args in (["apply", "-y"], ["plan"], ["status"], ["apply", "-y", "--json"]):
        project.run(*args)
    assert project.lock_path.read_bytes() == before
    assert project.lock_path.stat().st_mtime_ns == 1
    # The same file from a fresh clone: other times on disk, the same bytes.
    os.utime(project.root / "a.txt", ns=(5, 5))
    project.apply()
    assert project.lock_path.stat().st_mtime_ns == 1


def test_apply_json_tells_new_ids_and_deletes(platform: Platform, project: Project) -> None:
    project.files("a", "b")
    project.apply()
    a, b = project.id("a"), project.id("b")
    project.write("a.txt", "edited\n")
    project.files("a", "c")
    document = project.apply().json
    applied = {(one["key"], one["action"]): one["id"] for one in document["applied"]}
    assert applied == {
        ("a", "replace"): project.id("a"),
        ("c", "create"): project.id("c"),
        ("b", "delete"): b,
    }
    assert document["summary"]["replace"] == 1
    assert set(platform.files()) == {project.id("a"), project.id("c")}
    assert a not in platform.files()


def test_no_delete_leaves_deletes_for_a_later_apply(platform: Platform, project: Project) -> None:
    project.files("a", "b")
    project.apply()
    a, b = project.id("a"), project.id("b")
    project.write("a.txt", "edited\n")
    project.files("a")
    project.apply("--no-delete", settled=False)
    assert {a, b} < set(platform.files())
    assert project.id("a") != a
    later = project.plan()
    assert {one["id"] for one in later.json["changes"]} == {a, b}
    assert {one["action"] for one in later.json["changes"]} == {"delete"}
    project.apply()
    assert set(platform.files()) == {project.id("a")}


def test_concurrency_bounds_the_uploads(on_fake: Project, fake: FakeApi) -> None:
    import threading

    running, most, guard = 0, 0, threading.Lock()
    full = threading.Event()

    def count(request: Request) -> Answer | None:
        nonlocal running, most
        if request.method != "POST":
            return None
        with guard:
            running += 1
            most = max(most, running)
            if running == 3:
                full.set()
        full.wait(20)  # nobody leaves before three are here
        with guard:
            running -= 1
        return None

    fake.rule(count)
    on_fake.files(*[f"f{number}" for number in range(12)])
    on_fake.apply("--concurrency", "3")
    assert most == 3
    assert len(fake.files) == 12


def test_wait_polls_until_processed(on_fake: Project, fake: FakeApi) -> None:
    polls = 0

    def slow(request: Request) -> Answer | None:
        nonlocal polls
        if request.method == "GET" and request.path.startswith("/files/"):
            polls += 1
            if polls >= 2:
                for file in fake.files.values():
                    file["status"] = "processed"
        return None

    def uploaded(request: Request) -> Answer | None:
        if request.method != "POST":
            return None
        now = int(fake.clock())
        name = request.filename or ""
        file_id = fake.add(name, request.content, status="uploaded", created_at=now)
        return Answer(200, dict(fake.files[file_id]))

    fake.rule(slow)
    fake.rule(uploaded)
    on_fake.files("a")
    on_fake.apply("--wait")
    assert polls >= 2


def test_wait_reports_a_file_the_platform_cannot_use(on_fake: Project, fake: FakeApi) -> None:
    def uploaded(request: Request) -> Answer | None:
        if request.method != "POST":
            return None
        now = int(fake.clock())
        file_id = fake.add(
            request.filename or "", request.content, status="uploaded", created_at=now
        )
        fake.files[file_id]["status"] = "error"
        return Answer(200, {**fake.files[file_id], "status": "uploaded"})

    fake.rule(uploaded)
    on_fake.files("a")
    ran = on_fake.run("apply", "-y", "--wait", "--json", code=1)
    assert [one["key"] for one in ran.json["failed"]] == ["a"]
    assert "error" in ran.err
    assert on_fake.plan().actions == {"a": ("replace", "remote_error")}


def test_status_shows_id_age_time_left_and_drift(platform: Platform, project: Project) -> None:
    project.files("a", "b", temp="expires_after: 10d")
    project.apply()
    ids = {key: project.id(key) for key in ("a", "b", "temp")}
    project.write("a.txt", "edited\n")
    platform.delete(ids["b"])
    platform.clock.offset = 3 * 86400
    ran = project.run("status")
    lines = {line.split()[0]: line for line in ran.out.splitlines() if line.strip()}
    assert ids["a"] in lines["a"]
    assert "3d" in lines["temp"]
    assert "7d" in lines["temp"]
    assert "up to date" in lines["temp"]
    assert "content" in lines["a"]
    assert "missing" in lines["b"]
    document = project.run("status", "--json").json
    told = {one["key"]: one for one in document["files"]}
    assert told["temp"]["id"] == ids["temp"]
    assert 6.9 * 86400 < told["temp"]["left"] <= 7 * 86400


def test_status_works_without_a_lockfile(project: Project) -> None:
    project.files("a")
    assert "a" in project.run("status").out


def test_destroy_deletes_what_the_lock_owns_and_only_that(
    platform: Platform, project: Project
) -> None:
    project.files("b", a="retain: 7d")
    project.apply()
    old = project.id("a")
    project.write("a.txt", "edited\n")
    project.apply()
    assert old in platform.files()
    foreign = platform.upload("foreign.txt")
    document = project.run("destroy", "-y", "--json").json
    assert {one["action"] for one in document["applied"]} == {"delete"}
    assert len(document["applied"]) == 3
    assert set(platform.files()) == {foreign}
    assert project.lock["files"] == {}
    assert project.lock["retired"] == []
    assert project.run("destroy", "-y").code == 0
    # What was destroyed can come back.
    project.apply()
    assert platform.names() == ["a.txt", "b.txt", "foreign.txt"]


def test_destroy_is_not_capped(platform: Platform, project: Project) -> None:
    project.files(*[f"f{number:02}" for number in range(14)], rest="limits: {max_delete: 0}\n")
    project.apply(settled=False)
    assert "14" in project.run("destroy", "-y").out
    assert platform.names() == []

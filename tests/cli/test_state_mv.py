"""`state mv`: another name for a key, without an upload."""

from __future__ import annotations

import hashlib
import json

from tests.cli.harness import Platform, Project


def test_a_key_gets_another_name(platform: Platform, project: Project) -> None:
    project.files("a", "b")
    project.apply()
    ids = set(platform.files())
    was = project.id("a")
    assert "'b' is in the lockfile already" in project.refused("state", "mv", "a", "b")
    assert "did you mean 'a'?" in project.refused("state", "mv", "aa", "c")
    assert "must not begin with '-'" in project.refused("state", "mv", "a", "--", "-c")
    assert "both names or neither" in project.refused("state", "mv", "a/", "c")
    project.run("state", "mv", "a", "c")
    assert project.id("c") == was
    assert set(project.lock["files"]) == {"b", "c"}
    project.manifest("files: {c: {path: a.txt}, b: {path: b.txt}}")
    assert project.plan().json["has_changes"] is False
    assert set(platform.files()) == ids


def test_all_keys_of_a_glob_what_is_retired_and_the_journal(
    platform: Platform, project: Project
) -> None:
    project.write("docs/x.txt", "x")
    project.write("docs/sub/y.txt", "y")
    project.manifest("files: {docs: {glob: 'docs/**', retain: 7d}}")
    project.apply()
    project.write("docs/x.txt", "another x")
    project.run("apply", "-y")
    begun = {"n": 7, "begin": "docs/z.txt", "sha256": "0" * 64, "bytes": 1, "filename": "z.txt"}
    begun |= {"purpose": "user_data", "expires_after": None, "at": 1}
    lines = [json.dumps(begun), json.dumps({"n": 7, "made": "file-z"}), '{"n": 8, "beg']
    state = project.root / ".filesync"
    project.run("plan")
    who = hashlib.sha256(f"test\n{platform.url}".encode()).hexdigest()[:8]
    journal = state / f"filesync-{who}.journal"
    journal.write_text("\n".join(lines))
    project.run("state", "mv", "docs/", "kb/")
    assert set(project.lock["files"]) == {"kb/x.txt", "kb/sub/y.txt"}
    assert [one["key"] for one in project.lock["retired"]] == ["kb/x.txt"]
    renamed = journal.read_text().splitlines()
    assert json.loads(renamed[0]) == begun | {"begin": "kb/z.txt"}
    assert renamed[1:] == lines[1:]


def test_a_name_for_itself_is_refused_without_advice_to_forget_it(project: Project) -> None:
    project.files("a")
    project.apply()
    told = project.refused("state", "mv", "a", "a")
    assert "'a' is its name already" in told
    assert "forget" not in told


def test_a_vector_store_gets_another_name(platform: Platform, project: Project) -> None:
    def declare(store: str) -> None:
        project.manifest(
            "defaults: {purpose: assistants}\n"
            f"vector_stores: {{{store}: {{files: ['*'], name: Same}}, other: {{files: [a]}}}}\n"
            "files: {a: {path: a.txt}}\n"
        )

    project.write("a.txt", "a")
    declare("kb")
    project.apply()
    was = project.lock["vector_stores"]["kb"]["id"]
    assert "--store" in project.refused("state", "mv", "kb", "handbook")
    assert "'other'" in project.refused("state", "mv", "--store", "kb", "other")
    assert "did you mean 'kb'?" in project.refused("state", "mv", "--store", "kbb", "c")
    assert "must not" in project.refused("state", "mv", "--store", "kb", "--", "-c")
    assert "is its name already" in project.refused("state", "mv", "--store", "kb", "kb")
    project.run("state", "mv", "--store", "kb", "handbook")
    declare("handbook")
    (change,) = project.plan().json["vector_stores"]
    assert (change["key"], change["action"], change["id"]) == ("handbook", "update", was)
    assert change["members"] == []
    project.apply()
    assert project.lock["vector_stores"]["handbook"]["id"] == was
    marks = [one["metadata"] for one in platform.http.get("/vector_stores").json()["data"]]
    assert {"filesync": "test/handbook"} in marks

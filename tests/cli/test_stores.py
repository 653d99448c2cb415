"""Vector stores by the command: filled, swapped, guarded, and what the API's traps do to them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from filesync.emulator import vector_stores
from filesync.emulator.server import embedded
from tests.cli.harness import CANARY, Clock, Platform, Project
from tests.cli.terminal import on_terminal

STORE = "vector_stores:\n  kb: {files: ['*'], attributes: {source: '{path}'}}\n"


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    """An emulator whose vector stores fail to index files called bad*."""
    clock, settings = Clock(), {"index_fails": ["bad*"]}
    folder = str(tmp_path / "platform")
    with embedded(folder, api_key=CANARY, clock=clock, settings=settings) as url:
        found = Platform(url, clock)
        with found.http:
            yield found


def declare(project: Project, *names: str, stores: str = STORE, **more: str) -> None:
    rest = "defaults: {purpose: assistants}\n" + stores
    project.files(*names, rest=rest, **more)


def misbehave(platform: Platform, **settings: Any) -> None:
    url = platform.url.removesuffix("/v1") + "/_emulator/settings"
    assert platform.http.post(url, json=settings).status_code == 200


def members(platform: Platform, project: Project, store: str = "kb") -> dict[str, Any]:
    """The members of a locked store, by id."""
    store_id = project.lock["vector_stores"][store]["id"]
    answer = platform.http.get(f"/vector_stores/{store_id}/files", params={"limit": 100})
    return {one["id"]: one for one in answer.json()["data"]}


def stores(platform: Platform) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = platform.http.get("/vector_stores").json()["data"]
    return found


def changes(project: Project) -> Mapping[str, tuple[str, str]]:
    """What the plan says of members: key -> (action, reason)."""
    (store,) = project.plan().json["vector_stores"]
    return {one["key"]: (one["action"], one["reason"]) for one in store["members"]}


def in_line(platform: Platform, project: Project, *keys: str) -> None:
    """The store holds exactly the files of these keys, all indexed; nothing else is there."""
    there = members(platform, project)
    assert {one["status"] for one in there.values()} <= {"completed"}
    assert set(there) == {project.id(key) for key in keys}
    assert set(project.lock["vector_stores"]["kb"]["files"]) == set(keys)
    assert set(platform.files()) == set(there)


def test_a_store_is_created_filled_swapped_and_emptied(
    project: Project, platform: Platform
) -> None:
    declare(project, "a", "b", "c")
    plan = project.plan().json
    assert plan["vector_stores"][0]["action"] == "create"
    assert plan["summary"]["attach"] == 3
    project.apply()
    in_line(platform, project, "a", "b", "c")
    assert members(platform, project)[project.id("a")]["attributes"] == {"source": "a.txt"}

    project.write("a.txt", "another text\n")
    declare(project, "a", "b", b="attributes: {kind: 1}")
    assert changes(project) == {
        "a": ("swap", "content_changed"),
        "b": ("update", "attributes_changed"),
        "c": ("detach", "removed_from_manifest"),
    }
    before = project.id("b")
    done = project.apply().json["applied"]
    assert {"store": "kb", "key": "b", "action": "update", "id": before} in done
    in_line(platform, project, "a", "b")
    assert members(platform, project)[before]["attributes"] == {"source": "b.txt", "kind": 1}

    declare(project, "a", "b", stores="")
    assert project.plan().json["vector_stores"][0]["action"] == "delete"
    project.apply()
    assert stores(platform) == []
    assert project.lock["version"] == 1
    assert len(platform.files()) == 2


def test_status_fits_a_narrow_terminal(project: Project) -> None:
    declare(project, "a", "b", stores=STORE + "  few: {files: [a], expires_after: 30d}\n")
    project.apply()
    project.write("a.txt", "another text\n")
    _, wide = on_terminal(project, "status", env={"COLUMNS": "140", "NO_COLOR": "1"})
    assert re.search(r"^kb +vs_\w+ +2 +0 +0 +\d+ B +", wide, re.M)
    _, narrow = on_terminal(project, "status", env={"COLUMNS": "80", "NO_COLOR": "1"})
    lines = narrow.split("STORE")[1].replace("\r", "").splitlines()
    assert max(map(len, lines)) <= 80
    assert re.fullmatch(r"few +vs_\w+ +1 to change", lines[1])
    assert re.fullmatch(r"  1 indexed, \d+ B, used \w+ ago, 30d left", lines[2])
    assert re.fullmatch(r"  2 indexed, \d+ B, used \w+ ago, never expires", lines[4])


def test_a_swap_with_other_attributes_shows_old_and_new(project: Project) -> None:
    declare(project, "a", "b", a="attributes: {kind: 1}")
    project.apply()
    project.write("a.txt", "another text\n")
    project.write("b.txt", "another text for b\n")
    declare(project, "a", "b", a="attributes: {kind: 2}")
    (store,) = project.plan().json["vector_stores"]
    swapped = {one["key"]: one for one in store["members"]}
    assert [one["action"] for one in swapped.values()] == ["swap", "swap"]
    assert swapped["a"]["before"] == {"source": "a.txt", "kind": 1}
    assert swapped["a"]["after"] == {"source": "a.txt", "kind": 2}
    assert "before" not in swapped["b"]
    project.run("plan", "--out", "plan.json")
    assert "content changed, kind 1 -> 2" in project.run("show-plan", "plan.json").out
    project.run("apply", "-y", "plan.json")


def test_a_server_that_adds_attributes_of_its_own_is_named(
    project: Project, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(project, "a", "b")
    assert project.run("apply", "-y").code == 0
    kept = vector_stores.attributes
    monkeypatch.setattr(vector_stores, "attributes", lambda sent: {**kept(sent), "by": "us"})
    declare(project, "a", "b", stores=STORE.replace("source", "from"))
    done = project.run("apply", "-y")
    assert done.code == 0
    assert done.err.count("does not keep the attributes it is sent") == 1
    assert "it reports another by" in done.err


def test_a_document_that_fails_keeps_its_predecessor_and_stops_no_other(
    project: Project, platform: Platform
) -> None:
    declare(project, "a", "b")
    project.apply()
    old = {key: project.id(key) for key in "ab"}
    declare(project, "a", "b", a="filename: bad.txt")
    project.write("b.txt", "new b\n")
    ran = project.run("apply", "-y", "--json", code=1)
    (failed,) = ran.json["failed"]
    assert (failed["store"], failed["key"], failed["action"]) == ("kb", "a", "swap")
    assert "unsupported_file" in failed["error"]
    there = members(platform, project)
    assert old["a"] in there
    assert old["b"] not in there
    assert old["a"] in platform.files()
    assert old["b"] not in platform.files()
    assert changes(project) == {"a": ("reattach", "index_failed")}

    declare(project, "a", "b")
    project.apply()
    in_line(platform, project, "a", "b")


@pytest.mark.parametrize("others", [1, 14])
def test_a_member_that_is_stuck_ends_the_wait_and_stops_no_other(
    project: Project, platform: Platform, others: int
) -> None:
    """Few members are asked for one by one, many are listed."""
    names = [f"b{number}" for number in range(others)]
    declare(project, "a", *names)
    misbehave(platform, stuck=["a*"])
    ran = project.run("apply", "-y", "--json", "--index-timeout", "1s", code=1)
    (failed,) = ran.json["failed"]
    assert failed["key"] == "a"
    assert "still not indexed after 1s" in failed["error"]
    assert set(project.lock["vector_stores"]["kb"]["files"]) == set(names)
    plan = project.plan().json
    assert plan["has_changes"] is False
    assert "the vector store kb: 1 document not indexed yet" in plan["warnings"][0]
    again = project.run("apply", "-y", "--index-timeout", "0s", code=1)
    assert "failed to index a in vector store kb" in again.err


def test_a_detach_that_detaches_everywhere_is_made_good(
    project: Project, platform: Platform
) -> None:
    two = STORE + "  few: {files: [a, b]}\n"
    declare(project, "a", "b", stores=two)
    project.apply()
    misbehave(platform, detach_everywhere=True)
    declare(project, "a", "b", stores=two.replace("[a, b]", "[a]"))
    ran = project.run("apply", "-y")
    assert "attaching again" in ran.err
    assert len(members(platform, project)) == 2
    assert set(members(platform, project, "few")) == {project.id("a")}
    assert project.plan().json["vector_stores"] == []


def test_a_detach_that_detaches_everywhere_is_made_good_outside_the_run_too(
    project: Project, platform: Platform
) -> None:
    """With `--only`, the other stores are not in the plan, and lose nothing all the same."""
    two = STORE + "  few: {files: [a, b]}\n"
    declare(project, "a", "b", stores=two)
    project.apply()
    misbehave(platform, detach_everywhere=True)
    declare(project, "a", "b", stores=two.replace("[a, b]", "[a]"))
    ran = project.run("apply", "-y", "--only", "store:few")
    assert "also detached 1 document from the vector store kb" in ran.err
    there = members(platform, project)
    assert set(there) == {project.id("a"), project.id("b")}
    assert there[project.id("b")]["attributes"] == {"source": "b.txt"}
    # One that is gone as well is for the next plan.
    declare(project, "a", "b", stores=two)
    project.apply()
    store = project.lock["vector_stores"]["kb"]["id"]
    assert platform.http.delete(f"/vector_stores/{store}").status_code == 200
    declare(project, "a", "b", stores=two.replace("[a, b]", "[a]"))
    assert "also detached" not in project.run("apply", "-y", "--only", "store:few").err
    assert project.plan().json["vector_stores"][0]["reason"] == "missing_remotely"


@pytest.mark.parametrize("only", [(), ("--only", "store:few")], ids=["all", "only few"])
@pytest.mark.parametrize(
    ("settings", "complaint", "next_time"),
    [
        ({"faults": ["POST /vector_stores/*/file* 400"]}, "could not attach", "missing_remotely"),
        ({"faults": ["POST /vector_stores/*/file* 418"]}, "could not attach", "missing_remotely"),
        ({"faults": ["POST /vector_stores/*/file* lose x1"]}, "", None),
        ({"faults": ["GET /vector_stores/*/files/* 400"]}, "HTTP 400", "missing_remotely"),
        ({"index_fails": ["b*"]}, "was not indexed: unsupported_file", "index_failed"),
        ({"stuck": ["b*"]}, "still not indexed after 1s", None),
    ],
)
def test_what_fails_while_a_lost_document_is_attached_again(
    project: Project,
    platform: Platform,
    only: tuple[str, ...],
    settings: dict[str, Any],
    complaint: str,
    next_time: str | None,
) -> None:
    """It is an error that names the store, its file is kept, and the next plan has it."""
    two = STORE + "  few: {files: [a, b]}\n"
    declare(project, "a", "b", stores=two)
    project.apply()
    declare(project, "a", "b", stores=two.replace("[a, b]", "[a]"))
    misbehave(platform, detach_everywhere=True, **settings)
    ran = project.run("apply", "-y", "--index-timeout", "1s", *only, code=1 if complaint else 0)
    assert complaint in ran.err
    whole = "418" in str(settings) or "GET" in str(settings)  # it says nothing of one document
    told = "fill vector store kb" if whole else "reattach a document in vector store kb"
    assert (f"failed to {told}" in ran.err) == bool(complaint)
    misbehave(platform, detach_everywhere=False, faults=[], index_fails=[], stuck=[])
    assert project.id("b") in platform.files()
    found = {
        one["key"]: one["reason"]
        for store in project.plan().json["vector_stores"]
        for one in store["members"]
    }
    assert found == ({} if next_time is None else {"b": next_time})
    if "stuck" not in settings:
        project.apply()
        assert set(members(platform, project)) == {project.id("a"), project.id("b")}
        assert set(members(platform, project, "few")) == {project.id("a")}


def test_two_keys_with_the_same_text_are_one_document(project: Project, platform: Platform) -> None:
    """They are uploaded once, and the old texts of both leave in the same run."""
    declare(project, x="filename: same.txt", y="filename: same.txt, attributes: {kind: 1}")
    project.apply()
    old = {project.id("x"), project.id("y")}
    for name in ("x.txt", "y.txt"):
        project.write(name, "the same text\n")
    (store,) = project.run("plan", "--json").json["vector_stores"]
    assert [(one["key"], one["action"]) for one in store["members"]] == [("x", "swap")]
    project.apply()
    ((only, member),) = members(platform, project).items()
    assert only == project.id("x") == project.id("y")
    assert member["attributes"] == {"source": "x.txt"}
    assert not old & set(platform.files())
    project.write("y.txt", "another text\n")
    project.apply()
    assert set(members(platform, project)) == {project.id("x"), project.id("y")}


def requests_of(platform: Platform) -> list[tuple[str, str, int]]:
    """The last requests, the first one first: method, path and status."""
    url = platform.url.removesuffix("/v1") + "/_emulator/requests"
    told = platform.http.get(url).json()
    rows = told["data"] if isinstance(told, dict) else told
    return [(one["method"], one["path"], one["status"]) for one in rows]


def test_an_answer_with_the_stores_id_for_a_batch_matters_to_nobody(
    project: Project, platform: Platform
) -> None:
    """openai-python#2724: so the members are asked for, never the batch."""
    misbehave(platform, batch_answers_store_id=True)
    declare(project, "a", "b", "c")
    project.apply()
    in_line(platform, project, "a", "b", "c")
    batches = [one for one in requests_of(platform) if "/file_batches" in one[1]]
    assert [(method, status) for method, _, status in batches] == [("POST", 200)]


def test_a_store_that_counts_wrongly_is_not_believed(project: Project, platform: Platform) -> None:
    """openai-dotnet#540: a file that is deleted while it is attached goes on being counted."""
    misbehave(platform, wrong_counts=True)
    declare(project, "a", "b", "c")
    project.apply()
    project.write("a.txt", "another\n")
    project.apply()  # which detaches before it deletes
    assert stores(platform)[0]["file_counts"]["total"] == 3
    platform.delete(project.id("b"))
    assert stores(platform)[0]["file_counts"]["completed"] == 3, "the trap is set"
    (status,) = project.run("status", "--json").json["vector_stores"]
    assert status["completed"] == 2
    assert changes(project) == {"b": ("attach", "missing_remotely")}
    project.apply()
    in_line(platform, project, "a", "b", "c")


def test_a_file_that_stores_do_not_know_yet_is_attached_once_they_do(
    project: Project, platform: Platform
) -> None:
    """azure-sdk-for-net#47121: some attaches answer 404 just after the upload."""
    misbehave(platform, attach_not_found_seconds=1)
    declare(project, "a", "b", "c")
    project.apply()
    project.write("a.txt", "another\n")
    project.apply()
    in_line(platform, project, "a", "b", "c")
    attaches = [
        status
        for method, path, status in requests_of(platform)
        if method == "POST" and path.endswith(("/file_batches", "/files")) and "/vs_" in path
    ]
    assert attaches.count(200) == 2, "a batch, and the new version"
    assert 404 in attaches


def test_a_store_that_somebody_deleted_is_made_and_filled_again(
    project: Project, platform: Platform
) -> None:
    declare(project, "a", "b")
    project.apply()
    first = project.lock["vector_stores"]["kb"]["id"]
    files = set(platform.files())
    assert platform.http.delete(f"/vector_stores/{first}").status_code == 200
    plan = project.plan().json
    assert (plan["has_drift"], plan["vector_stores"][0]["reason"]) == (True, "missing_remotely")
    assert plan["changes"] == []
    project.apply()
    (only,) = stores(platform)
    assert only["id"] == project.lock["vector_stores"]["kb"]["id"] != first
    in_line(platform, project, "a", "b")
    assert set(platform.files()) == files, "nothing is uploaded again"


def test_a_store_that_expired_is_made_again_and_what_is_left_of_it_goes(
    project: Project, platform: Platform
) -> None:
    declare(project, "a", stores=STORE.replace("]", "], expires_after: 1d", 1))
    project.apply()
    first = project.lock["vector_stores"]["kb"]["id"]
    platform.clock.offset += 86400 * 2
    plan = project.plan().json
    assert (plan["has_drift"], plan["vector_stores"][0]["reason"]) == (True, "expired")
    project.apply()
    (only,) = stores(platform)
    assert only["id"] == project.lock["vector_stores"]["kb"]["id"] != first
    in_line(platform, project, "a")


def test_a_lost_lockfile_is_rebuilt_from_marks_and_fingerprints(
    project: Project, platform: Platform
) -> None:
    declare(project, a="fingerprint: true", b="fingerprint: true")
    project.apply()
    before = project.lock
    project.lock_path.unlink()
    assert project.plan().json["vector_stores"][0]["reason"] == "mark_match"
    project.apply()
    assert project.lock["vector_stores"] == before["vector_stores"]
    in_line(platform, project, "a", "b")


def test_a_store_of_another_project_with_the_same_mark_is_refused(
    project: Project, platform: Platform
) -> None:
    foreign = platform.upload("theirs.txt", purpose="assistants")
    made = platform.http.post(
        "/vector_stores", json={"file_ids": [foreign], "metadata": {"filesync": "test/kb"}}
    ).json()
    declare(project, "a")
    assert f"filesync adopt --store kb {made['id']}" in project.refused("apply", "-y")
    project.run("adopt", "--store", "kb", made["id"])
    project.apply()
    assert len(stores(platform)) == 1
    assert foreign in members(platform, project)  # nobody told us to detach it


def test_prune_unmanaged_detaches_what_we_did_not_attach(
    project: Project, platform: Platform
) -> None:
    declare(project, "a")
    project.apply()
    store = project.lock["vector_stores"]["kb"]["id"]
    foreign = platform.upload("theirs.txt", purpose="assistants")
    platform.http.post(f"/vector_stores/{store}/files", json={"file_id": foreign})
    assert project.plan().json["vector_stores"] == []
    declare(project, "a", stores=STORE.replace("]", "], prune_unmanaged: true", 1))
    assert changes(project) == {None: ("detach", "unmanaged")}
    assert "Applied: documents: 1 detached." in project.run("apply", "-y").out
    assert set(members(platform, project)) == {project.id("a")}
    assert foreign in platform.files()


def test_a_store_that_would_lose_too_much_or_all_is_refused(project: Project) -> None:
    names = [f"n{number:02}" for number in range(14)]
    declare(project, *names)
    project.apply()
    declare(project, *names, stores=STORE.replace("'*'", "'n0*'"))
    assert "pass --max-delete 4" not in project.run("plan").err
    declare(project, *names, stores=STORE.replace("'*'", "n00, n01"))
    assert "--max-delete 12" in project.refused("apply", "-y")
    assert "--max-delete" in project.refused("apply", "-y", "--max-delete", "11")
    project.apply("--max-delete", "12")

    empty = "  new: {glob: 'new/*', allow_empty: true}\n"
    declare(project, "n00", stores=STORE.replace("'*'", "new"))
    with (project.root / "filesync.yaml").open("a") as manifest:
        manifest.write(empty)
    assert "--allow-empty-store" in project.refused("apply", "-y", "--max-delete", "50")


def test_a_protected_store_is_not_deleted(project: Project) -> None:
    declare(project, "a", stores=STORE.replace("]", "], protect: true", 1))
    project.apply()
    assert project.lock["vector_stores"]["kb"]["protect"] is True
    assert "protected" in project.refused("destroy", "-y")
    declare(project, "a", stores="")
    assert "1 protected vector store would be lost" in project.refused("plan")


def test_a_pattern_that_matches_nothing_is_an_error(project: Project) -> None:
    declare(project, "a", stores=STORE.replace("'*'", "a, nope"))
    ran = project.run("validate", code=1)
    assert "vector_stores.kb.files[1]: 'nope' matches no key of `files`" in ran.err


def test_chunking_says_that_it_has_a_gap(project: Project, platform: Platform) -> None:
    declare(project, "a")
    project.apply()
    chunked = STORE.replace("]", "], chunking: {max_tokens: 100, overlap: 10}", 1)
    declare(project, "a", stores=chunked)
    assert "searches miss each until it is indexed again" in project.run("plan").err
    assert changes(project) == {"a": ("reattach", "chunking_changed")}
    project.apply()
    (only,) = members(platform, project).values()
    assert only["chunking_strategy"]["static"]["max_chunk_size_tokens"] == 100


CHUNKED = STORE.replace("]", "], chunking: {max_tokens: 100, overlap: 10}", 1)
DETACH, ATTACH = "DELETE /vector_stores/*/files/*", "POST /vector_stores/*/file*"


@pytest.mark.parametrize(
    ("fault", "failed", "complaint", "missing"),
    [
        (f"{DETACH} 400 x1", ["a"], "failed to reattach a in vector store kb: could not detach", 0),
        (f"{DETACH} 400", ["a", "b"], "failed to reattach b in vector store kb: could not", 0),
        (f"{DETACH} 403", [None], "failed to fill vector store kb: could not detach", 0),
        (f"{DETACH} lose x1", [], "", 0),
        (f"{ATTACH} 400", ["a", "b"], "failed to reattach a in vector store kb: could not", 2),
        (f"{ATTACH} 400 x2", ["a"], "failed to reattach a in vector store kb: could not", 1),
        (f"{ATTACH} 403", [None], "failed to fill vector store kb: could not attach 2 files", 2),
        (f"{ATTACH} 418", [None], "failed to fill vector store kb: could not attach 2 files", 2),
        (f"{ATTACH} lose x1", [], "", 0),
    ],
)
def test_what_fails_while_documents_are_attached_again(
    project: Project,
    platform: Platform,
    fault: str,
    failed: list[str | None],
    complaint: str,
    missing: int,
) -> None:
    """A document is out of its store in between: it is said which, and the next apply ends it."""
    declare(project, "a", "b")
    project.apply()
    declare(project, "a", "b", stores=CHUNKED)
    misbehave(platform, faults=[fault])
    # One request at a time, so that it is the first document that a single fault meets.
    options = ["--index-timeout", "5s", "--concurrency", "1"]
    ran = project.run("apply", "-y", "--json", *options, code=1 if failed else 0)
    assert sorted((one["key"] for one in ran.json["failed"]), key=str) == failed
    assert complaint in ran.err
    assert "still not indexed" not in ran.err, "nobody waits for what was never attached"
    told = f"searches in the vector store kb miss {missing} document"
    assert (told in ran.err) == (missing > 0)
    misbehave(platform, faults=[])
    assert len(members(platform, project)) == 2 - missing
    assert set(project.lock["vector_stores"]["kb"]["files"]) == {"a", "b"}
    project.apply()
    in_line(platform, project, "a", "b")
    for one in members(platform, project).values():
        assert one["chunking_strategy"]["static"]["max_chunk_size_tokens"] == 100


def test_a_document_that_does_not_index_when_it_is_attached_again(
    project: Project, platform: Platform
) -> None:
    declare(project, "a", "b")
    project.apply()
    declare(project, "a", "b", stores=CHUNKED)
    misbehave(platform, index_fails=["a*"])
    ran = project.run("apply", "-y", code=1)
    assert "failed to reattach a in vector store kb" in ran.err
    assert "was not indexed: unsupported_file" in ran.err
    assert changes(project) == {"a": ("reattach", "index_failed")}
    misbehave(platform, index_fails=[])
    project.apply()
    in_line(platform, project, "a", "b")


def test_only_selects_files_and_stores(project: Project, platform: Platform) -> None:
    declare(project, "a", "b", stores=STORE + "  two: {files: [b]}\n")
    project.apply("--only", "a", settled=False)
    assert stores(platform) == []
    project.apply("--only", "store:kb", settled=False)
    assert set(members(platform, project)) == {project.id("a")}
    project.apply()
    project.write("a.txt", "other a\n")
    project.write("b.txt", "other b\n")
    project.apply("--only", "a", settled=False)
    assert project.id("a") in members(platform, project)
    project.apply()
    in_line(platform, project, "a", "b")


def test_the_commands_that_name_a_store(project: Project) -> None:
    declare(project, "a")
    project.apply()
    store = project.lock["vector_stores"]["kb"]["id"]
    assert project.run("id", "--store", "kb").out == f"{store}\n"
    assert project.run("ids", "--stores").json == {"kb": store}
    assert f"FILESYNC_STORE_KB={store}\n" in project.run("ids", "--stores", "--format", "env").out
    shown = project.run("exec", "--", "sh", "-c", "echo $FILESYNC_STORE_KB $FILESYNC_A").out
    assert shown == f"{store} {project.id('a')}\n"
    project.write("job.json", "${filesync:store:kb} ${filesync:a}")
    assert project.run("render", "job.json").out == f"{store} {project.id('a')}"
    (answer,) = project.run("search", "kb", "what is this?", "--json").json
    assert (answer["key"], answer["text"]) == ("a", "this is a\n")
    (status,) = project.run("status", "--json").json["vector_stores"]
    assert (status["completed"], status["failed"], status["state"]) == (1, 0, "up to date")
    assert [one["id"] for one in project.run("ls", "--stores", "--json").json] == [store]
    assert f"same       vector store kb ({store}), 1 document" in project.run("verify").out
    assert "did you mean 'kb'?" in project.run("id", "--store", "kbb", code=1).err


def test_verify_says_what_differs(project: Project, platform: Platform) -> None:
    declare(project, "a", "b")
    project.apply()
    store = project.lock["vector_stores"]["kb"]["id"]
    platform.http.delete(f"/vector_stores/{store}/files/{project.id('a')}")
    ran = project.run("verify", code=1)
    assert "DIFFERS    vector store kb" in ran.out
    assert "a is not in it" in ran.out


def test_a_store_that_another_project_has_marked_is_adopted_with_a_warning(
    project: Project, platform: Platform
) -> None:
    def made(mark: str) -> str:
        answer = platform.http.post("/vector_stores", json={"metadata": {"filesync": mark}})
        return str(answer.json()["id"])

    declare(project, "a", stores=STORE + "  own: {files: [a]}\n")
    theirs = project.run("adopt", "--store", "kb", made("other/kb")).err
    assert "it was marked as the store 'other/kb': the next apply marks it as yours" in theirs
    assert "`filesync forget --store kb`" in theirs
    assert "was marked" not in project.run("adopt", "--store", "own", made("test/own")).err


def test_what_is_said_of_a_store_that_is_not_there_or_is_a_file(
    project: Project, platform: Platform
) -> None:
    declare(project, "a", stores=STORE.replace("]", "], expires_after: 1d", 1))
    assert "run `filesync apply` first" in project.refused("search", "kb", "text")
    project.apply()
    assert "run `filesync id --store kb`" in project.refused("id", "kb")
    assert "run `filesync id a`" in project.refused("id", "--store", "a")
    platform.clock.offset += 86400 * 2
    said = project.refused("search", "kb", "text")
    assert "has expired" in said
    assert "run `filesync apply`: it is created anew" in said
    store = project.lock["vector_stores"]["kb"]["id"]
    assert platform.http.delete(f"/vector_stores/{store}").status_code == 200
    assert "is gone from the platform" in project.refused("search", "kb", "text")
    assert "create: missing on the platform" in project.run("status").out
    assert ": missing on the platform" in project.run("drift", code=3).out


def test_what_destroy_could_not_delete_is_not_for_an_apply(
    project: Project, platform: Platform
) -> None:
    """An apply would upload and create all of it again."""
    declare(project, "a", "b")
    project.apply()
    misbehave(platform, faults=["DELETE /vector_stores/* 400 x1"])
    ran = project.run("destroy", "-y", code=1)
    assert "run `filesync destroy` again for the rest" in ran.err
    assert "the next destroy will try again" in ran.err
    project.run("destroy", "-y")
    assert stores(platform) == []
    assert platform.files() == {}


def test_destroy_deletes_stores_first(project: Project, platform: Platform) -> None:
    declare(project, "a", "b")
    project.apply()
    project.run("destroy", "-y")
    assert (stores(platform), platform.files()) == ([], {})


def test_a_saved_plan_covers_stores(project: Project, platform: Platform) -> None:
    declare(project, "a", "b")
    project.apply()
    project.write("a.txt", "other a\n")
    project.run("plan", "--out", "plan.json")
    assert "swap      a  content changed" in project.run("show-plan", "plan.json").out
    store = project.lock["vector_stores"]["kb"]["id"]
    platform.http.delete(f"/vector_stores/{store}/files/{project.id('b')}")
    assert "the vector store kb is to change otherwise" in project.refused(
        "apply", "plan.json", "-y"
    )
    project.run("plan", "--out", "plan.json")
    project.run("apply", "plan.json", "-y")
    in_line(platform, project, "a", "b")


def test_the_last_page_of_a_large_store_counts(project: Project, platform: Platform) -> None:
    names = [f"n{number:03}" for number in range(120)]
    declare(project, *names)
    project.apply()
    store = project.lock["vector_stores"]["kb"]["id"]
    platform.http.delete(f"/vector_stores/{store}/files/{project.id('n000')}")
    assert changes(project) == {"n000": ("attach", "missing_remotely")}


def test_reports_show_stores_and_documents(project: Project) -> None:
    declare(project, "a", "b")
    project.apply()
    project.write("a.txt", "other a\n")
    declare(project, "a", stores=STORE.replace("kb: {", "kb: {name: The <book>, "))
    markdown = project.run("plan", "--markdown").out
    assert "#### Vector store `kb`: update\n\nname kb" in markdown
    assert "<book>" not in markdown
    assert "| `a` | swap | content changed |" in markdown
    assert "| `b` | detach | not in the manifest |" in markdown
    page = project.run("plan", "--html", "-").out
    assert "Vector store <code><bdi>kb</bdi></code>: update" in page
    assert "The &lt;book&gt;" in page
    assert "<span>Action <b>swap</b></span> <span>Reason <b>content changed</b></span>" in page


def test_a_document_that_moves_to_another_key_stays(project: Project, platform: Platform) -> None:
    declare(project, "a", "b")
    project.apply()
    (project.root / "a.txt").rename(project.root / "c.txt")
    declare(project, "b", "c")
    project.apply()
    in_line(platform, project, "b", "c")


def test_what_a_lost_journal_leaves_attached_is_detached_before_it_is_deleted(
    project: Project, platform: Platform
) -> None:
    declare(project, "a", "b", stores=STORE.replace("'*'", "a"))
    project.apply()
    store = project.lock["vector_stores"]["kb"]["id"]
    platform.http.post(f"/vector_stores/{store}/files", json={"file_id": project.id("b")})
    declare(project, "a", stores=STORE)
    project.apply()
    in_line(platform, project, "a")


def test_stores_that_are_there_already_are_declared(project: Project, platform: Platform) -> None:
    """`init --from-remote`: the next plan marks them as ours, and changes no document."""
    ids = {}
    for name in ("a.md", "b.md", "c.md"):
        project.write(name, f"text of {name}\n")
        ids[name] = platform.upload(name, f"text of {name}\n".encode(), purpose="assistants")
    elsewhere = platform.upload("elsewhere.md", b"not here\n", purpose="assistants")

    def store(name: str, files: list[dict[str, Any]], **fields: Any) -> str:
        platform.clock.offset += 10  # the oldest is declared first
        made = platform.http.post("/vector_stores", json={"name": name, **fields}).json()
        path = f"/vector_stores/{made['id']}/file_batches"
        assert platform.http.post(path, json={"files": files}).status_code == 200
        return str(made["id"])

    odd = {"audience": "all: $5, #1", "level": 2, "draft": False}
    own_chunks = {
        "type": "static",
        "static": {"max_chunk_size_tokens": 400, "chunk_overlap_tokens": 100},
    }
    handbook = store(
        "Support Handbook",
        [
            {"file_id": ids["a.md"], "attributes": odd, "chunking_strategy": own_chunks},
            {"file_id": ids["b.md"], "chunking_strategy": own_chunks},
            {"file_id": elsewhere, "attributes": {"x": "kept"}},
        ],
        metadata={"team": "support"},
        expires_after={"anchor": "last_active_at", "days": 30},
    )
    # Other attributes than in the first store, and braces: neither can be declared.
    second = store(
        "support handbook",
        [
            {"file_id": ids["a.md"], "attributes": {"audience": "few"}},
            {"file_id": ids["b.md"], "attributes": {"audience": "{key}"}},
            {"file_id": ids["c.md"]},
        ],
    )
    store("Of others", [{"file_id": ids["c.md"]}], metadata={"filesync": "others/kb"})
    store("Nothing of ours", [{"file_id": elsewhere}])
    done = project.run("init", "--from-remote", "--no-download", "--project", "support")
    assert "2 vector stores declared with 3 documents" in done.err
    assert (
        "2 vector stores not declared: 1 another project's, 1 without a document that is declared"
        in done.err
    )
    text = (project.root / "filesync.yaml").read_text()
    assert 'attributes: {audience: "all: $5, #1", draft: false, level: 2}' in text
    lock = project.lock["vector_stores"]
    assert {key: one["id"] for key, one in lock.items()} == {
        "support-handbook": handbook,
        "support-handbook-2": second,
    }
    before = {key: members(platform, project, key) for key in lock}
    plan = project.plan().json
    assert plan["changes"] == []
    assert {one["key"]: (one["action"], one["fields"]) for one in plan["vector_stores"]} == {
        key: ("update", ["metadata"]) for key in lock
    }
    assert all(one["members"] == [] for one in plan["vector_stores"])
    project.apply()
    assert {key: members(platform, project, key) for key in lock} == before
    assert {one["name"]: one["metadata"] for one in stores(platform)}["Support Handbook"] == {
        "team": "support",
        "filesync": "support/support-handbook",
    }


def test_a_lockfile_that_lags_behind_a_store_is_reported_offline(
    project: Project, platform: Platform
) -> None:
    declare(project, "a", "b")
    project.apply()
    project.run("validate", "--locked")
    declare(project, "a", "b", stores="vector_stores:\n  kb: {files: [a], metadata: {x: y}}\n")
    err = project.run("validate", "--locked", code=1).err
    assert "vector store kb: " in err
    assert "(metadata)" in err
    assert "vector store kb: b: " in err
    plan = project.run("plan", "--offline", "--json").json
    (store,) = plan["vector_stores"]
    assert store["action"] == "update"
    assert {one["key"]: one["action"] for one in store["members"]} == {"a": "update", "b": "detach"}

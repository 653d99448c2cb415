"""State and lockfile in a bucket, command by command: vector stores, shards, keys, destroy."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.harness import Platform, Project
from tests.storage.fake_s3 import FakeS3

STATE = "state: s3://bucket/state\n"
BOTH = STATE + "lockfile: s3://bucket/bot.lock\n"
STORES = """vector_stores:
  handbook: {files: [a, b]}
"""


@pytest.fixture(params=[STATE, BOTH], ids=["state", "state and lockfile"])
def rest(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def stored(project: Project, s3: FakeS3) -> Project:
    project.env |= s3.environment
    return project


def lock_of(stored: Project, s3: FakeS3) -> Any:
    there = s3.objects.get("bot.lock")
    return json.loads(there.data) if there is not None else stored.lock


def declare(stored: Project, *names: str, rest: str, stores: str = STORES) -> None:
    """Write a manifest whose files vector stores take."""
    more = dict.fromkeys(names, "purpose: assistants")
    stored.files(rest=rest + stores, **more)


def members(platform: Platform, store_id: str) -> set[str]:
    return {
        one["id"] for one in platform.http.get(f"/vector_stores/{store_id}/files").json()["data"]
    }


def test_vector_stores(stored: Project, platform: Platform, s3: FakeS3, rest: str) -> None:
    declare(stored, "a", "b", rest=rest)
    stored.run("apply", "--yes")
    lock = lock_of(stored, s3)
    store_id = lock["vector_stores"]["handbook"]["id"]
    assert members(platform, store_id) == {one["id"] for one in lock["files"].values()}
    assert stored.run("id", "--store", "handbook").out.strip() == store_id
    stored.write("a.txt", "another text")
    stored.run("apply", "--yes")
    lock = lock_of(stored, s3)
    assert members(platform, store_id) == {one["id"] for one in lock["files"].values()}
    assert len(platform.files()) == 2
    stored.run("verify", "--allow-unchecked")
    stored.run("forget", "--store", "handbook")
    assert "vector_stores" not in lock_of(stored, s3) or not lock_of(stored, s3)["vector_stores"]
    stored.run("adopt", "--store", "handbook", store_id)
    assert lock_of(stored, s3)["vector_stores"]["handbook"]["id"] == store_id
    assert not stored.plan().json["has_changes"]
    stored.run("destroy", "--yes")
    assert platform.files() == {}
    assert platform.http.get("/vector_stores").json()["data"] == []


def test_shards_with_vector_stores(
    stored: Project, platform: Platform, s3: FakeS3, rest: str
) -> None:
    declare(stored, "a", "b", "c", "d", rest=rest)
    stored.run("apply", "--yes")
    for name in "abcd":
        stored.write(f"{name}.txt", f"another {name}")
    stored.run("apply", "--yes", "--shard", "1/2")
    stored.run("apply", "--yes", "--shard", "2/2")
    assert len(platform.files()) == 8  # no shard deletes
    stored.run("lock", "merge", "--yes")
    lock = lock_of(stored, s3)
    ids = {key: one["id"] for key, one in lock["files"].items()}
    assert set(platform.files()) == set(ids.values())
    store_id = lock["vector_stores"]["handbook"]["id"]
    assert members(platform, store_id) == {ids["a"], ids["b"]}
    assert not stored.plan().json["has_changes"]


def test_a_merge_that_is_refused_can_be_repeated(
    stored: Project, platform: Platform, s3: FakeS3, rest: str
) -> None:
    names = [f"f{number}" for number in range(11)]
    stored.files(*names, rest=rest)
    stored.run("apply", "--yes")
    stored.files(*names[:6], rest=rest)
    for shard in ("1/2", "2/2"):
        stored.run("apply", "--yes", "--shard", shard)
    assert "5 files would be deleted" in stored.run("lock", "merge", "--yes", code=1).err
    stored.run("lock", "merge", "--yes", "--max-delete", "5")
    assert not list(stored.root.glob("filesync.lock.*"))
    assert set(lock_of(stored, s3)["files"]) == set(names[:6])
    assert len(platform.files()) == 6
    assert not stored.plan().json["has_changes"]


def test_keys_move_and_are_given_up(
    stored: Project, platform: Platform, s3: FakeS3, rest: str
) -> None:
    stored.files("a", "b", rest=rest)
    stored.run("apply", "--yes")
    ids = {key: one["id"] for key, one in lock_of(stored, s3)["files"].items()}
    stored.run("state", "mv", "b", "c")
    stored.write("c.txt", (stored.root / "b.txt").read_bytes())
    stored.manifest(rest + "files: {a: {path: a.txt}, c: {path: c.txt, filename: b.txt}}\n")
    assert not stored.plan().json["has_changes"]
    stored.run("forget", "c")
    found = stored.plan()
    assert found.actions == {"c": ("create", "new")}
    assert "adopt" in stored.run("apply", "--yes", code=1).err
    stored.run("adopt", "c")
    assert lock_of(stored, s3)["files"]["c"]["id"] == ids["b"]
    stored.run("apply", "--yes")
    assert set(platform.files()) == set(ids.values())


def test_a_lockfile_that_is_lost_is_made_again_from_the_journal(
    stored: Project, platform: Platform, s3: FakeS3, rest: str
) -> None:
    stored.files("a", rest=rest)
    stored.run("apply", "--yes")
    (made,) = platform.files()
    if "bot.lock" in s3.objects:
        del s3.objects["bot.lock"]
    else:
        stored.lock_path.unlink()
    stored.run("apply", "--yes")
    assert list(platform.files()) == [made]
    assert lock_of(stored, s3)["files"]["a"]["id"] == made


@pytest.mark.parametrize(
    "command",
    [
        ["apply", "--yes"],
        ["adopt", "a"],
        ["forget", "a"],
        ["state", "mv", "a", "b"],
        ["destroy", "--yes"],
        ["lock", "merge"],
    ],
    ids=lambda command: command[0],
)
def test_whoever_holds_the_lease_is_named(
    stored: Project, s3: FakeS3, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from filesync.core.object_url import object_url
    from filesync.storage.lease import acquire
    from filesync.storage.state_object import StatePlace

    stored.files("a", rest=STATE)
    stored.run("apply", "--yes")
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    (key,) = [key for key in s3.objects if key.endswith(".state")]
    before = stored.lock_path.read_bytes()
    held = acquire(StatePlace(object_url(f"s3://bucket/{key}")), timeout=0)
    owner = str(held.owner)
    try:
        said = stored.run(*command, "--lock-timeout", "0", code=1).err
    finally:
        held.release()
    assert "another run holds this lockfile" in said
    assert owner in said
    assert stored.lock_path.read_bytes() == before

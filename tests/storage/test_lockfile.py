"""The lockfile in a bucket: every command that needs it, and who writes it at the same time."""

from __future__ import annotations

import json
from typing import Any

import pytest

from filesync.core.object_url import object_url
from filesync.errors import LeaseLost, LockfileError, ObjectChanged, ObjectStoreError
from filesync.storage.lockfile import StoredLock
from tests.cli.harness import Platform, Project
from tests.storage.fake_s3 import FakeS3

KEY = "team/bot.lock"
URL = f"s3://bucket/{KEY}"
HEAD = f"lockfile: {URL}\n"
STATE = "state: s3://bucket/state\n"
SECRET = "canary-aws-secret"


@pytest.fixture
def stored(project: Project, s3: FakeS3) -> Project:
    """A project that finds the bucket; its lockfile is there where the manifest says so."""
    project.env |= s3.environment | {"AWS_SECRET_ACCESS_KEY": SECRET}
    return project


def lock_in(s3: FakeS3, key: str = KEY) -> Any:
    return json.loads(s3.objects[key].data)


def put(s3: FakeS3, key: str, data: bytes) -> None:
    assert s3.put(key, data, {})[0] == 200


@pytest.mark.parametrize("state", ["", STATE], ids=["alone", "with state"])
def test_a_life_in_a_bucket(stored: Project, platform: Platform, s3: FakeS3, state: str) -> None:
    stored.files("a", "b", rest=HEAD + state)
    said = stored.run("id", "a", code=1).err
    assert f"there is no lockfile {URL}" in said
    ran = stored.run("apply", "--yes")
    assert f"The ids are in {URL}." in ran.out
    ids = {key: entry["id"] for key, entry in lock_in(s3)["files"].items()}
    assert set(ids.values()) == set(platform.files())
    assert not stored.plan().json["has_changes"]
    assert not stored.plan("--offline").json["has_changes"]
    assert stored.run("id", "a").out.strip() == ids["a"]
    assert json.loads(stored.run("ids").out) == ids
    assert stored.run("exec", "--", "printenv", "FILESYNC_A").out.strip() == ids["a"]
    stored.write("in.txt", "${filesync:b}")
    assert stored.run("render", "in.txt").out == ids["b"]
    assert ids["a"] in stored.run("status").out
    stored.run("verify", "--allow-unchecked")
    stored.run("validate", "--locked")
    stored.run("drift")
    stored.run("diff")
    assert f"the lockfile is not in git but at {URL}" in stored.run("doctor").out
    stored.run("state", "mv", "b", "c")
    assert set(lock_in(s3)["files"]) == {"a", "c"}
    stored.run("state", "mv", "c", "b")
    stored.run("forget", "a")
    assert set(lock_in(s3)["files"]) == {"b"}
    stored.run("adopt", "a", ids["a"])
    assert lock_in(s3)["files"]["a"]["id"] == ids["a"]
    stored.write("a.txt", "another text")
    stored.run("apply", "--yes")
    assert not stored.plan().json["has_changes"]
    assert not stored.lock_path.exists()
    stored.run("destroy", "--yes")
    # What was adopted unseen may be another's, so it is never deleted.
    assert set(platform.files()) == {ids["a"]}
    assert lock_in(s3)["files"] == {}
    assert not list(stored.root.rglob("*.theirs*"))
    assert not [key for key in s3.objects if "theirs" in key]
    held = b"".join(one.data for one in s3.objects.values())
    assert SECRET.encode() not in held
    assert stored.env["OPENAI_API_KEY"].encode() not in held


def test_each_environment_has_its_own(stored: Project, s3: FakeS3) -> None:
    rest = HEAD + "environments:\n  prod: {project: prod}\n"
    stored.files("a", rest=rest)
    stored.run("apply", "--yes", "--env", "prod")
    assert set(s3.objects) == {"team/bot.prod.lock"}
    stored.run("id", "a", code=1)
    assert stored.run("id", "a", "--env", "prod").out.strip()
    plans = stored.run("plan", "--env", "all")
    assert "prod" in plans.out


def test_a_variable_names_the_bucket(stored: Project, s3: FakeS3) -> None:
    stored.files("a", rest='lockfile: "s3://${FILESYNC_VAR_BUCKET}/bot.lock"\n')
    stored.env["FILESYNC_VAR_BUCKET"] = "bucket"
    stored.run("apply", "--yes")
    assert stored.run("id", "a").out.strip() == lock_in(s3, "bot.lock")["files"]["a"]["id"]
    said = stored.run("id", "a", code=1, env={"FILESYNC_VAR_BUCKET": None}).err
    assert "filesync.yaml:3:" in said
    assert "FILESYNC_VAR_BUCKET" in said


def test_ids_need_no_more_of_the_manifest(stored: Project, s3: FakeS3) -> None:
    stored.files("a", rest=HEAD)
    stored.run("apply", "--yes")
    with (stored.root / "filesync.yaml").open("a") as file:
        file.write("nonsense: 1\n")
    assert stored.run("id", "a").out.strip() == lock_in(s3)["files"]["a"]["id"]


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        ("filesync.lock", "is not a URL"),
        ("https://host/filesync.lock", "must be in a bucket"),
        ("file:///tmp/filesync.lock", "must be in a bucket"),
        ("s3://bucket", "must name an object that ends in .lock"),
        ("s3://bucket/prefix/", "must name an object that ends in .lock"),
        ("s3://bucket/.lock", "must name an object that ends in .lock"),
        ("s3://bucket//a.lock", "has an empty or a dotted part"),
        ("s3://bucket/../a.lock", "has an empty or a dotted part"),
        ("s3:///a.lock", "must name a bucket"),
    ],
)
def test_a_place_that_cannot_be(stored: Project, value: str, wrong: str) -> None:
    stored.files("a", rest=f"lockfile: {value}\n")
    for command in (["validate"], ["plan"], ["id", "a"]):
        said = stored.run(*command, code=1).err
        assert f"filesync.yaml:3:11: lockfile: {wrong}" in said


def test_validate_asks_no_bucket(stored: Project, s3: FakeS3) -> None:
    stored.files("a", rest=HEAD)
    stored.run("validate")
    assert s3.requests == []


def test_one_that_is_still_on_disk_is_not_passed_over(
    stored: Project, platform: Platform, s3: FakeS3
) -> None:
    stored.files("a")
    stored.run("apply", "--yes")
    stored.files("a", rest=HEAD)
    for command in (["plan"], ["apply", "--yes"], ["id", "a"]):
        said = stored.run(*command, code=1).err
        assert f"there is no lockfile {URL}, but there is filesync.lock on this disk" in said
        assert f"aws s3 cp filesync.lock {URL}" in said
    put(s3, KEY, stored.lock_path.read_bytes())
    stored.lock_path.unlink()
    assert not stored.plan().json["has_changes"]


def test_one_of_another_project_or_none_at_all(stored: Project, s3: FakeS3) -> None:
    stored.files("a", rest=HEAD)
    put(s3, KEY, b"{nonsense")
    assert URL in stored.run("plan", code=1).err
    assert URL in stored.run("id", "a", code=1).err
    other = {"version": 1, "project": "other", "base_url": "https://x/v1", "files": {}}
    put(s3, KEY, json.dumps({**other, "retired": []}).encode())
    assert URL in stored.run("apply", "--yes", code=1).err
    assert lock_in(s3)["project"] == "other"


def test_a_bucket_that_refuses(stored: Project, s3: FakeS3) -> None:
    """It is never taken for a missing lockfile: all files would look new."""
    stored.files("a", rest=HEAD)
    stored.run("apply", "--yes")
    s3.fault = lambda _method, _key: 403
    for command in (["plan"], ["id", "a"], ["apply", "--yes"]):
        ran = stored.run(*command, code=1)
        assert f"cannot read {URL}: access denied" in ran.err
        assert "AWS_ACCESS_KEY_ID" in ran.err
        assert "key 'team/bot.lock' in bucket 'bucket'" in ran.err
        assert SECRET not in ran.out + ran.err
    s3.fault = lambda method, _key: 403 if method == "PUT" else None
    stored.write("a.txt", "another text")
    said = stored.run("apply", "--yes", code=1).err
    assert f"cannot write {URL}: access denied" in said
    s3.fault = lambda _method, _key: None
    stored.run("apply", "--yes")
    assert not stored.plan().json["has_changes"]


def test_a_bucket_that_is_not_there(stored: Project) -> None:
    stored.files("a", rest="lockfile: s3://elsewhere/bot.lock\n")
    said = stored.run("apply", "--yes", code=1).err
    assert "there is no bucket 'elsewhere'" in said
    assert "check the bucket's name" in said


def test_without_the_extra(stored: Project) -> None:
    stored.files("a", rest=HEAD)
    stored.write("sitecustomize.py", "import sys; sys.modules['obstore'] = None\n")
    process = stored.start("id", "a", env={"PYTHONPATH": str(stored.root)})
    said = stored.finish(process, code=1).err
    assert f"{URL} needs the Python package obstore, which is not installed" in said
    assert "pip install 'openai-filesync[cloud]'" in said


def test_another_writes_during_an_apply(stored: Project, platform: Platform, s3: FakeS3) -> None:
    """What they wrote is kept beside it, said, and nothing is deleted."""
    stored.files("a", "b", rest=HEAD)
    stored.run("apply", "--yes")
    old = lock_in(s3)["files"]["a"]["id"]
    theirs = s3.objects[KEY].data.replace(b'"expires_after": null', b'"expires_after": 7200', 1)
    stored.write("a.txt", "another text")
    writes = []

    def meddle(method: str, key: str) -> None:
        if (method, key) == ("PUT", KEY):
            writes.append(key)
            if len(writes) == 2:
                put(s3, KEY, theirs)

    s3.fault = meddle
    ran = stored.run("apply", "--yes", code=1)
    assert "the lockfile was changed by somebody else while this apply ran" in ran.out + ran.err
    assert f"{URL}.theirs" in ran.out + ran.err
    assert s3.objects[f"{KEY}.theirs"].data == theirs
    assert lock_in(s3)["files"]["a"]["id"] != old
    assert old in platform.files()


def test_another_writes_during_an_adopt(stored: Project, platform: Platform, s3: FakeS3) -> None:
    stored.files("a", rest=HEAD)
    stored.run("apply", "--yes")
    theirs = s3.objects[KEY].data + b"\n"

    def meddle(method: str, key: str) -> None:
        if (method, key) == ("PUT", KEY):
            put(s3, KEY, theirs)

    s3.fault = meddle
    said = stored.run("forget", "a", code=1).err
    assert f"{URL} was changed by somebody else, so nothing was written to it" in said
    assert "run it again" in said
    assert s3.objects[KEY].data == theirs


@pytest.mark.parametrize("rest", [HEAD, HEAD + STATE], ids=["alone", "with state"])
def test_shards_join_in_the_bucket(
    stored: Project, platform: Platform, s3: FakeS3, rest: str
) -> None:
    names = [f"f{number}" for number in range(6)]
    stored.files(*names, rest=rest)
    stored.run("apply", "--yes", "--shard", "1/2")
    assert f"pieces of {URL} are not joined" in stored.run("apply", "--yes", code=1).err
    stored.run("apply", "--yes", "--shard", "2/2")
    said = stored.run("lock", "merge", "--yes").err
    assert f"joined 2 pieces into {URL}: 6 files" in said
    assert set(lock_in(s3)["files"]) == set(names)
    assert not list(stored.root.glob("filesync.lock*"))
    assert not stored.plan().json["has_changes"]


def test_load_lock_reads_a_url(
    stored: Project, s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    import filesync

    stored.files("a", rest=HEAD)
    stored.run("apply", "--yes")
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    held = lock_in(s3)["files"]["a"]["id"]
    assert filesync.load_lock(URL).id("a") == held
    assert filesync.ids(stored.root / "filesync.yaml") == {"a": held}
    with pytest.raises(LockfileError, match=r"there is no lockfile s3://bucket/none\.lock"):
        filesync.load_lock("s3://bucket/none.lock")


@pytest.fixture
def lock(s3: FakeS3, monkeypatch: pytest.MonkeyPatch) -> StoredLock:
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    return StoredLock(object_url(URL))


def test_a_lost_answer_is_no_conflict(lock: StoredLock, s3: FakeS3) -> None:
    """The store has written, its answer is lost, and the retry finds another version."""
    lost = iter(["lost"])
    assert lock.read() is None
    s3.fault = lambda method, _key: next(lost, None) if method == "PUT" else None
    lock.save(b"one")
    lost = iter(["lost"])
    assert lock.save_over(b"two", b"one", lambda: None) is None
    assert s3.objects[KEY].data == b"two"
    lock.save(b"three")


def test_copies_of_what_others_write_are_numbered(lock: StoredLock, s3: FakeS3) -> None:
    lock.read()
    for number in range(3):
        put(s3, KEY, b"theirs %d" % number)
        assert lock.save_over(b"mine %d" % number, None, lambda: None)
    kept = {key: one.data for key, one in s3.objects.items() if key != KEY}
    assert kept == {
        f"{KEY}.theirs": b"theirs 0",
        f"{KEY}.theirs-2": b"theirs 1",
        f"{KEY}.theirs-3": b"theirs 2",
    }
    assert s3.objects[KEY].data == b"mine 2"


def test_a_run_that_lost_its_lease_replaces_nothing(lock: StoredLock, s3: FakeS3) -> None:
    def lost() -> None:
        raise LeaseLost("another run has taken over")

    lock.read()
    put(s3, KEY, b"the next owner's")
    with pytest.raises(LeaseLost):
        lock.save_over(b"mine", None, lost)
    assert s3.objects[KEY].data == b"the next owner's"
    with pytest.raises(ObjectChanged, match="somebody else"):
        StoredLock(object_url(URL)).save(b"mine")


def test_one_that_was_removed_meanwhile_is_written_again(lock: StoredLock, s3: FakeS3) -> None:
    lock.read()
    lock.save(b"one")
    del s3.objects[KEY]
    assert lock.save_over(b"two", b"one", lambda: None) is None
    assert s3.objects[KEY].data == b"two"


def test_a_store_without_etags_keeps_no_lockfile(
    lock: StoredLock, s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(s3, KEY, b"one")
    found = s3.objects[KEY]
    s3.objects[KEY] = found._replace(etag="")
    with pytest.raises(ObjectStoreError, match="gives its objects no etag"):
        lock.read()

"""The same against moto, which speaks S3 as others wrote it down, and a store that is late."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from filesync.core.object_url import object_url
from filesync.errors import FilesyncError, LeaseLost, ObjectChanged, ObjectStoreError
from filesync.storage import lockfile as stored_lock
from filesync.storage import state_object
from filesync.storage.lease import acquire
from filesync.storage.lockfile import StoredLock
from filesync.storage.objects import Objects
from filesync.storage.opening import Deadlines
from filesync.storage.state_object import StatePlace
from tests.cli.harness import Platform, Project
from tests.storage.bucket import Bucket, late
from tests.storage.fake_s3 import serving

_SERVE = """
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
input()
"""


@pytest.fixture(scope="module")
def moto() -> Iterator[httpx.Client]:
    """A client of a moto server with a bucket `data-sets`."""
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        assert process.stdout is not None
        url = f"http://127.0.0.1:{int(process.stdout.readline())}"
        signed = {"authorization": "AWS testing:any"}  # moto looks for one, and not into it
        with httpx.Client(base_url=url, headers=signed, trust_env=False) as client:
            assert client.put("/data-sets").status_code == 200
            yield client
        process.kill()


def put(moto: httpx.Client, key: str, content: bytes) -> None:
    """Put an object into moto's bucket."""
    assert moto.put(f"/data-sets/{key}", content=content).status_code == 200


def reach(moto: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process find moto."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", str(moto.base_url))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-aws-secret")


def test_files_from_moto(project: Project, platform: Platform, moto: httpx.Client) -> None:
    project.env |= {
        "AWS_ENDPOINT_URL": str(moto.base_url),
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "canary-aws-secret",
        "FILESYNC_VAR_PREFIX": "docs",
    }
    for number in range(70):
        put(moto, f"docs/{number % 7}/{number}.md", b"# %d" % number)
    put(moto, "big.bin", b"0123456789abcdef" * 400_000)
    project.manifest("""
        files:
          docs: {glob: "s3://data-sets/${FILESYNC_VAR_PREFIX}/**", exclude: ["s3://data-sets/docs/6/**"]}
          big: {path: "s3://data-sets/big.bin"}
          none: {glob: "s3://data-sets/none/*", allow_empty: true}
        """)
    assert project.plan().json["summary"]["create"] == 61
    project.apply("--only", "big", "--only", "docs/1/*", settled=False)
    assert len(platform.files()) == 11
    assert project.lock["files"]["docs/1/1.md"]["path"] == "s3://data-sets/docs/1/1.md"
    put(moto, "docs/1/1.md", b"# another")
    assert project.plan("--only", "docs/1/*").actions == {
        "docs/1/1.md": ("replace", "content_changed")
    }


def test_more_objects_than_one_page(moto: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of S3 has 1,000 objects at most."""
    reach(moto, monkeypatch)
    names = [f"many/{number:04}" for number in range(1050)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: put(moto, name, b"x"), names))
    found = [one.key for one in Objects().list(object_url("s3://data-sets/many"))]
    assert found == names


def test_a_lease_and_its_journal(moto: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    reach(moto, monkeypatch)
    place = StatePlace(object_url("s3://data-sets/state/bot.state"))
    with acquire(place, timeout=0) as first:
        with pytest.raises(FilesyncError, match="another run holds this lockfile"):
            acquire(place, timeout=0)
        first.add(b"one\n", durable=True)
        found = place.read()
        assert found is not None
        version = place.replace(found.state._replace(turn=99), found.version)  # a takeover
        with pytest.raises(LeaseLost):
            first.add(b"two\n", durable=True)
        place.replace(found.state._replace(owner=None), version)
    with acquire(place, timeout=0) as second:
        assert second.log() == b"one\n"


def test_a_lockfile_by_its_etag(moto: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    reach(moto, monkeypatch)
    one, other = (StoredLock(object_url("s3://data-sets/bot.lock")) for _ in range(2))
    assert one.read() is None
    assert other.read() is None
    one.save(b"one")
    with pytest.raises(ObjectChanged, match="somebody else"):
        other.save(b"other")
    assert one.read() == b"one"
    put(moto, "bot.lock", b"theirs")
    assert one.save_over(b"two", b"one", lambda: None) == "s3://data-sets/bot.lock.theirs"
    assert other.read() == b"two"
    assert StoredLock(object_url("s3://data-sets/bot.lock.theirs")).read() == b"theirs"


def test_a_late_store_keeps_no_lease_and_no_lockfile_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    short = Deadlines(connect=1, silence=0.3, request=0.3, retry=1, retries=1)
    monkeypatch.setattr(state_object, "_DEADLINES", short)
    monkeypatch.setattr(stored_lock, "_DEADLINES", short)
    with serving() as s3:
        for name, value in s3.environment.items():
            monkeypatch.setenv(name, value)
        s3.fault = lambda _method, _key: time.sleep(1)
        with pytest.raises(ObjectStoreError, match=r"cannot read s3://bucket/a\.state: no answer"):
            acquire(StatePlace(object_url("s3://bucket/a.state")), timeout=0)
        lock = StoredLock(object_url("s3://bucket/a.lock"))
        with pytest.raises(ObjectStoreError, match=r"cannot read s3://bucket/a\.lock: no answer"):
            lock.read()
        with pytest.raises(ObjectStoreError, match=r"cannot write s3://bucket/a\.lock: no answer"):
            lock.save(b"one")


def test_a_late_store_ends_in_a_sentence(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in bucket.env.items():
        monkeypatch.setenv(name, value)
    bucket.objects["a.txt"] = b"a"
    bucket.fault = late(2)
    objects = Objects(Deadlines(connect=1, silence=0.3, request=0.3, retry=1, retries=1))
    with pytest.raises(ObjectStoreError, match="no answer in time") as caught:
        objects.find(object_url("s3://data/a.txt"))
    assert "s3://data/a.txt" in caught.value.message
    with pytest.raises(ObjectStoreError, match="cannot list s3://data/: no answer in time"):
        list(objects.list(object_url("s3://data/")))

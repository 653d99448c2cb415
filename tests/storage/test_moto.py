"""The same against moto, which speaks S3 as others wrote it down, and a store that is late."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from filesync.core.object_url import object_url
from filesync.errors import ObjectStoreError
from filesync.storage.objects import Objects
from filesync.storage.opening import Deadlines
from tests.cli.harness import Platform, Project
from tests.storage.bucket import Bucket, late

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

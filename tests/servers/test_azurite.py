"""Azure Blob Storage, as azurite speaks it: sources, state and lockfile; for `make foreign`."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from obstore.store import AzureStore

from filesync.core.object_url import object_url
from filesync.errors import FilesyncError, ObjectChanged
from filesync.storage.lease import Lease, acquire
from filesync.storage.lockfile import StoredLock
from filesync.storage.opening import open_store
from filesync.storage.state_object import StatePlace
from tests.cli.harness import Platform, Project
from tests.servers.foreign import AZURE_ACCOUNT, AZURE_KEY, Absent, azurite

pytestmark = pytest.mark.foreign

BOTH = "state: az://data/state\nlockfile: az://data/bot.lock\n"


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """The variables by which `az://data` is azurite's."""
    running = azurite()
    try:
        found = running.__enter__()
    except Absent as why:
        pytest.skip(f"azurite: {why}")
    try:
        yield {
            "AZURE_STORAGE_ACCOUNT_NAME": AZURE_ACCOUNT,
            "AZURE_STORAGE_ACCOUNT_KEY": AZURE_KEY,
            "AZURE_STORAGE_ENDPOINT": found.url,
        }
    finally:
        running.__exit__(None, None, None)


@pytest.fixture
def store(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> AzureStore:
    """The container, emptied."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found = open_store(object_url("az://data/"))
    assert isinstance(found, AzureStore)
    for page in found.list():
        for one in page:
            found.delete(one["path"])
    return found


@pytest.fixture
def stored(project: Project, environment: dict[str, str]) -> Project:
    project.env |= environment
    return project


def test_sources(stored: Project, platform: Platform, store: AzureStore) -> None:
    for name in ("docs/one.md", "docs/deep/two.md", "docs/drafts/three.md"):
        store.put(name, name.encode())
    store.put("big.bin", b"0123456789abcdef" * 400_000)
    stored.manifest("""
        files:
          docs: {glob: "az://data/docs/**", exclude: ["docs/drafts/**"]}
          big: {path: "az://data/big.bin"}
        """)
    stored.apply()
    assert sorted(stored.lock["files"]) == ["big", "docs/deep/two.md", "docs/one.md"]
    assert platform.names() == ["big.bin", "one.md", "two.md"]
    store.put("docs/one.md", b"another text")
    assert stored.plan().actions == {"docs/one.md": ("replace", "content_changed")}
    stored.manifest('files: {none: {path: "az://data/none.md"}}')
    assert "no such object: az://data/none.md" in stored.run("plan", code=1).err
    stored.manifest('files: {none: {path: "az://elsewhere/none.md"}}')
    assert "there is no container 'elsewhere'" in stored.run("plan", code=1).err


def test_state_and_lockfile(stored: Project, platform: Platform, store: AzureStore) -> None:
    stored.files("a", "b", rest=BOTH)
    both = [stored.start("apply", "--yes") for _ in range(2)]
    for one in both:
        stored.finish(one)
    lock = json.loads(bytes(store.get("bot.lock").bytes()))
    assert {one["id"] for one in lock["files"].values()} == set(platform.files())
    assert len(platform.files()) == 2
    assert not stored.plan().json["has_changes"]
    stored.run("state", "mv", "b", "c")
    assert stored.run("id", "c").out.strip() == lock["files"]["b"]["id"]
    stored.run("destroy", "--yes")
    assert platform.files() == {}


def test_of_many_that_race_for_the_lease_one_wins(store: AzureStore) -> None:
    place = object_url("az://data/race.state")
    for _round in range(10):
        won: list[Lease] = []
        refused: list[str] = []
        begin = threading.Barrier(6)

        def race(
            begin: threading.Barrier = begin,
            won: list[Lease] = won,
            refused: list[str] = refused,
        ) -> None:
            begin.wait()
            try:
                won.append(acquire(StatePlace(place), timeout=0))
            except FilesyncError as error:
                refused.append(error.message)

        with ThreadPoolExecutor(6) as pool:
            for one in [pool.submit(race) for _ in range(6)]:
                one.result()
        assert (len(won), len(refused)) == (1, 5)
        assert all("another run holds this lockfile" in one for one in refused)
        won[0].release()


def test_of_many_that_write_the_lockfile_one_wins(store: AzureStore) -> None:
    url = object_url("az://data/race.lock")
    for number in range(10):
        locks = [StoredLock(url) for _ in range(6)]
        for lock in locks:
            lock.read()
        begin = threading.Barrier(6)

        def race(
            index: int,
            begin: threading.Barrier = begin,
            locks: list[StoredLock] = locks,
            number: int = number,
        ) -> bool:
            begin.wait()
            try:
                locks[index].save(b"%d of round %d" % (index, number))
            except ObjectChanged:
                return False
            return True

        with ThreadPoolExecutor(6) as pool:
            won = list(pool.map(race, range(6)))
        assert won.count(True) == 1
        assert StoredLock(url).read() == b"%d of round %d" % (won.index(True), number)

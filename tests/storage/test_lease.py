"""The apply lease in a bucket: one holder, its journal, takeovers, and a store's bad days."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from filesync.core.object_url import object_url
from filesync.errors import FilesyncError, LeaseLost, ObjectStoreError
from filesync.storage import lease as lease_module
from filesync.storage.lease import Lease, acquire
from filesync.storage.state_object import StatePlace
from tests.storage.fake_s3 import FakeS3

KEY = "state/bot.state"


@pytest.fixture(autouse=True)
def variables(s3: FakeS3, monkeypatch: pytest.MonkeyPatch) -> None:
    """What leads this process to the bucket."""
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def place(s3: FakeS3) -> StatePlace:
    return StatePlace(object_url(f"s3://bucket/{KEY}"))


def test_the_journal_outlives_its_runs(s3: FakeS3, place: StatePlace) -> None:
    with acquire(place, timeout=0) as first:
        assert first.log() == b""
        first.add(b"one\n", durable=False)
        first.add(b"two\n", durable=True)
        assert s3.objects[KEY].data.endswith(b"\none\ntwo\n")
        first.add(b"three\n", durable=False)
    with acquire(place, timeout=0) as second:
        assert second.log() == b"one\ntwo\nthree\n"
        second.replace_log(b"three\n")
        assert second.log() == b"three\n"


def test_a_long_journal_is_cut_into_segments(s3: FakeS3, place: StatePlace) -> None:
    lines = [b"%05d" % n + b"x" * 2000 + b"\n" for n in range(120)]
    with acquire(place, timeout=0) as held:
        for line in lines:
            held.add(line, durable=True)
        assert held.log() == b"".join(lines)
        assert max(len(one.data) for one in s3.objects.values()) < 100_000
        assert len(s3.objects) > 2
        held.replace_log(lines[-1])
        assert held.log() == lines[-1]
        assert list(s3.objects) == [KEY]


def test_lines_of_many_threads_share_writes(s3: FakeS3, place: StatePlace) -> None:
    with acquire(place, timeout=0) as held:
        before = len(s3.requests)
        s3.fault = lambda _method, _key: time.sleep(0.1)  # the others add theirs meanwhile
        threads = [
            threading.Thread(target=held.add, args=(b"%d\n" % n,), kwargs={"durable": True})
            for n in range(64)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        writes = [one for one in s3.requests[before:] if one[0] == "PUT"]
        assert len(writes) < 40
        assert sorted(held.log().split()) == sorted(b"%d" % n for n in range(64))


def test_who_holds_it_is_named(s3: FakeS3, place: StatePlace) -> None:
    said: list[str] = []
    held = acquire(place, timeout=0)
    owner = str(held.owner)
    with pytest.raises(FilesyncError, match="another run holds this lockfile: ") as refused:
        acquire(place, timeout=1, on_wait=said.append)
    held.release()
    assert owner in refused.value.message
    assert "waiting for another run" in said[0]
    acquire(place, timeout=0).release()


def test_of_many_that_race_one_wins(s3: FakeS3, place: StatePlace) -> None:
    for _round in range(10):
        s3.objects.clear()
        won: list[Lease] = []
        lost: list[FilesyncError] = []
        begin = threading.Barrier(6)

        def race(
            begin: threading.Barrier = begin,
            won: list[Lease] = won,
            lost: list[FilesyncError] = lost,
        ) -> None:
            begin.wait()
            try:
                won.append(acquire(StatePlace(place.url), timeout=0))
            except FilesyncError as error:
                lost.append(error)

        threads = [threading.Thread(target=race) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (len(won), len(lost)) == (1, 5)
        won[0].release()


def test_a_dead_holder_is_replaced_and_can_write_nothing_more(
    s3: FakeS3, place: StatePlace
) -> None:
    told = threading.Event()
    first = acquire(place, timeout=0)
    first.when_lost(told.set)
    first.add(b"first\n", durable=True)
    s3.ahead += lease_module.TTL_SECONDS + 5  # the store's time passes, and no renewal comes
    second = acquire(StatePlace(place.url), timeout=0)
    assert second.log() == b"first\n"
    second.add(b"second\n", durable=True)
    with pytest.raises(LeaseLost, match=f"taken over by {second.owner}"):
        first.add(b"late\n", durable=True)
    assert told.wait(10)
    for call in (first.check, first.flush, lambda: first.replace_log(b"")):
        with pytest.raises(LeaseLost):
            call()
    first.release()
    assert second.log() == b"first\nsecond\n"
    second.release()


@pytest.mark.parametrize("ahead", [-86_400.0, 3600.0])
def test_a_runners_clock_decides_nothing(
    s3: FakeS3, place: StatePlace, ahead: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store's clock is hours off ours: a living lease stays, a dead one is seen as dead."""
    s3.ahead = ahead
    held = acquire(place, timeout=0)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    with pytest.raises(FilesyncError, match="another run holds"):
        acquire(StatePlace(place.url), timeout=0)
    monkeypatch.undo()
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    s3.ahead += lease_module.TTL_SECONDS + 5
    acquire(StatePlace(place.url), timeout=0).release()
    held.release()


def test_a_lost_answer_to_a_write_is_no_loss_of_the_lease(s3: FakeS3, place: StatePlace) -> None:
    with acquire(place, timeout=0) as held:
        for n in range(5):
            once = iter(["lost"])
            s3.fault = lambda method, key, once=once: (  # type: ignore[misc]
                next(once, None) if method == "PUT" and key == KEY else None
            )
            held.add(b"%d\n" % n, durable=True)
        assert held.log() == b"0\n1\n2\n3\n4\n"


def test_a_store_that_throttles_is_asked_again(s3: FakeS3, place: StatePlace) -> None:
    left = [503] * 4
    with acquire(place, timeout=0) as held:
        s3.fault = lambda method, _key: left.pop() if left and method == "PUT" else None
        held.add(b"one\n", durable=True)
        assert held.log() == b"one\n"
    assert left == []


def test_a_store_that_fails_for_long_ends_the_lease(
    s3: FakeS3, place: StatePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease_module, "TTL_SECONDS", 2.0)
    with acquire(place, timeout=0) as held:
        s3.fault = lambda method, _key: 403
        with pytest.raises(LeaseLost, match=r"could not be renewed in time: cannot .* denied"):
            held.add(b"one\n", durable=True)
    s3.fault = lambda _method, _key: None


@pytest.mark.parametrize(("ttl", "late", "fails"), [(2.0, 1, False), (0.8, 100, True)])
def test_a_renewal_that_is_answered_late_is_no_proof(
    s3: FakeS3,
    place: StatePlace,
    monkeypatch: pytest.MonkeyPatch,
    ttl: float,
    late: int,
    fails: bool,
) -> None:
    """Carried out at once and answered when another may have the lease: asked again, some times."""
    monkeypatch.setattr(lease_module, "TTL_SECONDS", ttl)
    left = [0.6 * ttl] * late
    replace = StatePlace.replace

    def replaced(*args: Any) -> Any:
        version = replace(*args)
        time.sleep(left.pop() if left else 0)
        return version

    monkeypatch.setattr(StatePlace, "replace", replaced)
    with acquire(place, timeout=0) as held:
        time.sleep(0.55 * ttl)
        if fails:
            with pytest.raises(LeaseLost, match="could not be renewed in time"):
                held.check()
        else:
            held.check()
            held.add(b"one\n", durable=True)
            assert held.log() == b"one\n"


@pytest.mark.parametrize(
    ("url", "fault", "said"),
    [
        ("s3://bucket/x.state", 403, "access denied"),
        ("s3://nowhere/x.state", None, "there is no bucket 'nowhere'"),
    ],
)
def test_what_the_store_refuses_is_named(
    s3: FakeS3, url: str, fault: int | None, said: str
) -> None:
    s3.fault = lambda _method, _key: fault
    with pytest.raises(ObjectStoreError, match=said):
        acquire(StatePlace(object_url(url)), timeout=0)


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]\n", b'{"version": 2, "owner": null}\n'])
def test_a_damaged_state_is_an_error_and_stays(s3: FakeS3, place: StatePlace, data: bytes) -> None:
    s3.put(KEY, data, {})
    with pytest.raises(ObjectStoreError, match=r"damaged|reads version"):
        acquire(place, timeout=0)
    assert s3.objects[KEY].data == data

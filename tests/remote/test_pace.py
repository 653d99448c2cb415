from __future__ import annotations

import random
import threading

import pytest

from filesync.errors import Interrupted
from filesync.remote.pace import Pacer
from filesync.remote.timing import ClientSettings
from tests.remote.helpers import FakeTime, fast
from tests.remote.pace_simulation import limited, moody, run


class Bucket:
    """A server that allows `rpm` with bursts of `burst`, and counts what it turned away."""

    def __init__(self, rpm: float, burst: float) -> None:
        self.rate = rpm / 60
        self.burst = self.tokens = burst
        self.at = 1000.0
        self.refused = 0

    def accepts(self, now: float) -> bool:
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if self.tokens < 1:
            self.refused += 1
            return False
        self.tokens -= 1
        return True


def test_a_burst_and_then_the_configured_rate() -> None:
    time = FakeTime()
    pacer = Pacer(1000, fast(time))
    starts = []
    for _ in range(200):
        pacer.start()
        starts.append(time.now - 1000)
    assert starts[53] == 0
    assert starts[54] > 0
    assert starts[-1] == pytest.approx((200 - 54) / 1000 * 60, rel=0.01)


def test_a_slow_rate_still_starts_at_once() -> None:
    time = FakeTime()
    pacer = Pacer(6, fast(time))
    pacer.start()
    assert time.now == 1000
    pacer.start()
    assert time.now == pytest.approx(1010)


@pytest.mark.parametrize("requests", [300, 1000, 5000])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_close_to_the_best_time_and_hardly_a_429(requests: int, seed: int) -> None:
    """Answers on a server of 1,000/min and bursts of 60, requests jittering on their way."""
    time = FakeTime()
    pacer = Pacer(1000, fast(time))
    jitter = random.Random(seed)
    arrivals = []
    for _ in range(requests):
        pacer.start()
        arrivals.append(time.now + jitter.uniform(0.0, 0.3))
    server = Bucket(1000, 60)
    for moment in sorted(arrivals):
        server.accepts(moment)
    ideal = (requests - 60) / 1000 * 60
    assert server.refused <= 0.01 * requests
    assert time.now - 1000 <= 1.05 * ideal


def test_a_429_at_the_start_holds_everybody() -> None:
    time = FakeTime()
    pacer = Pacer(60, fast(time))
    pacer.start()
    pacer.refused(7)
    pacer.refused(5)  # another answer to the same burst
    pacer.start()
    assert time.now == pytest.approx(1007)


def test_a_429_between_successes_holds_only_the_request_that_got_it() -> None:
    time = FakeTime()
    pacer = Pacer(60, fast(time))
    pacer.start()
    pacer.accepted()
    pacer.refused(7)
    pacer.start()
    assert time.now == 1000
    pacer.refused(7)
    pacer.refused(7)  # the third in a row
    pacer.start()
    assert time.now == pytest.approx(1007)


@pytest.mark.parametrize("asks", [None, 1.0])
@pytest.mark.parametrize("share", [0.02, 0.05, 0.1])
def test_refusals_that_others_cause_do_not_slow_us_down(share: float, asks: float | None) -> None:
    found = [run(moody(share, seed), requests=1000, asks=asks, seed=seed) for seed in range(7)]
    assert sorted(one.per_minute for one in found)[3] >= 800


@pytest.mark.parametrize("asks", [None, 1.0])
@pytest.mark.parametrize("limit", [600, 300, 100])
def test_a_lower_limit_that_nobody_announced_is_found_and_used(
    limit: int, asks: float | None
) -> None:
    found = [run(limited(limit, 60), requests=2000, asks=asks, seed=seed) for seed in range(5)]
    assert sorted(one.per_minute for one in found)[2] >= 0.95 * limit
    assert max(one.refused for one in found) <= 0.05


def test_after_a_bad_time_the_full_rate_comes_back() -> None:
    slow = limited(100, 60)
    found = run(lambda now: now > 60 or slow(now), requests=9000, seed=1)
    assert found.per_minute >= 700


def test_finds_the_rate_of_a_much_slower_server() -> None:
    """Configured 1,000, allowed 60 a minute without bursts: all get through in fair time."""
    time = FakeTime()
    pacer = Pacer(1000, fast(time))
    server = Bucket(60, 1)
    longest = 0
    for _ in range(100):
        attempts = 1
        pacer.start()
        while not server.accepts(time.now):
            pacer.refused(1.0)
            attempts += 1
            pacer.start()
        pacer.accepted()
        longest = max(longest, attempts)
    assert longest <= 6
    assert time.now - 1000 <= 200  # twice the best


def test_threads_share_one_pace() -> None:
    time = FakeTime()
    pacer = Pacer(1000, fast(time))

    def work() -> None:
        for _ in range(50):
            pacer.start()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.now - 1000 == pytest.approx((400 - 54) / 1000 * 60, rel=0.01)


def test_stopping_ends_the_wait() -> None:
    time = FakeTime()
    stop = threading.Event()

    def sleep(_: float) -> None:
        stop.set()

    pacer = Pacer(1, ClientSettings(stop=stop, sleep=sleep, monotonic=time.clock))
    pacer.start()
    with pytest.raises(Interrupted):
        pacer.start()
    with pytest.raises(Interrupted):
        pacer.start()

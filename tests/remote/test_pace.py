from __future__ import annotations

import random
import threading

import pytest

from filesync.errors import Interrupted
from filesync.remote.pace import Pacer
from filesync.remote.timing import ClientSettings
from tests.remote.helpers import FakeTime, fast


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


def test_a_429_holds_everybody_and_halves_the_rate_once() -> None:
    time = FakeTime()
    pacer = Pacer(60, fast(time))
    pacer.start()
    pacer.hold(7)
    pacer.hold(5)  # another answer to the same burst
    pacer.start()
    assert time.now == pytest.approx(1007)
    pacer.start()
    assert time.now == pytest.approx(1009)  # one in 2 s instead of one a second


def test_the_rate_recovers_but_not_above_the_limit() -> None:
    time = FakeTime()
    pacer = Pacer(60, fast(time))
    pacer.hold(0)
    for _ in range(30):
        pacer.recover()
    pacer.start()
    before = time.now
    pacer.start()
    assert time.now - before == pytest.approx(1)


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
            pacer.hold(1.0)
            attempts += 1
            pacer.start()
        pacer.recover()
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

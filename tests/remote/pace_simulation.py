"""A pure simulation of workers that share one pace, against servers that refuse in several ways.

Run it for figures: `python -m tests.remote.pace_simulation`.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from typing import NamedTuple

from filesync.remote.pace import Pace
from filesync.remote.retry import backoff

Server = Callable[[float], bool]


class Figures(NamedTuple):
    """What came of a run: requests taken a minute, the share refused, the most tries of one."""

    per_minute: float
    refused: float
    most_tries: int


def limited(per_minute: float, burst: float) -> Server:
    """Return a server that takes so many a minute, as a token bucket."""
    tokens, at = burst, 0.0

    def takes(now: float) -> bool:
        nonlocal tokens, at
        tokens = min(burst, tokens + (now - at) * per_minute / 60)
        at = now
        if tokens < 1:
            return False
        tokens -= 1
        return True

    return takes


def moody(share: float, seed: int) -> Server:
    """Return a server that refuses this share of requests whatever the rate is."""
    dice = random.Random(seed)
    return lambda _now: dice.random() >= share


def run(
    server: Server,
    *,
    requests: int,
    configured: float = 1000,
    asks: float | None = None,
    workers: int = 8,
    seed: int = 0,
) -> Figures:
    """Send requests by workers at once; `asks` is the server's Retry-After, None for none."""
    dice = random.Random(seed)
    pace = Pace(configured / 60, 0.0)
    left, taken, refused, most = requests, 0, 0, 0
    order = 0
    # Each worker's next step: ("start", tries) or ("answer", tries), by time.
    steps: list[tuple[float, int, str, int]] = []

    def push(at: float, what: str, tries: int) -> None:
        nonlocal order
        order += 1
        heapq.heappush(steps, (at, order, what, tries))

    for _ in range(min(workers, requests)):
        left -= 1
        push(0.0, "start", 1)
    now = 0.0
    while steps:
        now, _, what, tries = heapq.heappop(steps)
        if what == "start":
            delay = pace.take(now)
            if delay:
                push(now + delay, "start", tries)
            else:
                push(now + dice.uniform(0.02, 0.25), "answer", tries)
            continue
        most = max(most, tries)
        if server(now):
            taken += 1
            pace.accepted(now)
            if left:
                left -= 1
                push(now, "start", 1)
        else:
            refused += 1
            wait = backoff(tries, dice.random) if asks is None else asks
            pace.refused(now, wait)
            push(now + wait, "start", tries + 1)
    return Figures(taken / now * 60, refused / (taken + refused), most)


def main() -> None:
    for asks in (None, 1.0):
        for share in (0.0, 0.02, 0.05, 0.1, 0.2):
            found = [
                run(moody(share, seed), requests=500, asks=asks, seed=seed) for seed in range(20)
            ]
            rates = sorted(one.per_minute for one in found)
            print(
                f"random {share:4.0%} asks {asks}: min {rates[0]:6.0f} median {rates[10]:6.0f}"
                f" a minute, tries {max(one.most_tries for one in found)}"
            )
    for asks in (None, 1.0):
        for limit in (900, 600, 300, 100, 60):
            for burst in (10, 60):
                found = [
                    run(limited(limit, burst), requests=2000, asks=asks, seed=seed)
                    for seed in range(6)
                ]
                rates = sorted(one.per_minute / limit for one in found)
                refusals = sorted(one.refused for one in found)
                print(
                    f"limit {limit} burst {burst} asks {asks}: of it min {rates[0]:.3f} median"
                    f" {rates[3]:.3f}; refused median {refusals[3]:.3f} max {refusals[-1]:.3f}"
                    f" tries {max(one.most_tries for one in found)}"
                )


if __name__ == "__main__":
    main()

"""What several of the crash tests do to a scene, or ask of it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from filesync.core.recovery.journal import History, read_history
from tests.crash.hub import Fault
from tests.crash.project import Scene

LOST = {"kill": {"at": "request", "n": 2, "when": "after"}}  # 1 lists, 2 uploads


def die(scene: Scene, *, reached: bool = True, n: int = 2) -> None:
    """Die when the first upload was sent; `reached` says whether the platform got it.

    It is the `n`th request: one more goes before it where an earlier crash left a file to look at.
    """
    if not reached:
        scene.tenant.plan = lambda seen: Fault("reset") if seen.is_create else None
    ran = scene.apply("--concurrency", "1", kill={**LOST["kill"], "n": n})
    assert ran.signal == signal.SIGKILL, ran
    scene.tenant.settle()
    scene.tenant.plan = lambda _seen: None


def converge(scene: Scene, retired: int = 0) -> None:
    ran = scene.job(["apply", "-y"], ["plan", "--detailed-exitcode"])
    assert ran.codes == [0, 0], (ran.out, ran.err)
    assert scene.wrongs(retired=retired) == []


def journal_of(scene: Scene) -> History:
    found = History()
    for path in scene.journals():
        found = read_history(path.read_bytes())
    return found


def parts_sent_twice(scene: Scene, journaled: History, since: int) -> list[str]:
    """Parts the journal knew to be on the server and that were sent to it again."""
    known = {part for one in journaled.attempts.values() for part in one.parts.values()}
    had = {
        (seen.path, seen.body_sha)
        for seen in scene.tenant.log[:since]
        if seen.is_part and seen.answer.get("id") in known
    }
    return [
        f"part sent again: {seen.path}"
        for seen in scene.tenant.log[since:]
        if seen.is_part and (seen.path, seen.body_sha) in had
    ]


def start(scene: Scene, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "filesync", *arguments],
        cwd=scene.root,
        env=scene.env(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class Tally:
    """What a campaign found."""

    def __init__(self) -> None:
        self.count: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.waits: list[float] = []

    def __str__(self) -> str:
        waits = f"{len(self.waits)} would wait, at most {max(self.waits, default=0):.0f} s"
        return f"{dict(self.count)}; {waits}"


def points(counts: dict[str, int], names: Sequence[str]) -> Iterator[dict[str, Any]]:
    for name in names:
        for n in range(1, counts[name] + 1):
            for when in ("before", "after"):
                yield {"kill": {"at": name, "n": n, "when": when}}

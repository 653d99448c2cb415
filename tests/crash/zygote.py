"""Forks children that run the real command, to be killed where the job says.

A program of its own: it has filesync imported and no thread, so a child costs milliseconds and
is as fresh as a process. Its arguments are the file descriptors of sockets, and it forks one more
of itself for each: one JSON job a line comes in on its socket, one JSON answer goes out.

A job: cwd, env, runs (argument lists, run one after another in one child), kill ({"at":
"journal" | "replace" | "save" | "request", "n", "when": "before" | "after", "signal"}), kill_after
(seconds), patch (lag, parts, quick, slow, attempts, tries), timeout.
"""

from __future__ import annotations

import io
import json
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import filesync.core.parts as parts
import filesync.core.recovery.recover as recover
import filesync.emulator.server
import filesync.local.lockfile as lockstore
import filesync.local.sums as sums
import filesync.output.progress
import filesync.remote.client  # noqa: F401
import filesync.remote.retry as retry
import filesync.workflow.adopt as keys
import filesync.workflow.apply as applying
import filesync.workflow.listing as listing
from filesync.cli import _run
from filesync.core.model import ScannedFile
from filesync.execute import doubts, store_create
from filesync.local.journal import Journal
from filesync.local.store_journal import StoreJournal
from filesync.remote.timing import ClientSettings
from filesync.remote.transport import Transport
from tests.warm_up import warm_up

Job = dict[str, Any]
_recover: Any = recover
_settle: Any = doubts
DEFAULT_LAG: int = _recover.LISTING_LAG_SECONDS


def main() -> None:
    sockets = [socket.socket(fileno=int(number)) for number in sys.argv[1:]]
    warm_up()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for mine in sockets:
        if os.fork() == 0:
            for other in sockets:
                if other is not mine:
                    other.close()
            _serve(mine)
            os._exit(0)
    for one in sockets:
        one.close()
    for _ in sockets:
        os.wait()


def _serve(asked: socket.socket) -> None:
    with asked, asked.makefile("rw", encoding="utf-8") as lines:
        for line in lines:
            lines.write(json.dumps(_do(json.loads(line))) + "\n")
            lines.flush()


def _do(job: Job) -> dict[str, Any]:
    files = {name: os.path.join(job["scratch"], name) for name in ("out", "err", "events")}
    for name in files.values():
        with open(name, "wb"):
            pass
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        try:
            _child(job, files)
        finally:
            os._exit(99)
    watch = os.pidfd_open(pid)
    try:
        if "kill_after" in job and not select.select([watch], [], [], job["kill_after"])[0]:
            os.kill(pid, signal.SIGKILL)
        if not select.select([watch], [], [], job.get("timeout", 60))[0]:
            os.kill(pid, signal.SIGABRT)
    finally:
        os.close(watch)
    _, status = os.waitpid(pid, 0)
    answer: dict[str, Any] = {"seconds": time.monotonic() - started}
    signalled = os.WIFSIGNALED(status)
    answer["signal"] = os.WTERMSIG(status) if signalled else 0
    answer["exit"] = None if signalled else os.WEXITSTATUS(status)
    for name, path in files.items():
        with open(path, errors="backslashreplace") as file:
            answer[name] = file.read()
    answer["events"] = [json.loads(line) for line in answer["events"].splitlines()]
    return answer


def _child(job: Job, files: dict[str, str]) -> None:
    os.chdir(job["cwd"])
    os.environ.clear()
    os.environ.update(job["env"])
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    for fd, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(files[name], os.O_WRONLY | os.O_APPEND), fd)
    sys.stdin = io.TextIOWrapper(io.FileIO(0, "r"))
    sys.stdout = io.TextIOWrapper(io.FileIO(1, "w"), write_through=True)
    sys.stderr = io.TextIOWrapper(io.FileIO(2, "w"), write_through=True)
    events = os.open(files["events"], os.O_WRONLY | os.O_APPEND)

    def tell(**event: Any) -> None:
        os.write(events, (json.dumps(event) + "\n").encode())

    _patch(job.get("patch", {}), tell)
    counts = _count(job.get("kill"), tell)
    tell(event="started", pid=os.getpid())
    code = 0
    for arguments in job["runs"]:
        sys.argv = ["filesync", *arguments]
        code = _run()
        tell(event="end", code=code, counts=dict(counts))
        if code and not job.get("go_on"):
            break
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _patch(patch: dict[str, Any], tell: Callable[..., None]) -> None:
    if "lag" in patch:
        # How long is waited; within what time a file may be ours stays as it is.
        _recover.LISTING_LAG_SECONDS = patch["lag"]
        store_create.LISTING_LAG_SECONDS = patch["lag"]  # type: ignore[attr-defined]
    if "bound" in patch:
        _settle.LISTING_LAG_SECONDS = patch["bound"]
    if "parts" in patch:
        parts.PARTS_FROM, parts.MIN_PART, parts.MAX_PART = patch["parts"]
        keys.PARTS_FROM = patch["parts"][0]  # type: ignore[attr-defined]
    if "hashing" in patch:
        _hash_slowly(patch["hashing"])
    told = ClientSettings.__init__.__kwdefaults__
    assert told is not None
    for name, field in (
        ("quick", "quick_timeout"),
        ("slow", "slow_timeout"),
        ("attempts", "attempts"),
        ("patient_attempts", "patient_attempts"),
    ):
        if name in patch:
            told[field] = patch[name]
    if "backoff" in patch:
        pause = patch["backoff"]
        setattr(retry, "backoff", lambda _attempt, _jitter: pause)  # noqa: B010
    # A file that somebody deleted right after it was made is asked for again for some seconds.
    listing._FOUND_AFTER_SECONDS = patch.get("found_after", 0)
    if "first_pause" in patch:
        doubts._FIRST_PAUSE = doubts._LONGEST_PAUSE = patch["first_pause"]
    past = recover.listing_is_past

    def listing_is_past(sent: int, now: int, lag: int | None = None) -> bool:
        age = now - sent
        bound = DEFAULT_LAG
        if lag is not None:
            bound = max(recover.SETTLED_SECONDS, recover.WORK_SECONDS + lag + 1)
        tell(event="look", would_wait=age <= bound, left=max(bound - age + 1, 0))
        return past(sent, now, lag)

    _recover.listing_is_past = _settle.listing_is_past = listing_is_past
    look = doubts.settle

    def settling(*args: Any, **kwargs: Any) -> Any:
        began = time.monotonic()
        found = look(*args, **kwargs)
        tell(event="settled", seconds=time.monotonic() - began)
        return found

    sys.modules["filesync.execute.uploads"].settle = settling  # type: ignore[attr-defined]


def _hash_slowly(seconds: float) -> None:
    """Let the sha256 of what is hashed while it is sent take so long."""
    read = sums.Sums._read

    def slowly(its: sums.Sums, file: ScannedFile) -> str:
        if its._algorithm == "sha256":
            time.sleep(seconds)
        return read(its, file)

    setattr(sums.Sums, "_read", slowly)  # noqa: B010


def _count(kill: dict[str, Any] | None, tell: Callable[..., None]) -> dict[str, int]:
    counts = {"journal": 0, "replace": 0, "save": 0, "request": 0, "part": 0, "store-journal": 0}
    guard = threading.Lock()

    def around(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            with guard:
                counts[name] += 1
                mine = counts[name]
            here = kill is not None and kill["at"] == name and kill["n"] == mine
            if here and kill is not None and kill["when"] == "before":
                _die(kill, tell)
            try:
                return call(*args, **kwargs)
            finally:
                if here and kill is not None and kill["when"] == "after":
                    _die(kill, tell)

        return counted

    Journal._write = around("journal", Journal._write)  # type: ignore[method-assign]
    StoreJournal.write = around(  # type: ignore[method-assign]
        "store-journal", StoreJournal.write
    )
    Journal.part = around("part", Journal.part)  # type: ignore[method-assign]
    os.replace = around("replace", os.replace)
    lockstore.save_lock = around("save", lockstore.save_lock)
    Transport._exchange = around("request", Transport._exchange)  # type: ignore[method-assign]
    return counts


def _die(kill: dict[str, Any], tell: Callable[..., None]) -> None:
    tell(event="kill", **kill)
    os.kill(os.getpid(), kill.get("signal", signal.SIGKILL))


_ = applying  # imported for the children

if __name__ == "__main__":
    main()

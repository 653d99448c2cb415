"""The processes that check ranges, started when there is enough to do."""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future

from filesync.core.content.lines import Part
from filesync.local.content.ranges import Range
from filesync.local.content.worker import GREETING

_AHEAD = 2  # jobs that wait for each process: the reader must not run far ahead of the checks


class Pool:
    """Processes that check ranges; a context that ends them. `submit` may come from any thread."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._jobs: queue.Queue[tuple[Range, Future[Part]] | None]
        self._jobs = queue.Queue(workers * _AHEAD)
        self._processes: list[subprocess.Popen[bytes]] = []
        self._threads: list[threading.Thread] = []
        self._broken: BaseException | None = None

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.kill()
        for _one in self._threads:
            with contextlib.suppress(queue.Full):
                self._jobs.put_nowait(None)
        for process in self._processes:
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()

    def start(self) -> bool:
        """Start the processes; False where this cannot be done, and all is checked right here."""
        executable = sys.executable or ""
        if "python" not in os.path.basename(executable).lower():
            return False  # embedded in another program, which would start itself
        package = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(__file__))))
        env = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")])),
        }
        command = [executable, "-P", "-m", "filesync.local.content.worker"]
        try:
            for _ in range(self._workers):
                self._processes.append(
                    subprocess.Popen(
                        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env
                    )
                )
        except OSError:
            return False
        for process in self._processes:
            assert process.stdout is not None
            if process.stdout.readline() != GREETING:
                return False
        self._threads = [
            threading.Thread(target=self._serve, args=(process,), daemon=True)
            for process in self._processes
        ]
        for thread in self._threads:
            thread.start()
        return True

    def submit(self, job: Range) -> Callable[[], Part]:
        """Hand a range to a process; the result's function waits, and raises what went wrong."""
        future: Future[Part] = Future()
        while True:
            if self._broken is not None:
                raise self._broken
            try:
                self._jobs.put((job, future), timeout=0.2)
            except queue.Full:
                continue
            return future.result

    def _serve(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        while (item := self._jobs.get()) is not None:
            job, future = item
            try:
                pickle.dump(job, process.stdin)
                process.stdin.flush()
                result = pickle.load(process.stdout)
            except (EOFError, OSError, pickle.UnpicklingError):
                self._fail(OSError("a process that checks content was ended"), future)
                return
            if isinstance(result, BaseException):
                future.set_exception(result)
            else:
                future.set_result(result)

    def _fail(self, error: BaseException, future: Future[Part]) -> None:
        self._broken = error
        future.set_exception(error)
        with contextlib.suppress(queue.Empty):
            while True:
                item = self._jobs.get_nowait()
                if item is not None:
                    item[1].set_exception(error)

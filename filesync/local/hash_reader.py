"""The threads that read and hash files.

A few threads draw files from one queue, the largest first, so that no large one is left for the
end. hashlib lets go of the GIL, so the threads keep as many cores busy. There is no future or
task a file: 100,000 small ones cost their system calls and little more.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import deque
from collections.abc import Callable

from filesync.core.content.findings import Verdict
from filesync.core.hashed import Hashed, Later, Task
from filesync.local.content.pool import Pool
from filesync.local.content.ranges import FileChanged
from filesync.local.content.reading import POOL_FROM, Session
from filesync.local.files import READ_FLAGS, identity, why

_BUFFER = 1 << 20


class HashReader:
    """Reads and hashes each of the files; `done` and `failed` say what came of them.

    Of those that are hashed `later` it reads the beginning only, and has "" for their sha256.
    """

    def __init__(
        self,
        tasks: list[Task],
        on_bytes: Callable[[int], None] | None,
        later: Later,
    ) -> None:
        self.done: list[Hashed] = []
        self.failed: list[tuple[Task, str]] = []
        self._todo = deque(sorted(tasks, key=lambda task: -task[0].bytes))
        self._later = later
        self._largest = iter([file for file, _ in self._todo])
        self._lines = sum(file.bytes for file, asked in tasks if asked and asked.has_lines)
        self._pool: Pool | None = None
        self._on_bytes = on_bytes
        self._crash: BaseException | None = None

    def run(self, workers: int, now_ns: Callable[[], int]) -> None:
        """Read all files, or raise what a thread raised; an interrupt stops the threads."""
        with Pool(_cores()) as pool:
            if self._lines >= POOL_FROM and _cores() > 1 and pool.start():
                self._pool = pool
            self._run(workers, now_ns)

    def _run(self, workers: int, now_ns: Callable[[], int]) -> None:
        threads = [threading.Thread(target=self._work, args=(now_ns,)) for _ in range(workers)]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        except BaseException as error:
            self._stop(error)
            for thread in threads:
                if thread.ident is not None:
                    thread.join()
            raise
        if self._crash:
            raise self._crash

    def _stop(self, error: BaseException) -> None:
        self._crash = error
        self._todo.clear()

    def _work(self, now_ns: Callable[[], int]) -> None:
        buffer = bytearray(_BUFFER)
        try:
            while True:
                try:
                    task = self._todo.popleft()
                except IndexError:
                    break
                hashed_at_ns = now_ns()
                try:
                    sha256, verdict = self._read(task, buffer)
                except FileChanged:
                    self.failed.append((task, "it changed while it was read"))
                except FileNotFoundError:
                    self.failed.append((task, "it vanished before it was read"))
                except OSError as error:
                    self.failed.append((task, f"cannot be read: {why(error)}"))
                else:
                    self.done.append(Hashed(*task, sha256, verdict, hashed_at_ns))
            on_idle = self._later.on_idle
            if on_idle and (largest := next(self._largest, None)):
                on_idle(largest)
        except BaseException as error:  # a bug, or what we call: raised again by run
            self._stop(error)

    def _read(self, task: Task, buffer: bytearray) -> tuple[str, Verdict | None]:
        file, asked = task
        fd = os.open(file.absolute, READ_FLAGS)
        try:
            session = Session(fd, file, asked, self._pool) if asked is not None else None
            if file.key in self._later.keys:
                sha256 = ""
            elif file.bytes < _BUFFER:
                sha256 = self._small(fd, file.bytes, session)
            else:
                sha256 = self._large(fd, file.bytes, buffer, session)
            verdict = session.verdict() if session is not None else None
            # Compared after the last read, so it covers all the time since the scan.
            if identity(os.fstat(fd)) != file.identity:
                raise FileChanged
            return sha256, verdict
        finally:
            os.close(fd)

    def _small(self, fd: int, size: int, session: Session | None) -> str:
        data = os.read(fd, size + 1)
        if len(data) != size:
            raise FileChanged
        if self._on_bytes:
            self._on_bytes(size)
        if session is not None:
            session.advance(size)
        return hashlib.sha256(data).hexdigest()

    def _large(self, fd: int, size: int, buffer: bytearray, session: Session | None) -> str:
        sha256 = hashlib.sha256()
        left, view = size, memoryview(buffer)
        while left:
            if self._crash:
                raise self._crash
            count = os.readv(fd, [view])
            if not 0 < count <= left:
                raise FileChanged
            left -= count
            if self._on_bytes:
                self._on_bytes(count)
            sha256.update(view[:count])
            if session is not None:
                session.advance(size - left)
        return sha256.hexdigest()


def _cores() -> int:
    """Return how many cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS
    return len(affinity(0)) if affinity else os.cpu_count() or 1

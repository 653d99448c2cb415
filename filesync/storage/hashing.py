"""Hashes of objects: read once, as a stream, with their content checked in the same read."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable

from filesync.core.content.streamed import StreamedChecks
from filesync.core.hashed import Hashed, Task, Unread
from filesync.core.model import ScannedFile
from filesync.core.parts import PARTS_FROM
from filesync.errors import Interrupted, NoSuchObject, ObjectChanged
from filesync.storage.objects import Objects
from filesync.storage.threads import each

_THREADS = 8


class ObjectHashing:
    """Reads objects to hash them; `on_md5` is given the md5 of each that is sent in parts."""

    def __init__(
        self, objects: Objects, on_md5: Callable[[ScannedFile, str], None] | None = None
    ) -> None:
        self._objects = objects
        self._on_md5 = on_md5

    def take_md5(self, file: ScannedFile, md5: str) -> None:
        """Hand an object's md5 on."""
        if self._on_md5 is not None:
            self._on_md5(file, md5)

    def read(
        self,
        tasks: list[Task],
        on_bytes: Callable[[int], None] | None,
        take: Callable[[Hashed | Unread], None],
    ) -> None:
        """Read objects; `take` is given what came of each, in the calling thread.

        An object that changed or vanished is Unread. What is wrong with a store raises
        ObjectStoreError, after the objects that were read were handed over.
        """

        def work(task: Task, stop: threading.Event) -> Hashed | Unread:
            try:
                return self._read(task, on_bytes, stop)
            except ObjectChanged:
                return Unread(*task, "it changed while it was read")
            except NoSuchObject:
                return Unread(*task, "it vanished before it was read")

        largest_first = sorted(tasks, key=lambda task: -task[0].bytes)
        for _, one in each(largest_first, work, _THREADS):
            take(one)

    def _read(
        self, task: Task, on_bytes: Callable[[int], None] | None, stop: threading.Event
    ) -> Hashed:
        file, asked = task
        at_ns = time.time_ns()
        sha256 = hashlib.sha256()
        md5 = hashlib.md5(usedforsecurity=False) if file.bytes >= PARTS_FROM else None
        checks = None
        if asked is not None:
            checks = StreamedChecks(
                asked,
                file.bytes,
                lambda length, offset: self._objects.read_all(file, offset, length),
            )
        for chunk in self._objects.read(file, 0, file.bytes):
            if stop.is_set():
                raise Interrupted("interrupted")
            sha256.update(chunk)
            if md5 is not None:
                md5.update(chunk)
            if checks is not None:
                checks.feed(chunk)
            if on_bytes is not None:
                on_bytes(len(chunk))
        verdict = checks.verdict() if checks is not None else None
        digest = md5.hexdigest() if md5 is not None else None
        return Hashed(file, asked, sha256.hexdigest(), verdict, at_ns, digest)

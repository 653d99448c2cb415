"""What every step of an apply shares."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NamedTuple

from filesync.core.events import Watcher
from filesync.core.recovery.journal_writer import JournalWriter
from filesync.execute.answers import Answers
from filesync.local.sums import Checksums
from filesync.remote.client import Writer
from filesync.storage.objects import Objects


class ApplyContext(NamedTuple):
    """What all transfers of an apply share: the way to the server, and who is notified.

    `answers` says whether an answer is about the file that was sent, `objects` reads the files that
    are in object stores.
    """

    client: Writer
    journal: JournalWriter
    sums: Checksums
    lanes: int
    stop: threading.Event
    watch: Watcher
    now: Callable[[], int]
    answers: Answers
    objects: Objects

"""What an apply's steps share, on the scripted server."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from filesync.core.decide.change import Action, Change, Reason
from filesync.core.events import Event, Note
from filesync.core.model import DesiredFile, Entry, ScannedFile
from filesync.core.recovery.journal import History
from filesync.execute.answers import Answers
from filesync.execute.context import ApplyContext
from filesync.local.files import identity
from filesync.local.journal import Journal, read_journal
from filesync.local.sums import Checksums
from filesync.remote.client import Writer
from filesync.remote.credentials import ApiKey
from filesync.remote.endpoint import Endpoint
from filesync.remote.timing import ClientSettings
from filesync.storage.objects import Objects
from tests.cli.fake_api import FakeApi
from tests.core.builders import policy

KEY = "sk-canary-execute"


class Apply:
    """The context of an apply in a folder, the events it was watched by, and its journal."""

    def __init__(self, folder: Path, api: FakeApi, lanes: int = 3) -> None:
        self.folder = folder
        self.api = api
        self.events: list[Event] = []
        self.stop = threading.Event()
        self.journal = folder / "journal"
        settings = ClientSettings(
            at_once=lanes, stop=self.stop, attempts=2, sleep=lambda _seconds: None
        )
        self.context = ApplyContext(
            client=Writer(
                Endpoint(api.url, ApiKey(KEY)), requests_per_minute=1e9, settings=settings
            ),
            journal=Journal(str(folder / "filesync.yaml"), str(self.journal)),
            sums=Checksums(),
            lanes=lanes,
            stop=self.stop,
            watch=self.events.append,
            now=lambda: int(api.clock()),
            answers=Answers(set(), [], [], lambda _key: ""),
            objects=Objects(),
        )

    @property
    def notes(self) -> list[str]:
        """What a person was told while it ran."""
        return [event.message for event in self.events if isinstance(event, Note)]

    @property
    def history(self) -> History:
        """What the journal says."""
        return read_journal(str(self.journal))

    def wanted(self, key: str, content: bytes = b"x", **changes: Any) -> DesiredFile:
        """Write a file and return it as one to upload, as scanned and hashed just now."""
        path = self.folder / f"{key}.txt"
        path.write_bytes(content)
        stat = path.stat()
        size, mtime_ns, ctime_ns, inode = identity(stat)
        rules = policy(**changes)
        entry = Entry(key, path.name, None, (), False, None, rules, {})
        scanned = ScannedFile(entry, key, path.name, str(path), size, mtime_ns, ctime_ns, inode)
        digest = hashlib.sha256(content).hexdigest()
        return DesiredFile(key, path.name, len(content), digest, path.name, rules, scanned)

    def create(self, key: str, content: bytes = b"x", **changes: Any) -> Change:
        """The change that uploads such a file."""
        want = self.wanted(key, content, **changes)
        return Change(key, Action.CREATE, Reason.NEW, None, want)


@pytest.fixture
def apply(tmp_path: Path, fake: FakeApi) -> Iterator[Apply]:
    made = Apply(tmp_path, fake)
    with made.context.client, made.context.journal, made.context.sums:
        yield made

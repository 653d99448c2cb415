"""The records of a journal, whatever keeps them, and which of them must be durable at once."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import replace
from typing import Any, Self

from filesync.core.lockfile.lock import Lockfile
from filesync.core.model import DesiredFile
from filesync.core.recovery.journal import Attempt, Before, History, begun, lines


class JournalWriter(ABC):
    """An open journal; safe to write to from many threads. Numbers go on after `last_number`."""

    def __init__(self, last_number: int) -> None:
        self._numbers = itertools.count(last_number + 1)  # each `next` is one step for threads

    def begin(self, want: DesiredFile, at: int, before: Before | None = None) -> int:
        """Note that an upload begins, and return its number; nothing can come of it yet."""
        attempt = self.attempt(want, at, before)
        self._write(*lines(attempt))
        return attempt.number

    def attempt(self, want: DesiredFile, at: int, before: Before | None = None) -> Attempt:
        """Return an upload that begins, with a number of its own; `sent_whole` writes it."""
        return begun(next(self._numbers), want, at, before)

    def session(self, number: int, upload_id: str, part_bytes: int, at: int) -> None:
        """Record an open upload session, which can be resumed or cancelled until it is complete."""
        self._write(
            {"n": number, "session": upload_id, "part_bytes": part_bytes, "at": at}, sync=True
        )

    def hashed(self, number: int, sha256: str) -> None:
        """Record the sha256 of a file whose upload began before it was known."""
        self._write({"n": number, "sha256": sha256})

    def part(self, number: int, index: int, part_id: str) -> None:
        """Record a part that the server has; if a power cut loses the line, it is sent again."""
        self._write({"n": number, "part": index, "id": part_id})

    def sent(self, number: int, at: int) -> None:
        """Record that the last bytes are about to be sent: from here on a file may exist."""
        self._write({"n": number, "sent": at}, sync=True)

    def sent_whole(self, attempt: Attempt, at: int) -> None:
        """Record the same of an attempt that nothing is written of before it is first sent.

        Later it must not begin anew: of two lines a power cut can keep one, and what was sent
        before would be forgotten.
        """
        begins = lines(attempt) if attempt.sent is None else []
        self._write(*begins, {"n": attempt.number, "sent": at}, sync=True)
        attempt.sent = at

    def made(self, number: int, file_id: str) -> None:
        """Record the file that an upload created; the lockfile, written next, is what counts."""
        self._write({"n": number, "made": file_id})

    def answered(self, number: int, file_id: str) -> None:
        """Note the file that a doubtful answer named: it may be this upload's or another's."""
        self._write({"n": number, "answered": file_id}, sync=True)

    def superseded(self, number: int) -> None:
        """Record that the key has another file now, so a file of this upload is not wanted."""
        self._write({"n": number, "superseded": True})

    def end(self, number: int) -> None:
        """Record that nothing of an upload is left on the server."""
        self._write({"n": number, "end": True})

    def deleting(self, file_id: str) -> None:
        """Record that a delete is about to be requested; a killed run may not see its answer."""
        self._write({"deleting": file_id})

    def deleted(self, file_id: str, at: int) -> None:
        """Record that a file was deleted."""
        self._write({"deleted": file_id, "at": at})

    def take_in(self, history: History) -> None:
        """Add what another journal says, under numbers of our own."""
        for attempt in history.attempts.values():
            number = next(self._numbers)
            self._write(*lines(replace(attempt, number=number)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        return None

    @abstractmethod
    def compact(
        self, lock: Lockfile, now: int, looked: int | None = None, unclear: Collection[str] = ()
    ) -> None:
        """Keep only the lines that are still needed, given what the saved lockfile holds."""

    @abstractmethod
    def _write(self, *records: dict[str, Any], sync: bool = False) -> None:
        """Add records; with `sync` they outlive this machine's sudden end from here on."""

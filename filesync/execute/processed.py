"""Waiting until the platform has processed what was uploaded (`apply --wait`)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

from filesync.errors import FilesyncError, RemoteError
from filesync.execute.transfer import NotUploaded, Uploaded
from filesync.remote.client import Reader

FIRST_PAUSE = 0.2  # seconds
LIMIT_SECONDS = 600.0
# For a word that does not say that the server is at work. `status` is deprecated, and servers
# that do not process files say `uploaded` for ever.
UNSAID_SECONDS = 20.0
_DONE = ("processed", None)
_GOING_ON = frozenset({"pending", "running", "processing", "in_progress", "queued", "validating"})


def wait_until_processed(
    client: Reader, uploaded: Iterable[Uploaded], stop: threading.Event
) -> list[NotUploaded]:
    """Poll until each file is processed; return those that failed, vanished or took too long.

    A server that tells no status is taken to be done, and so is one whose word for it has not
    changed for a while and does not mean that it is at work. Returns early when `stop` is set.
    """
    waiting = [one for one in uploaded if one.remote.status not in _DONE]
    failed: list[NotUploaded] = []
    began = time.monotonic()
    pause = FIRST_PAUSE
    while waiting and not stop.is_set():
        still = []
        for one in waiting:
            try:
                status = _status(client, one.remote.id)
            except FilesyncError as error:
                failed.append(NotUploaded(one.change, error))
            else:
                unsaid = status not in _GOING_ON and time.monotonic() > began + UNSAID_SECONDS
                if not unsaid and status not in _DONE:
                    still.append(one)
        waiting = still
        if time.monotonic() > began + LIMIT_SECONDS:
            minutes = round(LIMIT_SECONDS / 60)
            return failed + [
                NotUploaded(
                    one.change,
                    RemoteError(f"{one.remote.id} is still not processed after {minutes} minutes"),
                )
                for one in waiting
            ]
        if waiting:
            stop.wait(pause)
            pause = min(pause * 1.5, 5.0)
    return failed


def _status(client: Reader, file_id: str) -> str | None:
    file = client.get_file(file_id)
    if file is None:
        raise RemoteError(f"{file_id} was uploaded and is gone again")
    if file.status == "error":
        raise RemoteError(f"{file_id} was uploaded, and the platform cannot use it (status error)")
    return file.status

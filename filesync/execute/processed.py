"""Waiting until the platform has processed what was uploaded (`apply --wait`)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

from filesync.errors import FilesyncError, RemoteError
from filesync.execute.transfer import NotUploaded, Uploaded
from filesync.remote.client import Reader

LIMIT_SECONDS = 600.0


def wait_until_processed(
    client: Reader, uploaded: Iterable[Uploaded], stop: threading.Event
) -> list[NotUploaded]:
    """Poll until each file is processed; return those that failed, vanished or took too long.

    A server that tells no status is taken to be done. Returns early when `stop` is set.
    """
    waiting = [one for one in uploaded if one.remote.status not in ("processed", None)]
    failed: list[NotUploaded] = []
    deadline = time.monotonic() + LIMIT_SECONDS
    pause = 0.2
    while waiting and not stop.is_set():
        still = []
        for one in waiting:
            try:
                done = _is_processed(client, one.remote.id)
            except FilesyncError as error:
                failed.append(NotUploaded(one.change, error))
            else:
                if not done:
                    still.append(one)
        waiting = still
        if time.monotonic() > deadline:
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


def _is_processed(client: Reader, file_id: str) -> bool:
    file = client.get_file(file_id)
    if file is None:
        raise RemoteError(f"{file_id} was uploaded and is gone again")
    if file.status == "error":
        raise RemoteError(f"{file_id} was uploaded, and the platform cannot use it (status error)")
    return file.status in ("processed", None)

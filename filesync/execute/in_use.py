"""Who still uses a file, looked up just before it is deleted: a delete cannot be undone.

The API has no reverse look-up: all fine-tuning jobs and batches are listed, and each vector
store is asked for each file. See the routes in the API notes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from filesync.core.model import Job
from filesync.core.text import printable
from filesync.errors import ApiError, FilesyncError, Interrupted
from filesync.remote.client import Reader

_AT_ONCE = 8


class Usage(NamedTuple):
    """Users by file id, e.g. "batch batch_1 (in_progress)"; `warnings` where none could be told.

    A server without a route has nothing that uses files there. Where a look-up failed, every
    file counts as used: what is not known to be free stays.
    """

    users: dict[str, str]
    warnings: list[str]


def look_up(client: Reader, file_ids: Sequence[str]) -> Usage:
    """Return which of the files are in use; raises Interrupted, and no other error."""
    usage = Usage({}, [])
    lists: list[tuple[str, Callable[[], list[Job]]]] = [
        ("fine-tuning jobs", client.list_fine_tuning_jobs),
        ("batches", client.list_batches),
        ("vector stores", client.list_vector_stores),
    ]
    missing = []
    asked = set(file_ids)
    for what, list_them in lists:
        try:
            jobs = list_them()
            if what == "vector stores":
                _ask_stores(client, jobs, file_ids, usage)
                continue
        except Interrupted:
            raise
        except FilesyncError as error:
            if isinstance(error, ApiError) and error.status == 404:
                missing.append(what)
                continue
            usage.warnings.append(f"whether {what} use the files is not known: {error.message}")
            for file_id in file_ids:
                usage.users.setdefault(file_id, f"maybe {what}")
            continue
        for job in jobs:
            if not job.finished:
                for file_id in asked & set(job.files):
                    usage.users.setdefault(
                        file_id, f"{job.kind} {job.id} ({printable(job.status) or 'no status'})"
                    )
    if missing:
        usage.warnings.append(
            f"this server has no {' and no '.join(missing)} to look up, "
            "so nothing there is taken to use the files"
        )
    return usage


def _ask_stores(
    client: Reader, stores: Sequence[Job], file_ids: Sequence[str], usage: Usage
) -> None:
    pairs = [(store, file_id) for store in stores for file_id in file_ids]

    def attached(pair: tuple[Job, str]) -> bool:
        store, file_id = pair
        return file_id not in usage.users and client.is_attached(store.id, file_id)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for (store, file_id), there in zip(pairs, pool.map(attached, pairs), strict=True):
            if there:
                usage.users.setdefault(file_id, f"vector store {store.id}")

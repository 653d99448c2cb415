"""What filesync is held against, each to be run as a process of its own: `peers.py NAME ...`.

They import what they need and no more, and do no work that filesync's side does not do too.
"""

from __future__ import annotations

import sys
from collections.abc import Callable


def listing(base_url: str) -> None:
    """Start, import what a plan cannot do without, and list the files: the floor of a plan."""
    import json

    import click  # noqa: F401
    import httpx
    import pydantic  # noqa: F401
    import yaml  # noqa: F401

    after = ""
    while True:
        answer = httpx.get(f"{base_url}/files?limit=10000{after}", trust_env=False)
        page = json.loads(answer.content)
        if not page["has_more"]:
            return
        after = f"&after={page['last_id']}"


def chunked(base_url: str, path: str) -> None:
    """Send a file by the official client's helper for large files."""
    from pathlib import Path

    from openai import OpenAI

    client = OpenAI(base_url=base_url, api_key="bench", max_retries=0)
    client.uploads.upload_file_chunked(file=Path(path), mime_type="text/plain", purpose="user_data")


def lockfile(path: str) -> None:
    """Load a lockfile and save it again; print the seconds that took, imports left out."""
    import time

    from filesync.core.lockfile import format as lock_format
    from filesync.local import lockfile

    began = time.perf_counter()
    found = lockfile.read_lock_bytes(path)
    assert found is not None
    lock = lock_format.parse_lockfile(found, path)
    loaded = time.perf_counter()
    lockfile.save_lock(path, lock_format.dump_lockfile(lock), sync=True)
    print(loaded - began, time.perf_counter() - loaded)


_PEERS: dict[str, Callable[..., None]] = {
    "listing": listing,
    "chunked": chunked,
    "lockfile": lockfile,
}

if __name__ == "__main__":
    _PEERS[sys.argv[1]](*sys.argv[2:])

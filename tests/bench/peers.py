"""What filesync is held against, each to be run as a process of its own: `peers.py NAME ...`.

They import what they need and no more, and do no work that filesync's side does not do too.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# As long as clients make it: a short one takes several times as long to find.
_BOUNDARY = b"0123456789abcdef0123456789abcdef"
_FORM = f"multipart/form-data; boundary={_BOUNDARY.decode()}"


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


def creates(base_url: str, count: str) -> None:
    """Send small files, one after the other over one connection, with next to no client."""
    head = (
        b'--%b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nuser_data\r\n--%b\r\n'
        b'Content-Disposition: form-data; name="file"; filename="f.txt"\r\n\r\n'
    ) % (_BOUNDARY, _BOUNDARY)
    body = head + b"x" * 4096 + b"\r\n--%b--\r\n" % _BOUNDARY
    with _connected(base_url) as (post, path):
        for _ in range(int(count)):
            post(f"{path}/files", body, _FORM)


def parts(base_url: str, count: str, size: str) -> None:
    """Send the parts of one upload session, likewise, and cancel it."""
    import json

    begin = b'--%b\r\nContent-Disposition: form-data; name="data"; filename="p"\r\n\r\n' % _BOUNDARY
    body = begin + bytes(int(size)) + b"\r\n--%b--\r\n" % _BOUNDARY
    asked = {
        "filename": "f.txt",
        "purpose": "user_data",
        "bytes": int(count) * int(size),
        "mime_type": "text/plain",
    }
    with _connected(base_url) as (post, path):
        made = post(f"{path}/uploads", json.dumps(asked).encode(), "application/json")
        session = json.loads(made)["id"]
        for _ in range(int(count)):
            post(f"{path}/uploads/{session}/parts", body, _FORM)
        post(f"{path}/uploads/{session}/cancel", b"", "application/json")


@contextmanager
def _connected(base_url: str) -> Iterator[tuple[Callable[[str, bytes, str], bytes], str]]:
    import http.client
    from urllib.parse import urlsplit

    place = urlsplit(base_url)
    connection = http.client.HTTPConnection(place.netloc)

    def post(path: str, body: bytes, kind: str) -> bytes:
        headers = {"Content-Type": kind, "Authorization": "Bearer bench"}
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        read = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status} {read!r}")
        return read

    try:
        yield post, place.path
    finally:
        connection.close()


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


def parse(path: str, library: str) -> None:
    """Parse each line of a chat file and do nothing with it: the floor of checking it."""
    import gc

    gc.disable()
    with open(path, "rb", buffering=1 << 20) as file:
        for line in map(_decoder(library), file):
            del line


def _decoder(library: str) -> Callable[[bytes], object]:
    if library == "json":
        import json

        return json.loads
    import msgspec

    roles = [
        msgspec.defstruct(role, [("content", str)], tag_field="role", tag=role, gc=False)
        for role in ("system", "user", "assistant")
    ]
    message = roles[0] | roles[1] | roles[2]
    example = msgspec.defstruct("Example", [("messages", list[message])], gc=False)  # type: ignore[valid-type]
    return msgspec.json.Decoder(example).decode


_PEERS: dict[str, Callable[..., None]] = {
    "listing": listing,
    "chunked": chunked,
    "creates": creates,
    "parts": parts,
    "lockfile": lockfile,
    "parse": parse,
}

if __name__ == "__main__":
    _PEERS[sys.argv[1]](*sys.argv[2:])

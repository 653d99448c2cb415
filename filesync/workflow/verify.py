"""Verify: whether the platform holds, byte for byte, what the lockfile says."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

from filesync.core.model import LockEntry
from filesync.core.run import Run
from filesync.core.stores.model import LockedStore, kept_as_sent
from filesync.core.wrong_manifest import wrong_manifest
from filesync.errors import GONE, ApiError, FilesyncError
from filesync.remote.client import Reader
from filesync.workflow.server import reader
from filesync.workflow.workspace import open_workspace


class Verdict(NamedTuple):
    """What came of one file: `same` is None where `why` says it could not be compared.

    `allowed` says whether the API would have given it out: then something went wrong.
    """

    key: str
    id: str
    same: bool | None
    why: str
    allowed: bool = True


def verify(run: Run) -> Iterator[Verdict]:
    """Download each locked file once and compare its hash; yields a verdict a key, sorted."""
    space = open_workspace(run)
    if space.problems:
        raise wrong_manifest(run.manifest, space.problems)
    pace = space.manifest.requests_per_minute
    with reader(space.server, run, requests_per_minute=pace) as client:
        shared: dict[tuple[str, str], Verdict] = {}
        for key, entry in sorted(space.lock.files.items()):
            what = entry.id, entry.sha256
            if what not in shared:
                shared[what] = _verify_one(client, key, entry)
            yield shared[what]._replace(key=key)


# The API's 400 for assistants and user_data: "Not allowed to download files of purpose: …".
_NOT_GIVEN_OUT = "not allowed to download"


def _verify_one(client: Reader, key: str, entry: LockEntry) -> Verdict:
    if not client.server.verbatim:
        why = f"a server of type {client.server.name} gives out text that it has extracted"
        return Verdict(key, entry.id, None, why, allowed=False)
    digest = hashlib.sha256()
    try:
        for chunk in client.download(entry.id, entry.bytes):
            digest.update(chunk)
    except ApiError as error:
        if error.status == 401:
            raise
        if error.status in GONE:
            return Verdict(key, entry.id, False, "it is gone from the platform")
        if error.status == 400 and _NOT_GIVEN_OUT in error.message.lower():
            return Verdict(
                key,
                entry.id,
                None,
                f"files of purpose {entry.purpose} cannot be downloaded",
                allowed=False,
            )
        return Verdict(key, entry.id, None, error.message)
    except FilesyncError as error:
        return Verdict(key, entry.id, None, error.message)
    same = digest.hexdigest() == entry.sha256
    return Verdict(key, entry.id, same, "" if same else "its content differs from the lockfile's")


class StoreVerdict(NamedTuple):
    """What came of one vector store: `wrong` says what is not as the lockfile has it."""

    key: str
    id: str
    members: int
    wrong: tuple[str, ...]


def verify_stores(run: Run) -> list[StoreVerdict]:
    """Compare the members of each locked store with the lockfile's, one listing each."""
    space = open_workspace(run)
    if space.problems:
        raise wrong_manifest(run.manifest, space.problems)
    if not space.lock.stores:
        return []
    with space.reader() as client:
        return [_verify_store(client, *one) for one in sorted(space.lock.stores.items())]


def _verify_store(client: Reader, key: str, locked: LockedStore) -> StoreVerdict:
    live = client.stores.get(locked.id)
    if live is None or live.expired:
        why = "it has expired" if live is not None else "it is gone from the platform"
        return StoreVerdict(key, locked.id, len(locked.files), (why,))
    members = {one.id: one for one in client.stores.list_members(locked.id)}
    wrong = []
    for name, member in sorted(locked.files.items()):
        there = members.get(member.id)
        if there is None:
            wrong.append(f"{name} is not in it")
        elif there.broken:
            wrong.append(f"{name} was not indexed: {there.error or there.status}")
        elif there.pending:
            wrong.append(f"{name} is not indexed yet")
        elif there.attributes is not None and not kept_as_sent(member.attributes, there.attributes):
            wrong.append(f"{name} has other attributes")
    return StoreVerdict(key, locked.id, len(locked.files), tuple(wrong))

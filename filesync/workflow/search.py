"""Search: what a vector store of the lockfile answers."""

from __future__ import annotations

from filesync.core.commands import command
from filesync.core.run import Run
from filesync.core.stores.model import Answer
from filesync.core.text import quoted
from filesync.core.unknown_key import unknown_key
from filesync.errors import ApiError, FilesyncError
from filesync.workflow.workspace import open_workspace


def search(run: Run, key: str, text: str, most: int) -> list[Answer]:
    """Return what the vector store of a key answers, the best first, at most `most` passages."""
    space = open_workspace(run)
    held = space.lock.stores.get(key)
    if held is None and any(one.key == key for one in space.manifest.stores):
        raise FilesyncError(
            f"the vector store {quoted(key)} is not created yet", f"run {command('apply')} first"
        )
    if held is None:
        raise unknown_key(key, space.lock.stores, "the lockfile's vector stores")
    if not text.strip():
        raise FilesyncError("there is no text to search for", "give some words after the store")
    names = {member.id: name for name, member in held.files.items()}
    with space.reader() as client:
        try:
            found = client.stores.search(held.id, text, most)
        except ApiError as error:
            live = client.stores.get(held.id) if error.status in (400, 404) else None
            if error.status not in (400, 404) or (live is not None and not live.expired):
                raise
            what = "is gone from the platform" if live is None else "has expired"
            raise FilesyncError(
                f"the vector store {held.id} {what}",
                f"run {command('apply')}: it is created anew",
            ) from None
    return [
        Answer(one.file_id, names.get(one.file_id), one.filename, one.score, one.text)
        for one in found
    ]

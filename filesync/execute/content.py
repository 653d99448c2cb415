"""What a remote file holds: read where the API gives it out, to be compared with what we sent."""

from __future__ import annotations

import hashlib

from filesync.errors import FilesyncError, Interrupted
from filesync.remote.client import Reader


def sha256_of(client: Reader, file_id: str, size: int) -> str | None:
    """Download a file and return the hex sha256 of its content; None where that is not known.

    OpenAI gives out the content of few purposes, some servers a text made of it, and an answer may
    end early: so only content of the `size` that the file should have is believed, and no more is
    read. Raises Interrupted, and no other error.
    """
    digest, read = hashlib.sha256(), 0
    try:
        for chunk in client.download(file_id):
            digest.update(chunk)
            read += len(chunk)
            if read > size:
                return None
    except Interrupted:
        raise
    except FilesyncError:
        return None
    return digest.hexdigest() if read == size else None

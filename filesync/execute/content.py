"""Whether a remote file holds the content that we sent: read and compared where allowed."""

from __future__ import annotations

import hashlib

from filesync.core.model import Stored
from filesync.errors import FilesyncError, Interrupted
from filesync.remote.client import Reader


def same_content(client: Reader, file_id: str, stored: Stored) -> bool | None:
    """Download a file and say whether it is the one that was sent; None where that is not known.

    OpenAI gives out the content of few purposes, some servers a text made of it, and an answer may
    end early: so only content of the same size says that it is another's. No more is read than
    the file should have. Raises Interrupted, and no other error.
    """
    digest, size = hashlib.sha256(), 0
    try:
        for chunk in client.download(file_id):
            digest.update(chunk)
            size += len(chunk)
            if size > stored.bytes:
                return None
    except Interrupted:
        raise
    except FilesyncError:
        return None
    return digest.hexdigest() == stored.sha256 if size == stored.bytes else None

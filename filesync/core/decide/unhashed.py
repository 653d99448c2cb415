"""Which files may be sent before their sha256 is known.

The sha256 of a large file takes as long as a good part of its upload. It decides something where
the content may be known already: to the lockfile, to a fingerprint, to another key, to an upload
that was interrupted. Where none of them can have it, a plan is the same for every sha256, so the
file is hashed while it is sent. docs/design/decisions/0003-hashes-in-the-background.md says more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from filesync.core import parts
from filesync.core.content.asked import ContentChecks
from filesync.core.lockfile.lock import Lockfile
from filesync.core.model import Manifest, ScannedFile
from filesync.core.recovery.journal import History
from filesync.core.servers import ServerType


def may_send_unhashed(server: ServerType, manifest: Manifest) -> bool:
    """Say whether a run may send any file before its sha256 is known.

    The server must take parts: in one request, the hash proves what is sent. With a journal in a
    bucket, another machine continues a killed upload, and only the hash tells it that its copy of
    the file is the same.
    """
    return server.uploads and manifest.state is None


def hashed_while_sent(
    wanted: Sequence[ScannedFile], lock: Lockfile, history: History, checks: ContentChecks
) -> frozenset[str]:
    """Return the keys of the wanted files about which no decision depends on their sha256.

    They are on disk and go in parts, their names hold no fingerprint, nothing else that is wanted,
    locked or half uploaded has as many bytes, and all that is checked of their content is how it
    begins. `wanted` are all files of the run.
    """
    large = [file for file in wanted if _can_wait(file, checks)]
    if not large:
        return frozenset()
    sizes = Counter(file.bytes for file in wanted)
    known = {entry.bytes for entry in lock.files.values()}
    known |= {attempt.bytes for attempt in history.attempts.values()}
    begun = {attempt.key for attempt in history.attempts.values()}
    return frozenset(
        file.key
        for file in large
        if sizes[file.bytes] == 1 and file.bytes not in known and file.key not in begun
    )


def _can_wait(file: ScannedFile, checks: ContentChecks) -> bool:
    """Say whether a file, seen by itself, may be sent before it was read."""
    if file.bytes < parts.PARTS_FROM or file.version is not None or file.fault:
        return False
    asked = checks.asked(file)
    return not file.entry.policy.fingerprint and (asked is None or not asked.has_lines)

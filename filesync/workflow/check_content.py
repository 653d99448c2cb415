"""Whether the content of the manifest's files is what their purposes need; offline."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Container, Mapping, Sequence
from typing import NamedTuple

from filesync.core.content.asked import Asked, ContentChecks
from filesync.core.content.findings import CLEAN, Finding, Verdict, joined
from filesync.core.content.report import UNREADABLE, ContentReport, FileFindings
from filesync.core.decide.desired import longest_name, name_limit, remote_filename
from filesync.core.lockfile.format import parse_lockfile
from filesync.core.model import LockEntry, Manifest, ScannedFile
from filesync.core.object_url import is_url
from filesync.core.run import Run
from filesync.core.servers import ServerType
from filesync.core.text import human_bytes, printable
from filesync.local.hash_cache import HashCache
from filesync.local.hashes import hash_files
from filesync.local.lockfile import lock_path, read_lock_bytes
from filesync.workflow.workspace import server_of


def content_checks(server: ServerType) -> ContentChecks:
    """Return the checks for a run's files: none for an entry with `validate: false`.

    `server` is where the files go.
    """

    def asked(file: ScannedFile) -> Asked | None:
        policy = file.entry.policy
        if not policy.validate:
            return None
        return Asked(policy.purpose, remote_filename(file), server.name)

    return ContentChecks(asked)


def check_content(
    run: Run,
    manifest: Manifest,
    files: list[ScannedFile],
    *,
    on_bytes: Callable[[int], None] | None = None,
) -> ContentReport:
    """Read the files that are not known yet, and return what is wrong with all of them.

    `files` are all on disk: nothing is asked of a network.

    The lockfile, where there is one, says what shrank; LockfileError if it is damaged.
    """
    server = server_of(run, manifest)
    checks = content_checks(server)
    cache = HashCache.beside(run.manifest)
    hashed = hash_files(files, cache, on_bytes=on_bytes, checks=checks)
    # One in a bucket is not asked for.
    path = lock_path(run.manifest, run.env)
    found = read_lock_bytes(path) if manifest.lockfile is None else None
    locked = {} if found is None else parse_lockfile(found, path).files
    return content_report(run, server, Read(hashed, checks), locked)


class Read(NamedTuple):
    """What was read: all files of a run with their sha256, and what the checks said of them."""

    hashed: Sequence[tuple[ScannedFile, str]]
    checks: ContentChecks


def content_report(
    run: Run,
    server: ServerType,
    read: Read,
    locked: Mapping[str, LockEntry],
    keys: Container[str] | None = None,
) -> ContentReport:
    """Return what is wrong with files that were read, their names and sizes included.

    `keys` are those of the files to report on; without them it is all files.
    """
    count = 0
    found = []
    twins = _twins(read.hashed)
    for file, sha256 in read.hashed:
        if keys is not None and file.key not in keys:
            continue
        count += 1
        verdict = _verdict(run, server, file, read.checks, locked.get(file.key))
        twin = twins.get(_kind(file, sha256))
        if twin is not None and file.entry.policy.validate and _is_twin(file, twin):
            message = f"the same content as {printable(twin.key)}, sent a second time"
            verdict = joined(verdict, Verdict((Finding(None, "duplicate-file", message),), 0, 1))
        if verdict != CLEAN:
            path = file.path
            if not is_url(path):
                path = posixpath.normpath(posixpath.join(run.folder, path))
            found.append(FileFindings(file.key, path, verdict))
    return ContentReport(count, tuple(found), run.strict)


def _twins(hashed: Sequence[tuple[ScannedFile, str]]) -> dict[tuple[str, str], ScannedFile]:
    """Return the first file of each content and purpose."""
    first: dict[tuple[str, str], ScannedFile] = {}
    for file, sha256 in hashed:
        if sha256 and file.bytes:
            first.setdefault(_kind(file, sha256), file)
    return first


def _kind(file: ScannedFile, sha256: str) -> tuple[str, str]:
    return sha256, file.entry.policy.purpose


def _is_twin(file: ScannedFile, first: ScannedFile) -> bool:
    """Say whether a file with the content of another is uploaded besides that one.

    What has the same remote name and expiry, too, is uploaded once and shared.
    """
    one, other = file.entry.policy, first.entry.policy
    return file.key != first.key and (
        remote_filename(file) != remote_filename(first) or one.expires_after != other.expires_after
    )


def _verdict(
    run: Run,
    server: ServerType,
    file: ScannedFile,
    checks: ContentChecks,
    locked: LockEntry | None,
) -> Verdict:
    from filesync.core.content import document

    if (why := checks.unread.get(file.key)) is not None:
        return Verdict((Finding(None, UNREADABLE, why),), 1, 0)
    verdicts = []
    if file.entry.policy.validate:
        purpose, name = file.entry.policy.purpose, remote_filename(file)
        verdicts = [
            document.of_name(purpose, name, file.path, file.bytes, server),
            checks.verdicts.get(file.key, CLEAN),
        ]
        if file.entry.glob is not None and len(name) > longest_name(file):
            verdicts.append(document.too_long(len(name), name_limit(file)))
    if locked is not None and not run.allow_shrink and document.shrunk(locked.bytes, file.bytes):
        sizes = f"{human_bytes(locked.bytes)} -> {human_bytes(file.bytes)}"
        message = f"lost more than 90% of its size since the last apply ({sizes})"
        finding = Finding(None, "shrunk", f"{message}: pass --allow-shrink if that is intended")
        verdicts.append(Verdict((finding,), 1, 0))
    kept = [verdict for verdict in verdicts if verdict != CLEAN]
    return joined(*kept) if kept else CLEAN

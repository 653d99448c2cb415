"""Whether the content of the manifest's files is what their purposes need; offline."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Mapping

from filesync.core.content import document
from filesync.core.content.findings import CLEAN, Finding, Verdict, joined
from filesync.core.content.report import ContentReport, FileFindings
from filesync.core.decide.desired import remote_filename
from filesync.core.lockfile.format import parse_lockfile
from filesync.core.model import LockEntry, ScannedFile
from filesync.core.run import Run
from filesync.core.text import human_bytes
from filesync.local.content.asked import Asked, ContentChecks
from filesync.local.hash_cache import HashCache
from filesync.local.hashes import hash_files
from filesync.local.lockfile import lock_path, read_lock_bytes


def content_checks() -> ContentChecks:
    """Return the checks for a run's files: none for an entry with `validate: false`."""

    def asked(file: ScannedFile) -> Asked | None:
        policy = file.entry.policy
        return Asked(policy.purpose, remote_filename(file)) if policy.validate else None

    return ContentChecks(asked)


def check_content(
    run: Run, files: list[ScannedFile], *, on_bytes: Callable[[int], None] | None = None
) -> ContentReport:
    """Read the files that are not known yet, and return what is wrong with all of them.

    The lockfile, where there is one, says what shrank; LockfileError if it is damaged.
    """
    checks = content_checks()
    cache = HashCache.beside(run.manifest)
    hash_files(files, cache, on_bytes=on_bytes, checks=checks)
    path = lock_path(run.manifest, run.env)
    found = read_lock_bytes(path)
    locked = {} if found is None else parse_lockfile(found, path).files
    return content_report(run, files, checks, locked)


def content_report(
    run: Run, files: Iterable[ScannedFile], checks: ContentChecks, locked: Mapping[str, LockEntry]
) -> ContentReport:
    """Return what is wrong with files that were read, their names and sizes included."""
    count = 0
    found = []
    for file in files:
        count += 1
        verdict = _verdict(run, file, checks, locked.get(file.key))
        if verdict != CLEAN:
            path = posixpath.normpath(posixpath.join(run.folder, file.path))
            found.append(FileFindings(file.key, path, verdict))
    return ContentReport(count, tuple(found), run.strict)


def _verdict(
    run: Run, file: ScannedFile, checks: ContentChecks, locked: LockEntry | None
) -> Verdict:
    verdicts = []
    if file.entry.policy.validate:
        purpose, name = file.entry.policy.purpose, remote_filename(file)
        verdicts = [
            document.of_name(purpose, name, file.path, file.bytes),
            checks.verdicts.get(file.key, CLEAN),
        ]
    if locked is not None and not run.allow_shrink and document.shrunk(locked.bytes, file.bytes):
        sizes = f"{human_bytes(locked.bytes)} -> {human_bytes(file.bytes)}"
        message = f"lost more than 90% of its size since the last apply ({sizes})"
        finding = Finding(None, "shrunk", f"{message}: pass --allow-shrink if that is intended")
        verdicts.append(Verdict((finding,), 1, 0))
    kept = [verdict for verdict in verdicts if verdict != CLEAN]
    return joined(*kept) if kept else CLEAN

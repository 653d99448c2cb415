"""From entries and the files found for them to the remote files the manifest asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from urllib.parse import unquote

from filesync.core.fingerprint import fingerprinted
from filesync.core.model import DesiredFile, Entry, LockEntry, Manifest, Policy, ScannedFile
from filesync.core.servers import COMPATIBLE, ServerType
from filesync.core.text import composed, printable, quoted
from filesync.errors import Problem

# Our own limit: the API documents none, and this is what all servers take (see the API notes).
MAX_FILENAME = 128
_FINGERPRINT = 24  # characters kept for a fingerprint: .fs-<6>-<12>, and one to spare


def check_files(files: Sequence[ScannedFile], server: ServerType = COMPATIBLE) -> list[Problem]:
    """Return what is wrong with what the manifest itself says of the found files.

    That is a name that it gives, and how many files never expire. What is wrong with one file of
    a glob, or with a file's size, concerns that file alone: see `content.document`.
    """
    problems = _too_many_unexpiring(files, server)
    for file in files:
        if file.entry.glob is not None and file.version is None:
            continue  # as nearly all files: it has the name that it has on disk
        name = remote_filename(file)
        if not name:
            what = f"{printable(file.path)} names no file: set a `filename`"
            problems.append(_problem(file.entry, "path", what))
        elif file.entry.glob is None and len(name) > longest_name(file):
            problems.append(
                _problem(
                    file.entry,
                    "filename" if file.entry.filename else "path",
                    f"the remote filename {quoted(name)} has {len(name)} characters and may "
                    f"have {name_limit(file)}: set a shorter `filename`",
                )
            )
    return problems


def longest_name(file: ScannedFile) -> int:
    """Return how many characters the remote name may have before any fingerprint."""
    return MAX_FILENAME - (_FINGERPRINT if file.entry.policy.fingerprint else 0)


def name_limit(file: ScannedFile) -> str:
    """Return `longest_name` for people, and where it comes from."""
    if not file.entry.policy.fingerprint:
        return f"{MAX_FILENAME}, which every server takes"
    return (
        f"{longest_name(file)} ({MAX_FILENAME}, which every server takes, less {_FINGERPRINT} for "
        "the fingerprint)"
    )


def same_keys(files: Sequence[ScannedFile]) -> list[Problem]:
    """Return a problem for each file, of those sorted by key, that has the key of another."""
    return [
        _problem(
            other.entry,
            "glob" if other.entry.glob else "path",
            f"{printable(other.path)} has the key {printable(other.key)}, which"
            f" {printable(one.path)} (files.{printable(one.entry.key)}) has too: rename one entry"
            + ("; the two names differ only in Unicode's form" * _in_another_form(one, other)),
        )
        for one, other in pairwise(files)
        if one.key == other.key
    ]


def _in_another_form(one: ScannedFile, other: ScannedFile) -> bool:
    return composed(one.path) == composed(other.path) and one.absolute != other.absolute


def _too_many_unexpiring(files: Sequence[ScannedFile], server: ServerType) -> list[Problem]:
    """Report more files without an expiry than the server keeps, at the first one too many."""
    if server.max_unexpiring is None:
        return []
    lasting = [file for file in files if file.entry.policy.expires_after is None]
    if len(lasting) <= server.max_unexpiring:
        return []
    entry = lasting[server.max_unexpiring].entry
    message = (
        f"is one of {len(lasting):,} files that never expire, and a server of type {server.name} "
        f"keeps {server.max_unexpiring}: give some an expiry"
    )
    return [_problem(entry, "glob" if entry.glob else "path", message)]


def remote_filename(file: ScannedFile) -> str:
    """Return the remote name before any fingerprint: `filename`, by default the basename."""
    entry, path = file.entry, file.path
    name = entry.filename or path.rpartition("/")[2]
    if entry.filename is None and path.startswith(("https://", "http://")):
        name = unquote(name).rpartition("/")[2]
    return composed(entry.prefix + name)


def desired_file(
    project: str, file: ScannedFile, sha256: str, locked: LockEntry | None = None
) -> DesiredFile:
    """Return the remote file that the entry of a local file with this content asks for.

    Texts that are as those of its lock entry are these very texts: in memory once, not twice.
    """
    policy = file.entry.policy
    name = remote_filename(file)
    if policy.fingerprint:
        name = fingerprinted(name, project, sha256)
    if locked is not None:
        sha256 = locked.sha256 if locked.sha256 == sha256 else sha256
        name = locked.filename if locked.filename == name else name
    return DesiredFile(file.key, file.path, file.bytes, sha256, name, policy, file)


def policies_of(manifest: Manifest) -> Callable[[str], Policy]:
    """Return the look-up of the policy for a key, also for one that has no file any more.

    A key that a glob made (`handbook/a.md`) still has its entry, of several the one whose key is
    the longest; any other falls to `defaults`. While it has a file, that file's own policy counts.
    """
    exact = {entry.key: entry.policy for entry in manifest.entries}
    globs = {entry.key: entry.policy for entry in manifest.entries if entry.glob}

    def policy_for(key: str) -> Policy:
        if key in exact:
            return exact[key]
        above = key
        while "/" in above:
            above = above.rpartition("/")[0]
            if above in globs:
                return globs[above]
        return manifest.removed

    return policy_for


def _problem(entry: Entry, field: str, message: str) -> Problem:
    line, col = entry.at(field)
    return Problem(line, col, f"files.{entry.key}.{field}", message)

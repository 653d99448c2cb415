"""Files as they are wanted, locked and stored: one plain one each, changed by what a test names."""

from __future__ import annotations

from typing import Any

from filesync.core.fingerprint import fingerprinted
from filesync.core.lockfile.lock import Lockfile
from filesync.core.model import DesiredFile, Entry, LockEntry, Policy, RemoteFile, ScannedFile

NOW = 1_800_000_000
DAY = 86_400
SHA, OTHER_SHA = "a" * 64, "b" * 64
PROJECT = "support-bot"


def policy(**changes: Any) -> Policy:
    plain = Policy("user_data", None, 0, False, 0, "keep", False)
    return plain._replace(**changes)


def desired(key: str = "k", sha256: str = SHA, size: int = 10, **changes: Any) -> DesiredFile:
    filename = changes.pop("filename", "k.txt")
    rules = policy(**changes)
    if rules.fingerprint:
        filename = fingerprinted(filename, PROJECT, sha256)
    entry = Entry(key, "k.txt", None, (), False, None, rules, {})
    scanned = ScannedFile(entry, key, "k.txt", "/k.txt", size, 0, 0, 0)
    return DesiredFile(key, "k.txt", size, sha256, filename, rules, scanned)


def locked(**changes: Any) -> LockEntry:
    plain = LockEntry("file-1", "k.txt", SHA, 10, "k.txt", "user_data", None, NOW - DAY, None)
    return plain._replace(**changes)


def live(file_id: str = "file-1", **changes: Any) -> RemoteFile:
    plain = RemoteFile(file_id, "k.txt", "user_data", 10, NOW - DAY, None, "processed")
    return plain._replace(**changes)


def lock_of(**files: LockEntry) -> Lockfile:
    return Lockfile(PROJECT, "u", dict(files))

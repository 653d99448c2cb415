"""Which files on the platform a new manifest can declare, and how it would ask for them. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import NamedTuple

from filesync.core import fingerprint
from filesync.core.decide.desired import MAX_FILENAME
from filesync.core.manifest.fields import check_filename
from filesync.core.model import RemoteFile
from filesync.core.purposes import (
    MAX_EXPIRES_AFTER,
    MAX_FILE_BYTES,
    MIN_EXPIRES_AFTER,
    OUTPUT_PURPOSES,
    PURPOSES,
)

_ROUNDING = 60  # how far a server's expiry may be from what was asked for
_LAST_MINUTES = 600
_KEY_LENGTH = 80


class LeftOut(StrEnum):
    """Why a remote file is none for a manifest; follows a count of files."""

    NOT_ASKED_FOR = "not matching --match"
    MADE_BY_API = "made by the API, as results of jobs"
    OTHER_PROJECT = "with another project's fingerprint"
    BROKEN = "in status error"
    EXPIRING = "expired or about to"
    PURPOSE = "of a purpose that a manifest cannot declare"
    NAME = "with a name that a manifest cannot declare"
    SIZE = "larger than a manifest can declare"
    LIFE = "with an expiry that a manifest cannot ask for"


class Found(NamedTuple):
    """A remote file that can be declared: its key, and how a manifest's entry asks for it.

    `filename` is without our own fingerprint, which is in `token`. `renew_before` is None where
    the default does.
    """

    remote: RemoteFile
    key: str
    filename: str
    token: fingerprint.Fingerprint | None
    expires_after: int | None
    renew_before: int | None


class Sorted(NamedTuple):
    """The files to declare, the newest first, and how many others there are by reason."""

    found: list[Found]
    left_out: Counter[LeftOut]


def sort_out(
    files: Iterable[RemoteFile], project: str, now: int, match: str | None = None
) -> Sorted:
    """Return which of all remote files a manifest of `project` can declare."""
    owner = fingerprint.owner_token(project)
    keys = Names(lambda key: re.sub(r"[^A-Z0-9]", "_", key.upper()))  # as in FILESYNC_<KEY>
    found, left_out = [], Counter[LeftOut]()
    for file in sorted(files, key=lambda file: (-file.created_at, file.id)):
        token = fingerprint.parse(file.filename)
        why = _unfit(file, now)
        if match is not None and not fnmatchcase(file.filename, match):
            why = LeftOut.NOT_ASKED_FOR
        elif token is not None and token.owner != owner and why is not LeftOut.MADE_BY_API:
            why = LeftOut.OTHER_PROJECT
        if why is not None:
            left_out[why] += 1
            continue
        name = file.filename if token is None else fingerprint.without(file.filename)
        if token and fingerprint.fingerprinted(name, project, token.content) != file.filename:
            name, token = file.filename, None  # not as an entry's `fingerprint: true` would put it
        life = _life(file)
        found.append(Found(file, keys.take(_key(name)), name, token, life, _renewal(file, now)))
    return Sorted(found, left_out)


def _unfit(file: RemoteFile, now: int) -> LeftOut | None:
    """Return why no manifest can declare a file, None if one can."""
    if file.purpose in OUTPUT_PURPOSES:
        return LeftOut.MADE_BY_API
    if file.status == "error":
        return LeftOut.BROKEN
    if file.purpose not in PURPOSES:
        return LeftOut.PURPOSE
    if file.expires_at is not None and file.expires_at - now < _LAST_MINUTES:
        return LeftOut.EXPIRING
    if not _can_be_said(file.filename):
        return LeftOut.NAME
    rule = PURPOSES[file.purpose]
    if (file.bytes or 0) > (rule.max_bytes or MAX_FILE_BYTES):
        return LeftOut.SIZE
    life = _life(file)
    if life is None:
        return None if rule.may_never_expire and file.expires_at is None else LeftOut.LIFE
    return None if MIN_EXPIRES_AFTER <= life <= MAX_EXPIRES_AFTER else LeftOut.LIFE


def _can_be_said(filename: str) -> bool:
    try:
        return len(check_filename(filename)) <= MAX_FILENAME
    except ValueError:
        return False


def _life(file: RemoteFile) -> int | None:
    """Return the `expires_after` that a file was made with, None for never (or not told)."""
    if file.expires_at is None or not file.created_at:
        return None
    seconds = file.expires_at - file.created_at
    for unit in (86400, 3600):
        whole = round(seconds / unit) * unit
        if abs(whole - seconds) <= _ROUNDING:
            return whole
    return seconds


def _renewal(file: RemoteFile, now: int) -> int | None:
    """Return a `renew_before` for a file that the default would have renewed already.

    Nothing is to be uploaded because of an import: half of what is left goes by first.
    """
    life = _life(file)
    if life is None or file.expires_at is None or file.expires_at - now >= life // 10:
        return None
    return (file.expires_at - now) // 2 // 60 * 60


def _key(filename: str) -> str:
    """Return a key made of a filename: its stem, without what commands would stumble over."""
    stem = filename.rpartition("/")[2].rpartition(".")[0] or filename
    return re.sub(r"[^\w.-]+", "-", stem).strip("-._")[:_KEY_LENGTH] or "file"


class Names:
    """Gives each name once: `train`, then `train-2`. `fold` says which names are alike."""

    def __init__(self, fold: Callable[[str], str]) -> None:
        self._fold = fold
        self._taken: set[str] = set()
        self._last: dict[tuple[str, str], int] = {}

    def take(self, stem: str, suffix: str = "") -> str:
        """Return a name that was not taken yet; a number goes before the suffix."""
        name, number = stem + suffix, self._last.get((stem, suffix), 1)
        while self._fold(name) in self._taken:
            number += 1
            name = f"{stem}-{number}{suffix}"
        self._last[stem, suffix] = number
        self._taken.add(self._fold(name))
        return name

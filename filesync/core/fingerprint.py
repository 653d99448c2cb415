"""The fingerprint in a remote filename: whose file it is and what is in it.

The API keeps no hash and no metadata, so with `fingerprint: true` the name carries both:
`train.jsonl` becomes `train.fs-<owner6>-<sha12>.jsonl`. The extension stays last because the
API judges a file's type by it.
"""

from __future__ import annotations

import hashlib
import os.path
import re
from typing import NamedTuple

_TOKEN = re.compile(r"\.fs-([0-9a-f]{6})-([0-9a-f]{12})(?:\.[^.]*)?$")
# A form body writes `"` as %22 and line breaks alike, and servers read those back.
_REWRITTEN = re.compile(r"%22|%0[AD]|[^A-Za-z0-9._-]")


class Fingerprint(NamedTuple):
    """What a fingerprinted name says: 6 hex of the owner's hash, 12 hex of the content's."""

    owner: str
    content: str


def owner_token(project: str) -> str:
    """Return the first 6 hex digits of the project name's sha256."""
    return hashlib.sha256(project.encode()).hexdigest()[:6]


def fingerprinted(filename: str, project: str, sha256: str) -> str:
    """Return `filename` with the project's owner token and the content's hash before its suffix."""
    stem, suffix = os.path.splitext(filename)
    return f"{stem}.fs-{owner_token(project)}-{sha256[:12]}{suffix}"


def parse(filename: str) -> Fingerprint | None:
    """Return the fingerprint in a remote filename, or None where there is none."""
    found = _TOKEN.search(filename)
    return Fingerprint(*found.groups()) if found else None


def without(filename: str) -> str:
    """Return a remote filename as it was before it got its fingerprint, if it has one."""
    found = _TOKEN.search(filename)
    return filename[: found.start()] + filename[found.end(2) :] if found else filename


def rewritten(filename: str) -> str:
    """Return the name as the strictest gateway would store it, to compare names through one.

    Some servers store `dir/a é.txt` as `dir_a__.txt`; see the API notes on filenames.
    """
    return _REWRITTEN.sub("_", filename)

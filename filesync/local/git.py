"""What git knows: earlier versions of a file, and what is checked out."""

from __future__ import annotations

import hashlib
import os
import subprocess
from typing import NamedTuple

_COMMITS = 200  # of a file's history that are looked through
_SECONDS = 20


def version_in_git(path: str, sha256: str) -> bytes | None:
    """Return the content with this sha256 that a file had in one of its last commits.

    None where git is not there, does not know the file or has no such version.
    """
    folder, name = os.path.split(os.path.abspath(path))
    listed = _git(folder, "log", f"-{_COMMITS}", "--format=%H", "--", name)
    for commit in (listed or b"").decode(errors="replace").split():
        content = _git(folder, "show", f"{commit}:./{name}")
        if content is not None and hashlib.sha256(content).hexdigest() == sha256:
            return content
    return None


class Checkout(NamedTuple):
    """What is checked out around a folder; None for what git does not say."""

    top: str | None
    commit: str | None
    branch: str | None


def checkout(folder: str) -> Checkout:
    """Return what is checked out there, all None outside of a repository with a commit."""
    said = _git(folder, "rev-parse", "--show-toplevel", "HEAD", "--abbrev-ref", "HEAD")
    lines = (said or b"").decode(errors="replace").splitlines()
    if len(lines) != 3:
        return Checkout(None, None, None)
    top, commit, branch = lines
    return Checkout(top, commit, None if branch == "HEAD" else branch)


def _git(folder: str, *arguments: str) -> bytes | None:
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None

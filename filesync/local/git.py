"""Earlier versions of a file, as git has them."""

from __future__ import annotations

import hashlib
import os
import subprocess

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

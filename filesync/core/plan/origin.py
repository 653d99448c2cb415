"""Where a plan was made, for the head of a report: manifest, branch, commit, run. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import quote

from filesync.core.commands import DEFAULT_MANIFEST

# What may stand in a link: a plan file may come from a stranger.
_URL = re.compile(r"https?://[\w.:/~%?=&+@-]+", re.ASCII)
_ELSEWHERE = re.compile(r"/|[a-z0-9]+://")
_COMMIT = re.compile(r"[0-9a-f]{7,64}")


class Origin(NamedTuple):
    """Where a plan was made; None for what is not known there.

    `commit` is its whole hash. `run` and `pull` are the URLs of the CI run and of the pull (or
    merge) request, and `files` is the URL that a path in the manifest's folder is appended to.
    """

    manifest: str
    branch: str | None = None
    commit: str | None = None
    run: str | None = None
    pull: str | None = None
    files: str | None = None

    @property
    def changes(self) -> str | None:
        """Return the URL of what the pull request changes."""
        if self.pull is None:
            return None
        return f"{self.pull}/{'diffs' if '/-/merge_requests/' in self.pull else 'files'}"

    def document(self) -> dict[str, str]:
        """Return what is known, as a plan file holds it; the usual manifest is not said."""
        known = {name: value for name, value in self._asdict().items() if value is not None}
        return {name: value for name, value in known.items() if value != DEFAULT_MANIFEST}

    def link(self, path: str | None) -> str | None:
        """Return the URL of a file in the repository; None for one that is not in it."""
        if self.files is None or path is None or _ELSEWHERE.match(path):
            return None
        if ".." in path.split("/"):
            return None
        return self.files + quote(path, safe="/", errors="replace")


def read_origin(data: dict[str, Any], take: Callable[..., Any]) -> Origin:
    """Return the origin in a plan file; `take` reads a field and raises for an unsound one."""
    found = take(data, "origin", dict, None) or {}
    return sound(
        Origin(
            take(found, "manifest", str, None) or DEFAULT_MANIFEST,
            *(take(found, name, str, None) for name in Origin._fields[1:]),
        )
    )


def sound(origin: Origin) -> Origin:
    """Return an origin without links and a commit that are not such."""
    return origin._replace(
        commit=_matching(_COMMIT, origin.commit),
        run=_matching(_URL, origin.run),
        pull=_matching(_URL, origin.pull),
        files=_matching(_URL, origin.files),
    )


def _matching(pattern: re.Pattern[str], text: str | None) -> str | None:
    return text if text is not None and pattern.fullmatch(text) else None

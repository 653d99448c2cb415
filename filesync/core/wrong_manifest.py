"""The error of a manifest that cannot be used."""

from __future__ import annotations

from collections.abc import Sequence

from filesync.core.commands import command
from filesync.errors import ManifestError, Problem


def wrong_manifest(path: str, problems: Sequence[Problem]) -> ManifestError:
    """Return the error with all that was found in the manifest at `path` and the files it names."""
    return ManifestError(path, problems, f"fix it, then run {command('validate')} (works offline)")

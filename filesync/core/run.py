"""What a run was asked to do, by its options."""

from __future__ import annotations

from typing import NamedTuple

from filesync.core.commands import DEFAULT_MANIFEST, flags


class Run(NamedTuple):
    """What the user asked for, the same for plan and apply; None where it was not said."""

    manifest: str = DEFAULT_MANIFEST
    base_url: str | None = None
    only: str | None = None
    allow_outside: bool = False
    allow_insecure_http: bool = False
    offline: bool = False
    env: str | None = None
    strict: bool = False
    allow_shrink: bool = False

    @property
    def folder(self) -> str:
        """Return the manifest's folder, which its paths are relative to."""
        return self.manifest.rpartition("/")[0] or ("/" if self.manifest.startswith("/") else ".")

    @property
    def flags(self) -> str:
        """Return the options that lead another command to the same manifest and server."""
        return flags(self.manifest, self.env, self.base_url)

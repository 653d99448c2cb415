"""What a run was asked to do, by its options."""

from __future__ import annotations

from itertools import chain
from typing import NamedTuple

from filesync.core.commands import DEFAULT_MANIFEST, flags
from filesync.core.secret import Secret


class Filters(NamedTuple):
    """What narrows a run to some keys: globs on keys, and purposes. Empty means all of them.

    A key is meant if one of `only` matches, none of `exclude` does, and its purpose is one of
    `purposes`; where there are none of `only` or `purposes`, they ask for nothing. `picked` are the
    names that someone picked of a plan, exactly: keys, `store:KEY`, and None for the files that no
    key names. As None itself it asks for nothing; it has no option, so no plan file holds it.
    """

    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    picked: frozenset[str | None] | None = None

    @property
    def narrow(self) -> bool:
        """Say whether they leave any key out."""
        return bool(self.only or self.exclude or self.purposes) or self.picked is not None

    @property
    def options(self) -> tuple[tuple[str, str], ...]:
        """Return the options that ask for them, each with its value."""
        return (
            *(("--only", glob) for glob in self.only),
            *(("--exclude", glob) for glob in self.exclude),
            *(("--purpose", purpose) for purpose in self.purposes),
        )

    @property
    def words(self) -> tuple[str, ...]:
        """Return these options as the words of a command."""
        return tuple(chain.from_iterable(self.options))

    def __str__(self) -> str:
        """Return them for a heading, as "only docs/*, without docs/old/*"; "" where all are."""
        said = (("only ", self.only), ("without ", self.exclude), ("purpose ", self.purposes))
        told = [lead + ", ".join(values) for lead, values in said if values]
        return ", ".join(told + ["what was picked"] * (self.picked is not None))


class Shard(NamedTuple):
    """One of several runs that share the keys of a manifest: `number`, from 1 on, out of `of`."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    @property
    def suffix(self) -> str:
        """Return what marks its files, such as 2-of-4."""
        return f"{self.number}-of-{self.of}"


class Run(NamedTuple):
    """What the user asked for, the same for plan and apply; None where it was not said.

    `directory` is that of -C, to which the run has changed already; `found` says that the manifest
    was looked for in this folder and above, so that nobody has to name it."""

    manifest: str = DEFAULT_MANIFEST
    base_url: str | None = None
    filters: Filters = Filters()
    allow_outside: bool = False
    allow_insecure_http: bool = False
    offline: bool = False
    env: str | None = None
    timeout: float | None = None  # seconds
    strict: bool = False
    allow_shrink: bool = False
    directory: str | None = None
    allow_env: tuple[str, ...] = ()
    delete_orphans: bool = False
    api_key: Secret | None = None
    shard: Shard | None = None
    found: bool = False

    @property
    def narrow(self) -> bool:
        """Say whether the run leaves any key out."""
        return self.filters.narrow or self.shard is not None

    @property
    def folder(self) -> str:
        """Return the manifest's folder, which its paths are relative to."""
        return self.manifest.rpartition("/")[0] or ("/" if self.manifest.startswith("/") else ".")

    @property
    def flags(self) -> str:
        """Return the options that lead another command to the same manifest and server."""
        manifest = None if self.found else self.manifest
        return flags(manifest, self.env, self.base_url, self.directory)

"""`--only`: which keys a run is about."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import NamedTuple

from filesync.core.decide.change import Decisions
from filesync.core.model import DesiredFile
from filesync.core.recovery.recover import Recovery
from filesync.core.text import plural, quoted
from filesync.errors import FilesyncError


def selects(only: str, key: str) -> bool:
    """Say whether `--only` means this key: by glob, or as the entry that a glob's keys share."""
    return fnmatchcase(key, only) or key.startswith(only.rstrip("/") + "/")


class Selection(NamedTuple):
    """The keys that `--only` selects; with None, all of them."""

    only: str | None

    def has(self, key: str | None) -> bool:
        """Say whether a key is selected; a file that no key names is only where all are."""
        return self.only is None or (key is not None and selects(self.only, key))

    def has_store(self, key: str) -> bool:
        """Say whether a vector store is selected, by `store:KEY` or a glob such as `store:*`."""
        return self.only is None or selects(self.only, f"store:{key}")

    def check(self, keys: Iterable[str | None], stores: Iterable[str], of: int) -> None:
        """Raise FilesyncError if no key is selected; `of` is how many files the manifest has."""
        if any(self.has_store(key) for key in stores):
            return
        if self.only is not None and not any(self.has(key) for key in keys):
            raise FilesyncError(
                f"--only {quoted(self.only)} selects none of the manifest's {plural(of, 'file')}",
                "`filesync status` lists the keys; quote the glob so that the shell leaves it "
                "alone",
            )

    def first_choice(self, desired: list[DesiredFile]) -> list[DesiredFile]:
        """Return the wanted files with the selected ones first.

        Of two keys that could adopt the same remote file, the selected one then gets it.
        """
        if self.only is None:
            return desired
        return sorted(desired, key=lambda want: not self.has(want.key))

    def sessions(self, recovery: Recovery) -> Recovery:
        """Return the recovery without the upload sessions of other keys: they stay open."""
        sessions = [attempt for attempt in recovery.sessions if self.has(attempt.key)]
        return recovery._replace(sessions=sessions)

    def narrow(self, decisions: Decisions) -> Decisions:
        """Return the decisions for the selected keys.

        Files that no key names (orphans, unmanaged) are left alone where not all are selected.
        """
        if self.only is None:
            return decisions
        return Decisions(
            tuple(row for row in decisions.rows if self.has(row.key)),
            decisions.unmanaged + sum(row.key is None for row in decisions.rows),
        )

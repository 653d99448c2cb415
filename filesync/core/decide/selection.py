"""`--only`, `--exclude`, `--purpose` and what was picked of a plan: which keys a run is about."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import NamedTuple

from filesync.core.commands import command, word
from filesync.core.decide.change import Action, Change, Decisions
from filesync.core.model import DesiredFile, LockEntry
from filesync.core.recovery.recover import Recovery
from filesync.core.run import Filters
from filesync.core.text import listed, printable, quoted
from filesync.errors import FilesyncError


def selects(only: str, key: str) -> bool:
    """Say whether `--only` means this key: by glob, or as the entry that a glob's keys share."""
    return fnmatchcase(key, only) or key.startswith(only.rstrip("/") + "/")


class Selection(NamedTuple):
    """The keys that a run's filters select; `purposes` maps each key to its purpose.

    `share` are the keys of a shard, None where the run is not one. Without `uploads`, what would
    have to be sent is left to another run.
    """

    filters: Filters
    purposes: Mapping[str, str] = MappingProxyType({})
    share: frozenset[str] | None = None
    uploads: bool = True

    @property
    def partial(self) -> bool:
        """Say whether any key is left out."""
        return self.filters.narrow or self.share is not None

    def has(self, key: str | None) -> bool:
        """Say whether a key is selected.

        A file that no key names is only where all are, or where such files were picked.
        """
        if key is None:
            return not self.partial or None in (self.filters.picked or ())
        if self.share is not None and key not in self.share:
            return False
        wanted = self.filters.purposes
        return self._named(key) and (not wanted or self.purposes.get(key) in wanted)

    def has_store(self, key: str) -> bool:
        """Say whether a vector store is selected, by `store:KEY` or a glob such as `store:*`.

        Stores have no purpose: where files are chosen by theirs, no store is selected.
        """
        return not self.filters.purposes and self._named(f"store:{key}")

    def _named(self, name: str) -> bool:
        only, exclude, picked = self.filters.only, self.filters.exclude, self.filters.picked
        if picked is not None and name not in picked:
            return False
        return (not only or any(selects(glob, name) for glob in only)) and not any(
            selects(glob, name) for glob in exclude
        )

    def check(self, keys: Iterable[str | None], stores: Iterable[str], of: str) -> None:
        """Raise FilesyncError for an `--only` that matches nothing, or if nothing is selected.

        `of` says what there is to select from, such as "the manifest's 3 files".
        """
        if not self.filters.narrow or self.filters.picked is not None:
            return  # what was picked was in a plan a moment ago
        files = {key for key in keys if key is not None}
        names = files | {f"store:{key}" for key in stores}
        for glob in self.filters.only:
            if not any(selects(glob, name) for name in names):
                hint = _how_to_name(glob, names)
                raise FilesyncError(f"--only {quoted(glob)} selects none of {of}", hint)
        if not any(self.has(key) for key in files) and not any(map(self.has_store, stores)):
            asked = " ".join(f"{name} {quoted(value)}" for name, value in self.filters.options)
            raise FilesyncError(f"{asked} selects none of {of}{self._there(files)}", _lists_keys())

    def _there(self, keys: Collection[str]) -> str:
        """Return a sentence about the purposes there are, "" where none was asked for."""
        found = sorted({self.purposes[key] for key in keys if key in self.purposes})
        if not self.filters.purposes or not found:
            return ""
        return f"; their purposes are {', '.join(map(printable, found))}"

    def first_choice(self, desired: list[DesiredFile]) -> list[DesiredFile]:
        """Return the wanted files with the selected ones first.

        Of two keys that could adopt the same remote file, the selected one then gets it.
        """
        if not self.partial:
            return desired
        return sorted(desired, key=lambda want: not self.has(want.key))

    def sessions(self, recovery: Recovery) -> Recovery:
        """Return the recovery without what is left to do for other keys: the next run does it."""
        sessions = [attempt for attempt in recovery.sessions if self.has(attempt.key)]
        unsure = [attempt for attempt in recovery.unsure if self.has(attempt.key)]
        return recovery._replace(sessions=sessions, unsure=unsure)

    def narrow(self, decisions: Decisions) -> Decisions:
        """Return the decisions for the selected keys.

        Files without a key (orphans, unmanaged) are ignored where not all keys are selected, unless
        they were picked. A shard deletes nothing: what its keys have replaced waits for the merge.
        """
        if not self.uploads:
            sent = (Action.CREATE, Action.REPLACE)
            changes = tuple(row for row in decisions.changes if row.action not in sent)
            decisions = decisions._replace(changes=changes)
        if not self.partial:
            return decisions
        return Decisions(
            tuple(row for row in decisions.changes if self.has(row.key) and not self._waits(row)),
            decisions.unmanaged
            + sum(row.key is None and not self.has(None) for row in decisions.changes),
            kept=tuple(one for one in decisions.kept if self.has(one.key)),
        )

    def _waits(self, row: Change) -> bool:
        return self.share is not None and row.action is Action.DELETE


def purposes_of(desired: Iterable[DesiredFile], locked: Mapping[str, LockEntry]) -> dict[str, str]:
    """Return the purpose of each key, as the manifest has it, otherwise as the lockfile has it."""
    return {key: entry.purpose for key, entry in locked.items()} | {
        want.key: want.policy.purpose for want in desired
    }


def _how_to_name(glob: str, names: Collection[str]) -> str:
    """Return a hint for a glob that matches none of the names."""
    store = f"store:{glob}"
    if any(selects(store, name) for name in names):
        return f"a vector store is chosen by --only {word(store)}"
    if not glob.startswith("store:"):
        return _lists_keys()
    stores = sorted(word(name) for name in names if name.startswith("store:"))
    return f"there is {listed(stores, 10)}" if stores else "there are no vector stores"


def _lists_keys() -> str:
    return f"{command('status')} lists the keys; quote a glob so that the shell leaves it alone"

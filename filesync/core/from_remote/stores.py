"""Vector stores that are on the platform already: which of them can be declared, and how. Pure.

A store is declared with the documents that are declared as files. What a manifest cannot say is
left out: such members stay in the store, undeclared.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from filesync.core.stores.model import (
    AUTO_CHUNKING,
    MARK,
    NO_ATTRIBUTES,
    Attributes,
    Chunking,
    LockedMember,
    LockedStore,
    RemoteMember,
    RemoteStore,
    mark_of,
    same_attributes,
)

_KEY = re.compile(r"[a-z0-9][a-z0-9._-]*")
_METADATA = 15  # pairs of the user's own: the API takes 16, and one is ours


class FoundStore(NamedTuple):
    """A store to declare. `members` maps a file's key to its id; `chunking` of None is "auto"."""

    key: str
    remote: RemoteStore
    chunking: Chunking | None
    members: Mapping[str, str]

    @property
    def metadata(self) -> dict[str, str]:
        """Return the user's own metadata."""
        return {name: one for name, one in (self.remote.metadata or {}).items() if name != MARK}

    def is_marked(self, project: str) -> bool:
        """Say whether the store carries the mark of this project and key already."""
        return (self.remote.metadata or {}).get(MARK) == mark_of(project, self.key)

    def locked(self, attributes: Mapping[str, Attributes]) -> LockedStore:
        """Return the lock entry of the store as it is."""
        return LockedStore(
            self.remote.id,
            self.remote.name or "",
            self.remote.expires_after,
            dict(self.remote.metadata or {}),
            self.chunking,
            {
                key: LockedMember(file_id, dict(attributes.get(key, NO_ATTRIBUTES)))
                for key, file_id in self.members.items()
            },
        )


class StoresToDeclare(NamedTuple):
    """The stores, the attributes of each file's key that has some, and why others are left out."""

    stores: list[FoundStore]
    attributes: dict[str, Attributes]
    left_out: tuple[tuple[str, int], ...] = ()  #: why, and how many


def declare_stores(
    remote: Iterable[tuple[RemoteStore, Iterable[RemoteMember]]],
    keys: Mapping[str, str],
    project: str,
) -> StoresToDeclare:
    """Return what can be declared of the platform's stores and their members.

    `keys` are the declared documents: the file's id and its key. Left out are stores of
    another project, those that hold no declared document, and those without room for our mark.
    """
    found: list[FoundStore] = []
    attributes: dict[str, Attributes] = {}
    taken: set[str] = set()
    left_out: Counter[str] = Counter()
    for store, members in sorted(remote, key=lambda one: (one[0].created_at, one[0].id)):
        metadata = store.metadata or {}
        owner, _, own_key = metadata.get(MARK, "").partition("/")
        if store.expired:
            continue
        if owner and owner != project:
            left_out["another project's"] += 1
            continue
        if len(metadata.keys() - {MARK}) > _METADATA:
            left_out["with no room for this project's mark in the metadata"] += 1
            continue
        documents = [one for one in members if one.id in keys]
        chunking = _usual_chunking(documents)
        held = {}
        for one in documents:
            key, given = keys[one.id], one.attributes or NO_ATTRIBUTES
            fits = same_attributes(attributes.get(key, given), given) and _can_be_written(given)
            if fits and one.chunking in (None, chunking or AUTO_CHUNKING):
                attributes[key] = given
                held[key] = one.id
        if held:
            name = own_key if owner else _slug(store.name or "")
            found.append(FoundStore(_free(name, taken), store, chunking, held))
        else:
            left_out["without a document that is declared"] += 1
    declared = {key: one for key, one in attributes.items() if one}
    return StoresToDeclare(found, declared, tuple(left_out.most_common()))


def _usual_chunking(members: Iterable[RemoteMember]) -> Chunking | None:
    counts = Counter(one.chunking for one in members if one.chunking is not None)
    usual = counts.most_common(1)[0][0] if counts else None
    return None if usual == AUTO_CHUNKING else usual


def _can_be_written(attributes: Attributes) -> bool:
    """Say whether a manifest can hold these: braces in a text stand for something there."""
    return not any(isinstance(one, str) and set(one) & set("{}") for one in attributes.values())


def _slug(name: str) -> str:
    slug = re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-._")[:60]
    return slug if _KEY.fullmatch(slug) else "store"


def _free(key: str, taken: set[str]) -> str:
    number, free = 2, key
    while free in taken:
        free, number = f"{key}-{number}", number + 1
    taken.add(free)
    return free

"""The groups of a plan's changes that can be applied or left, each by itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from filesync.core.decide.change import Change
from filesync.core.plan.plan import Plan
from filesync.core.stores.change import StoreChange


class Group(NamedTuple):
    """Some changes, for a heading such as `docs/`, and the names that pick them in `Filters`."""

    heading: str
    picks: frozenset[str | None]
    changes: tuple[Change, ...] = ()
    stores: tuple[StoreChange, ...] = ()


def groups_of(plan: Plan) -> list[Group]:
    """Return the groups of a plan that change something: entries and folders, then stores.

    An entry with a `path` is a group, and so is each folder of the other keys; files that no key
    names are one together. Where only members of a store are in the run, they go with their keys.
    """
    rows: dict[str, list[Change]] = {}
    names: dict[str, set[str | None]] = {}
    for change in plan.changes:
        heading = _heading(change)
        rows.setdefault(heading, []).append(change)
        names.setdefault(heading, set()).add(change.key)
    stores: dict[str, tuple[StoreChange, ...]] = {}
    for store in plan.stores:
        if not store.changes:
            continue
        if store.selected:
            heading = f"store:{store.key}"
            names.setdefault(heading, set()).add(heading)
            stores[heading] = (store,)
        else:
            _add_members(names, store)
    return [
        Group(heading, frozenset(names[heading]), tuple(rows.get(heading, ())), found)
        for heading, found in ((one, stores.get(one, ())) for one in _ordered(names, stores))
    ]


def _ordered(names: Iterable[str], stores: Iterable[str]) -> list[str]:
    last = set(stores)
    return sorted(names, key=lambda heading: (heading in last, heading))


def _add_members(names: dict[str, set[str | None]], store: StoreChange) -> None:
    placed = {key for keys in names.values() for key in keys}
    for member in store.member_changes:
        if member.key is not None and member.key not in placed:
            names.setdefault(_folder(member.key), set()).add(member.key)


def _heading(change: Change) -> str:
    if change.key is None:
        return "files that no key names"
    if change.desired is not None and change.desired.scanned.entry.key == change.key:
        return change.key
    return _folder(change.key)


def _folder(key: str) -> str:
    """Return the folder of a key, or the key itself where it is in none."""
    folder = key.rpartition("/")[0]
    return f"{folder}/" if folder else key

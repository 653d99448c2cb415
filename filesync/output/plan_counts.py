"""How many changes of each kind a plan has, as a question repeats them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from filesync.core.decide.change import Change
from filesync.core.plan.plan import Plan
from filesync.core.stores.change import StoreChange
from filesync.core.text import plural

# What cannot be undone first.
_FILES = ("delete", "replace", "create", "adopt", "forget")
_MEMBERS = {
    "detach": "document to detach",
    "swap": "document to swap",
    "attach": "document to attach",
    "reattach": "document to attach again",
    "update": "document to update",
}


def counts_of(plan: Plan) -> str:
    """Return the counts of a plan's changes, such as "12 deletes, 30 replaces"."""
    return counted(plan.changes, plan.stores)


def counted(changes: Iterable[Change], of_stores: Sequence[StoreChange] = ()) -> str:
    """Return the counts of some changes, as `counts_of` does of all."""
    files = Counter(change.action.value for change in changes)
    stores = Counter(one.action.value for one in of_stores)
    members = Counter(one.action.value for store in of_stores for one in store.members)
    found = [plural(files[action], action) for action in _FILES if files[action]]
    found += [
        plural(stores[action], f"vector store {action}")
        for action in ("delete", "create", "update", "adopt", "forget")
        if stores[action]
    ]
    for action, words in _MEMBERS.items():
        if members[action]:
            noun, _, rest = words.partition(" ")
            found.append(f"{plural(members[action], noun)} {rest}")
    return ", ".join(found)

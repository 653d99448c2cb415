"""Vector stores of a plan, in words and as lines for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from filesync.core.durations import format_duration
from filesync.core.events import Done
from filesync.core.plan.stores import MemberDocument, StoreDocument
from filesync.core.stores.change import MemberAction, StoreAction, StoreReason
from filesync.core.text import plural, printable
from filesync.output.columns import Paint
from filesync.output.reasons import reason_named

_SIGNS = {
    "delete": ("-", "red"),
    "detach": ("-", "red"),
    "swap": ("~", "yellow"),
    "reattach": ("~", "yellow"),
    "update": ("~", "yellow"),
    "create": ("+", "green"),
    "attach": ("+", "green"),
    "adopt": ("=", "cyan"),
    "forget": (".", "bright_black"),
    "noop": (" ", "bright_black"),
}
_FOLD_FROM = 40

_REASONS = {
    StoreReason.MARK_MATCH: "already there: it carries the mark of this key",
    StoreReason.CHUNKING_CHANGED: "chunking changed; missing from searches until indexed again",
    StoreReason.INDEX_FAILED: "was not indexed",
    StoreReason.UNMANAGED: "not attached by filesync (prune_unmanaged)",
    StoreReason.DESTROYED: "owned by the lockfile",
}

_PAST = {
    MemberAction.ATTACH: "attached",
    MemberAction.SWAP: "swapped",
    MemberAction.REATTACH: "attached again",
    MemberAction.UPDATE: "updated",
    MemberAction.DETACH: "detached",
    StoreAction.CREATE: "created",
    StoreAction.ADOPT: "adopted",
    StoreAction.DELETE: "deleted",
    StoreAction.FORGET: "forgotten",
}


def store_lines(stores: Sequence[StoreDocument], paint: Paint, verbose: bool) -> Iterator[str]:
    """Yield the lines of a plan's vector stores: each store, and below it its documents."""
    for store in stores:
        sign, colour = _SIGNS.get(store.action, ("*", "yellow"))
        lead = paint(
            f"{sign} {'' if store.action == 'noop' else printable(store.action):<7}", colour
        )
        yield f"  {lead}  vector store {store_name(store)}{_why(store)}"
        for action, group in groupby(store.members, key=lambda one: one.action):
            every = list(group)
            shown = every if verbose or action == MemberAction.DETACH else every[:_FOLD_FROM]
            sign, colour = _SIGNS.get(action, ("*", "yellow"))
            lead = paint(f"{sign} {printable(action):<8}", colour)
            for one in shown:
                yield f"      {lead}  {member_name(one)}  {member_reason(one)}"
            if left := len(every) - len(shown):
                more = f"... and {left:,} more to {printable(action)} (--full shows them)"
                yield f"      {paint(sign, colour)} {more}"


def store_name(store: StoreDocument) -> str:
    """Return the key of a store and its id, safe to print."""
    found = f" ({printable(store.id)})" if store.id is not None else ""
    return f"{printable(store.key)}{found}"


def _why(store: StoreDocument) -> str:
    return "" if store.action == StoreAction.NOOP else f"  {store_reason(store)}"


def store_reason(store: StoreDocument) -> str:
    """Return why a store changes, in words; what differs, with the values before and after."""
    if store.fields and store.before is not None and store.after is not None:
        before = {name: store.before.get(name) for name in store.fields}
        after = {name: store.after.get(name) for name in store.fields}
        lead = "" if store.action == StoreAction.UPDATE else _named(store.reason) + "; "
        return lead + differences(before, after)
    return _named(store.reason)


def member_name(one: MemberDocument) -> str:
    """Return what to call a document, safe to print."""
    return printable(one.key if one.key is not None else one.old_file_id or one.file_id or "")


def member_reason(one: MemberDocument) -> str:
    """Return why a document is attached, swapped or detached, in words."""
    if one.before is not None and one.after is not None:
        return differences(one.before, one.after)
    return _named(one.reason) + (f": {printable(one.error)}" if one.error else "")


def member_group(one: MemberDocument) -> str:
    """Return the reason that a document has in common with others, without names and values."""
    return _named(one.reason)


def member_change(one: MemberDocument) -> str:
    """Return what a document has of its own: attributes old -> new, or the server's error."""
    if one.before is not None and one.after is not None:
        return differences(one.before, one.after)
    return printable(one.error)


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return what differs between two sets of values, such as `metadata.team a -> b`."""
    from filesync.core.stores.explain import explained

    return ", ".join(
        f"{printable(name)} {_value(name, one)} -> {_value(name, other)}"
        for name, one, other in explained(before, after)
    )


def _value(name: str, value: object) -> str:
    if name == "expires_after":
        return "never" if value is None else format_duration(int(str(value)))
    if isinstance(value, bool):
        return "true" if value else "false"
    return "none" if value is None else printable(str(value))


def _named(reason: str) -> str:
    known = {str(one): words for one, words in _REASONS.items()}
    return known.get(reason) or reason_named(reason)


def store_words(stores: Sequence[StoreDocument]) -> str:
    """Return e.g. "1 vector store to create, 2 documents to attach"; empty if there is none."""
    own = Counter(store.action for store in stores)
    counted = [
        f"{plural(own[action], 'vector store')} to {action}"
        for action in StoreAction
        if own[action] and action is not StoreAction.NOOP
    ]
    return ", ".join(filter(None, [*counted, _count_members(stores)]))


def _count_members(stores: Sequence[StoreDocument]) -> str:
    count = Counter(one.action for store in stores for one in store.members)
    order = [action for action in MemberAction if count[action]]
    words = [f"{count[action]:,} to {action}" for action in order]
    if words:
        first = count[order[0]]
        words[0] = f"{plural(first, 'document')} to {order[0]}"
    return ", ".join(words)


def done_in_stores(applied: Sequence[Done]) -> str:
    """Return what was done in vector stores, in words; empty if nothing was."""
    count = Counter(done.action.value for done in applied if done.store is not None and done.key)
    words = [f"{count[action]:,} {_PAST[action]}" for action in MemberAction if count[action]]
    own = Counter(
        done.action.value for done in applied if done.store is not None and done.key is None
    )
    stores = [
        f"{plural(own[action], 'vector store')} {_PAST.get(action, 'updated')}"
        for action in StoreAction
        if own[action]
    ]
    return "; ".join(
        filter(None, [", ".join(stores), ", ".join(words) and f"documents: {', '.join(words)}"])
    )


def done_line(done: Done) -> str:
    """Return what was done in a vector store, such as `swapped faq in handbook (file-1)`."""
    store = printable(done.store or "")
    past = _PAST.get(done.action, "updated")
    if done.key is None and done.action.value in list(StoreAction):
        return f"{past} vector store {store} ({done.id})"
    name = printable(done.key or "a document")
    return f"{past} {name} in vector store {store} ({done.id})"

"""Vector stores of a plan, in words and as lines for a terminal."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from filesync.core.decide.change import Action
from filesync.core.durations import format_duration
from filesync.core.plan.stores import MemberDocument, StoreDocument
from filesync.core.stores.change import MemberAction, StoreAction, StoreReason
from filesync.core.text import plural, printable, quoted
from filesync.output.by_folder import ROLL_UP_FROM, Named, each_by_folder, totals_by_folder
from filesync.output.columns import Paint, width, wrapped
from filesync.output.reasons import reason_named

if TYPE_CHECKING:  # a plan does without it
    from filesync.core.events import Done

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
_UNKNOWN_SIGN = ("*", "yellow")
_INDENT = 10
# Texts that are read as one, and neither as a number nor as a word of ours.
_CLEAR = re.compile(r"(?!(true|false|none|never)\Z)[^\W\d][\w./@:+-]*")

_REASONS = {
    StoreReason.MARK_MATCH: "already there: it carries the mark of this key",
    StoreReason.CHUNKING_CHANGED: "chunking changed; missing from searches until indexed again",
    StoreReason.INDEX_FAILED: "was not indexed",
    StoreReason.UNMANAGED: "not attached by filesync (prune_unmanaged)",
    StoreReason.DESTROYED: "owned by the lockfile",
}

_PREPOSITIONS = {"attach": "to", "detach": "from"}
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


def store_lines(
    stores: Sequence[StoreDocument], paint: Paint, columns: int | None, *, full: bool
) -> Iterator[str]:
    """Yield the lines of a plan's vector stores: each store, and below it its documents.

    For a terminal of so many `columns` documents are grouped by reason and folder, and many are
    rolled up unless `full`; elsewhere each has one line.
    """
    members = sum(len(store.members) for store in stores)
    rolled_up = columns is not None and not full and members > ROLL_UP_FROM
    for store in stores:
        if columns is None:
            yield from _flat(store, paint)
        else:
            yield from _grouped(store, paint, columns, rolled_up)
    if rolled_up:
        yield ""
        yield paint(f"  {members:,} documents, rolled up by folder; --full lists each one", "dim")


def _flat(store: StoreDocument, paint: Paint) -> Iterator[str]:
    sign, colour = _SIGNS.get(store.action, _UNKNOWN_SIGN)
    lead = paint(f"{sign} {'' if store.action == 'noop' else printable(store.action):<7}", colour)
    why = store_reason(store)
    yield f"  {lead}  vector store {store_name(store)}" + (f"  {why}" if why else "")
    for one in store.members:
        sign, colour = _SIGNS.get(one.action, _UNKNOWN_SIGN)
        lead = paint(f"{sign} {printable(one.action):<8}", colour)
        yield f"      {lead}  {member_name(one)}  {member_reason(one)}"


def _grouped(store: StoreDocument, paint: Paint, columns: int, rolled_up: bool) -> Iterator[str]:
    action = "" if store.action == StoreAction.NOOP else f"{printable(store.action)} "
    sign, colour = _SIGNS.get(store.action, _UNKNOWN_SIGN)
    lead = f"{sign} {action}vector store {store_name(store)}"
    yield from _headed(lead, colour, store_reason(store), 2, columns, paint)
    for (action, why), group in groupby(
        sorted(store.members, key=_place), key=lambda one: (one.action, member_group(one))
    ):
        rows = list(group)
        changes = {member_change(one) for one in rows}
        alike = changes.pop() if len(changes) == 1 and len(rows) > 1 else ""
        said = [alike] if alike and action == MemberAction.UPDATE else [why, alike]
        sign, colour = _SIGNS.get(action, _UNKNOWN_SIGN)
        lead = f"{sign} {printable(action)} {len(rows):,}"
        words = ", ".join(filter(None, said))
        yield from _headed(lead, colour, words, 6, columns, paint)
        named = [Named(member_name(one), "" if alike else member_change(one)) for one in rows]
        if rolled_up:
            yield from totals_by_folder(named, action, _INDENT)
        else:
            yield from each_by_folder(named, columns, _INDENT)


def _headed(
    lead: str, colour: str, said: str, indent: int, columns: int, paint: Paint
) -> Iterator[str]:
    """Yield a group's head: what is done, and why, below it where there is no room beside it."""
    beside = f": {said}" if said else ""
    if indent + width(lead + beside) <= columns:
        yield f"{'':{indent}}{paint(lead, colour)}{beside}"
    else:
        yield f"{'':{indent}}{paint(lead, colour)}"
        yield from wrapped(said, columns, indent + 4)


def _place(one: MemberDocument) -> tuple[int, str, str, str]:
    ranks = [str(action) for action in MemberAction]
    rank = ranks.index(one.action) if one.action in ranks else len(ranks)
    return rank, one.action, member_group(one), member_name(one)


def store_name(store: StoreDocument) -> str:
    """Return the key of a store and its id, safe to print."""
    found = f" ({printable(store.id)})" if store.id is not None else ""
    return f"{printable(store.key)}{found}"


def store_reason(store: StoreDocument) -> str:
    """Return why a store changes, in words; what differs, with the values before and after.

    Of a store of which only documents change, that is how they are cut; "" if that stays, too.
    """
    if store.before is None or store.after is None:
        return store_reason_named(store.reason)
    told = [
        f"{printable(name)} {_setting(name, before)} -> {_setting(name, after)}"
        for name, before, after in _explained(store.before, store.after, store.fields)
    ]
    kept = store.action in (StoreAction.UPDATE, StoreAction.NOOP)
    # The chunking is not the store's own, so it is not among its fields: documents have it.
    before, after = store.before.get("chunking"), store.after.get("chunking")
    if kept and before != after:
        told.append(f"chunking {_chunking(before)} -> {_chunking(after)}")
    said = ", ".join(told)
    return said if kept else "; ".join(filter(None, [store_reason_named(store.reason), said]))


def member_name(one: MemberDocument) -> str:
    """Return what to call a document, safe to print."""
    return printable(one.key if one.key is not None else one.old_file_id or one.file_id or "")


def member_reason(one: MemberDocument) -> str:
    """Return why a document is attached, swapped or detached, in words, and what it has of its own:
    attributes old -> new, or the server's error."""
    group, own = member_group(one), member_change(one)
    if one.action == MemberAction.UPDATE and own:
        return own
    return f"{group}: {own}" if own and one.error else ", ".join(filter(None, [group, own]))


def member_group(one: MemberDocument) -> str:
    """Return the reason that a document has in common with others, without names and values."""
    return store_reason_named(one.reason)


def member_change(one: MemberDocument) -> str:
    """Return what a document has of its own: attributes old -> new, or the server's error."""
    told = [printable(one.error)]
    if one.before is not None and one.after is not None:
        told.append(differences(one.before, one.after))
    return ", ".join(filter(None, told))


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return what differs between two sets of attributes, such as `lang none -> en`."""
    return ", ".join(
        f"{printable(name)} {_value(one)} -> {_value(other)}"
        for name, one, other in _explained(before, after, {**before, **after})
    )


def _explained(
    before: Mapping[str, Any], after: Mapping[str, Any], names: Iterable[str]
) -> list[tuple[str, object, object]]:
    """Return what differs in the fields of these names: a dotted name, before and after."""
    from filesync.core.stores.explain import explained

    wanted = list(names)
    one, other = ({name: side.get(name) for name in wanted} for side in (before, after))
    return explained(one, other) if wanted else []


def _setting(name: str, value: object) -> str:
    """Return a setting of a store in words."""
    if name == "expires_after":
        return "never" if value is None else format_duration(int(str(value)))
    return _value(value)


def _value(value: object) -> str:
    """Return a value in words; a text is quoted where it would be read as something else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return "none" if value is None else printable(str(value))
    return printable(value) if _CLEAR.fullmatch(value) else quoted(value)


def _chunking(value: object) -> str:
    if not isinstance(value, Mapping):
        return "auto"
    return printable(f"{value.get('max_tokens')} tokens with an overlap of {value.get('overlap')}")


def store_reason_named(reason: str) -> str:
    """Return the reason for a store or a document in words."""
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
    in_stores = [done for done in applied if done.store is not None]
    count = Counter(done.action.value for done in in_stores if not _is_about_store(done))
    words = [f"{count[action]:,} {_PAST[action]}" for action in MemberAction if count[action]]
    own = Counter(done.action.value for done in in_stores if _is_about_store(done))
    stores = [
        f"{plural(own[action], 'vector store')} {_PAST.get(action, 'updated')}"
        for action in StoreAction
        if own[action]
    ]
    return "; ".join(
        filter(None, [", ".join(stores), ", ".join(words) and f"documents: {', '.join(words)}"])
    )


def _is_about_store(done: Done) -> bool:
    """Say whether something was done to a store itself, not to a document, which may lack a key."""
    return done.key is None and done.action.value in list(StoreAction)


def done_line(done: Done) -> str:
    """Return what was done in a vector store, such as `swapped faq in vector store kb (file-1)`."""
    store = printable(done.store or "")
    past = _PAST.get(done.action, "updated")
    if _is_about_store(done):
        return f"{past} vector store {store} ({done.id})"
    did, _, again = past.partition(" ")
    name = " ".join(filter(None, [did, printable(done.key or "a document"), again]))
    return f"{name} {preposition(done.action)} vector store {store} ({done.id})"


def preposition(action: Action | StoreAction | MemberAction) -> str:
    """Return the word between a document and its store: it is attached to it, swapped in it."""
    return _PREPOSITIONS.get(action.value, "in")

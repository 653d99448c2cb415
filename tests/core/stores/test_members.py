"""The decision table for members: each row, then what several keys and ids do to each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from filesync.core.stores.change import MemberAction
from filesync.core.stores.members import Decided, FileFate, decide_members
from filesync.core.stores.model import (
    AUTO_CHUNKING,
    Attributes,
    Chunking,
    DesiredStore,
    LockedMember,
    LockedStore,
    RemoteMember,
    Scalar,
    StoreEntry,
    kept_as_sent,
)

SMALL = Chunking(100, 0)
ENTRY = StoreEntry("h", "h", None, ("*",), None, None, {}, {}, False, False, {})


def want(
    chunking: Chunking | None = None, *, prune: bool = False, **members: Attributes
) -> DesiredStore:
    entry = ENTRY._replace(chunking=chunking, prune_unmanaged=prune)
    return DesiredStore(entry, {}, members)


def locked(chunking: Chunking | None = None, **members: str) -> LockedStore:
    files = {key: LockedMember(file_id, {"v": 1}) for key, file_id in members.items()}
    return LockedStore("vs", "h", None, {}, chunking, files)


def there(*ids: str, **more: Any) -> Mapping[str, RemoteMember]:
    base = RemoteMember("", "completed", {"v": 1}, AUTO_CHUNKING)
    return {one: base._replace(id=one, **more) for one in ids}


SAME = {"v": 1}


# fmt: off
DESIRED = [
    # not there
    (want(a=SAME), None, {}, FileFate("f2"), "attach", "new", None),
    (want(a=SAME), locked(), {}, FileFate(None), "attach", "new", None),
    (want(a=SAME), locked(a="f1"), {}, FileFate("f1"), "attach", "missing_remotely", None),
    (
        want(a=SAME),
        locked(a="f1"),
        {},
        FileFate(None, ("f1",)),
        "attach",
        "missing_remotely",
        None,
    ),
    # an older id of the same key
    (
        want(a=SAME),
        locked(a="f1"),
        there("f1"),
        FileFate(None, ("f1",)),
        "swap",
        "content_changed",
        "f1",
    ),
    (
        want(a=SAME),
        locked(a="f1"),
        there("f1"),
        FileFate("f2", (), "expiring"),
        "swap",
        "expiring",
        "f1",
    ),
    (
        want(a=SAME),
        locked(),
        there("f1"),
        FileFate("f2", ("f1",)),
        "swap",
        "content_changed",
        "f1",
    ),
    (
        want(a=SAME),
        locked(a="f1"),
        there("f1", "f2"),
        FileFate("f2"),
        "swap",
        "content_changed",
        "f1",
    ),
    # there, as it is to be
    (want(a=SAME), locked(a="f1"), there("f1"), FileFate("f1"), "noop", "up_to_date", None),
    (want(a=SAME), None, there("f1"), FileFate("f1"), "noop", "up_to_date", None),
    (
        want(a=SAME),
        locked(a="f1"),
        there("f1", status="in_progress"),
        FileFate("f1"),
        "noop",
        "up_to_date",
        None,
    ),
    (
        want(a=SAME),
        locked(a="f1"),
        there("f1", attributes=None),
        FileFate("f1"),
        "noop",
        "up_to_date",
        None,
    ),
    (
        want(a={"v": 1.0}),
        locked(a="f1"),
        there("f1"),
        FileFate("f1"),
        "noop",
        "up_to_date",
        None,
    ),
    # attributes
    (
        want(a={"v": 2}),
        locked(a="f1"),
        there("f1"),
        FileFate("f1"),
        "update",
        "attributes_changed",
        None,
    ),
    (
        want(a={"v": True}),
        locked(a="f1"),
        there("f1"),
        FileFate("f1"),
        "update",
        "attributes_changed",
        None,
    ),
    (
        want(a={}),
        locked(a="f1"),
        there("f1", attributes=None),
        FileFate("f1"),
        "update",
        "attributes_changed",
        None,
    ),
    (
        want(a=SAME),
        locked(a="f1"),
        there("f1", attributes={}),
        FileFate("f1"),
        "update",
        "attributes_changed",
        None,
    ),
    # a server that keeps each value as text, and one whose text somebody else changed
    (
        want(a=SAME),
        locked(a="f1"),
        there("f1", attributes={"v": "1.0"}),
        FileFate("f1"),
        "noop",
        "up_to_date",
        None,
    ),
    (
        want(a=SAME),
        locked(a="f1"),
        there("f1", attributes={"v": "2"}),
        FileFate("f1"),
        "update",
        "attributes_changed",
        None,
    ),
    (
        want(a=SAME),
        None,
        there("f1", attributes={"v": "1"}),
        FileFate("f1"),
        "update",
        "attributes_changed",
        None,
    ),
    # chunking
    (
        want(SMALL, a=SAME),
        locked(a="f1"),
        there("f1"),
        FileFate("f1"),
        "reattach",
        "chunking_changed",
        None,
    ),
    (
        want(SMALL, a=SAME),
        locked(a="f1"),
        there("f1", chunking=SMALL),
        FileFate("f1"),
        "noop",
        "up_to_date",
        None,
    ),
    (
        want(SMALL, a=SAME),
        locked(SMALL, a="f1"),
        there("f1", chunking=None),
        FileFate("f1"),
        "noop",
        "up_to_date",
        None,
    ),
    (
        want(SMALL, a=SAME),
        locked(a="f1"),
        there("f1", chunking=None),
        FileFate("f1"),
        "reattach",
        "chunking_changed",
        None,
    ),
    (
        want(a=SAME),
        locked(SMALL, a="f1"),
        there("f1", chunking=SMALL),
        FileFate("f1"),
        "reattach",
        "chunking_changed",
        None,
    ),
    (
        want(a=SAME),
        locked(SMALL, a="f1"),
        there("f1"),
        FileFate("f1"),
        "noop",
        "up_to_date",
        None,
    ),
    (
        want(a=SAME),
        locked(a="f1"),
        there("f1", chunking=SMALL),
        FileFate("f1"),
        "noop",
        "up_to_date",
        None,
    ),
    # did not index
    (
        want(a=SAME),
        locked(a="f1"),
        there("f1", status="failed"),
        FileFate("f1"),
        "reattach",
        "index_failed",
        None,
    ),
    (
        want(a=SAME),
        locked(a="f1"),
        there("f1", status="cancelled"),
        FileFate("f1"),
        "reattach",
        "index_failed",
        None,
    ),
]
# fmt: on


@pytest.mark.parametrize(("desired", "lock", "remote", "fate", "action", "reason", "old"), DESIRED)
def test_every_row_of_a_desired_member(
    desired: DesiredStore,
    lock: LockedStore | None,
    remote: Mapping[str, RemoteMember],
    fate: FileFate,
    action: str,
    reason: str,
    old: str | None,
) -> None:
    decided = decide_members(desired, lock, remote, {"a": fate})
    (row,) = decided.members
    assert (row.key, row.action, row.reason, row.old_file_id) == ("a", action, reason, old)
    assert row.file_id == fate.id
    assert decided.unmanaged == 0


NOT_DESIRED: list[
    tuple[DesiredStore, LockedStore | None, tuple[str, ...], list[tuple[str | None, str, str]], int]
] = [
    (want(), locked(b="f9"), (), [("b", "detach", "removed_from_manifest")], 0),
    (want(), locked(), ("f9",), [(None, "detach", "removed_from_manifest")], 0),
    (want(), locked(), (), [], 1),
    (want(), None, (), [], 1),
    (want(prune=True), locked(), (), [(None, "detach", "unmanaged")], 0),
]


@pytest.mark.parametrize(("desired", "lock", "ours", "rows", "unmanaged"), NOT_DESIRED)
def test_every_row_of_a_member_that_is_not_desired(
    desired: DesiredStore,
    lock: LockedStore | None,
    ours: tuple[str, ...],
    rows: list[tuple[str | None, str, str]],
    unmanaged: int,
) -> None:
    decided = decide_members(desired, lock, there("f9"), {}, ours)
    assert [(row.key, row.action, row.reason) for row in decided.members] == rows
    assert decided.unmanaged == unmanaged
    assert all(row.old_ids == ("f9",) and row.file_id is None for row in decided.members)


def test_every_action_has_a_row() -> None:
    actions = {row[4] for row in DESIRED} | {row[1] for case in NOT_DESIRED for row in case[3]}
    assert actions == {action.value for action in MemberAction}


def rows_of(decided: Decided) -> dict[str | None, tuple[str, tuple[str, ...]]]:
    return {row.key: (row.action.value, row.old_ids) for row in decided.members}


def test_the_servers_reason_goes_with_an_index_that_failed() -> None:
    remote = there("f1", status="failed", error="unsupported_file: no text in it")
    (row,) = decide_members(want(a=SAME), None, remote, {"a": FileFate("f1")}).members
    assert row.error == "unsupported_file: no text in it"


def test_what_did_not_index_keeps_its_predecessor_until_it_has() -> None:
    remote = {**there("f1"), **there("f2", status="failed")}
    row = decide_members(want(a=SAME), locked(a="f1"), remote, {"a": FileFate("f2", ("f1",))})
    assert rows_of(row) == {"a": ("reattach", ("f1",))}


def test_all_older_ids_of_a_key_leave() -> None:
    fates = {"a": FileFate("f3", ("f2", "f1", "f0"))}
    row = decide_members(want(a=SAME), locked(a="f1"), there("f1", "f2", "f3"), fates)
    assert rows_of(row) == {"a": ("swap", ("f1", "f2"))}


def test_keys_that_share_a_file_are_one_member() -> None:
    fates = {"a": FileFate("f1"), "b": FileFate("f1")}
    decided = decide_members(want(a=SAME, b={"v": 2}), locked(a="f1", b="f1"), there("f1"), fates)
    assert rows_of(decided) == {"a": ("noop", ())}


@pytest.mark.parametrize("has_id", [True, False])
def test_keys_that_share_a_new_file_are_one_member_which_replaces_what_each_had(
    has_id: bool,
) -> None:
    new = "f9" if has_id else None
    fates = {"a": FileFate(new, ("f1",), upload="b"), "b": FileFate(new, ("f2",))}
    both = want(a=SAME, b=SAME)
    decided = decide_members(both, locked(a="f1", b="f2"), there("f1", "f2"), fates)
    assert rows_of(decided) == {"a": ("swap", ("f1", "f2"))}
    assert decided.members[0].file_id == new


def test_a_file_that_one_key_leaves_and_another_keeps_stays() -> None:
    fates = {"a": FileFate(None, ("f1",)), "b": FileFate("f1")}
    decided = decide_members(want(a=SAME, b=SAME), locked(a="f1", b="f1"), there("f1"), fates)
    assert rows_of(decided) == {"a": ("attach", ()), "b": ("noop", ())}


def test_a_key_without_a_fate_keeps_what_it_has() -> None:
    decided = decide_members(want(a=SAME), locked(a="f1"), there("f1"), {})
    assert decided == Decided((), 0)


def test_a_key_that_moves_away_takes_no_file_along_that_is_desired() -> None:
    # `a` was renamed to `b`: the same file, another key.
    fates = {"b": FileFate("f1")}
    decided = decide_members(want(b=SAME), locked(a="f1"), there("f1"), fates)
    assert rows_of(decided) == {"b": ("noop", ())}


@pytest.mark.parametrize(
    ("sent", "reported", "same"),
    [
        (True, "true", True),
        (False, "False", True),
        (True, 1, False),
        (True, "1", False),
        (1, "1", True),
        (0.5, "0.50", True),
        (1, "one", False),
        ("a", "A", False),
        ("1", 1, False),
        ("a", "a", True),
        (1, 1.0, True),
    ],
)
def test_a_value_kept_as_text(sent: Scalar, reported: Scalar, same: bool) -> None:
    assert kept_as_sent({"v": sent}, {"v": reported}) == same
    assert not kept_as_sent({"v": sent}, {"v": reported, "w": "x"})
    assert not kept_as_sent({"v": sent}, {})

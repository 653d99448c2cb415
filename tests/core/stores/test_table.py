"""The decision table for stores: each row, and what may differ."""

from __future__ import annotations

import pytest

from filesync.core.stores.change import StoreAction, StoreReason
from filesync.core.stores.model import (
    DAY,
    DesiredStore,
    FileCounts,
    LockedStore,
    RemoteStore,
    StoreEntry,
)
from filesync.core.stores.table import carries, decide_store, differing, new_metadata

ENTRY = StoreEntry(
    "h", "Handbook", None, ("*",), 30 * DAY, None, {"team": "x"}, {}, False, False, {}
)
META = {"team": "x", "filesync": "bot/h"}
WANT = DesiredStore(ENTRY, META, {})
LOCKED = LockedStore("vs_1", "Handbook", 30 * DAY, META, None, {})
LIVE = RemoteStore("vs_1", "Handbook", "completed", 30 * DAY, 99, 1, 1, META, 10, FileCounts())
EXPIRED = LIVE._replace(status="expired")
MARKED = LIVE._replace(id="vs_2")


ROWS = [
    (WANT, None, [], [MARKED], "adopt", "mark_match", "vs_2"),
    (WANT, None, [], [], "create", "new", None),
    (WANT, None, [], [MARKED._replace(status="expired")], "create", "new", None),
    (WANT, LOCKED, [LIVE], [], "noop", "up_to_date", "vs_1"),
    (WANT, LOCKED, [LIVE], [MARKED], "noop", "up_to_date", "vs_1"),
    (WANT, LOCKED._replace(name="x"), [LIVE], [], "update", "attributes_changed", "vs_1"),
    (WANT, LOCKED, [LIVE._replace(name="x")], [], "update", "attributes_changed", "vs_1"),
    (WANT, LOCKED, [], [], "create", "missing_remotely", None),
    (WANT, LOCKED, [EXPIRED], [], "create", "expired", None),
    (WANT, LOCKED, [], [MARKED], "adopt", "mark_match", "vs_2"),
    (WANT, LOCKED, [EXPIRED], [MARKED], "adopt", "mark_match", "vs_2"),
    (None, LOCKED, [LIVE], [], "delete", "removed_from_manifest", "vs_1"),
    (None, LOCKED, [EXPIRED], [], "delete", "removed_from_manifest", "vs_1"),
    (None, LOCKED, [], [], "forget", "gone", "vs_1"),
]


@pytest.mark.parametrize(
    ("desired", "locked", "remote", "marked", "action", "reason", "store_id"), ROWS
)
def test_every_row(
    desired: DesiredStore | None,
    locked: LockedStore | None,
    remote: list[RemoteStore],
    marked: list[RemoteStore],
    action: str,
    reason: str,
    store_id: str | None,
) -> None:
    row = decide_store("h", desired, locked, {one.id: one for one in remote}, marked)
    assert (row.action, row.reason, row.id) == (action, reason, store_id)


def test_every_action_and_reason_of_the_table_is_used() -> None:
    assert {row[4] for row in ROWS} == {one.value for one in StoreAction}
    table = {
        StoreReason.MARK_MATCH,
        StoreReason.NEW,
        StoreReason.UP_TO_DATE,
        StoreReason.ATTRIBUTES_CHANGED,
        StoreReason.MISSING_REMOTELY,
        StoreReason.EXPIRED,
        StoreReason.REMOVED_FROM_MANIFEST,
        StoreReason.GONE,
    }
    assert {row[5] for row in ROWS} == table


def test_of_several_marked_the_oldest_is_taken_and_the_others_are_named() -> None:
    younger = MARKED._replace(id="vs_3", created_at=5)
    row = decide_store("h", WANT, None, {}, [younger, MARKED])
    assert (row.id, row.twins) == ("vs_2", ("vs_3",))


@pytest.mark.parametrize(
    ("locked", "live", "fields"),
    [
        (LOCKED, LIVE, ()),
        (None, LIVE, ()),
        (LOCKED._replace(name="old"), LIVE, ("name",)),
        (LOCKED, LIVE._replace(name="old"), ("name",)),
        (LOCKED, LIVE._replace(name=None), ()),
        (LOCKED._replace(expires_after=None), LIVE, ("expires_after",)),
        (LOCKED, LIVE._replace(expires_after=None), ("expires_after",)),
        (LOCKED, LIVE._replace(expires_after=None, tells_expiry=False), ()),
        (LOCKED, LIVE._replace(metadata=None), ()),
        (LOCKED, LIVE._replace(metadata={**META, "theirs": "1"}), ()),
        (LOCKED, LIVE._replace(metadata={"team": "x"}), ("metadata",)),
        (LOCKED, LIVE._replace(metadata={**META, "team": "y"}), ("metadata",)),
        (LOCKED._replace(metadata={**META, "old": "1"}), LIVE, ("metadata",)),
        (
            LOCKED._replace(name="old", metadata={}),
            LIVE._replace(expires_after=DAY),
            ("expires_after", "metadata", "name"),
        ),
    ],
)
def test_what_differs(
    locked: LockedStore | None, live: RemoteStore, fields: tuple[str, ...]
) -> None:
    assert differing(WANT, locked, live) == fields


def test_metadata_that_others_added_stay_as_long_as_there_is_room() -> None:
    locked = LOCKED._replace(metadata={**META, "old": "1"})
    live = LIVE._replace(metadata={**META, "old": "1", "theirs": "2"})
    assert new_metadata(WANT, locked, live) == {**META, "theirs": "2"}
    many = {f"t{number:02}": "x" for number in range(16)}
    assert len(new_metadata(WANT, None, LIVE._replace(metadata=many))) == 16
    assert new_metadata(WANT, None, None) == META


def test_a_mark_is_of_one_project_and_key() -> None:
    assert carries(LIVE, "bot", "h")
    assert not carries(LIVE, "bot", "hand")
    assert not carries(LIVE, "bo", "t/h")
    assert not carries(LIVE._replace(metadata=None), "bot", "h")


def test_neither_desired_nor_locked_is_no_row() -> None:
    with pytest.raises(KeyError):
        decide_store("h", None, None, {})

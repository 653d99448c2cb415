"""What is declared alike under several keys: uploaded once, shared, deleted with the last."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from filesync.core.decide.change import Change, Decisions
from filesync.core.decide.guards import Guard, check_protected, refusals
from filesync.core.decide.pipeline import Observed, decide_all
from filesync.core.decide.sharing import delete_once
from filesync.core.decide.table import decide
from filesync.core.fingerprint import fingerprinted
from filesync.core.lockfile.lock import Lockfile
from filesync.core.model import DesiredFile, LockEntry, Manifest, MaxDelete, RemoteFile
from filesync.core.plan.plan import Plan, PlanInputs, Summary
from filesync.core.recovery.journal import Attempt, History
from filesync.core.recovery.recover import NOTHING_TO_RECOVER
from filesync.core.run import Filters, Run
from filesync.errors import Refused
from tests.core.builders import (
    DAY,
    NOW,
    OTHER_SHA,
    PROJECT,
    SHA,
    desired,
    live,
    lock_of,
    locked,
    policy,
)

# What a row comes to: action, reason, id and the key it shares with.
Told = tuple[str, str, str | None, str | None]
NEW = ("create", "new", None, None)
NOOP = ("noop", "up_to_date", "file-1", None)
MANIFEST = Manifest("m", "", PROJECT, None, 1000, MaxDelete(30, True), None, (), policy(), ())
FOLLOWS_A = ("adopt", "shared", None, "a")
CHANGED = ("replace", "content_changed", "file-1", None)


def decided(
    want: list[DesiredFile],
    lock: Lockfile | None = None,
    remote: list[RemoteFile] | None = None,
    *,
    only: str | None = None,
    attempts: list[Attempt] | None = None,
) -> Decisions:
    filters = Filters(only=() if only is None else (only,))
    lock = lock or Lockfile(PROJECT, "u")
    there = {file.id: file for file in remote or []}
    history = History({one.number: one for one in attempts or []})
    return decide_all(Observed(want, there, history, NOW), MANIFEST, lock, filters).decisions


def by_key(decisions: Decisions) -> dict[str | None, Change]:
    assert len({row.key for row in decisions.rows}) == len(decisions.rows)
    return {row.key: row for row in decisions.rows}


def told(decisions: Decisions) -> dict[str | None, Told]:
    return {
        key: (row.action.value, row.reason.value, row.id, row.shared_with)
        for key, row in by_key(decisions).items()
    }


def summary(decisions: Decisions) -> Summary:
    return Plan(PlanInputs(Run(), PROJECT, "u", "", None), decisions, now=NOW).summary


# ---- several uploads of one content ----------------------------------------------------------


def test_the_first_of_several_new_keys_uploads_for_all() -> None:
    found = decided([desired("c"), desired("a"), desired("b")])
    assert told(found) == {"a": NEW, "b": FOLLOWS_A, "c": FOLLOWS_A}
    assert (summary(found).create, summary(found).adopt, summary(found).upload_bytes) == (1, 2, 10)


@pytest.mark.parametrize(
    "differs",
    [
        {"sha256": OTHER_SHA},
        {"size": 11},
        {"purpose": "assistants"},
        {"expires_after": DAY},
        {"filename": "other.txt"},
        {"fingerprint": True},
    ],
)
def test_only_what_the_platform_would_store_alike_is_shared(differs: dict[str, Any]) -> None:
    assert told(decided([desired("a"), desired("b", **differs)])) == {"a": NEW, "b": NEW}


@pytest.mark.parametrize(
    "policy", [{"retain": DAY}, {"in_use": "delete"}, {"protect": True}, {"renew_before": 60}]
)
def test_how_a_key_is_handled_makes_no_difference(policy: dict[str, Any]) -> None:
    assert told(decided([desired("a"), desired("b", **policy)])) == {"a": NEW, "b": FOLLOWS_A}


# What the lock and the platform hold of a key that the table alone uploads, and why it does.
BEFORE: dict[str, tuple[LockEntry | None, RemoteFile | None, str]] = {
    "new": (None, None, "new"),
    "gone": (locked(), None, "missing_remotely"),
    "expired": (locked(expires_at=NOW - 1), None, "expired"),
    "edited": (locked(sha256=OTHER_SHA), live(), "content_changed"),
    "renamed": (locked(filename="old.txt"), live(), "attributes_changed"),
    "broken": (locked(), live(status="error"), "remote_error"),
    "expiring": (locked(), live(expires_at=NOW), "expiring"),
}


@pytest.mark.parametrize(("first", "second"), [*itertools.product(BEFORE, BEFORE)])
def test_whatever_there_was_of_either_the_second_follows_the_first(first: str, second: str) -> None:
    lock, remote = Lockfile(PROJECT, "u"), []
    for key, state in (("a", first), ("b", second)):
        entry, there, _ = BEFORE[state]
        if entry is not None:
            lock.put(key, entry._replace(id=f"file-{key}"))
        if there is not None:
            remote.append(there._replace(id=f"file-{key}"))
    rows = by_key(decided([desired("a"), desired("b")], lock, remote))
    assert rows["a"].reason == BEFORE[first][2]
    assert told(Decisions((rows["b"],), 0)) == {"b": FOLLOWS_A}
    assert rows["b"].fields == ()
    # What it leaves is known, for whoever protects or retires it.
    leaves = rows["b"].supersedes
    assert (leaves and leaves.id) == ("file-b" if BEFORE[second][1] else None)


# ---- one that is there already ---------------------------------------------------------------


def test_a_new_key_takes_the_file_of_one_that_has_it() -> None:
    found = decided([desired("a"), desired("b")], lock_of(a=locked()), [live()])
    assert told(found) == {"a": NOOP, "b": ("adopt", "shared", "file-1", "a")}
    assert by_key(found)["b"].remote == live()
    assert summary(found).upload_bytes == 0


@pytest.mark.parametrize("second", list(BEFORE))
def test_whatever_there_was_of_a_key_it_takes_the_file_of_another(second: str) -> None:
    entry, there, _ = BEFORE[second]
    lock, remote = lock_of(a=locked()), [live()]
    if entry is not None:
        lock.put("b", entry._replace(id="file-2"))
    if there is not None:
        remote.append(there._replace(id="file-2"))
    found = decided([desired("a"), desired("b")], lock, remote)
    assert told(found)["b"] == ("adopt", "shared", "file-1", "a")
    leaves = by_key(found)["b"].supersedes
    assert (leaves and leaves.id) == ("file-2" if there else None)


def test_two_files_of_one_content_stay_two() -> None:
    lock = lock_of(a=locked(), b=locked(id="file-2"))
    found = decided([desired("a"), desired("b")], lock, [live(), live("file-2")])
    assert told(found) == {"a": NOOP, "b": ("noop", "up_to_date", "file-2", None)}


@pytest.mark.parametrize(
    ("there", "renew_before"),
    [(live(status="error"), 0), (live(expires_at=NOW + 5), 6), (None, 0)],
)
def test_a_file_that_would_be_replaced_at_once_is_not_taken(
    there: RemoteFile | None, renew_before: int
) -> None:
    want = [desired("a"), desired("b", renew_before=renew_before)]
    found = decided(want, lock_of(a=locked()), [there] if there else [])
    assert told(found)["b"] in (NEW, FOLLOWS_A)


def test_each_key_renews_by_its_own_measure() -> None:
    """One file, two opinions on how much time must be left of it."""
    lock = lock_of(a=locked(), b=locked())
    want = [desired("a", renew_before=9), desired("b", renew_before=1)]
    first = decided(want, lock, [live(expires_at=NOW + 5)])
    assert told(first) == {"a": ("replace", "expiring", "file-1", None), "b": NOOP}
    # When the other's time has come, it takes the one that was uploaded meanwhile.
    lock.put("a", locked(id="file-2"))
    then = decided(want, lock, [live(expires_at=NOW), live("file-2", expires_at=NOW + DAY)])
    assert told(then)["b"] == ("adopt", "shared", "file-2", "a")


def test_a_new_key_takes_the_renewed_file_not_the_one_that_goes() -> None:
    want = [desired("a", renew_before=9), desired("b", renew_before=1)]
    found = decided(want, lock_of(a=locked()), [live(expires_at=NOW + 5)])
    assert told(found)["b"] == FOLLOWS_A


def test_one_file_expires_for_all_and_is_uploaded_once() -> None:
    lock = lock_of(a=locked(), b=locked())
    found = decided([desired("a"), desired("b")], lock, [live(expires_at=NOW)])
    assert told(found) == {"a": ("replace", "expiring", "file-1", None), "b": FOLLOWS_A}


def test_what_a_key_leaves_another_may_take() -> None:
    """Two keys that swap their contents upload nothing."""
    lock = lock_of(a=locked(), b=locked(id="file-2", sha256=OTHER_SHA))
    found = decided([desired("a", sha256=OTHER_SHA), desired("b")], lock, [live(), live("file-2")])
    assert told(found) == {
        "a": ("adopt", "shared", "file-2", "b"),
        "b": ("adopt", "shared", "file-1", "a"),
    }


def test_a_moved_file_is_shared_by_its_new_key() -> None:
    found = decided([desired("x"), desired("y")], lock_of(a=locked()), [live()])
    assert told(found) == {
        "x": ("adopt", "moved", "file-1", None),
        "y": ("adopt", "shared", "file-1", "x"),
    }


def test_a_lost_lockfile_is_found_again_by_one_fingerprint_for_both() -> None:
    there = live(filename=fingerprinted("k.txt", PROJECT, SHA))
    want = [desired("a", fingerprint=True), desired("b", fingerprint=True)]
    found = decided(want, None, [there])
    assert told(found) == {
        "a": ("adopt", "fingerprint_match", "file-1", None),
        "b": ("adopt", "shared", "file-1", "a"),
    }
    assert summary(found).upload_bytes == 0


# ---- changes and removals --------------------------------------------------------------------


def test_one_of_two_changes_and_the_other_keeps_the_file() -> None:
    lock = lock_of(a=locked(), b=locked())
    found = decided([desired("a", sha256=OTHER_SHA), desired("b")], lock, [live()])
    assert told(found) == {"a": CHANGED, "b": NOOP}


def test_both_change_alike_and_one_uploads() -> None:
    lock = lock_of(a=locked(), b=locked())
    want = [desired("a", sha256=OTHER_SHA), desired("b", sha256=OTHER_SHA)]
    found = decided(want, lock, [live()])
    assert told(found) == {"a": CHANGED, "b": FOLLOWS_A}
    assert summary(found)[:5] == (0, 1, 1, 0, 0)


def test_one_of_two_goes_and_is_forgotten() -> None:
    found = decided([desired("b")], lock_of(a=locked(), b=locked()), [live()])
    assert told(found) == {"a": ("forget", "shared", "file-1", "b"), "b": NOOP}


def test_all_go_and_the_file_is_deleted_once() -> None:
    found = decided([], lock_of(c=locked(), a=locked(), b=locked()), [live()])
    gone = ("forget", "shared", "file-1", "a")
    deleted = ("delete", "removed_from_manifest", "file-1", None)
    assert told(found) == {"a": deleted, "b": gone, "c": gone}
    assert summary(found)[:5] == (0, 0, 0, 1, 2)


def test_one_goes_and_the_other_changes() -> None:
    """The replace sees to the old file, and keeps it as long as its `retain` says."""
    lock = lock_of(a=locked(), b=locked())
    found = decided([desired("b", sha256=OTHER_SHA, retain=DAY)], lock, [live()])
    assert told(found) == {"a": ("forget", "shared", "file-1", "b"), "b": CHANGED}


def test_one_goes_and_the_other_takes_a_third_ones_file() -> None:
    lock = lock_of(a=locked(), b=locked(), c=locked(id="file-2", sha256=OTHER_SHA))
    want = [desired("b", sha256=OTHER_SHA), desired("c", sha256=OTHER_SHA)]
    found = told(decided(want, lock, [live(), live("file-2")]))
    assert found["a"] == ("forget", "shared", "file-1", "b")
    assert found["b"] == ("adopt", "shared", "file-2", "c")


def test_one_goes_and_another_that_had_its_own_takes_its_file() -> None:
    lock = lock_of(a=locked(), b=locked(id="file-2", sha256=OTHER_SHA))
    found = decided([desired("b")], lock, [live(), live("file-2")])
    assert told(found) == {
        "a": ("forget", "shared", "file-1", "b"),
        "b": ("adopt", "shared", "file-1", "a"),
    }


def test_a_file_that_is_gone_is_gone_for_all() -> None:
    found = decided([], lock_of(a=locked(), b=locked()), [])
    gone = ("forget", "gone", "file-1", None)
    assert told(found) == {"a": gone, "b": gone}


def test_what_destroy_deletes_is_deleted_once_too() -> None:
    lock = lock_of(a=locked(), b=locked())
    rows = decide([], lock, {"file-1": live()}, project=PROJECT, prune=None, now=NOW).rows
    assert [row.action for row in delete_once(rows, lock)] == ["delete", "forget"]


# ---- with --only -----------------------------------------------------------------------------


def test_only_uploads_what_it_selects_itself() -> None:
    assert told(decided([desired("a"), desired("b")], only="b")) == {"b": NEW}


def test_only_takes_the_file_that_a_key_it_leaves_out_has() -> None:
    found = decided([desired("a"), desired("b")], lock_of(a=locked()), [live()], only="b")
    assert told(found) == {"b": ("adopt", "shared", "file-1", "a")}


@pytest.mark.parametrize("want", [[desired("a")], [desired("a", sha256=OTHER_SHA)], []])
def test_only_deletes_nothing_that_a_key_it_leaves_out_holds(want: list[DesiredFile]) -> None:
    found = decided(want, lock_of(a=locked(), b=locked()), [live()], only="b")
    assert told(found) == {"b": ("forget", "shared", "file-1", "a")}


def test_only_gives_a_file_that_moves_to_the_key_it_selects() -> None:
    found = decided([desired("x"), desired("y")], lock_of(a=locked()), [live()], only="y")
    assert told(found) == {"y": ("adopt", "moved", "file-1", None)}


# ---- after a crash ---------------------------------------------------------------------------


def attempt(key: str, number: int = 1, **changes: Any) -> Attempt:
    plain = Attempt(number, key, SHA, 10, "k.txt", "user_data", None, NOW - 5, sent=NOW - 5)
    for name, value in changes.items():
        setattr(plain, name, value)
    return plain


def test_what_a_crashed_upload_made_is_shared() -> None:
    made = attempt("a", made="file-1")
    remote = [live(created_at=NOW - 4)]
    found = decided([desired("a"), desired("b")], None, remote, attempts=[made])
    assert told(found) == {
        "a": ("adopt", "recovered", "file-1", None),
        "b": ("adopt", "shared", "file-1", "a"),
    }


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({}, False),  # an apply waits until it is sure
        ({"created_at": NOW - DAY}, True),  # that was there long before
    ],
)
def test_what_a_crashed_upload_may_have_made_is_no_look_alike(
    changes: dict[str, Any], refused: bool
) -> None:
    file = live(created_at=NOW - 3)._replace(**changes)
    history = History({1: attempt("a", at=NOW - 3, sent=NOW - 3)}, unproven={file.id})
    seen = Observed([desired("a")], {file.id: file}, history, NOW)
    found = decide_all(seen, MANIFEST, Lockfile(PROJECT, "u"), Filters())
    assert told(found.decisions) == {"a": NEW}
    assert [one.guard for one in found.refusals] == [Guard.LOOKALIKE] * refused


def test_what_a_crashed_upload_made_is_shared_though_its_key_wants_another() -> None:
    made = attempt("a", made="file-1")
    want = [desired("a", sha256=OTHER_SHA), desired("b")]
    found = decided(want, None, [live(created_at=NOW - 4)], attempts=[made])
    assert told(found) == {"a": CHANGED, "b": ("adopt", "shared", "file-1", "a")}


@pytest.mark.parametrize(
    "left", [attempt("b"), attempt("b", sent=None, upload_id="upload_1", opened_at=NOW)]
)
def test_the_key_whose_upload_was_cut_short_goes_on_with_it(left: Attempt) -> None:
    """Its file may be there and not be listed yet, or its parts: no other begins anew."""
    found = decided([desired("a"), desired("b")], attempts=[left])
    assert told(found) == {"a": ("adopt", "shared", None, "b"), "b": NEW}


def test_uploads_in_doubt_are_each_settled_for_themselves() -> None:
    attempts = [attempt("a"), attempt("b", 2)]
    found = decided([desired("a"), desired("b"), desired("c")], attempts=attempts)
    assert told(found) == {"a": NEW, "b": NEW, "c": FOLLOWS_A}
    held = decided([desired("a"), desired("b")], lock_of(b=locked()), [live()], attempts=attempts)
    assert told(held)["a"] == NEW


def test_an_upload_in_doubt_that_is_not_wanted_any_more_is_in_nobodys_way() -> None:
    found = decided(
        [desired("a", sha256=OTHER_SHA), desired("b", sha256=OTHER_SHA)], attempts=[attempt("b")]
    )
    assert told(found) == {"a": NEW, "b": FOLLOWS_A}


def test_of_files_that_cannot_be_told_apart_none_is_passed_over() -> None:
    found = decided(
        [desired("a"), desired("b")],
        None,
        [live(created_at=NOW - 4), live("file-2", created_at=NOW - 4)],
        attempts=[attempt("b")],
    )
    assert told(found) == {"a": ("adopt", "shared", None, "b"), "b": NEW}


def test_a_crashed_replace_leaves_the_old_file_to_its_other_owner() -> None:
    lock = lock_of(a=locked(sha256=OTHER_SHA), b=locked(sha256=OTHER_SHA))
    made = attempt("a", made="file-2")
    remote = [live(), live("file-2", created_at=NOW - 4)]
    found = decided([desired("a"), desired("b")], lock, remote, attempts=[made])
    assert lock.retired == {}
    assert told(found)["b"] == ("adopt", "shared", "file-2", "a")
    leaves = by_key(found)["b"].supersedes
    assert leaves is not None
    assert leaves.id == "file-1"


# ---- refusals --------------------------------------------------------------------------------


def refused(want: list[DesiredFile], lock: Lockfile, remote: list[RemoteFile]) -> dict[Guard, str]:
    there = {file.id: file for file in remote}
    decisions = decided(want, lock, remote)
    manifest = Manifest(
        "m", "", PROJECT, None, 1000, MaxDelete(0, False), None, (), desired().policy, ()
    )
    found = refusals(
        decisions.rows,
        everything=decide(want, lock, there, project=PROJECT, prune=None, now=NOW),
        lock=lock,
        remote=there,
        manifest=manifest,
        recovery=NOTHING_TO_RECOVER,
        now=NOW,
    )
    return {one.guard: one.message for one in found}


def test_who_shares_creates_nothing_that_could_have_a_look_alike() -> None:
    found = refused([desired("a"), desired("b")], Lockfile(PROJECT, "u"), [live("file-x")])
    assert found[Guard.LOOKALIKE].startswith("1 file to create")
    assert refused([desired("a"), desired("b")], lock_of(a=locked()), [live()]) == {}


def test_deletes_are_counted_by_file() -> None:
    lock = lock_of(**{f"k{n}": locked() for n in range(12)})
    assert Guard.MAX_DELETE not in refused([desired("k0")], lock, [live()])
    for n in range(12):
        lock.put(f"m{n}", locked(id=f"file-m{n}"))
    remote = [live(), *(live(f"file-m{n}") for n in range(12))]
    assert refused([desired("k0")], lock, remote)[Guard.MAX_DELETE].startswith("12 files")


def test_missing_files_are_counted_by_file() -> None:
    lock = lock_of(a=locked(), b=locked(), c=locked(), d=locked(id="file-2"))
    want = [desired(key) for key in "abcd"]
    assert Guard.MISSING not in refused(want, lock, [live("file-2")])


def lost(want: list[DesiredFile], lock: Lockfile, remote: list[RemoteFile]) -> str:
    manifest = Manifest(
        "m", "", PROJECT, None, 1000, MaxDelete(30, True), None, (), desired().policy, ()
    )
    try:
        check_protected(decided(want, lock, remote).rows, manifest)
    except Refused as error:
        return error.message
    return ""


KEPT = locked(protect=True)


@pytest.mark.parametrize("other", [[], [desired("b", sha256=OTHER_SHA)], [desired("b")]])
def test_a_protected_owner_loses_nothing_by_what_becomes_of_another(
    other: list[DesiredFile],
) -> None:
    lock = lock_of(a=KEPT, b=locked())
    assert lost([desired("a", protect=True), *other], lock, [live()]) == ""


@pytest.mark.parametrize(
    ("want", "said"),
    [
        # Its own change is a loss, though the file stays with the other key.
        ([desired("a", sha256=OTHER_SHA, protect=True), desired("b")], "replaced"),
        # And so is its end: the file would be the other key's alone, which protects nothing.
        ([desired("b")], "forgotten"),
        ([], "deleted"),
        ([desired("b", sha256=OTHER_SHA)], "forgotten"),
    ],
)
def test_a_protected_owner_is_not_given_up(want: list[DesiredFile], said: str) -> None:
    assert f"a (file-1) would be {said}" in lost(want, lock_of(a=KEPT, b=locked()), [live()])


@pytest.mark.parametrize("there", [True, False])
def test_a_protected_key_that_would_share_another_file_gives_its_own_up(there: bool) -> None:
    lock = lock_of(a=locked(), b=locked(id="file-2", sha256=OTHER_SHA, protect=True))
    want = [desired("a"), desired("b", protect=True)]
    said = lost(want, lock, [live(), live("file-2")] if there else [live()])
    # What is gone cannot be lost.
    assert ("b (file-2) would be replaced" in said) is there

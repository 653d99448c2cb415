"""The decision table, every row by enumeration."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from filesync.core.decide.change import Action, Change, Reason
from filesync.core.decide.claims import Leave, report_left
from filesync.core.decide.table import decide
from filesync.core.fingerprint import fingerprinted, owner_token
from filesync.core.lockfile.lock import Lockfile
from filesync.core.model import (
    DesiredFile,
    LockEntry,
    Prune,
    RemoteFile,
)
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
)


def run(
    want: list[DesiredFile],
    lock: Lockfile | None = None,
    remote: list[RemoteFile] | None = None,
    prune: Prune | None = None,
    *,
    orphans: bool = False,
) -> tuple[tuple[Change, ...], int]:
    decisions = decide(
        want,
        lock or Lockfile(PROJECT, "u"),
        {file.id: file for file in remote or []},
        project=PROJECT,
        prune=prune,
        now=NOW,
        leave=Leave(orphans=orphans),
    )
    return decisions.rows, decisions.unmanaged


def one(rows: tuple[Change, ...]) -> tuple[Action, Reason, str | None]:
    (row,) = rows
    return row.action, row.reason, row.id


# ---- wanted files: lock state x remote state, whole ------------------------------------------

LOCKS: dict[str, LockEntry | None] = {
    "none": None,
    "same": locked(expires_at=NOW + 5 * DAY, expires_after=6 * DAY),
    "sha": locked(sha256=OTHER_SHA, expires_at=NOW + 5 * DAY, expires_after=6 * DAY),
    "purpose": locked(purpose="assistants", expires_at=NOW + 5 * DAY, expires_after=6 * DAY),
    "filename": locked(filename="old.txt", expires_at=NOW + 5 * DAY, expires_after=6 * DAY),
    "expiry": locked(expires_at=NOW + 5 * DAY, expires_after=7 * DAY),
    "lapsed": locked(expires_at=NOW - 1, expires_after=6 * DAY),
}
REMOTES: dict[str, RemoteFile | None] = {
    "gone": None,
    "live": live(expires_at=NOW + 5 * DAY),
    "error": live(expires_at=NOW + 5 * DAY, status="error"),
    "expiring": live(expires_at=NOW + DAY - 1),
}


def expected(lock: str, remote: str) -> tuple[Action, Reason]:
    """The contract's table, read row by row."""
    if lock == "none":
        return Action.CREATE, Reason.NEW
    if remote == "gone":
        return Action.CREATE, Reason.EXPIRED if lock == "lapsed" else Reason.MISSING_REMOTELY
    if remote == "error":
        return Action.REPLACE, Reason.REMOTE_ERROR
    if lock == "sha":
        return Action.REPLACE, Reason.CONTENT_CHANGED
    if lock in ("purpose", "filename", "expiry"):
        return Action.REPLACE, Reason.ATTRIBUTES_CHANGED
    if remote == "expiring":
        return Action.REPLACE, Reason.EXPIRING
    return Action.NOOP, Reason.UP_TO_DATE


@pytest.mark.parametrize(("lock", "remote"), [*itertools.product(LOCKS, REMOTES)])
def test_every_lock_state_against_every_remote_state(lock: str, remote: str) -> None:
    want = desired(expires_after=6 * DAY, renew_before=DAY)
    entry, file = LOCKS[lock], REMOTES[remote]
    rows, unmanaged = run(
        [want], lock_of(**({"k": entry} if entry else {})), [file] if file else []
    )
    action, reason = expected(lock, remote)
    if lock == "lapsed" and remote == "live":
        # The server's expiry is the truth about a live file, not the lock's.
        action, reason = Action.NOOP, Reason.UP_TO_DATE
    assert one(rows)[:2] == (action, reason)
    assert one(rows)[2] == ("file-1" if entry and file else None)
    # Without a lock entry the live file is none of ours: no fingerprint, no prune.
    assert unmanaged == (1 if file and not entry else 0)


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"purpose": "assistants"}, ("purpose",)),
        ({"filename": "other.txt"}, ("filename",)),
        ({"expires_after": 3600}, ("expires_after",)),
        ({"expires_after": 3600, "purpose": "vision"}, ("expires_after", "purpose")),
    ],
)
def test_changed_attributes_are_listed(changes: dict[str, Any], fields: tuple[str, ...]) -> None:
    ((row,), _) = run([desired()], lock_of(k=locked(**changes)), [live()])
    assert (row.action, row.reason, row.fields) == (
        Action.REPLACE,
        Reason.ATTRIBUTES_CHANGED,
        fields,
    )


@pytest.mark.parametrize(
    ("left", "renew_before", "reason"),
    [
        (100, 100, Reason.UP_TO_DATE),
        (99, 100, Reason.EXPIRING),
        (1, 0, Reason.UP_TO_DATE),
        (0, 0, Reason.EXPIRING),
        (-5, 0, Reason.EXPIRING),
    ],
)
def test_renewal_begins_when_less_than_renew_before_is_left(
    left: int, renew_before: int, reason: Reason
) -> None:
    want = desired(expires_after=DAY, renew_before=renew_before)
    entry = locked(expires_after=DAY, expires_at=NOW + left)
    rows, _ = run([want], lock_of(k=entry), [live(expires_at=None)])
    assert one(rows)[1] is reason


# ---- files nobody wants any more -------------------------------------------------------------


@pytest.mark.parametrize("state", ["processed", "error", None])
def test_a_locked_file_without_an_entry_is_deleted(state: str | None) -> None:
    rows, _ = run([], lock_of(k=locked()), [live(status=state)])
    assert one(rows) == (Action.DELETE, Reason.REMOVED_FROM_MANIFEST, "file-1")


def test_a_locked_file_without_an_entry_that_is_gone_is_forgotten() -> None:
    rows, _ = run([], lock_of(k=locked()), [])
    assert one(rows) == (Action.FORGET, Reason.GONE, "file-1")


@pytest.mark.parametrize(
    ("delete_after", "there", "result"),
    [
        (NOW, True, (Action.DELETE, Reason.RETIRED, "file-old")),
        (NOW + 1, True, None),
        (NOW, False, (Action.FORGET, Reason.GONE, "file-old")),
        (NOW + 1, False, (Action.FORGET, Reason.GONE, "file-old")),
    ],
)
def test_retired_files_go_when_their_time_has_come(
    delete_after: int, there: bool, result: tuple[Action, Reason, str] | None
) -> None:
    lock = Lockfile(PROJECT, "u")
    lock.retire("file-old", "k", delete_after)
    rows, unmanaged = run([], lock, [live("file-old")] if there else [])
    assert [one((row,)) for row in rows] == ([result] if result else [])
    assert unmanaged == 0


# ---- files nobody declared -------------------------------------------------------------------

OURS = f"x.fs-{owner_token(PROJECT)}-{'0' * 12}.txt"
THEIRS = f"x.fs-{owner_token('another')}-{'0' * 12}.txt"
PRUNE = Prune(("user_data",), "x*")


@pytest.mark.parametrize(
    ("filename", "purpose", "prune", "reason"),
    [
        (OURS, "user_data", None, Reason.ORPHAN),
        (OURS, "user_data", PRUNE, Reason.ORPHAN),
        (OURS, "assistants_output", None, None),
        (OURS, "batch_output", PRUNE, None),
        (OURS, "fine-tune-results", None, None),
        *[
            (OURS, made_by_a_server, Prune((made_by_a_server,), "*"), None)
            for made_by_a_server in (
                "batch-output",
                "batch-generated",
                "eval-output",
                "eval-summary",
                "what_comes_next",
            )
        ],
        (OURS, "", None, Reason.ORPHAN),  # not told
        ("x.txt", "", PRUNE, None),  # not known to be of the purposes that may be pruned
        (THEIRS, "user_data", None, None),
        (THEIRS, "user_data", PRUNE, None),
        ("x.txt", "user_data", None, None),
        ("x.txt", "user_data", PRUNE, Reason.UNMANAGED),
        ("y.txt", "user_data", PRUNE, None),
        ("X.txt", "user_data", PRUNE, None),
        ("x.txt", "assistants", PRUNE, None),
        ("x.txt", "batch_output", Prune(("batch_output",), "*"), None),
    ],
)
def test_what_may_be_claimed(
    filename: str, purpose: str, prune: Prune | None, reason: Reason | None
) -> None:
    theirs = [live("file-x", filename=filename, purpose=purpose)]
    rows, unmanaged = run([], None, theirs, prune, orphans=True)
    if reason is None:
        assert (rows, unmanaged) == ((), 1)
    else:
        assert one(rows) == (Action.DELETE, reason, "file-x")
        assert rows[0].key is None
        assert unmanaged == 0


OPTED = Prune(orphans=True)


@pytest.mark.parametrize(
    ("prune", "leave", "created_at", "why"),
    [
        (None, Leave(), NOW - 9 * DAY, "another lockfile may name them"),
        (PRUNE, Leave(), NOW - 9 * DAY, "another lockfile may name them"),
        (OPTED, Leave(has_lock=False), NOW - 9 * DAY, "without a lockfile"),
        (None, Leave(orphans=True, has_lock=False), NOW - 9 * DAY, "without a lockfile"),
        (OPTED, Leave(whole=False), NOW - 9 * DAY, "the listing is behind"),
        (OPTED, Leave(), NOW - DAY + 1, "younger"),
        (OPTED, Leave(), 0, "younger"),  # its age is not told
        (OPTED._replace(orphans_after=9 * DAY + 1), Leave(), NOW - 9 * DAY, "younger"),
        (OPTED, Leave(), NOW - DAY, None),
        (None, Leave(orphans=True), NOW - DAY, None),
        (OPTED._replace(orphans_after=9), Leave(), NOW - 9, None),
    ],
)
def test_an_orphan_is_deleted_only_by_opt_in_with_a_lockfile_and_when_it_is_old(
    prune: Prune | None, leave: Leave, created_at: int, why: str | None
) -> None:
    orphan = live("file-x", filename=OURS, created_at=created_at)
    lock = lock_of(k=locked())
    there = {file.id: file for file in (live(), orphan)}
    decisions = decide([desired()], lock, there, project=PROJECT, prune=prune, now=NOW, leave=leave)
    deleted = [row.id for row in decisions.rows if row.action is Action.DELETE]
    told = list(report_left(decisions.orphans, prune, leave))
    if why is None:
        assert (deleted, told) == (["file-x"], [])
    else:
        assert (deleted, decisions.unmanaged) == ([], 0)
        (warning,) = told
        assert "file-x" in warning
        assert why in warning


@pytest.mark.parametrize("protect", [False, True])
def test_an_older_version_of_a_wanted_file_is_that_keys_and_a_protected_ones_stays(
    protect: bool,
) -> None:
    want = desired(fingerprint=True, protect=protect)
    older = live("file-x", filename=fingerprinted("k.txt", PROJECT, OTHER_SHA))
    lock = lock_of(k=locked(filename=want.filename))
    now = live(filename=want.filename)
    rows, _ = run([want], lock, [now, older], OPTED)
    gone = [(row.key, row.reason, row.id) for row in rows if row.action is Action.DELETE]
    assert gone == ([] if protect else [("k", Reason.ORPHAN, "file-x")])


def test_what_was_adopted_without_proof_is_forgotten_and_not_deleted() -> None:
    rows, _ = run([], lock_of(k=locked(unproven=True)), [live()])
    assert one(rows) == (Action.FORGET, Reason.REMOVED_FROM_MANIFEST, "file-1")


def test_a_prefix_shared_with_another_name_is_no_claim() -> None:
    # A tool that matched "docs-" also deleted "docs-internal-": ours matches a hash, not a prefix.
    name = f"x.fs-{owner_token(PROJECT)}0-{'0' * 12}.txt"
    assert run([], None, [live("file-x", filename=name)]) == ((), 1)


# ---- adoption --------------------------------------------------------------------------------


def found(file_id: str = "file-f", **changes: Any) -> RemoteFile:
    name = fingerprinted("k.txt", PROJECT, SHA)
    return live(file_id, filename=name)._replace(**changes)


def test_an_exact_fingerprint_is_adopted() -> None:
    rows, unmanaged = run([desired(fingerprint=True)], None, [found()])
    assert one(rows) == (Action.ADOPT, Reason.FINGERPRINT_MATCH, "file-f")
    assert unmanaged == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"purpose": "assistants"},
        {"bytes": 11},
        {"filename": fingerprinted("k.txt", PROJECT, OTHER_SHA)},
        {"filename": fingerprinted("other.txt", PROJECT, SHA)},
    ],
)
def test_anything_but_an_exact_match_is_created_and_the_other_is_an_orphan(
    changes: dict[str, Any],
) -> None:
    rows, _ = run([desired(fingerprint=True)], None, [found(**changes)], orphans=True)
    assert [(row.action, row.reason) for row in rows] == [
        (Action.CREATE, Reason.NEW),
        (Action.DELETE, Reason.ORPHAN),
    ]


@pytest.mark.parametrize("told", [False, True])
@pytest.mark.parametrize("known", [False, True])
def test_a_file_without_an_expiry_never_expires_if_others_say_theirs(
    told: bool, known: bool
) -> None:
    """A server that tells it of no file at all may only leave it out."""
    want = desired(fingerprint=True, expires_after=6 * DAY)
    old = locked(sha256=OTHER_SHA, filename=fingerprinted("k.txt", PROJECT, OTHER_SHA))
    lock = lock_of(k=old) if known else None
    others = [live(), live("file-x", expires_at=NOW + DAY if told else None)]
    rows, _ = run([want], lock, [found(), *others])
    (row,) = (row for row in rows if row.desired)
    if not told:
        assert (row.action, row.reason) == (Action.ADOPT, Reason.FINGERPRINT_MATCH)
    elif known:
        assert (row.action, row.reason) == (Action.REPLACE, Reason.CONTENT_CHANGED)
    else:
        assert (row.action, row.reason) == (Action.REPLACE, Reason.ATTRIBUTES_CHANGED)
        assert row.fields == ("expires_after",)


def test_another_projects_fingerprint_is_neither_adopted_nor_deleted() -> None:
    theirs = found(filename=fingerprinted("k.txt", "another", SHA))
    rows, unmanaged = run([desired(fingerprint=True)], None, [theirs])
    assert one(rows)[:2] == (Action.CREATE, Reason.NEW)
    assert unmanaged == 1


def test_without_fingerprint_nothing_is_adopted() -> None:
    rows, unmanaged = run([desired()], None, [live("file-f")])
    assert one(rows)[:2] == (Action.CREATE, Reason.NEW)
    assert unmanaged == 1


def test_a_name_that_a_gateway_rewrote_is_still_ours() -> None:
    want = desired(fingerprint=True, filename="dir/a é.txt")
    stored = want.filename.replace("/", "_").replace(" ", "_").replace("é", "_")
    rows, _ = run([want], None, [found(filename=stored)])
    assert one(rows)[:2] == (Action.ADOPT, Reason.FINGERPRINT_MATCH)


def test_the_healthy_newest_of_several_is_adopted_and_the_rest_are_orphans() -> None:
    rows, _ = run(
        [desired(fingerprint=True)],
        None,
        [
            found("file-old", created_at=NOW - DAY - 9),
            found("file-new", created_at=NOW - DAY - 1),
            found("file-bad", created_at=NOW - DAY, status="error"),
        ],
        orphans=True,
    )
    assert one(rows[:1]) == (Action.ADOPT, Reason.FINGERPRINT_MATCH, "file-new")
    assert {(row.reason, row.id) for row in rows[1:]} == {
        (Reason.ORPHAN, "file-old"),
        (Reason.ORPHAN, "file-bad"),
    }


def test_one_file_is_adopted_by_one_key_only() -> None:
    wants = [desired("a", fingerprint=True), desired("b", fingerprint=True)]
    rows, _ = run(wants, None, [found()])
    assert sorted(row.action for row in rows) == [Action.ADOPT, Action.CREATE]


def test_a_file_that_another_key_holds_is_not_adopted() -> None:
    wants = [desired("a", fingerprint=True), desired("b", fingerprint=True)]
    held = locked(id="file-f", filename=wants[0].filename)
    rows, _ = run(wants, lock_of(a=held), [found()])
    assert {row.key: row.action for row in rows} == {"a": Action.NOOP, "b": Action.CREATE}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": "error"}, Reason.REMOTE_ERROR),
        ({"expires_at": NOW + 5}, Reason.EXPIRING),
        ({"expires_at": NOW + 20 * DAY, "created_at": NOW}, Reason.ATTRIBUTES_CHANGED),
    ],
)
def test_a_found_file_that_would_be_replaced_is_replaced_at_once(
    changes: dict[str, Any], reason: Reason
) -> None:
    want = desired(fingerprint=True, expires_after=6 * DAY, renew_before=DAY)
    file = found(created_at=NOW + 5 - 6 * DAY)._replace(**changes)
    rows, _ = run([want], None, [file])
    assert one(rows) == (Action.REPLACE, reason, "file-f")


def test_a_replacement_that_was_uploaded_but_not_locked_is_adopted() -> None:
    # A crash between the upload and the lock's save: no second upload, the old one retires.
    want = desired(fingerprint=True)
    old = locked(sha256=OTHER_SHA, filename=fingerprinted("k.txt", PROJECT, OTHER_SHA))
    rows, _ = run([want], lock_of(k=old), [live(filename=old.filename), found()])
    assert one(rows) == (Action.ADOPT, Reason.FINGERPRINT_MATCH, "file-f")
    assert rows[0].locked == old


def test_a_retired_file_that_is_wanted_again_is_adopted_and_not_deleted() -> None:
    lock = Lockfile(PROJECT, "u")
    lock.retire("file-f", "k", NOW - 1)
    rows, _ = run([desired(fingerprint=True)], lock, [found()])
    assert one(rows) == (Action.ADOPT, Reason.FINGERPRINT_MATCH, "file-f")


def test_two_keys_that_share_a_file_keep_it_when_one_goes() -> None:
    entry = locked()
    rows, unmanaged = run([desired("a")], lock_of(a=entry, b=entry), [live()])
    assert {(row.key, row.action) for row in rows} == {("a", Action.NOOP), ("b", Action.DELETE)}
    assert unmanaged == 0


# ---- moves -----------------------------------------------------------------------------------


def test_a_renamed_key_keeps_its_file() -> None:
    rows, unmanaged = run([desired("new")], lock_of(old=locked()), [live()])
    assert one(rows) == (Action.ADOPT, Reason.MOVED, "file-1")
    assert (rows[0].key, rows[0].moved_from) == ("new", "old")
    assert unmanaged == 0


@pytest.mark.parametrize(
    ("entry", "file"),
    [
        (locked(sha256=OTHER_SHA), live()),
        (locked(filename="other.txt"), live()),
        (locked(purpose="assistants"), live()),
        (locked(expires_after=DAY), live()),
        (locked(), live(status="error")),
    ],
)
def test_what_would_be_replaced_anyway_is_not_moved(entry: LockEntry, file: RemoteFile) -> None:
    rows, _ = run([desired("new")], lock_of(old=entry), [file])
    assert {(row.key, row.action) for row in rows} == {
        ("new", Action.CREATE),
        ("old", Action.DELETE),
    }


def test_a_file_that_is_gone_is_not_moved() -> None:
    rows, _ = run([desired("new")], lock_of(old=locked()), [])
    assert [row.action for row in rows] == [Action.CREATE, Action.FORGET]


def test_one_file_moves_to_one_key() -> None:
    rows, _ = run([desired("new"), desired("newer")], lock_of(old=locked()), [live()])
    assert [(row.key, row.reason) for row in rows] == [
        ("new", Reason.MOVED),
        ("newer", Reason.NEW),
    ]


def test_a_key_that_is_still_wanted_gives_nothing_away() -> None:
    rows, _ = run([desired("old"), desired("new")], lock_of(old=locked()), [live()])
    assert {row.key: row.action for row in rows} == {"old": Action.NOOP, "new": Action.CREATE}

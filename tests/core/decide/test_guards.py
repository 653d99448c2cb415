"""The refusals' bounds; what they say is tested by driving the command in tests/safety."""

from __future__ import annotations

import pytest

from filesync.core.decide.guards import Guard, Overrides, enforce, refusals
from filesync.core.decide.table import decide
from filesync.core.lockfile.lock import Lockfile
from filesync.core.model import LockEntry, Manifest, MaxDelete, Policy, Prune, RemoteFile
from filesync.core.recovery.recover import NOTHING_TO_RECOVER
from filesync.errors import Refused

NOW = 1_800_000_000
POLICY = Policy("user_data", None, 0, False, 0, "keep", False)


def manifest(max_delete: MaxDelete, prune: Prune | None = None) -> Manifest:
    return Manifest("m", "", "p", None, 1000, max_delete, prune, (), POLICY, ())


def entry(number: int, expires_at: int | None = None) -> LockEntry:
    return LockEntry(f"file-{number}", "", "a" * 64, 1, "f", "user_data", None, 1, expires_at)


def live(number: int, filename: str = "f") -> RemoteFile:
    return RemoteFile(f"file-{number}", filename, "user_data", 1, 1, None, None)


def found(
    locked: int,
    there: int,
    max_delete: MaxDelete,
    *,
    foreign: int = 0,
    expires_at: int | None = None,
) -> dict[Guard, str]:
    """Refusals where nothing is wanted, `locked` files are in the lock and `there` of them live."""
    prune = Prune(("user_data",), "x*") if foreign else None
    rules = manifest(max_delete, prune)
    lock = Lockfile("p", "u", {str(n): entry(n, expires_at) for n in range(locked)})
    remote = {f"file-{n}": live(n) for n in range(there)}
    remote |= {f"file-{n}": live(n, "x") for n in range(1000, 1000 + foreign)}
    decisions = decide([], lock, remote, project="p", prune=prune, now=NOW)
    return {
        refusal.guard: refusal.hint
        for refusal in refusals(
            decisions.rows,
            everything=decisions,
            lock=lock,
            remote=remote,
            manifest=rules,
            recovery=NOTHING_TO_RECOVER,
            now=NOW,
        )
    }


@pytest.mark.parametrize(
    ("locked", "there", "refused"),
    [(2, 0, False), (3, 0, True), (3, 1, False), (6, 3, False), (7, 3, True)],
)
def test_mass_missing_is_more_than_half_and_at_least_three(
    locked: int, there: int, refused: bool
) -> None:
    assert (Guard.MISSING in found(locked, there, MaxDelete(100, True))) is refused


def test_files_that_expired_are_not_missing() -> None:
    assert Guard.MISSING not in found(5, 0, MaxDelete(100, True), expires_at=NOW)


def test_a_manifest_that_lost_every_file_is_refused_however_few() -> None:
    (hint,) = found(1, 1, MaxDelete(100, True)).values()
    assert "`filesync destroy`" in hint
    assert "--max-delete 1" in hint


@pytest.mark.parametrize(
    ("foreign", "limit", "refused"),
    [
        (10, MaxDelete(0, False), False),  # up to ten owned files no share is looked at
        (11, MaxDelete(100, True), True),  # none of them is ours: no share of ours allows them
        (11, MaxDelete(10, False), True),
        (11, MaxDelete(11, False), False),
    ],
)
def test_prune_is_capped_by_its_count_too(foreign: int, limit: MaxDelete, refused: bool) -> None:
    assert (Guard.MAX_DELETE in found(0, 0, limit, foreign=foreign)) is refused


@pytest.mark.parametrize(
    ("allowed", "passes"),
    [
        (Overrides(), False),
        (Overrides(max_delete=2), False),
        (Overrides(max_delete=3), True),
        (Overrides(deletes=False), True),
        (Overrides(duplicates=True, missing=True), False),
    ],
)
def test_only_the_right_flag_lifts_a_refusal(allowed: Overrides, passes: bool) -> None:
    rules = manifest(MaxDelete(30, True))
    lock = Lockfile("p", "u", {str(n): entry(n) for n in range(3)})
    remote = {f"file-{n}": live(n) for n in range(3)}
    decisions = decide([], lock, remote, project="p", prune=None, now=NOW)
    rows = decisions.rows
    no = refusals(
        rows,
        everything=decisions,
        lock=lock,
        remote=remote,
        manifest=rules,
        recovery=NOTHING_TO_RECOVER,
        now=NOW,
    )
    if passes:
        enforce(no, allowed, rows)
    else:
        with pytest.raises(Refused, match="3 files"):
            enforce(no, allowed, rows)


@pytest.mark.parametrize(("cap", "passes"), [(1, False), (2, True)])
def test_max_delete_caps_where_nothing_else_would(cap: int, passes: bool) -> None:
    lock = Lockfile("p", "u", {str(n): entry(n) for n in range(2)})
    remote = {f"file-{n}": live(n) for n in range(2)}
    rows = decide([], lock, remote, project="p", prune=None, now=NOW).rows
    if passes:
        enforce([], Overrides(max_delete=cap), rows)
    else:
        with pytest.raises(Refused, match="2 files would be deleted, and --max-delete allows 1"):
            enforce([], Overrides(max_delete=cap), rows)


def test_what_waits_in_retired_is_under_no_cap() -> None:
    rules = manifest(MaxDelete(0, False))
    lock = Lockfile("p", "u", {"gone": entry(99)})
    for n in range(20):
        lock.retire(f"file-{n}", "a", NOW)
    remote = {f"file-{n}": live(n) for n in range(20)}
    decisions = decide([], lock, remote, project="p", prune=None, now=NOW)
    rows = decisions.rows
    no = refusals(
        rows,
        everything=decisions,
        lock=lock,
        remote=remote,
        manifest=rules,
        recovery=NOTHING_TO_RECOVER,
        now=NOW,
    )
    assert no == []
    enforce(no, Overrides(max_delete=0), rows)

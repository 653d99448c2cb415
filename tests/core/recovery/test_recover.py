"""What a journal means after a crash, case by case."""

from __future__ import annotations

import json
from typing import Any

import pytest

from filesync.core.fingerprint import fingerprinted
from filesync.core.lockfile.lock import Lockfile
from filesync.core.model import LockEntry, RemoteFile
from filesync.core.recovery.journal import (
    LISTING_LAG_SECONDS,
    Attempt,
    History,
    begun,
    lines,
    read_history,
    still_open,
    text_of,
)
from filesync.core.recovery.recover import (
    NOTHING_TO_RECOVER,
    SETTLED_SECONDS,
    Recovery,
    is_new,
    lag_shown,
    listing_is_past,
    recover,
    take_in,
)
from tests.core.builders import desired

NOW = 1_800_000_000
SHA = "a" * 64


def attempt(number: int = 1, **changes: Any) -> Attempt:
    plain: dict[str, Any] = {
        "key": "k",
        "sha256": SHA,
        "bytes": 10,
        "filename": "k.txt",
        "purpose": "user_data",
        "expires_after": None,
        "at": NOW - 5,
    }
    return Attempt(number, **{**plain, **changes})


def live(file_id: str, **changes: Any) -> RemoteFile:
    plain = RemoteFile(file_id, "k.txt", "user_data", 10, NOW - 4, None, "processed")
    return plain._replace(**changes)


def entry(file_id: str, **changes: Any) -> LockEntry:
    plain = LockEntry(file_id, "k.txt", SHA, 10, "k.txt", "user_data", None, NOW, None)
    return plain._replace(**changes)


def after(
    attempts: list[Attempt], files: list[RemoteFile], lock: Lockfile | None = None, now: int = NOW
) -> Recovery:
    history = History({one.number: one for one in attempts})
    return recover(history, lock or Lockfile("p", "u"), {file.id: file for file in files}, now)


def test_a_journal_is_read_back_as_it_was_written() -> None:
    one = attempt(
        7,
        sent=NOW - 5,
        upload_id="upload_1",
        part_bytes=4,
        opened_at=NOW - 9,
        parts={0: "part_a", 2: "part_b"},
        made="file-1",
    )
    text = "\n".join(json.dumps(record) for record in lines(one)).encode()
    assert read_history(text).attempts == {7: one}


def test_a_sha256_that_is_known_later_is_read_back_too() -> None:
    want = desired(sha256="")._replace(scanned=desired().scanned._replace(mtime_ns=5, inode=7))
    one = begun(3, want, NOW)
    records = lines(one)
    assert read_history(text_of(records)).attempts == {3: one}
    records.append({"n": 3, "sha256": SHA})
    (later,) = read_history(text_of(records)).attempts.values()
    assert later.sha256 == SHA
    assert read_history(text_of(lines(later))).attempts == {3: later}


@pytest.mark.parametrize(
    ("attempted", "identity", "wanted", "same"),
    [
        (SHA, (10, 1, 1, 1), SHA, True),
        (SHA, (10, 2, 2, 2), SHA, True),
        (SHA, (10, 1, 1, 1), "b" * 64, False),
        ("", (10, 1, 1, 1), SHA, True),
        ("", (10, 1, 1, 1), "b" * 64, True),
        ("", (10, 2, 1, 1), SHA, False),
        ("", (10, 2, 1, 1), "", False),
        ("", None, SHA, False),
        ("", None, "", False),
    ],
)
def test_an_attempt_is_for_the_same_bytes(
    attempted: str, identity: tuple[int, ...] | None, wanted: str, same: bool
) -> None:
    """By their sha256; while it is not known, by what the disk says of the file."""
    want = desired(sha256=wanted)
    want = want._replace(scanned=want.scanned._replace(mtime_ns=1, ctime_ns=1, inode=1))
    assert attempt(sha256=attempted, identity=identity).is_for(want) is same


@pytest.mark.parametrize("cut", range(0, 200, 7))
def test_a_torn_journal_says_what_was_whole(cut: int) -> None:
    text = "".join(json.dumps(record) + "\n" for record in lines(attempt(sent=NOW - 5))).encode()
    history = read_history(text + text.replace(b'"n": 1', b'"n": 2')[:cut])
    assert 1 in history.attempts


@pytest.mark.parametrize(
    "line", [b"", b"null", b"[]", b'{"n": "x"}', b'{"n": 1}', b"\xff", b"{" * 5000, b'{"n": 9, "']
)
def test_nonsense_in_a_journal_is_passed_over(line: bytes) -> None:
    assert read_history(line + b"\n").attempts == {}


def test_a_file_that_was_made_and_not_locked_is_taken_in() -> None:
    found = after([attempt(made="file-1")], [live("file-1")])
    ((key, entry),) = found.entries
    assert (key, entry.id, entry.sha256) == ("k", "file-1", SHA)


def test_a_file_that_was_made_and_is_gone_again_is_not() -> None:
    assert after([attempt(made="file-1")], []).entries == []


def test_a_file_that_was_made_wrong_waits_to_be_deleted() -> None:
    lock = Lockfile("p", "u")
    found = after([attempt(made="file-1")], [live("file-1", bytes=9)], lock)
    take_in(lock, found, NOW, lambda _key: 60)
    assert lock.files == {}
    assert lock.retired["file-1"].delete_after == NOW


def test_a_strangers_file_made_later_is_not_taken_for_it() -> None:
    found = after([attempt(sent=NOW - 500, at=NOW - 501)], [live("file-1")])
    assert found == NOTHING_TO_RECOVER


def test_a_file_that_the_lock_holds_needs_nothing() -> None:
    lock = Lockfile("p", "u")
    lock.retire("file-1", "k", 0)
    assert after([attempt(made="file-1")], [live("file-1")], lock).entries == []


def test_without_the_last_byte_sent_there_is_nothing_to_look_for() -> None:
    found = after([attempt(sent=None)], [live("file-1")])
    assert found == NOTHING_TO_RECOVER


@pytest.mark.parametrize(
    ("file", "taken"),
    [
        (live("file-1"), True),
        (live("file-1", created_at=NOW - 7), True),  # the clocks' slack
        (live("file-1", created_at=NOW - 60), False),
        (live("file-1", bytes=11), False),
        (live("file-1", purpose="batch"), False),
        (live("file-1", filename="other.txt"), False),
    ],
)
def test_the_only_file_that_fits_is_taken_for_the_upload(file: RemoteFile, taken: bool) -> None:
    found = after([attempt(sent=NOW - 5)], [file])
    assert [entry.id for _, entry in found.entries] == (["file-1"] if taken else [])
    assert set(found.unsettled) == (set() if taken else {"k"})


def test_two_files_that_fit_are_named_and_not_guessed() -> None:
    found = after([attempt(sent=NOW - 5)], [live("file-2"), live("file-1")])
    assert found.entries == []
    assert found.unclear == {"k": ["file-1", "file-2"]}


def test_two_uploads_that_look_alike_are_not_guessed_either() -> None:
    doubts = [attempt(1, sent=NOW - 5), attempt(2, key="l", sha256="b" * 64, sent=NOW - 5)]
    found = after(doubts, [live("file-1")])
    assert found.entries == []
    assert set(found.unclear) == {"k", "l"}


def test_two_uploads_of_the_same_content_may_share_out_what_is_there() -> None:
    doubts = [attempt(1, sent=NOW - 5), attempt(2, key="l", sent=NOW - 5)]
    found = after(doubts, [live("file-1")])
    assert [entry.id for _, entry in found.entries] == ["file-1"]
    assert len(found.unsettled) == 1


def test_a_purpose_that_a_server_does_not_tell_does_not_speak_against_a_file() -> None:
    recovery = after([attempt(sent=NOW - 5)], [live("file-1", purpose="")])
    assert [entry.id for _, entry in recovery.entries] == ["file-1"]


@pytest.mark.parametrize(
    "shown",
    [
        {"bytes": None},
        {"filename": ""},
        {"purpose": "", "bytes": None},
        {"purpose": "file-extract"},
        {"filename": "", "bytes": None, "purpose": "", "created_at": 0},
        {"created_at": NOW - 100 - 300},  # a server's clock that is wrong
        {"created_at": NOW - 200 + 300},
    ],
)
def test_what_a_server_does_not_tell_may_be_anything_and_then_it_is_unclear(
    shown: dict[str, Any],
) -> None:
    at = NOW - 200
    files = [live("file-1", **{"created_at": at + 1, **shown})]
    recovery = after([attempt(at=at, sent=at)], files)
    assert (recovery.entries, recovery.unclear) == ([], {"k": ["file-1"]})
    # While the listing may still show one that fits better, nothing is said.
    recovery = after([attempt(at=at, sent=at)], files, now=at + 5)
    assert (recovery.unclear, set(recovery.unsettled)) == ({}, {"k"})


def test_what_was_there_before_the_upload_did_not_come_of_it() -> None:
    files = [live("file-1"), live("file-2", created_at=NOW - 12)]
    seen = attempt(sent=NOW - 5, over="", seen=frozenset({"file-1"}))
    assert [entry.id for _, entry in after([seen], files).entries] == ["file-2"]


def test_a_file_without_size_that_could_be_of_two_uploads_is_not_guessed() -> None:
    uploads = [
        attempt(1, at=NOW - 200, sent=NOW - 200),
        attempt(2, key="other", bytes=11, at=NOW - 200, sent=NOW - 200),
    ]
    recovery = after(uploads, [live("file-1", bytes=None, created_at=NOW - 199)])
    assert recovery.entries == []
    assert recovery.unclear == {"k": ["file-1"], "other": ["file-1"]}


def test_a_strangers_content_is_not_taken_for_it() -> None:
    history = History({1: attempt(sent=NOW - 5)}, strangers={"file-1"})
    found = recover(history, Lockfile("p", "u"), {"file-1": live("file-1")}, NOW)
    assert (found.entries, found.unclear) == ([], {})


@pytest.mark.parametrize(
    ("over", "locked", "wins"),
    [
        ("file-0", entry("file-0", created_at=NOW + 60), "attempt"),
        ("file-0", entry("file-b", created_at=NOW - 900), "lock"),
        ("", entry("file-b", created_at=NOW - 900), "lock"),
        (None, entry("file-b", created_at=NOW + 60), "lock"),
        (None, entry("file-b", created_at=NOW - 60), "attempt"),
    ],
)
@pytest.mark.parametrize("heard", [True, False])
def test_a_lock_entry_made_after_the_attempt_always_wins(
    over: str | None, locked: LockEntry, wins: str, heard: bool
) -> None:
    lock = Lockfile("p", "u", {"k": locked._replace(sha256="b" * 64)})
    one = attempt(sent=NOW - 5, over=over, made="file-1" if heard else None)
    found = after([one], [live("file-1"), live(locked.id)], lock)
    assert [held.id for _, held in found.entries] == (["file-1"] if wins == "attempt" else [])
    assert found.wrong == ({} if wins == "attempt" else {"file-1": "k"})


@pytest.mark.parametrize(
    "changes",
    [
        {"filename": "other.txt"},
        {"purpose": "batch_output"},
        {"created_at": NOW - 90_000},
    ],
)
def test_an_answers_id_that_names_another_file_is_not_believed(changes: dict[str, Any]) -> None:
    found = after([attempt(made="file-1", sent=NOW - 5)], [live("file-1", **changes)])
    assert (found.entries, found.wrong) == ([], {})
    assert found.unclear == {"k": ["file-1"]}


@pytest.mark.parametrize("made", ["file-1", None])
def test_a_journal_that_was_not_written_here_proves_nothing(made: str | None) -> None:
    history = History({1: attempt(made=made, sent=NOW - 5)}, ours=False)
    found = recover(history, Lockfile("p", "u"), {"file-1": live("file-1")}, NOW)
    assert (found.entries, found.wrong, found.sessions) == ([], {}, [])
    assert found.unclear == {"k": ["file-1"]}


def test_a_file_that_was_made_and_is_not_found_yet_is_waited_for() -> None:
    found = after([attempt(made="file-1", sent=NOW - 5)], [])
    assert set(found.unsettled) == {"k"}
    assert after([attempt(made="file-1", sent=NOW - 5)], [], now=NOW + 200).unsettled == {}


def test_a_fingerprint_says_which_file_came_of_an_upload() -> None:
    name = fingerprinted("k.txt", "p", SHA)
    files = [live("file-1", filename=name), live("file-2", filename=name)]
    found = after([attempt(filename=name, sent=NOW - 5)], files)
    assert [one.id for _, one in found.entries] == ["file-1"]


@pytest.mark.parametrize(
    ("age", "lag", "past"),
    [
        (LISTING_LAG_SECONDS, None, False),
        (LISTING_LAG_SECONDS + 1, None, True),
        (SETTLED_SECONDS, 0, False),  # a single file may be listed later than others
        (SETTLED_SECONDS + 1, 0, True),
        (SETTLED_SECONDS + 1, 60, False),
        (67, 60, True),
        (60, None, False),
    ],
)
def test_absence_is_believed_when_the_listing_has_shown_how_little_it_lags(
    age: int, lag: int | None, past: bool
) -> None:
    assert listing_is_past(NOW - age, NOW, lag) is past


def test_what_a_listing_shows_of_others_does_not_end_a_doubt() -> None:
    old = attempt(at=NOW - 60, sent=NOW - 60)
    theirs = live("file-x", filename="x.txt", created_at=NOW - 2)
    assert set(after([old], [theirs]).unsettled) == {"k"}
    lock = Lockfile("p", "u", {"l": entry("file-x")})
    assert after([old], [theirs], lock).unsettled == {}


@pytest.mark.parametrize(
    ("made", "lag"),
    [([], None), ([NOW - 9, NOW - 3], 3), ([NOW - 5000], None), ([0], None), ([NOW + 60], None)],
)
def test_a_listing_lags_by_no_more_than_its_newest_files_age(
    made: list[int], lag: int | None
) -> None:
    listing = [live(f"file-{at}", created_at=at) for at in made]
    assert lag_shown(listing, NOW) == lag


def test_an_open_session_is_gone_on_with() -> None:
    one = attempt(upload_id="upload_1", part_bytes=4, parts={0: "part_a"})
    assert after([one], []).sessions == [one]


def test_a_session_whose_completion_got_no_answer_is_looked_for_first() -> None:
    one = attempt(upload_id="upload_1", sent=NOW - 5)
    assert after([one], []).sessions == [one]
    found = after([one], [live("file-1")])
    assert found.sessions == []
    assert [entry.id for _, entry in found.entries] == ["file-1"]


def test_taking_in_retires_what_was_there_before_in_order() -> None:
    lock = Lockfile("p", "u")
    lock.files["k"] = LockEntry("file-0", "k", "b" * 64, 1, "k", "user_data", None, 1, None)
    attempts = [attempt(1, made="file-1"), attempt(2, made="file-2")]
    take_in(lock, after(attempts, [live("file-1"), live("file-2")], lock), NOW, lambda _key: 60)
    assert lock.files["k"].id == "file-2"
    assert set(lock.retired) == {"file-0", "file-1"}


@pytest.mark.parametrize(
    ("one", "locked", "open_"),
    [
        (attempt(), None, False),
        (attempt(sent=NOW - 5), None, True),
        (attempt(sent=NOW - 9000, at=NOW - 9000), None, False),
        (attempt(upload_id="upload_1", opened_at=NOW), None, True),
        (attempt(made="file-1"), None, True),
        (attempt(made="file-1"), entry("file-1", created_at=1), False),
        (attempt(sent=NOW - 5), entry("file-2", created_at=NOW - 4), False),  # adopted since
        (attempt(sent=NOW - 5), entry("file-2", created_at=NOW - 60), True),
        (attempt(sent=NOW - 5), entry("file-2", sha256="b" * 64), True),
    ],
)
def test_what_a_journal_keeps(one: Attempt, locked: LockEntry | None, open_: bool) -> None:
    lock = Lockfile("p", "u", {"k": locked} if locked else {})
    assert still_open(History({1: one}), lock, NOW) == ([one] if open_ else [])


@pytest.mark.parametrize("over", ["", "file-0"])
@pytest.mark.parametrize(
    ("age", "others", "unlisted", "believed"),
    [
        (5, (), (), False),  # the server may still be making ours, and this be another's
        (6, (), (), True),
        (6, ("file-8",), (), False),  # others use its name
        (6, (), ("file-9",), False),  # the listing is late
        (LISTING_LAG_SECONDS + 1, ("file-8",), ("file-9",), True),
    ],
)
def test_a_file_whose_content_nobody_can_read_is_believed_when_nothing_speaks_for_others(
    over: str, age: int, others: tuple[str, ...], unlisted: tuple[str, ...], believed: bool
) -> None:
    one = attempt(at=NOW - age, sent=NOW - age, over=over)
    # With `over`, the lock has a newer file since: what the upload made is to go.
    lock = Lockfile("p", "u", {"k" if over else "other": entry("file-9", sha256="b" * 64)})
    history = History({1: one}, unproven={"file-1"})
    remote = {"file-1": live("file-1", created_at=NOW - age), "file-9": live("file-9", bytes=9)}
    remote |= {other: live(other, bytes=9) for other in others}
    found = recover(history, lock, remote, NOW, frozenset(unlisted))
    taken = found.wrong if over else found.entries
    assert bool(taken) == believed
    assert bool(found.unsure) != believed
    assert bool(found.unsettled) == (not believed and not over)


@pytest.mark.parametrize(
    ("contents", "taken", "unclear"),
    [
        ({}, [], ["file-1", "file-2"]),
        ({"file-2": SHA}, ["file-2"], []),
        ({"file-1": "c" * 64}, ["file-2"], []),  # a stranger's: the other is the only one
        ({"file-1": SHA, "file-2": SHA}, [], ["file-1", "file-2"]),  # one of them is another's
    ],
)
def test_what_was_read_says_which_file_an_upload_made(
    contents: dict[str, str], taken: list[str], unclear: list[str]
) -> None:
    history = History({1: attempt(sent=NOW - 5)}, contents=contents)
    remote = {one: live(one) for one in ("file-1", "file-2")}
    found = recover(history, Lockfile("p", "u"), remote, NOW)
    assert [one.id for _, one in found.entries] == taken
    assert found.unclear.get("k", []) == unclear


def test_of_an_upload_that_came_too_late_nothing_is_guessed_and_all_is_named() -> None:
    lock = Lockfile("p", "u", {"k": entry("file-9", sha256="b" * 64)})
    one = attempt(sent=NOW - 5, over="file-0")
    found = after([one], [live("file-1"), live("file-2")], lock)
    assert (found.entries, found.wrong, found.unclear) == ([], {}, {})
    assert found.left == {"k": ["file-1", "file-2"]}


def test_what_the_key_may_have_adopted_does_not_condemn_a_file_that_looks_the_same() -> None:
    lock = Lockfile("p", "u", {"k": entry("file-9")})
    one = attempt(sent=NOW - 5, over="file-0")
    found = after([one], [live("file-1"), live("file-9")], lock)
    assert (found.wrong, found.left) == ({}, {"k": ["file-1"]})


@pytest.mark.parametrize(
    ("age", "new"),
    [(0, True), (-300, True), (-400, False), (LISTING_LAG_SECONDS, False), (NOW, False)],
)
def test_a_stamp_from_the_future_is_new_too(age: int, new: bool) -> None:
    assert is_new(NOW - age, NOW) is new

"""What is said of files that a server stores otherwise than asked, and when they are renewed."""

from __future__ import annotations

import pytest

from filesync.core.decide.change import Action, Change, Decisions, Kept, Reason
from filesync.core.decide.stored_otherwise import stored_otherwise
from filesync.core.decide.table import judge
from filesync.core.lockfile.entries import entry_for
from filesync.core.model import DesiredFile, RemoteFile
from tests.core.builders import DAY, NOW, desired, live

HOUR = 3600
ASKED = desired("a", expires_after=30 * DAY, renew_before=3 * DAY)
KEPT = desired("a")


def said(remote: RemoteFile, want: DesiredFile = ASKED) -> list[str]:
    entry = entry_for(want, remote, NOW)
    return list(stored_otherwise(Decisions((), 0, kept=(Kept(want, entry, remote),))))


def test_what_is_as_asked_is_not_mentioned() -> None:
    assert said(live(created_at=NOW, expires_at=NOW + 30 * DAY)) == []
    assert said(live(created_at=NOW, expires_at=NOW + 30 * DAY - 59)) == []  # rounded
    assert said(live(created_at=NOW), KEPT) == []
    assert said(live(created_at=NOW, filename=""), KEPT) == []


@pytest.mark.parametrize(
    ("remote", "want", "words"),
    [
        (live(created_at=NOW, expires_at=NOW + HOUR), ASKED, "sooner than asked: a after 1h, not"),
        (live(created_at=NOW, expires_at=NOW + HOUR), KEPT, "expire that should stay: a after 1h"),
        (live(created_at=NOW), ASKED, "names no expiry for 1 file that should expire: a;"),
        (live(created_at=NOW, filename="K.TXT"), KEPT, "under another name: a as K.TXT"),
    ],
)
def test_what_is_not_is_said_once(remote: RemoteFile, want: DesiredFile, words: str) -> None:
    (warning,) = said(remote, want)
    assert words in warning


def test_many_files_are_one_sentence() -> None:
    remote = live(created_at=NOW)
    entry = entry_for(ASKED, remote, NOW)
    kept = (Kept(ASKED, entry, remote),) * 1200
    (warning,) = stored_otherwise(Decisions((), 0, kept=kept))
    assert "for 1,200 files that should expire: a, a, a and 1,197 more;" in warning


def test_why_a_file_cannot_be_used_is_in_the_servers_words() -> None:
    remote = live(status="error", status_details="bad\x1bline 3")
    entry = entry_for(KEPT, remote, NOW)
    row = Change("a", Action.REPLACE, Reason.REMOTE_ERROR, remote.id, KEPT, entry, remote)
    assert list(stored_otherwise(Decisions((row,), 0))) == [r"a cannot be used: bad\x1bline 3"]


@pytest.mark.parametrize(
    ("want", "lives", "renewed_at"),
    [
        (ASKED, 30 * DAY, 3 * DAY),  # as asked: the policy's own
        (ASKED, HOUR, 360),  # the same tenth of what the server allows
        (KEPT, 10 * DAY, DAY),  # a tenth of what nobody asked for
    ],
)
def test_a_shortened_life_is_renewed_at_its_end_and_not_by_each_apply(
    want: DesiredFile, lives: int, renewed_at: int
) -> None:
    remote = live(created_at=NOW, expires_at=NOW + lives)
    entry = entry_for(want, remote, NOW)
    before = judge(want, entry, remote, NOW + lives - renewed_at)
    after = judge(want, entry, remote, NOW + lives - renewed_at + 1)
    assert (before[1], after[1]) == (Reason.UP_TO_DATE, Reason.EXPIRING)


def test_an_expiry_that_moved_after_the_upload_is_renewed_as_the_manifest_says() -> None:
    entry = entry_for(ASKED, live(created_at=NOW, expires_at=NOW + 30 * DAY), NOW)
    moved = live(created_at=NOW, expires_at=NOW + HOUR)
    assert judge(ASKED, entry, moved, NOW)[1] is Reason.EXPIRING

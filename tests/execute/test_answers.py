"""Whether an answer is about the file that was sent, by what it says of it."""

from __future__ import annotations

import pytest

from filesync.core.fingerprint import fingerprinted
from filesync.core.model import DesiredFile, RemoteFile
from filesync.execute.answers import Answers
from tests.execute.conftest import Apply

NOW = 1_800_000_000


def answers() -> Answers:
    return Answers({"file-old"}, [], [], lambda _key: "")


def shown(want: DesiredFile, file_id: str, made: int = NOW, **changes: object) -> RemoteFile:
    file = RemoteFile(
        file_id, want.filename, want.policy.purpose, want.bytes, made, None, "processed"
    )
    return file._replace(**changes)  # type: ignore[arg-type]


def misfit(known: Answers, want: DesiredFile, file: RemoteFile) -> str:
    return known.misfit(file, want, since=NOW, until=NOW + 1, resumed=False)


@pytest.mark.parametrize("early", [-300, 0, 3])
def test_a_file_of_its_time_is_believed(apply: Apply, early: int) -> None:
    want = apply.wanted("a")
    assert misfit(answers(), want, shown(want, "file-1", NOW - early)) == ""


@pytest.mark.parametrize("early", [4, 60, 700])
def test_a_file_from_before_the_upload_is_not(apply: Apply, early: int) -> None:
    want = apply.wanted("a")
    odd = misfit(answers(), want, shown(want, "file-1", NOW - early))
    assert "of another time" in odd


def test_a_clock_that_is_wrong_for_all_files_is_a_wrong_clock(apply: Apply) -> None:
    known = answers()
    first, second = apply.wanted("a"), apply.wanted("b")
    one, other = shown(first, "file-1", NOW - 60), shown(second, "file-2", NOW - 61)
    assert misfit(known, first, one)
    assert misfit(known, second, other) == ""
    assert misfit(known, first, one) == ""


def test_a_name_that_says_what_is_in_the_file_is_believed_at_any_time(apply: Apply) -> None:
    want = apply.wanted("a")
    want = want._replace(filename=fingerprinted(want.filename, "p", want.sha256))
    assert misfit(answers(), want, shown(want, "file-1", NOW - 60)) == ""


def test_an_answer_that_may_be_the_one_before_is_not_believed(apply: Apply) -> None:
    """A connection one answer behind: the lost upload looks the same and holds something else."""
    known = answers()
    first = apply.wanted("a", b"1")
    second = apply.wanted("b", b"2")._replace(filename=first.filename)
    known.unanswered(first)
    assert "an upload before this one" in misfit(known, second, shown(second, "file-1"))
    third = apply.wanted("c", b"333")
    assert misfit(known, third, shown(third, "file-3")) == ""

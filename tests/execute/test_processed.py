"""Waiting for the platform to process what was uploaded."""

from __future__ import annotations

import pytest

from filesync.execute import processed
from filesync.execute.processed import wait_until_processed
from filesync.execute.transfer import Uploaded
from filesync.remote.decode import remote_file
from tests.cli.fake_api import Answer, FakeApi, Request
from tests.execute.conftest import Apply


def waited(apply: Apply, fake: FakeApi, *words: str | None) -> list[str]:
    """Wait for a file with one of the statuses at each look; returns what failed."""
    file_id = fake.add("a.txt", status=words[0])
    left = list(words[1:])

    def look(request: Request) -> Answer | None:
        if left and request.method == "GET":
            fake.files[file_id]["status"] = left.pop(0)
        return None

    fake.rule(look)
    one = Uploaded(apply.create("a"), remote_file(fake.files[file_id]))
    failed = wait_until_processed(apply.context.client, [one], apply.stop)
    assert not left, "it did not look often enough"
    return [failure.error.message for failure in failed]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processed, "FIRST_PAUSE", 0.001)


@pytest.mark.parametrize("words", [["processed"], [None], ["uploaded", "running", "processed"]])
def test_what_is_processed_in_the_end(apply: Apply, fake: FakeApi, words: list[str | None]) -> None:
    assert waited(apply, fake, *words) == []


@pytest.mark.parametrize("word", ["uploaded", "stored", "available"])
def test_a_word_that_says_nothing_is_not_waited_for_for_ever(
    apply: Apply, fake: FakeApi, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    monkeypatch.setattr(processed, "UNSAID_SECONDS", 0.0)
    assert waited(apply, fake, word, word) == []


@pytest.mark.parametrize("word", ["pending", "running"])
def test_a_file_that_is_worked_at_for_too_long_fails(
    apply: Apply, fake: FakeApi, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    monkeypatch.setattr(processed, "UNSAID_SECONDS", 0.0)
    monkeypatch.setattr(processed, "LIMIT_SECONDS", 0.0)
    (failure,) = waited(apply, fake, word, word)
    assert "still not processed" in failure


def test_a_file_that_cannot_be_used_fails(apply: Apply, fake: FakeApi) -> None:
    (failure,) = waited(apply, fake, "pending", "error")
    assert "status error" in failure

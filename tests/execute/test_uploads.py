"""Files sent in one request: what is stored, what is journaled, and what each failure leaves."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from filesync.core import parts
from filesync.core.events import Sent, Started
from filesync.core.recovery.recover import NOTHING_TO_RECOVER
from filesync.execute.transfer import NotUploaded, Uploaded
from filesync.execute.uploads import upload_all
from tests.cli.fake_api import Answer, FakeApi, Request, error
from tests.execute.conftest import Apply


def upload(apply: Apply, *changes: Any) -> dict[str, str]:
    """Upload; the id of each key, or its error behind a "!"."""
    found: dict[str, str] = {}
    for batch in upload_all(changes, NOTHING_TO_RECOVER, apply.context, lambda: (), set(), 0):
        for one in batch:
            key = one.change.key or ""
            assert key not in found, "a change has one outcome"
            if isinstance(one, Uploaded):
                found[key] = one.remote.id
            else:
                assert isinstance(one, NotUploaded)
                found[key] = f"!{one.error.message}"
    return found


def test_what_is_stored_is_the_content_under_its_name(apply: Apply, fake: FakeApi) -> None:
    contents = {f"k{n}": f"content {n}".encode() * n for n in range(1, 20)}
    found = upload(apply, *(apply.create(key, content) for key, content in contents.items()))
    assert {fake.files[one]["filename"]: fake.contents[one] for one in found.values()} == {
        f"{key}.txt": content for key, content in contents.items()
    }
    assert apply.history.made() == set(found.values())


def test_purpose_and_expiry_are_asked_for(apply: Apply, fake: FakeApi) -> None:
    upload(apply, apply.create("a", purpose="batch", expires_after=7200))
    (request,) = (one for one in fake.log if one.method == "POST")
    assert request.form == {
        "purpose": "batch",
        "expires_after[anchor]": "created_at",
        "expires_after[seconds]": "7200",
    }


def test_progress_adds_up_to_what_is_sent(apply: Apply) -> None:
    upload(apply, apply.create("a", b"12345"))
    assert Started("a", 5) in apply.events
    assert sum(one.bytes for one in apply.events if isinstance(one, Sent)) == 5


def test_one_that_is_refused_stops_no_other_and_leaves_no_doubt(
    apply: Apply, fake: FakeApi
) -> None:
    def refuse(request: Request) -> Answer | None:
        return error(400, "bad file") if request.filename == "bad.txt" else None

    fake.rule(refuse)
    found = upload(apply, apply.create("bad"), apply.create("good"))
    assert "bad file" in found["bad"]
    assert found["good"] in fake.files
    assert apply.history.made() == {found["good"]}
    assert len(apply.history.attempts) == 1


def test_a_refused_key_stops_the_run(apply: Apply, fake: FakeApi) -> None:
    fake.on("POST", "/files", error(401, "Incorrect API key"))
    upload(apply, *(apply.create(f"k{n}") for n in range(30)))
    assert apply.stop.is_set()
    assert fake.count("POST") <= apply.context.lanes


def test_a_file_that_changed_since_it_was_hashed_is_not_sent(apply: Apply, fake: FakeApi) -> None:
    change = apply.create("a", b"as hashed")
    (apply.folder / "a.txt").write_bytes(b"and then edited")
    (outcome,) = upload(apply, change).values()
    assert outcome.startswith("!")
    assert "a.txt" in outcome
    assert fake.writes == []


def test_a_file_that_is_gone_is_named(apply: Apply, fake: FakeApi) -> None:
    change = apply.create("a")
    (apply.folder / "a.txt").unlink()
    assert "a.txt" in upload(apply, change)["a"]
    assert fake.writes == []


@pytest.mark.parametrize("wrong", [{"bytes": 3}, {"status": "error"}])
def test_what_the_platform_cannot_use_is_undone(
    apply: Apply, fake: FakeApi, wrong: dict[str, Any]
) -> None:
    def answer(request: Request) -> Answer | None:
        if request.method != "POST":
            return None
        made = {"created_at": int(fake.clock()), **wrong}
        file_id = fake.add(request.filename or "", request.content, **made)
        return Answer(200, fake.files[file_id])

    fake.rule(answer)
    assert upload(apply, apply.create("a"))["a"].startswith("!")
    assert fake.files == {}
    assert apply.history.made() == set()


def test_an_answer_that_is_lost_is_looked_for_and_not_sent_again(
    apply: Apply, fake: FakeApi
) -> None:
    def lose(request: Request) -> Answer | None:
        if request.method != "POST":
            return None
        fake.add(request.filename or "", request.content, created_at=int(fake.clock()))
        return Answer(0)

    fake.rule(lose)
    fake.later_once_listed(200)
    found = upload(apply, apply.create("a"))
    assert list(fake.files) == [found["a"]]
    assert fake.count("POST") == 1
    assert apply.history.made() == {found["a"]}


def test_a_stop_leaves_what_was_not_begun(apply: Apply, fake: FakeApi) -> None:
    apply.stop.set()
    assert upload(apply, apply.create("a")) == {}
    assert fake.log == []
    assert apply.history.attempts == {}


NO_UPLOADS = [
    error(status, "mime_type is not one of the supported types")
    for status in (400, 404, 405, 415, 422, 501)
]


@pytest.mark.parametrize("answer", [*NO_UPLOADS, Answer(404, b"<html>not found</html>")], ids=str)
def test_what_the_uploads_route_refuses_goes_in_one_request(
    apply: Apply, fake: FakeApi, monkeypatch: pytest.MonkeyPatch, answer: Answer
) -> None:
    monkeypatch.setattr(parts, "PARTS_FROM", 4)
    fake.on("POST", "/uploads", answer)
    found = upload(apply, apply.create("a", b"12345"))
    assert fake.contents[found["a"]] == b"12345"
    assert apply.history.made() == set(found.values())


def test_what_is_hashed_while_it_is_sent_is_hashed_before_one_request(
    apply: Apply, fake: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One request is proven by its hash before its last byte goes, parts are not."""
    monkeypatch.setattr(parts, "PARTS_FROM", 4)
    fake.on("POST", "/uploads", error(404, "no such route"))
    change = apply.create("a", b"12345")
    assert change.desired is not None
    unhashed = change._replace(desired=change.desired._replace(sha256=""))
    (batch,) = upload_all([unhashed], NOTHING_TO_RECOVER, apply.context, lambda: (), set(), 0)
    (uploaded,) = batch
    assert isinstance(uploaded, Uploaded)
    assert uploaded.change == change
    (attempt,) = apply.history.attempts.values()
    assert (attempt.sha256, attempt.made) == (change.desired.sha256, uploaded.remote.id)


def test_what_is_too_large_for_one_request_is_an_error(
    apply: Apply, fake: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "PARTS_FROM", 4)
    monkeypatch.setattr(parts, "MAX_SINGLE", 4)
    fake.on("POST", "/uploads", error(400, "no such purpose"))
    assert upload(apply, apply.create("a", b"12345"))["a"].endswith("no such purpose")
    assert fake.count("POST", "/files") == 0


@pytest.mark.parametrize(
    ("shown", "fails"), [({}, False), ({"bytes": None}, False), ({"bytes": 4}, True)]
)
def test_a_size_that_the_answer_does_not_tell_is_looked_up(
    apply: Apply, fake: FakeApi, shown: dict[str, Any], fails: bool
) -> None:
    def untold(request: Request) -> Answer | None:
        if request.method != "POST":
            return None
        now = int(fake.clock())
        made = fake.add(request.filename or "", request.content, created_at=now)
        answer = {**fake.files[made], "bytes": None}
        fake.files[made].update(shown)
        return Answer(200, answer)

    fake.rule(untold)
    found = upload(apply, apply.create("a", b"12345"))
    assert found["a"].startswith("!") is fails
    assert fake.count("GET", "/files/.*") == 1 + fails


def test_what_is_sent_again_does_not_begin_again(apply: Apply, fake: FakeApi) -> None:
    """A power cut may keep one of two lines; that the file was sent before must not be lost."""
    seen: list[list[str]] = []

    def fail_once(_request: Request) -> Answer | None:
        said = [json.loads(line) for line in apply.journal.read_text().splitlines()]
        seen.append([name for one in said for name in ("begin", "sent") if name in one])
        return error(503, "busy") if len(seen) == 1 else None

    fake.rule(fail_once)
    assert len(upload(apply, apply.create("a"))) == 1
    assert seen == [["begin", "sent"], ["begin", "sent", "sent"]]


def test_the_next_file_is_read_while_as_many_as_may_be_wait_for_answers(
    tmp_path: Path, fake: FakeApi
) -> None:
    """Of eight lanes all are in use, and never more; a ninth file is ready to go by then."""
    lanes, under_way, seen = 8, 0, []
    guard, together = threading.Lock(), threading.Barrier(lanes)
    ready: list[int] = []

    def hold(request: Request) -> Answer | None:
        nonlocal under_way
        with guard:
            under_way += 1
            seen.append(under_way)
        if together.wait(30) == 0:
            until = time.monotonic() + 30
            while (sent := _sent(apply)) <= lanes and time.monotonic() < until:
                time.sleep(0.01)
            ready.append(sent)
        together.wait(30)
        with guard:
            under_way -= 1
        return None

    apply = Apply(tmp_path, fake, lanes)
    with apply.context.client, apply.context.journal, apply.context.sums:
        changes = [apply.create(f"k{n}") for n in range(2 * lanes)]
        fake.rule(hold)
        assert len(upload(apply, *changes)) == 2 * lanes
    assert ready[0] == lanes + 1
    assert max(seen) == lanes


def _sent(apply: Apply) -> int:
    """Return how many uploads the journal says to be sent, or as good as."""
    return sum(one.sent is not None for one in apply.history.attempts.values())

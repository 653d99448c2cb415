"""Which files are deleted, and what comes of each delete."""

from __future__ import annotations

import pytest

from filesync.core.decide.change import Action, Change, Reason
from filesync.core.model import InUse
from filesync.execute.deletes import Deletion, delete_all, deletions_of, split_by_use
from filesync.execute.in_use import Users
from tests.cli.fake_api import Answer, FakeApi, error
from tests.core.builders import live, lock_of, locked
from tests.execute.conftest import Apply


def planned(file_id: str, key: str | None = "k", filename: str = "") -> Deletion:
    return Deletion(file_id, key, planned=True, filename=filename)


def delete(file_id: str, key: str | None = "k", reason: Reason = Reason.ORPHAN) -> Change:
    return Change(key, Action.DELETE, reason, file_id, remote=live(file_id))


def test_planned_deletes_and_superseded_files_go() -> None:
    old = Deletion("file-2", "k", planned=False)
    found = deletions_of([delete("file-1"), delete("file-3", None)], [old], lock_of())
    assert found == [planned("file-1"), planned("file-3", None, "k.txt"), old]


def test_other_actions_delete_nothing() -> None:
    rows = [Change("k", action, Reason.NEW, "file-1") for action in Action if action != "delete"]
    assert deletions_of(rows, [], lock_of()) == []


def test_what_another_key_holds_stays() -> None:
    lock = lock_of(other=locked(id="file-1"), k=locked(id="file-2"))
    assert deletions_of([delete("file-1"), delete("file-2")], [], lock) == [planned("file-2")]


@pytest.mark.parametrize(
    ("one", "name"),
    [
        (planned("file-1", "k\n"), r"k\n (file-1)"),
        (planned("file-1", None, "x.txt"), "x.txt (file-1)"),
        (planned("file-1", None), "file-1"),
    ],
)
def test_names_are_safe_to_print(one: Deletion, name: str) -> None:
    assert one.name == name


def outcome(apply: Apply, *doomed: Deletion) -> dict[str, str]:
    """Delete; the error of each id, "" where there was none."""
    return {
        one.doomed.id: "" if one.error is None else one.error.message
        for batch in delete_all(doomed, apply.context)
        for one in batch
    }


def test_each_is_deleted_and_journaled(apply: Apply, fake: FakeApi) -> None:
    ids = [fake.add(f"{n}.txt") for n in range(20)]
    kept = fake.add("kept.txt")
    assert outcome(apply, *map(planned, ids)) == dict.fromkeys(ids, "")
    assert list(fake.files) == [kept]
    assert set(apply.history.deleted) == set(ids)


def test_gone_already_is_success(apply: Apply) -> None:
    assert outcome(apply, planned("file-gone")) == {"file-gone": ""}


def test_one_that_fails_stops_no_other_and_is_not_journaled(apply: Apply, fake: FakeApi) -> None:
    bad, good = fake.add("bad.txt"), fake.add("good.txt")
    fake.on("DELETE", f"/files/{bad}", error(403, "not yours"))
    found = outcome(apply, planned(bad), planned(good))
    assert "not yours" in found[bad]
    assert found[good] == ""
    assert set(apply.history.deleted) == {good}


def test_a_stop_leaves_what_was_not_begun(apply: Apply, fake: FakeApi) -> None:
    file_id = fake.add("a.txt")
    apply.stop.set()
    assert outcome(apply, planned(file_id)) == {}
    assert fake.writes == []


def split(apply: Apply, *doomed: Deletion, in_use: InUse = "keep") -> tuple[list[str], list[str]]:
    free, used = split_by_use(doomed, Users(apply.context), lambda _one: in_use)
    return [one.id for one in free], [one.id for one in used]


BATCH = {"id": "batch_1", "object": "batch", "input_file_id": "file-1", "status": "in_progress"}


def test_what_a_job_uses_stays_and_a_warning_names_it(apply: Apply, fake: FakeApi) -> None:
    fake.on("GET", "/batches", Answer(200, {"object": "list", "data": [BATCH], "has_more": False}))
    assert split(apply, planned("file-1"), planned("file-2")) == (["file-2"], ["file-1"])
    assert any("batch_1" in note and "k (file-1)" in note for note in apply.notes)


def test_where_it_does_not_matter_nothing_is_looked_up(apply: Apply, fake: FakeApi) -> None:
    assert split(apply, planned("file-1"), in_use="delete") == (["file-1"], [])
    assert split(apply) == ([], [])
    assert fake.log == []

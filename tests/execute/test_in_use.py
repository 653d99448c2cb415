"""Who uses a file: what each route says, and what is taken for used where it cannot say."""

from __future__ import annotations

from typing import Any

import pytest

from filesync.errors import Interrupted
from filesync.execute.in_use import Usage, Users
from tests.cli.fake_api import Answer, FakeApi, error
from tests.execute.conftest import Apply


def lists(fake: FakeApi, **routes: list[dict[str, Any]]) -> None:
    """Answer these lists; all others are empty."""
    paths = {"jobs": "/fine_tuning/jobs", "batches": "/batches", "stores": "/vector_stores"}
    for name, path in paths.items():
        body = {"object": "list", "data": routes.get(name, []), "has_more": False}
        fake.on("GET", path, Answer(200, body))


def job(status: str, **files: str) -> dict[str, Any]:
    named = {"training_file": "file-other", "validation_file": None, **files}
    return {"id": "ftjob-1", "object": "fine_tuning.job", "status": status, **named}


def batch(status: str, file_id: str = "file-1") -> dict[str, Any]:
    return {"id": "batch_1", "object": "batch", "status": status, "input_file_id": file_id}


def asked(apply: Apply, *ids: str) -> Usage:
    return Users(apply.context).look_up(ids or ("file-1", "file-2"))


def test_nothing_uses_a_file_on_an_idle_platform(apply: Apply, fake: FakeApi) -> None:
    lists(fake)
    assert asked(apply) == Usage({}, [])


@pytest.mark.parametrize("status", ["validating_files", "queued", "running", "paused", "new-one"])
@pytest.mark.parametrize("field", ["training_file", "validation_file"])
def test_an_unfinished_job_uses_its_files(
    apply: Apply, fake: FakeApi, status: str, field: str
) -> None:
    lists(fake, jobs=[job(status, **{field: "file-1"})])
    users = asked(apply).users
    assert list(users) == ["file-1"]
    assert "ftjob-1" in users["file-1"]
    assert status in users["file-1"]


@pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled"])
def test_a_finished_job_uses_none(apply: Apply, fake: FakeApi, status: str) -> None:
    lists(fake, jobs=[job(status, training_file="file-1")])
    assert asked(apply).users == {}


@pytest.mark.parametrize(
    ("status", "used"),
    [("validating", True), ("in_progress", True), ("finalizing", True), ("cancelling", True)]
    + [(done, False) for done in ("completed", "failed", "expired", "cancelled")],
)
def test_a_batch_uses_its_input_until_it_ends(
    apply: Apply, fake: FakeApi, status: str, used: bool
) -> None:
    lists(fake, batches=[batch(status)])
    assert ("file-1" in asked(apply).users) == used


def test_a_vector_store_uses_what_is_attached(apply: Apply, fake: FakeApi) -> None:
    lists(fake, stores=[{"id": "vs_1", "object": "vector_store", "status": "completed"}])
    member = {"id": "file-2", "object": "vector_store.file", "vector_store_id": "vs_1"}
    fake.on("GET", "/vector_stores/vs_1/files/file-2", Answer(200, member))
    fake.on("GET", "/vector_stores/vs_1/files/file-1", error(404, "not attached"))
    users = asked(apply).users
    assert list(users) == ["file-2"]
    assert "vs_1" in users["file-2"]


def test_a_server_without_the_routes_is_one_warning(apply: Apply) -> None:
    usage = asked(apply)
    assert usage.users == {}
    (warning,) = usage.warnings
    for what in ("fine-tuning jobs", "batches", "vector stores"):
        assert what in warning


@pytest.mark.parametrize("path", ["/fine_tuning/jobs", "/batches", "/vector_stores"])
def test_where_a_look_up_fails_every_file_counts_as_used(
    apply: Apply, fake: FakeApi, path: str
) -> None:
    lists(fake)
    fake.on("GET", path, error(500, "broken"))
    usage = asked(apply)
    assert set(usage.users) == {"file-1", "file-2"}
    assert len(usage.warnings) == 1


def test_a_look_up_that_says_who_goes_before_one_that_fails(apply: Apply, fake: FakeApi) -> None:
    lists(fake, jobs=[job("running", training_file="file-1")])
    fake.on("GET", "/batches", error(500, "broken"))
    assert "ftjob-1" in asked(apply).users["file-1"]


def test_a_stop_is_not_taken_for_an_answer(apply: Apply) -> None:
    apply.stop.set()
    with pytest.raises(Interrupted):
        asked(apply)

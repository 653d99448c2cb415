"""Who uses a file: what each route says, and what is taken for used where it cannot say."""

from __future__ import annotations

from typing import Any

import pytest

from filesync.errors import Interrupted
from filesync.execute.in_use import Usage, Users
from tests.cli.fake_api import Answer, FakeApi, Request, error
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


@pytest.mark.parametrize(
    "answer",
    [
        error(404, "Invalid URL"),
        Answer(404, b"<html>404</html>"),
        error(405, "Method Not Allowed"),
        error(501, "Not implemented"),
    ],
)
def test_a_server_without_the_routes_is_one_warning(
    apply: Apply, fake: FakeApi, answer: Answer
) -> None:
    for path in ("/fine_tuning/jobs", "/batches", "/vector_stores"):
        fake.on("GET", path, answer)
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
    assert usage.users["file-1"].endswith(" may use it")
    assert len(usage.warnings) == 1


def test_a_web_page_in_place_of_members_does_not_mean_that_there_are_none(
    apply: Apply, fake: FakeApi
) -> None:
    lists(fake, stores=[{"id": "vs_1", "object": "vector_store", "status": "completed"}])
    fake.on("GET", "/vector_stores/vs_1/files.*", Answer(404, b"<html>no backend</html>"))
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


class Platform:
    """Stores with their members, paged as the API pages them; nothing else uses files."""

    def __init__(self, fake: FakeApi, stores: dict[str, dict[str, Any]]) -> None:
        self._stores = stores
        self.fake = fake
        lists(fake)
        fake.rule(self._answer)

    def _answer(self, request: Request) -> Answer | None:
        match request.path.strip("/").split("/"):
            case ["vector_stores"]:
                rows = [
                    {"id": key, "object": "vector_store", "status": "completed", **fields}
                    | {"file_counts": {"total": len(fields.get("members", ()))}}
                    for key, fields in self._stores.items()
                ]
                return self._page(rows, request)
            case ["vector_stores", key, "files"]:
                rows = [
                    {"id": one, "object": "vector_store.file", "status": "completed"}
                    for one in self._stores[key]["members"]
                ]
                return self._page(rows, request)
            case ["vector_stores", key, "files", file_id]:
                if file_id not in self._stores[key]["members"]:
                    return error(404, "not attached")
                return Answer(200, {"id": file_id, "object": "vector_store.file"})
        return None

    def _page(self, rows: list[dict[str, Any]], request: Request) -> Answer:
        limit = min(100, int(request.query.get("limit", 20)))
        ids = [row["id"] for row in rows]
        start = ids.index(request.query["after"]) + 1 if "after" in request.query else 0
        page = rows[start : start + limit]
        more = start + limit < len(rows)
        body = {"object": "list", "data": page, "has_more": more}
        ends = {"first_id": page[0]["id"], "last_id": page[-1]["id"]} if page else {}
        return Answer(200, body | ends)

    def spent(self) -> tuple[int, int]:
        """How many requests listed the stores, and how many asked a store."""
        return (
            self.fake.count("GET", "/vector_stores"),
            self.fake.count("GET", "/vector_stores/.+"),
        )


@pytest.mark.parametrize(
    ("members", "files", "a_store"),
    [(100, 1, 1), (100, 40, 1), (100, 250, 1), (250, 2, 2), (250, 40, 3), (101, 1, 1)],
)
def test_the_cost_of_a_look_up_is_bounded(
    apply: Apply, fake: FakeApi, members: int, files: int, a_store: int
) -> None:
    """One listing of 500 stores, and of each the smaller of files and pages of members."""
    ids = [f"file-{number}" for number in range(members)]
    stores: dict[str, dict[str, Any]] = {f"vs_{number}": {"members": ids} for number in range(500)}
    # Full stores only: those without members, or past their end, hold nothing.
    for number in range(0, 500, 10):
        stores[f"vs_{number}"] = {"members": []}
    for number in range(1, 500, 10):
        stores[f"vs_{number}"] = {"members": ids, "status": "expired"}
    for number in range(2, 500, 10):
        stores[f"vs_{number}"] = {"members": ids, "expires_at": 1}
    platform = Platform(fake, stores)
    wanted = [f"file-{number}" for number in range(members - 1, members - 1 + files)]
    users = Users(apply.context)
    assert files <= users.batch
    found = users.look_up(wanted).users
    assert list(found) == [f"file-{members - 1}"]
    assert platform.spent() == (5, 350 * a_store)
    # Unchanged stores that were listed are not asked again in this run.
    users.look_up(wanted)
    assert platform.spent()[0] == 10
    again = 0 if -(-members // 100) <= files else 350 * a_store
    assert platform.spent()[1] == 350 * a_store + again


def test_our_own_store_does_not_count_once_we_have_detached(apply: Apply, fake: FakeApi) -> None:
    """The server may show the member for a while; another store still counts."""
    Platform(fake, {"vs_ours": {"members": ["file-1", "file-2"]}, "vs_b": {"members": ["file-2"]}})
    left = {"file-1": {"vs_ours"}, "file-2": {"vs_ours"}}
    for ids in (["file-1", "file-2"], ["file-1"]):
        users = Users(apply.context, left).look_up(ids).users
        assert users == ({"file-2": "in use by vector store vs_b"} if "file-2" in ids else {})
    assert set(Users(apply.context).look_up(["file-1"]).users) == {"file-1"}

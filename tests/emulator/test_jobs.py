"""Jobs, batches and vector stores are remembered, page, and know their files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from filesync.emulator import job_files
from filesync.emulator.server import embedded
from tests.emulator.conftest import KEY, Clock, check_error, connect, post_file

EXAMPLE: dict[str, Any] = {"messages": [{"role": "assistant", "content": "yes"}]}
EXAMPLES = b"\n".join([json.dumps(EXAMPLE).encode()] * 10)


def requests(count: int, **changes: object) -> bytes:
    """The lines of a batch; the changes are those of the last line."""
    lines = []
    for number in range(count):
        line: dict[str, object] = {
            "custom_id": str(number),
            "method": "POST",
            "url": "/v1/responses",
            "body": {"model": "m"},
        }
        lines.append(json.dumps(line | changes if number == count - 1 else line))
    return "\n".join(lines).encode()


def test_fine_tuning_jobs(client: openai.OpenAI, http: httpx.Client) -> None:
    train, check = (post_file(http, EXAMPLES, "fine-tune", "t.jsonl") for _ in range(2))
    job = client.fine_tuning.jobs.create(
        model="gpt-4o-mini",
        training_file=train,
        validation_file=check,
        suffix="mine",
        metadata={"a": "b"},
        method={"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 2}}},
    )
    assert job.status == "queued"
    assert (job.training_file, job.validation_file) == (train, check)
    assert client.fine_tuning.jobs.retrieve(job.id) == job
    others = [client.fine_tuning.jobs.create(model="m", training_file=train).id for _ in range(4)]
    assert [item.id for item in client.fine_tuning.jobs.list(limit=2)] == [*others[::-1], job.id]
    cancelled = client.fine_tuning.jobs.cancel(job.id)
    assert cancelled.status == "cancelled"
    assert client.fine_tuning.jobs.retrieve(job.id).status == "cancelled"
    with pytest.raises(openai.BadRequestError):
        client.fine_tuning.jobs.cancel(job.id)
    with pytest.raises(openai.NotFoundError):
        client.fine_tuning.jobs.retrieve("ftjob-none")


def test_batches(client: openai.OpenAI, http: httpx.Client) -> None:
    item = post_file(http, requests(1), "batch", "b.jsonl")
    made = [
        client.batches.create(
            input_file_id=item, endpoint="/v1/responses", completion_window="24h"
        ).id
        for _ in range(3)
    ]
    assert [batch.id for batch in client.batches.list(limit=1)] == made[::-1]
    batch = client.batches.retrieve(made[0])
    assert batch.status == "validating"
    assert batch.input_file_id == item
    assert client.batches.cancel(batch.id).status == "cancelled"
    assert client.batches.retrieve(batch.id).cancelled_at is not None


def test_vector_stores_and_their_files(client: openai.OpenAI, http: httpx.Client) -> None:
    files = [post_file(http, b"12345", "assistants") for _ in range(3)]
    store = client.vector_stores.create(name="kb", file_ids=files[:1])
    assert (store.status, store.usage_bytes, store.file_counts.total) == ("completed", 5, 1)
    for item in files[1:]:
        attached = client.vector_stores.files.create(store.id, file_id=item, attributes={"n": 1})
        assert (attached.id, attached.status) == (item, "completed")
    client.vector_stores.files.create(store.id, file_id=files[1])  # once is enough
    assert [f.id for f in client.vector_stores.files.list(store.id, limit=2)] == files[::-1]
    back = client.vector_stores.files.list(store.id, order="asc", limit=1, before=files[2])
    assert [f.id for f in back.data] == [files[1]]
    assert back.has_more
    assert not list(client.vector_stores.files.list(store.id, filter="failed"))
    assert client.vector_stores.files.delete(files[2], vector_store_id=store.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.vector_stores.files.retrieve(files[2], vector_store_id=store.id)
    assert client.files.retrieve(files[2]).id == files[2]
    assert client.vector_stores.retrieve(store.id).file_counts.completed == 2
    assert [s.id for s in client.vector_stores.list()] == [store.id]
    assert client.vector_stores.delete(store.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.vector_stores.files.list(store.id)


def test_a_deleted_or_expired_file_leaves_every_vector_store(
    client: openai.OpenAI, http: httpx.Client, clock: Clock
) -> None:
    gone = post_file(http)
    late = client.files.create(
        file=("a.txt", b"x"),
        purpose="user_data",
        expires_after={"anchor": "created_at", "seconds": 3600},
    ).id
    stores = [client.vector_stores.create(file_ids=[gone, late]).id for _ in range(2)]
    client.files.delete(gone)
    assert [[f.id for f in client.vector_stores.files.list(s)] for s in stores] == [[late]] * 2
    clock.now += 3600
    assert [[f.id for f in client.vector_stores.files.list(s)] for s in stores] == [[], []]


def test_a_vector_store_expires_some_days_after_its_last_use(
    client: openai.OpenAI, clock: Clock
) -> None:
    store = client.vector_stores.create(expires_after={"anchor": "last_active_at", "days": 1})
    clock.now += 86399
    assert client.vector_stores.retrieve(store.id).status == "completed"
    clock.now += 1
    assert client.vector_stores.retrieve(store.id).status == "expired"


def test_files_that_do_not_fit_are_refused(http: httpx.Client) -> None:
    document = post_file(http)
    tuning = post_file(http, b"{}", "fine-tune")
    batch = {"endpoint": "/v1/responses", "completion_window": "24h"}
    for item in (document, "file-none"):
        job = {"model": "m", "training_file": item}
        check_error(http.post("/fine_tuning/jobs", json=job), 400, "training_file")
        job = {"model": "m", "training_file": tuning, "validation_file": item}
        check_error(http.post("/fine_tuning/jobs", json=job), 400, "validation_file")
        body = {**batch, "input_file_id": item}
        check_error(http.post("/batches", json=body), 400, "input_file_id")
    check_error(http.post("/vector_stores", json={"file_ids": [tuning]}), 400, "file_id")
    check_error(http.post("/vector_stores", json={"file_ids": ["file-none"]}), 404, "file_id")
    # Half a vector store is none.
    assert http.get("/vector_stores").json()["data"] == []
    assert http.get("/fine_tuning/jobs").json()["data"] == []


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("/fine_tuning/jobs", {"model": "m"}, "training_file"),
        ("/fine_tuning/jobs", {"model": "m", "training_file": "f", "wat": 1}, "wat"),
        ("/batches", {"endpoint": "/v1/x"}, "completion_window"),
        ("/vector_stores", {"metadata": {"a": 1}}, "metadata[a]"),
        ("/vector_stores", {"expires_after": {"anchor": "created_at", "days": 1}}, None),
        ("/vector_stores/vs_none/files", {}, "file_id"),
    ],
)
def test_bodies_are_checked(
    http: httpx.Client, path: str, body: dict[str, object], param: str | None
) -> None:
    check_error(http.post(path, json=body), 400, param or "expires_after[anchor]")


@pytest.mark.parametrize("path", ["/fine_tuning/jobs", "/batches", "/vector_stores"])
def test_lists_take_at_most_100(http: httpx.Client, path: str) -> None:
    check_error(http.get(path, params={"limit": 101}), 400, "limit")
    check_error(http.get(path, params={"after": "nobody"}), 400, "after")
    empty = http.get(path).json()
    assert empty == {
        "object": "list",
        "data": [],
        "first_id": None,
        "last_id": None,
        "has_more": False,
    }


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (b"", "empty_file", None),
        (requests(1) + b"\n{", "invalid_json_line", 2),
        (b"[]", "invalid_json_line", 1),
        (requests(3, custom_id="1"), "duplicate_custom_id", 3),
        (requests(2, custom_id=None), "missing_required_parameter", 2),
        (requests(2, body={}), "missing_required_parameter", 2),
        (requests(2, body={"model": "n"}), "mismatched_model", 2),
        (requests(2, url="/v1/embeddings"), "mismatched_url", 2),
        (requests(2, method="GET"), "invalid_method", 2),
    ],
)
def test_a_batch_on_a_bad_file_fails(
    client: openai.OpenAI, http: httpx.Client, content: bytes, code: str, line: int | None
) -> None:
    item = post_file(http, content, "batch", "b.jsonl")
    made = client.batches.create(
        input_file_id=item, endpoint="/v1/responses", completion_window="24h"
    )
    assert made.status == "validating"
    batch = client.batches.retrieve(made.id)
    assert (batch.status, batch.failed_at) == ("failed", made.created_at)
    assert batch.errors is not None
    assert batch.errors.data is not None
    assert [(one.code, one.line) for one in batch.errors.data] == [(code, line)]


@pytest.mark.parametrize(
    ("endpoint", "body", "server"),
    [
        ("/v1/images/generations", {"prompt": "a dot"}, "openai"),
        ("/v1/videos", {"prompt": "a dot"}, "openai"),
        ("/v1/responses", {"prompt": {"id": "pmpt_1"}}, "openai"),
        ("/chat/completions", {"model": "m"}, "azure"),
        ("/v1/audio/translations", {"model": "m"}, "groq"),
    ],
)
def test_a_batch_without_what_its_endpoint_does_not_need(
    data_dir: Path, endpoint: str, body: dict[str, Any], server: str
) -> None:
    with (
        embedded(str(data_dir), api_key=KEY, settings={"type": server}) as url,
        connect(url) as http,
    ):
        item = post_file(http, requests(1, url=endpoint, body=body), "batch", "b.jsonl")
        made = {"input_file_id": item, "endpoint": endpoint, "completion_window": "24h"}
        batch = http.post("/batches", json=made).json()
        assert http.get(f"/batches/{batch['id']}").json()["status"] == "validating"


def test_more_requests_than_a_batch_may_have(
    client: openai.OpenAI, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert job_files.MAX_REQUESTS == 50_000
    monkeypatch.setattr(job_files, "MAX_REQUESTS", 3)
    for count, status in ((3, "validating"), (4, "failed")):
        item = post_file(http, requests(count), "batch", "b.jsonl")
        made = client.batches.create(
            input_file_id=item, endpoint="/v1/responses", completion_window="24h"
        )
        assert client.batches.retrieve(made.id).status == status


PAIR = {"prompt": "a", "completion": "b"}
CHOICE = {
    "input": {"messages": [{"role": "user", "content": "?"}]},
    "preferred_output": EXAMPLE["messages"],
    "non_preferred_output": EXAMPLE["messages"],
}


@pytest.mark.parametrize(
    ("method", "example", "count", "says"),
    [
        ("supervised", EXAMPLE, 10, None),
        ("supervised", PAIR, 10, None),
        ("dpo", CHOICE, 10, None),
        ("reinforcement", {"messages": [{"role": "user", "content": "?"}], "answer": 1}, 10, None),
        (
            "supervised",
            {"messages": [{"role": "user", "content": ""}, *EXAMPLE["messages"]]},
            10,
            None,
        ),
        ("supervised", EXAMPLE, 9, "at least 10"),
        ("supervised", {}, 10, "Line 1: it has neither"),
        ("supervised", [], 10, "Line 1 is not a JSON object"),
        ("supervised", {"messages": []}, 10, "list of messages"),
        ("supervised", {"messages": [{"role": "user", "content": "?"}]}, 10, "assistant"),
        ("supervised", {"messages": [{"role": "user"}]}, 10, "content"),
        ("supervised", {"messages": [{"role": "king", "content": "?"}]}, 10, "roles"),
        ("dpo", EXAMPLE, 10, "'input'"),
        ("dpo", {**CHOICE, "preferred_output": []}, 10, "'preferred_output'"),
        ("reinforcement", PAIR, 10, "'messages'"),
    ],
)
def test_a_job_on_a_bad_file_fails(
    http: httpx.Client, method: str, example: object, count: int, says: str | None
) -> None:
    content = "\n".join([json.dumps(example)] * count).encode()
    item = post_file(http, content, "fine-tune", "t.jsonl")
    body = {"model": "m", "training_file": item, "method": {"type": method}}
    made = http.post("/fine_tuning/jobs", json=body).json()
    job = http.get(f"/fine_tuning/jobs/{made['id']}").json()
    if says is None:
        assert (job["status"], job["error"]) == ("queued", None)
    else:
        assert (job["status"], job["error"]["code"]) == ("failed", "invalid_training_file")
        assert says in job["error"]["message"]

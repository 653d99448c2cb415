"""The official client does everything it can on the vector store routes."""

from __future__ import annotations

import openai
import pytest

from tests.emulator.conftest import Clock


def upload(client: openai.OpenAI, name: str, text: bytes = b"office hours") -> str:
    return client.files.create(file=(name, text), purpose="assistants").id


def test_a_store_from_creation_to_deletion(client: openai.OpenAI, clock: Clock) -> None:
    file = upload(client, "a.md")
    made = client.vector_stores.create(
        name="kb",
        file_ids=[file],
        expires_after={"anchor": "last_active_at", "days": 7},
        chunking_strategy={
            "type": "static",
            "static": {"max_chunk_size_tokens": 200, "chunk_overlap_tokens": 100},
        },
        metadata={"team": "support"},
    )
    assert (made.object, made.name, made.status) == ("vector_store", "kb", "completed")
    assert (made.file_counts.completed, made.file_counts.total) == (1, 1)
    assert made.expires_at == int(clock.now) + 7 * 86400
    assert client.vector_stores.retrieve(made.id) == made
    changed = client.vector_stores.update(made.id, name="kb2", metadata={"team": "sales"})
    assert (changed.name, changed.metadata) == ("kb2", {"team": "sales"})
    others = [client.vector_stores.create(name=str(n)).id for n in range(4)]
    assert [one.id for one in client.vector_stores.list(limit=2)] == [*others[::-1], made.id]
    assert next(one.id for one in client.vector_stores.list(limit=2, order="asc")) == made.id
    before = client.vector_stores.list(limit=2, before=made.id)
    assert [one.id for one in before.data] == others[1::-1]
    gone = client.vector_stores.delete(made.id)
    assert (gone.id, gone.deleted, gone.object) == (made.id, True, "vector_store.deleted")
    for call in (client.vector_stores.retrieve, client.vector_stores.delete):
        with pytest.raises(openai.NotFoundError):
            call(made.id)
    assert client.files.retrieve(file).id == file


def test_members(client: openai.OpenAI) -> None:
    store = client.vector_stores.create(name="kb").id
    members = client.vector_stores.files
    ids = [upload(client, f"{n}.md", f"text {n}".encode()) for n in range(5)]
    first = members.create(file_id=ids[0], vector_store_id=store, attributes={"n": 0, "b": True})
    assert (first.id, first.object, first.status) == (ids[0], "vector_store.file", "completed")
    assert members.retrieve(ids[0], vector_store_id=store) == first
    changed = members.update(ids[0], vector_store_id=store, attributes={"n": 1})
    assert changed.attributes == {"n": 1}
    for file in ids[1:4]:
        polled = members.create_and_poll(file, vector_store_id=store, poll_interval_ms=1)
        assert polled.status == "completed"
    assert members.poll(ids[1], vector_store_id=store, poll_interval_ms=1).status == "completed"
    sent = members.upload_and_poll(
        vector_store_id=store, file=("up.md", b"uploaded"), poll_interval_ms=1
    )
    assert sent.status == "completed"
    sent_too = members.upload(vector_store_id=store, file=("up.exe", b"uploaded"))
    assert sent_too.last_error is not None
    assert sent_too.last_error.code == "unsupported_file"
    listed = [one.id for one in members.list(store, limit=2)]
    assert listed == [sent_too.id, sent.id, *ids[3::-1]]
    assert [one.id for one in members.list(store, filter="failed")] == [sent_too.id]
    assert [page.text for page in members.content(ids[2], vector_store_id=store)] == ["text 2"]
    gone = members.delete(ids[0], vector_store_id=store)
    assert (gone.id, gone.deleted) == (ids[0], True)
    with pytest.raises(openai.NotFoundError):
        members.retrieve(ids[0], vector_store_id=store)
    assert client.files.retrieve(ids[0]).id == ids[0]


def test_batches_of_members(client: openai.OpenAI) -> None:
    store = client.vector_stores.create(name="kb").id
    batches = client.vector_stores.file_batches
    ids = [upload(client, name) for name in ("a.md", "b.md", "c.exe")]
    made = batches.create(store, file_ids=ids[:2])
    assert made.file_counts.total == 2
    done = batches.poll(made.id, vector_store_id=store, poll_interval_ms=1)
    assert (done.status, done.file_counts.completed) == ("completed", 2)
    assert batches.retrieve(made.id, vector_store_id=store) == done
    one = batches.create_and_poll(
        store,
        files=[{"file_id": ids[2], "attributes": {"n": 1}}],
        poll_interval_ms=1,
    )
    assert (one.file_counts.failed, one.file_counts.total) == (1, 1)
    failed = batches.list_files(one.id, vector_store_id=store, filter="failed")
    assert [(member.id, member.attributes) for member in failed] == [(ids[2], {"n": 1})]
    sent = batches.upload_and_poll(
        store, files=[("x.md", b"x"), ("y.md", b"y")], file_ids=[ids[0]], poll_interval_ms=1
    )
    assert (sent.status, sent.file_counts.completed) == ("completed", 3)
    assert len(list(batches.list_files(sent.id, vector_store_id=store, limit=1))) == 3
    assert batches.cancel(sent.id, vector_store_id=store).id == sent.id


def test_search(client: openai.OpenAI) -> None:
    hours = upload(client, "hours.md", b"Our office hours are nine to five.")
    prices = upload(client, "prices.md", b"A tube costs twelve.")
    store = client.vector_stores.create(name="kb").id
    for file, kind in ((hours, "time"), (prices, "money")):
        client.vector_stores.files.create(store, file_id=file, attributes={"kind": kind})
    found = client.vector_stores.search(store, query="office hours", rewrite_query=True)
    assert [(one.file_id, one.filename) for one in found] == [(hours, "hours.md")]
    assert "nine to five" in found.data[0].content[0].text
    found = client.vector_stores.search(
        store,
        query=["tube", "hours"],
        max_num_results=5,
        filters={"type": "eq", "key": "kind", "value": "money"},
        ranking_options={"ranker": "auto", "score_threshold": 0},
    )
    assert [one.file_id for one in found] == [prices]


def test_what_is_wrong_is_an_error_of_its_class(client: openai.OpenAI) -> None:
    file, image = upload(client, "a.md"), upload(client, "b.md")
    client.files.delete(image)
    store = client.vector_stores.create(name="kb").id
    with pytest.raises(openai.NotFoundError):
        client.vector_stores.files.create(store, file_id=image)
    with pytest.raises(openai.NotFoundError):
        client.vector_stores.file_batches.retrieve("vsfb_none", vector_store_id=store)
    with pytest.raises(openai.BadRequestError, match="limit"):
        client.vector_stores.list(limit=101)
    with pytest.raises(openai.BadRequestError, match="attributes"):
        client.vector_stores.files.create(
            store, file_id=file, attributes={str(n): n for n in range(17)}
        )
    with pytest.raises(openai.BadRequestError, match="query"):
        client.vector_stores.search(store, query="")

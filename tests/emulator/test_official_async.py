"""The official asynchronous client, on files, uploads and vector stores."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import openai
import pytest

from tests.emulator.conftest import KEY

Work = Callable[[openai.AsyncOpenAI], Awaitable[None]]


def run(base_url: str, work: Work) -> None:
    """Do the work with a client of its own, in a loop of its own."""

    async def whole() -> None:
        async with openai.AsyncOpenAI(base_url=base_url, api_key=KEY, max_retries=0) as client:
            await work(client)

    asyncio.run(whole())


def test_files(base_url: str) -> None:
    async def work(client: openai.AsyncOpenAI) -> None:
        content = os.urandom(200_000)
        made = await asyncio.gather(
            *(client.files.create(file=(f"{n} é.bin", content), purpose="vision") for n in range(7))
        )
        assert await client.files.retrieve(made[0].id) == made[0]
        assert (await client.files.content(made[0].id)).read() == content
        assert {file.id async for file in client.files.list(limit=2)} == {one.id for one in made}
        assert (await client.files.wait_for_processing(made[0].id)).id == made[0].id
        gone = await asyncio.gather(*(client.files.delete(one.id) for one in made))
        assert all(one.deleted for one in gone)
        with pytest.raises(openai.NotFoundError):
            await client.files.retrieve(made[0].id)
        with pytest.raises(openai.BadRequestError, match="limit"):
            await client.files.list(limit=0)

    run(base_url, work)


def test_uploads(base_url: str, tmp_path: Path) -> None:
    content = os.urandom(2_500_000)
    path = tmp_path / "big.pdf"
    path.write_bytes(content)

    async def work(client: openai.AsyncOpenAI) -> None:
        upload = await client.uploads.upload_file_chunked(
            file=path, mime_type="application/pdf", purpose="vision", part_size=1_000_000
        )
        assert upload.file is not None
        assert (await client.files.content(upload.file.id)).read() == content
        opened = await client.uploads.create(
            filename="a.txt", purpose="user_data", bytes=6, mime_type="text/plain"
        )
        parts = await asyncio.gather(
            *(client.uploads.parts.create(opened.id, data=data) for data in (b"abc", b"def"))
        )
        done = await client.uploads.complete(opened.id, part_ids=[part.id for part in parts])
        assert done.status == "completed"
        with pytest.raises(openai.BadRequestError, match="completed"):
            await client.uploads.cancel(opened.id)

    run(base_url, work)


def test_vector_stores(base_url: str) -> None:
    async def work(client: openai.AsyncOpenAI) -> None:
        store = await client.vector_stores.create(name="kb")
        members, batches = client.vector_stores.files, client.vector_stores.file_batches
        sent = await members.upload_and_poll(
            vector_store_id=store.id, file=("hours.md", b"office hours"), poll_interval_ms=1
        )
        assert sent.status == "completed"
        await members.update(sent.id, vector_store_id=store.id, attributes={"n": 1})
        assert (await members.retrieve(sent.id, vector_store_id=store.id)).attributes == {"n": 1}
        pages = [one async for one in members.content(sent.id, vector_store_id=store.id)]
        assert [one.text for one in pages] == ["office hours"]
        batch = await batches.upload_and_poll(
            store.id, files=[(f"{n}.md", b"prices") for n in range(4)], poll_interval_ms=1
        )
        assert (batch.status, batch.file_counts.completed) == ("completed", 4)
        listed = batches.list_files(batch.id, vector_store_id=store.id, limit=3)
        assert len([one async for one in listed]) == 4
        assert len([one async for one in members.list(store.id, limit=2)]) == 5
        found = client.vector_stores.search(store.id, query="office")
        assert [one.file_id async for one in found] == [sent.id]
        assert (await client.vector_stores.update(store.id, name="other")).name == "other"
        assert [one.id async for one in client.vector_stores.list()] == [store.id]
        assert (await members.delete(sent.id, vector_store_id=store.id)).deleted
        assert (await client.vector_stores.delete(store.id)).deleted
        with pytest.raises(openai.NotFoundError):
            await client.vector_stores.retrieve(store.id)

    run(base_url, work)

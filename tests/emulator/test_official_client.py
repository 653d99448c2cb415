"""The official client does everything it can on the Files and Uploads routes."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import openai
import pytest

from tests.emulator.conftest import Clock


def test_a_file_from_creation_to_deletion(client: openai.OpenAI, clock: Clock) -> None:
    content = os.urandom(300_000)
    made = client.files.create(
        file=("data é.jsonl", content),
        purpose="fine-tune",
        expires_after={"anchor": "created_at", "seconds": 3600},
    )
    assert made.object == "file"
    assert made.filename == "data é.jsonl"
    assert made.bytes == len(content)
    assert made.created_at == int(clock.now)
    assert made.expires_at == made.created_at + 3600
    assert made.status == "processed"
    assert client.files.retrieve(made.id) == made
    assert [file.id for file in client.files.list()] == [made.id]
    assert client.files.content(made.id).read() == content
    gone = client.files.delete(made.id)
    assert (gone.id, gone.deleted, gone.object) == (made.id, True, "file")
    for call in (client.files.retrieve, client.files.delete, client.files.content):
        with pytest.raises(openai.NotFoundError):
            call(made.id)
    assert list(client.files.list()) == []


def test_only_batch_files_expire_by_default(client: openai.OpenAI) -> None:
    batch = client.files.create(file=("b.jsonl", b"{}"), purpose="batch")
    assert batch.expires_at == batch.created_at + 30 * 86400
    assert client.files.create(file=("e.jsonl", b"{}"), purpose="evals").expires_at is None


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_hold_every_file_once_though_all_share_a_second(
    client: openai.OpenAI, order: str
) -> None:
    made = [
        client.files.create(file=(f"{n}.txt", b"x"), purpose="vision" if n % 3 else "user_data").id
        for n in range(11)
    ]
    if order == "desc":
        made.reverse()
    listed = client.files.list(limit=4, order="asc" if order == "asc" else "desc")
    assert len(listed.data) == 4
    assert listed.has_more is True
    assert [file.id for file in listed] == made
    vision = client.files.list(purpose="vision", limit=2)
    assert {file.purpose for file in vision} == {"vision"}
    assert len(list(client.files.list(purpose="vision", limit=2))) == 7


@pytest.mark.parametrize("with_md5", [True, False])
def test_chunked_upload_of_a_file(client: openai.OpenAI, tmp_path: Path, *, with_md5: bool) -> None:
    path = tmp_path / "big.pdf"
    content = os.urandom(2_500_000)
    path.write_bytes(content)
    upload = client.uploads.upload_file_chunked(
        file=path,
        mime_type="application/pdf",
        purpose="vision",
        part_size=1_000_000,
        md5=hashlib.md5(content).hexdigest() if with_md5 else openai.omit,
    )
    assert upload.status == "completed"
    assert upload.file is not None
    assert upload.file.filename == "big.pdf"
    assert upload.file.bytes == len(content)
    assert client.files.content(upload.file.id).read() == content
    client.files.delete(upload.file.id)


def test_the_order_of_part_ids_is_the_order_of_the_content(client: openai.OpenAI) -> None:
    upload = client.uploads.create(
        filename="x.jsonl",
        purpose="batch",
        bytes=6,
        mime_type="application/jsonl",
        expires_after={"anchor": "created_at", "seconds": 7200},
    )
    assert upload.status == "pending"
    assert upload.expires_at == upload.created_at + 3600
    parts = [
        client.uploads.parts.create(upload.id, data=data).id
        for data in (b"two", b"ignored", b"one")
    ]
    done = client.uploads.complete(
        upload.id, part_ids=[parts[2], parts[0]], md5=hashlib.md5(b"onetwo").hexdigest()
    )
    assert done.file is not None
    assert done.file.expires_at == done.file.created_at + 7200
    assert client.files.content(done.file.id).read() == b"onetwo"


def test_cancel_an_upload(client: openai.OpenAI) -> None:
    upload = client.uploads.create(
        filename="x.txt", purpose="user_data", bytes=3, mime_type="text/plain"
    )
    part = client.uploads.parts.create(upload.id, data=b"abc")
    assert client.uploads.cancel(upload.id).status == "cancelled"
    with pytest.raises(openai.BadRequestError, match="cancelled"):
        client.uploads.complete(upload.id, part_ids=[part.id])


def test_content_of_documents_is_not_given_back(client: openai.OpenAI) -> None:
    for purpose in ("assistants", "user_data"):
        made = client.files.create(
            file=("a.txt", b"x"), purpose="assistants" if purpose == "assistants" else "user_data"
        )
        with pytest.raises(
            openai.BadRequestError, match=f"Not allowed to download files of purpose: {purpose}"
        ):
            client.files.content(made.id)

"""Attaching: a file that the stores do not know is asked for again for a while, and no longer."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from types import SimpleNamespace
from typing import cast

import pytest

from filesync.errors import ApiError, NoSuchRoute, RemoteError
from filesync.execute import store_attach
from filesync.execute.context import ApplyContext
from filesync.execute.store_attach import attach_all
from filesync.remote.stores import NewMember


class Stores:
    """Takes all but the files that it does not know; a request with one of those is a 404."""

    def __init__(self, *unknown: str, gone: bool = False) -> None:
        self.unknown, self.gone = set(unknown), gone
        self.attached: list[str] = []
        self.requests = 0
        self.no_batches: Exception | None = None

    def attach_batch(self, _store: str, batch: Sequence[NewMember], _chunking: object) -> None:
        self.requests += 1
        if len(batch) > 1 and self.no_batches is not None:
            raise self.no_batches
        if self.gone or self.unknown & {one.file_id for one in batch}:
            raise ApiError("no such file", status=404)
        self.attached += [one.file_id for one in batch]

    def attach(self, store: str, member: NewMember, chunking: object) -> None:
        self.attach_batch(store, [member], chunking)

    def get(self, _store: str) -> object | None:
        return None if self.gone else object()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_attach, "_UNKNOWN_SECONDS", 0.01)


def attach(stores: Stores, *ids: str) -> dict[str, str]:
    """Attach files; returns why some could not be."""
    context = SimpleNamespace(client=SimpleNamespace(stores=stores), stop=threading.Event())
    members = [NewMember(one, {}) for one in ids]
    noted: list[str] = []
    found = attach_all(
        cast("ApplyContext", context), "vs_1", members, None, begin=lambda ids: noted.extend(ids)
    )
    failed = {one.file_id: str(one.error) for one in found}
    assert noted == list(ids), "noted before it is asked for"
    return failed


def test_a_file_that_stays_unknown_fails_alone() -> None:
    stores = Stores("file-3")
    ids = [f"file-{n}" for n in range(8)]
    assert attach(stores, *ids).keys() == {"file-3"}
    assert sorted(stores.attached) == sorted({*ids} - {"file-3"})
    assert stores.requests <= 2 * 3 + 2


def test_the_wait_for_unknown_files_is_one_however_many_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store_attach, "_UNKNOWN_SECONDS", 0.2)
    monkeypatch.setattr(store_attach, "_FIRST_PAUSE", 0.05)
    stores = Stores("file-3", "file-6", "file-9")
    assert len(attach(stores, *(f"file-{n}" for n in range(16)))) == 3
    # Three or four tries with all, and then one with each half, without a wait.
    assert stores.requests <= 4 + 2 * 3 * 4


@pytest.mark.parametrize(
    "error",
    [ApiError("no", status=405), ApiError("no", status=501), NoSuchRoute("a web page answered")],
)
def test_without_a_route_for_batches_each_file_is_attached_alone(error: Exception) -> None:
    stores = Stores("file-3")
    stores.no_batches = error
    ids = [f"file-{n}" for n in range(8)]
    assert attach(stores, *ids).keys() == {"file-3"}
    assert sorted(stores.attached) == sorted({*ids} - {"file-3"})
    assert stores.requests <= 1 + 8 + 2


def test_a_store_that_is_gone_is_reported_at_once() -> None:
    stores = Stores(gone=True)
    with pytest.raises(RemoteError, match="the vector store vs_1 is gone"):
        attach(stores, "file-1", "file-2")
    assert stores.requests == 1

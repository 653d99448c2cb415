"""Vector stores: members on their way, batches, search, and the traps that can be set."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import httpx
import openai
import pytest

from filesync.emulator.server import embedded
from tests.emulator.conftest import KEY, Clock, check_error, connect, post_file

Body = dict[str, object]


def set_trap(http: httpx.Client, **settings: object) -> None:
    """Change how the emulator behaves."""
    url = str(http.base_url).replace("/v1/", "/_emulator/settings")
    answer = http.post(url, json=settings)
    assert answer.status_code == 200, answer.text


def new_store(http: httpx.Client, **body: object) -> str:
    answer = http.post("/vector_stores", json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


def statuses(http: httpx.Client, store: str) -> dict[str, str]:
    data = http.get(f"/vector_stores/{store}/files").json()["data"]
    return {one["id"]: one["status"] for one in data}


def test_a_stuck_member_stays_in_progress_until_its_batch_is_cancelled(
    http: httpx.Client, clock: Clock
) -> None:
    set_trap(http, stuck=["slow*"])
    slow, fine = (post_file(http, name=name) for name in ("slow.txt", "fine.txt"))
    store = new_store(http)
    path = f"/vector_stores/{store}/file_batches"
    batch = http.post(path, json={"file_ids": [slow, fine]}).json()["id"]
    clock.now += 86400
    assert statuses(http, store) == {slow: "in_progress", fine: "completed"}
    assert http.post(f"{path}/{batch}/cancel").json()["status"] == "cancelled"
    assert statuses(http, store) == {slow: "cancelled", fine: "completed"}


def test_the_official_client_polls_a_batch_and_searches(
    client: openai.OpenAI, tmp_path: Path
) -> None:
    store = client.vector_stores.create(name="kb")
    paths = [tmp_path / name for name in ("one.md", "two.md")]
    paths[0].write_text("The office opens at nine.")
    paths[1].write_text("Holidays are thirty days.")
    batch = client.vector_stores.file_batches.upload_and_poll(store.id, files=paths)
    assert (batch.status, batch.file_counts.completed) == ("completed", 2)
    found = client.vector_stores.search(store.id, query="when does the office open?").data
    assert found[0].filename == "one.md"
    assert found[0].content[0].text == "The office opens at nine."
    ids = {one.filename: one.file_id for one in found}
    for item in client.vector_stores.files.list(store.id):
        label = "a" if item.id == ids.get("one.md") else "b"
        client.vector_stores.files.update(
            item.id, vector_store_id=store.id, attributes={"label": label}
        )
    found = client.vector_stores.search(
        store.id,
        query=["office", "thirty"],
        filters={"type": "eq", "key": "label", "value": "b"},
        max_num_results=1,
    ).data
    assert [one.filename for one in found] == ["two.md"]
    page = client.vector_stores.files.content(found[0].file_id, vector_store_id=store.id)
    assert [one.text for one in page] == ["Holidays are thirty days."]
    changed = client.vector_stores.update(
        store.id, name="new", expires_after={"anchor": "last_active_at", "days": 2}
    )
    assert (changed.name, changed.expires_at) == ("new", (changed.last_active_at or 0) + 2 * 86400)


def test_traps(http: httpx.Client, clock: Clock) -> None:
    set_trap(
        http,
        batch_answers_store_id=True,
        detach_everywhere=True,
        wrong_counts=True,
        attach_not_found_seconds=5,
    )
    files = [post_file(http) for _ in range(2)]
    check_error(http.post("/vector_stores", json={"file_ids": files}), 404, "file_id")
    clock.now += 5
    stores = [new_store(http, file_ids=files) for _ in range(2)]
    body = {"file_ids": files}
    batch = http.post(f"/vector_stores/{stores[0]}/file_batches", json=body).json()["id"]
    polled = http.get(f"/vector_stores/{stores[0]}/file_batches/{batch}").json()
    assert polled["id"] == stores[0]
    http.delete(f"/vector_stores/{stores[0]}/files/{files[0]}")
    assert list(statuses(http, stores[1])) == [files[1]]
    http.delete(f"/files/{files[1]}")
    assert statuses(http, stores[1]) == {}
    assert http.get(f"/vector_stores/{stores[1]}").json()["file_counts"]["total"] == 1


def test_settings_survive_a_restart(http: httpx.Client, data_dir: Path, clock: Clock) -> None:
    set_trap(http, stuck=["*"])
    with embedded(str(data_dir), api_key=KEY, clock=clock) as url, connect(url) as again:
        file = post_file(again)
        assert statuses(again, new_store(again, file_ids=[file])) == {file: "in_progress"}


@pytest.mark.parametrize(
    ("body", "param"),
    [({"stuck": "x"}, "stuck"), ({"wrong_counts": 1}, "wrong_counts"), ({"wat": 1}, "wat")],
)
def test_settings_are_checked(http: httpx.Client, body: Body, param: str) -> None:
    url = str(http.base_url).replace("/v1/", "/_emulator/settings")
    before = http.get(url).json()
    check_error(http.post(url, json=body), 400, param)
    assert http.get(url).json() == before


PDF, ZIP = b"%PDF-1.7 hello", b"PK\x05\x06" + bytes(18)  # an archive of no files


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.md", b"text", None),
        ("A.TXT", b"text", None),
        ("a.txt", "é".encode("utf-16"), None),
        ("a.json", b"\xef\xbb\xbf{}", None),
        ("a.PDF", PDF, None),
        ("a.docx", ZIP, None),
        ("a.doc", b"{\\rtf1", None),
        ("a.csv", b"a,b", "unsupported_file"),
        ("a", b"text", "unsupported_file"),
        (".md", b"text", "unsupported_file"),
        ("a.pdf.exe", PDF, "unsupported_file"),
        ("a.txt", b"", "invalid_file"),
        ("a.md", b"caf\xe9", "invalid_file"),
        ("a.pdf", b"text", "invalid_file"),
        ("a.pptx", b"text", "invalid_file"),
        ("a.doc", b"text", "invalid_file"),
    ],
)
def test_what_file_search_reads(
    http: httpx.Client, name: str, content: bytes, code: str | None
) -> None:
    store = new_store(http, file_ids=[post_file(http, content, name=name)])
    (member,) = http.get(f"/vector_stores/{store}/files").json()["data"]
    assert member["status"] == ("completed" if code is None else "failed")
    assert (member["last_error"] or {}).get("code") == code


def test_a_delay_and_failures_are_settings(http: httpx.Client, clock: Clock) -> None:
    set_trap(http, index_delay=60, index_fails=["bad*"])
    good, bad = (post_file(http, name=name) for name in ("good.md", "bad.md"))
    store = new_store(http, file_ids=[good, bad])
    assert statuses(http, store) == {good: "in_progress", bad: "in_progress"}
    clock.now += 60
    assert statuses(http, store) == {good: "completed", bad: "failed"}


def test_looking_at_a_store_waits_for_no_writer(http: httpx.Client, data_dir: Path) -> None:
    store = new_store(http, file_ids=[post_file(http)])
    other = sqlite3.connect(data_dir / "emulator.db")
    other.execute("BEGIN IMMEDIATE")  # what a second process does while it writes
    for path in ("", f"/{store}", f"/{store}/files"):
        assert http.get(f"/vector_stores{path}", timeout=5).status_code == 200
    other.close()


def test_a_file_that_waits_is_detached_everywhere(http: httpx.Client, clock: Clock) -> None:
    set_trap(http, detach_everywhere=True, index_delay=60)
    file = post_file(http)
    stores = [new_store(http, file_ids=[file]) for _ in range(2)]
    http.delete(f"/vector_stores/{stores[0]}/files/{file}")
    clock.now += 60
    assert [statuses(http, store) for store in stores] == [{}, {}]
    assert http.get(f"/files/{file}").status_code == 200


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"rewrite_query": "yes"}, "rewrite_query"),
        ({"ranking_options": []}, "ranking_options"),
        ({"ranking_options": {"ranker": "best"}}, "ranking_options[ranker]"),
        ({"ranking_options": {"score_threshold": 2}}, "ranking_options[score_threshold]"),
        ({"ranking_options": {"wat": 2}}, "ranking_options[wat]"),
        ({"max_num_results": 51}, "max_num_results"),
    ],
)
def test_a_search_is_checked(http: httpx.Client, body: Body, param: str) -> None:
    store = new_store(http)
    path = f"/vector_stores/{store}/search"
    check_error(http.post(path, json={"query": "x", **body}), 400, param)


def test_a_search_leaves_out_what_scores_too_little(http: httpx.Client) -> None:
    store = new_store(http, file_ids=[post_file(http, b"an office")])
    body: Body = {"query": "office", "rewrite_query": True}
    path = f"/vector_stores/{store}/search"
    assert len(http.post(path, json=body).json()["data"]) == 1
    body["ranking_options"] = {"ranker": "auto", "score_threshold": 1}
    assert http.post(path, json=body).json()["data"] == []

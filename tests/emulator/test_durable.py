"""What is on disk is whole, whatever ends: a file's time, a connection, a process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from filesync.emulator import server
from filesync.emulator.errors import ApiError
from filesync.emulator.server import embedded
from filesync.emulator.store import SPARE_NAMES, SPARE_SECONDS, Store
from tests.emulator.conftest import (
    KEY,
    Clock,
    check_error,
    connect,
    post_file,
    post_part,
    post_upload,
)

Blobs = Callable[[], list[str]]
_SERVE = (
    "import sys; from filesync.emulator.server import serve\n"
    "serve(sys.argv[1], int(sys.argv[2]), None, lambda url: print(url, flush=True))"
)


def _until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def _half_a_post(url: str, path: str, field: str) -> socket.socket:
    """A connection over which a form was begun, and never ended."""
    parts = urlsplit(url)
    connection = socket.create_connection((parts.hostname, parts.port))
    head = (
        f"POST /v1{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n"
        "Content-Type: multipart/form-data; boundary=B\r\nContent-Length: 9000000\r\n\r\n"
        f'--B\r\nContent-Disposition: form-data; name="{field}"; filename="a"\r\n\r\n'
    )
    connection.sendall(head.encode() + b"x" * 3_000_000)
    return connection


def test_files_expire_by_the_clock(http: httpx.Client, clock: Clock, blobs: Blobs) -> None:
    expiry = {"expires_after[anchor]": "created_at", "expires_after[seconds]": "3600"}
    answer = http.post(
        "/files", data={"purpose": "vision", **expiry}, files={"file": ("a.png", b"x")}
    )
    item, stays = answer.json()["id"], post_file(http)
    clock.now += 3599
    assert http.get(f"/files/{item}/content").content == b"x"
    clock.now += 1
    check_error(http.get(f"/files/{item}/content"), 404, "id")
    check_error(http.get(f"/files/{item}"), 404, "id")
    check_error(http.delete(f"/files/{item}"), 404, "id")
    assert [file["id"] for file in http.get("/files").json()["data"]] == [stays]
    assert len(blobs()) == 1


def test_uploads_expire_in_an_hour(http: httpx.Client, clock: Clock, blobs: Blobs) -> None:
    upload = post_upload(http, 3)
    part = post_part(http, upload, b"abc")
    clock.now += 3600
    for answer in (
        http.post(f"/uploads/{upload}/parts", files={"data": b"x"}),
        http.post(f"/uploads/{upload}/complete", json={"part_ids": [part]}),
        http.post(f"/uploads/{upload}/cancel"),
    ):
        assert "expired" in check_error(answer, 400)
    assert blobs() == []


def test_the_file_of_an_upload_counts_from_its_own_creation(
    http: httpx.Client, clock: Clock
) -> None:
    upload = post_upload(http, 3, expires_after={"anchor": "created_at", "seconds": 3600})
    part = post_part(http, upload, b"abc")
    clock.now += 1000
    done = http.post(f"/uploads/{upload}/complete", json={"part_ids": [part]}).json()
    assert done["file"]["created_at"] == clock.now
    assert done["file"]["expires_at"] == clock.now + 3600


def test_all_is_there_after_a_restart(data_dir: Path) -> None:
    with embedded(str(data_dir)) as url, connect(url) as http:
        item = post_file(http, b"content", "vision")
        upload = post_upload(http, 6)
        part = post_part(http, upload, b"abc")
    with embedded(str(data_dir)) as url, connect(url) as http:
        assert http.get(f"/files/{item}/content").content == b"content"
        parts = [part, post_part(http, upload, b"def")]
        done = http.post(f"/uploads/{upload}/complete", json={"part_ids": parts}).json()
        assert http.get(f"/files/{done['file']['id']}/content").content == b"abcdef"


def test_several_servers_on_one_directory(data_dir: Path) -> None:
    with (
        embedded(str(data_dir)) as one,
        embedded(str(data_dir)) as two,
        connect(one) as first,
        connect(two) as second,
    ):
        with ThreadPoolExecutor(8) as pool:
            made = set(pool.map(lambda n: post_file((first, second)[n % 2]), range(40)))
        for http in (first, second):
            assert {file["id"] for file in http.get("/files").json()["data"]} == made
        upload = post_upload(first, 6)
        parts = [post_part(first, upload, b"abc"), post_part(second, upload, b"def")]
        done = second.post(f"/uploads/{upload}/complete", json={"part_ids": parts}).json()
        assert first.get(f"/files/{done['file']['id']}/content").content == b"abcdef"
        assert first.delete(f"/files/{done['file']['id']}").status_code == 200
        check_error(second.get(f"/files/{done['file']['id']}"), 404, "id")


def test_many_processes_may_make_the_directory_at_once(data_dir: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        stores = list(pool.map(lambda _: Store(str(data_dir)), range(16)))
    for store in stores:
        store.close()


def test_a_cut_body_leaves_nothing(
    base_url: str, http: httpx.Client, blobs: Blobs, capfd: pytest.CaptureFixture[str]
) -> None:
    upload = post_upload(http, 10)
    for path, field in (("/files", "file"), (f"/uploads/{upload}/parts", "data")):
        with _half_a_post(base_url, path, field):
            _until(lambda: len(blobs()) == 1)  # it is being written
        _until(lambda: blobs() == [])
    assert http.get("/files").json()["data"] == []
    assert capfd.readouterr().err == ""


def test_leaving_ends_requests_that_hang(
    data_dir: Path, blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "GRACE_SECONDS", 0.05)
    with embedded(str(data_dir), api_key=KEY) as url, connect(url) as http:
        http.get("/files")  # and this connection stays open
        connection = _half_a_post(url, "/files", "file")
        _until(lambda: len(blobs()) == 1)
    connection.close()
    assert blobs() == []


def test_a_kill_leaves_no_half_file_and_the_next_start_sweeps(data_dir: Path, blobs: Blobs) -> None:
    with _process(data_dir) as process:
        url = _url(process)
        with connect(url) as http:
            item = post_file(http, b"whole", "vision")
        with _half_a_post(url, "/files", "file"):
            _until(lambda: len(blobs()) == 2)
            process.kill()
            process.wait()
    with embedded(str(data_dir)) as url, connect(url) as http:
        assert [file["id"] for file in http.get("/files").json()["data"]] == [item]
        assert len(blobs()) == 2  # it could be another process's, still at work
    for name in blobs():
        os.utime(data_dir / "blobs" / name, (1, 1))
    store = Store(str(data_dir))
    with store.writing() as db:
        db.execute("UPDATE loose SET since = since - 3601")
    store.close()
    with embedded(str(data_dir)) as url, connect(url) as http:
        assert len(blobs()) == 1
        assert http.get(f"/files/{item}/content").content == b"whole"


def _process(data_dir: Path, port: str = "0") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _SERVE, str(data_dir), port],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _url(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_ends_cleanly_on_a_signal(data_dir: Path, number: signal.Signals) -> None:
    with _process(data_dir) as process:
        with connect(_url(process)) as http:
            assert http.get("/files").json()["data"] == []
            process.send_signal(number)
            assert process.wait(20) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_a_port_in_use_is_an_error(base_url: str, tmp_path: Path) -> None:
    port = urlsplit(base_url).port
    assert port is not None
    with pytest.raises(OSError, match="in use"):
        server.serve(str(tmp_path / "other"), port, None, lambda url: None)


def test_a_directory_that_cannot_be_used_is_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"), embedded(str(tmp_path / "file")):
        pass
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "emulator.db").write_bytes(b"no database" * 1000)
    with pytest.raises(OSError, match=r"emulator\.db"), embedded(str(broken)):
        pass


def test_the_server_listens_on_loopback_only(base_url: str) -> None:
    assert base_url.startswith("http://127.0.0.1:")
    assert base_url.endswith("/v1")


def test_a_blob_is_adopted_or_discarded_never_both(data_dir: Path, blobs: Blobs) -> None:
    store = Store(str(data_dir))
    kept, dropped = store.new_blob(), store.new_blob()
    with store.writing() as db:
        store.adopt(db, kept.name)
    kept.discard()
    dropped.discard()
    with pytest.raises(ApiError), store.writing() as db:
        store.adopt(db, dropped.name)
    assert blobs() == [kept.name]
    store.close()


@pytest.mark.skipif(sys.platform == "win32", reason="its files have no limit")
def test_a_disk_that_takes_half_is_an_error(data_dir: Path, blobs: Blobs) -> None:
    import resource

    store = Store(str(data_dir))
    blob = store.new_blob()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    try:
        with pytest.raises(OSError, match="large"):
            blob.write(memoryview(bytes(2_000_000)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    blob.discard()
    assert blobs() == []
    store.close()


def test_small_files_share_the_transaction_that_names_their_blobs(data_dir: Path) -> None:
    store = Store(str(data_dir))
    commits: list[str] = []
    with store.reading() as db:
        db.set_trace_callback(lambda text: commits.append(text) if text == "COMMIT" else None)
    for _ in range(SPARE_NAMES):
        store.new_blob().finish()
    assert len(commits) == 1
    store.close()


def test_a_name_that_was_not_used_is_not_kept(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def loose() -> list[str]:
        with store.reading() as db:
            return [name for (name,) in db.execute("SELECT name FROM loose")]

    store = Store(str(data_dir))
    early, later = store.new_blob(), time.time() + SPARE_SECONDS
    early.finish()
    left = set(loose())
    monkeypatch.setattr(time, "time", lambda: later)
    # Old enough to be swept by a process that starts now and knows nothing of us.
    late = store.new_blob()
    late.finish()
    assert late.name not in left
    store.close()
    store = Store(str(data_dir))
    assert set(loose()) == {early.name, late.name}  # what was begun is for the sweep
    store.close()


def test_content_wakes_no_thread(http: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = post_upload(http, 300_000)

    def refuse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("anyio.to_thread.run_sync", refuse)
    post_file(http)
    post_part(http, upload, b"abc" * 100_000)
    assert http.post(f"/uploads/{upload}/cancel").status_code == 500  # what a thread answers

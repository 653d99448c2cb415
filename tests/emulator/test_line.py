"""Faults, limits, lag, clocks, other types of server, and the log of what was asked."""

from __future__ import annotations

import json
import os
from pathlib import Path

import httpx
import pytest

from filesync.emulator import faults
from filesync.emulator.server import embedded
from filesync.emulator.server_types import SERVER_TYPES
from tests.emulator.conftest import KEY, Clock, check_error, connect, post_file


def change(http: httpx.Client, **settings: object) -> None:
    answer = http.post(admin(http, "settings"), json=settings)
    assert answer.status_code == 200, answer.text


def admin(http: httpx.Client, name: str) -> str:
    return str(http.base_url.copy_with(path=f"/_emulator/{name}"))


def listed(http: httpx.Client, **query: str) -> list[str]:
    return [file["id"] for file in http.get("/files", params=query).json()["data"]]


def test_a_status_for_the_first_requests(http: httpx.Client) -> None:
    change(http, faults=["POST /files 503 x2"])
    data = {"purpose": "user_data"}
    for _ in range(2):
        answer = http.post("/files", data=data, files={"file": ("a.txt", b"x")})
        check_error(answer, 503)
    post_file(http)
    assert len(listed(http)) == 1


def test_a_share_fails_evenly(http: httpx.Client) -> None:
    change(http, faults=["GET /files/* 500 25%"])
    file = post_file(http)
    statuses = [http.get(f"/files/{file}").status_code for _ in range(8)]
    assert statuses == [500, 200, 200, 200] * 2


@pytest.mark.parametrize(("kind", "made"), [("drop", 0), ("lose", 1)])
def test_no_answer_before_or_after_the_work(http: httpx.Client, kind: str, made: int) -> None:
    change(http, faults=[f"POST /files {kind}"])
    with pytest.raises(httpx.TransportError):
        post_file(http)
    assert len(listed(http)) == made


def test_half_an_answer(http: httpx.Client) -> None:
    file = post_file(http)
    change(http, faults=["* /files/* cut"])
    with pytest.raises(httpx.RemoteProtocolError):
        http.get(f"/files/{file}")


def test_a_page_in_place_of_json(http: httpx.Client) -> None:
    change(http, faults=["GET * html"])
    answer = http.get("/files")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "GET",
        "GET /files",
        "get /files 500",
        "GET files 500",
        "GET /files 200",
        "GET /files 600",
        "GET /files 500 10",
        "GET /files 500 101%",
        "GET /files 500 x",
        "GET /files oops",
        "a b c d e",
    ],
)
def test_a_rule_that_says_nothing_is_refused(http: httpx.Client, text: str) -> None:
    with pytest.raises(ValueError, match="^" + text):
        faults.parse(text)
    check_error(http.post(admin(http, "settings"), json={"faults": [text]}), 400, "faults")


def test_more_requests_than_there_may_be(http: httpx.Client, clock: Clock) -> None:
    change(http, requests_per_minute=2)
    assert [http.get("/files").status_code for _ in range(3)] == [200, 200, 429]
    answer = http.get("/files")
    check_error(answer, 429)
    assert int(answer.headers["retry-after"]) >= 30
    assert int(answer.headers["retry-after-ms"]) == pytest.approx(30_000, abs=2)
    clock.now += 30
    assert http.get("/files").status_code == 200


def test_a_listing_lags_behind(http: httpx.Client, clock: Clock) -> None:
    change(http, listing_lag=10)
    file = post_file(http)
    assert listed(http) == []
    assert http.get(f"/files/{file}").status_code == 200
    clock.now += 10
    assert listed(http) == [file]
    http.delete(f"/files/{file}")
    assert listed(http) == [file]
    assert listed(http, after=file) == []
    check_error(http.get(f"/files/{file}"), 404, "id")
    clock.now += 10
    assert listed(http) == []


def test_a_clock_that_is_ahead(http: httpx.Client, clock: Clock) -> None:
    change(http, clock_offset=-3600)
    file = http.get(f"/files/{post_file(http)}").json()
    assert file["created_at"] == int(clock.now) - 3600


def test_a_slow_line_carries_everything(http: httpx.Client) -> None:
    content = os.urandom(30_000)
    change(http, bandwidth=1_000_000, latency=0.001)
    file = post_file(http, content, purpose="vision")
    assert http.get(f"/files/{file}/content").content == content


def test_each_request_is_in_the_log(http: httpx.Client) -> None:
    change(http, faults=["GET /files html x1"])
    http.get("/files", params={"limit": "3", "key": KEY})
    http.get(f"/files/{KEY}")
    http.get("/files", headers={"host": "example.com"})
    answer = http.get(admin(http, "requests"))
    assert KEY not in answer.text
    page, gone, foreign = answer.json()["data"][-3:]
    assert (page["method"], page["path"], page["status"]) == ("GET", "/v1/files", 200)
    assert (page["query"], page["fault"]) == ({"limit": "3"}, "html")
    assert (gone["status"], foreign["status"]) == (404, 403)
    assert page["response_bytes"] > 0
    assert page["request_id"].startswith("req_")


def test_settings_are_kept_and_flags_come_first(data_dir: Path) -> None:
    with embedded(str(data_dir), api_key=KEY) as url, connect(url) as http:
        change(http, type="groq", latency=0.001)
    with embedded(str(data_dir), api_key=KEY, settings={"latency": 0}) as url:
        assert url.endswith("/openai/v1")
        with connect(url) as http:
            settings = http.get(admin(http, "settings")).json()
    assert (settings["type"], settings["latency"]) == ("groq", 0)


@pytest.mark.parametrize("name", SERVER_TYPES)
def test_only_the_routes_of_a_type_are_there(http: httpx.Client, name: str) -> None:
    change(http, type=name)
    kind = SERVER_TYPES[name]
    base = http.base_url.copy_with(path=kind.path)
    for family in ("files", "batches", "vector_stores", "fine_tuning/jobs"):
        status = http.get(f"{base}/{family}").status_code
        assert status == (200 if family.split("/")[0] in kind.routes else 404)
    other = "/v1" if kind.path != "/v1" else "/openai/v1"
    assert http.get(http.base_url.copy_with(path=f"{other}/files")).status_code == 404


def at(http: httpx.Client, name: str) -> httpx.Client:
    """A client of the same server, which is now like another."""
    change(http, type=name)
    return connect(str(http.base_url.copy_with(path=SERVER_TYPES[name].path)))


def test_azure_takes_its_header_its_purposes_and_its_expiry(http: httpx.Client) -> None:
    with at(http, "azure") as azure:
        del azure.headers["authorization"]
        check_error(azure.get("/files"), 401)
        azure.headers["api-key"] = KEY
        assert azure.get("/files").status_code == 200
        form = {"purpose": "user_data"}
        check_error(azure.post("/files", data=form, files={"file": ("a", b"x")}), 400, "purpose")
        form = {"purpose": "batch", "expires_after[anchor]": "created_at"}
        form["expires_after[seconds]"] = "3600"
        check_error(
            azure.post("/files", data=form, files={"file": ("a", b"x")}),
            400,
            "expires_after[seconds]",
        )


def test_mistral_pages_by_number(http: httpx.Client) -> None:
    with at(http, "mistral") as mistral:
        ids = [post_file(mistral, purpose="ocr") for _ in range(5)][::-1]
        page = mistral.get("/files", params={"page": "1", "page_size": "2", "after": ids[0]}).json()
        assert [file["id"] for file in page["data"]] == ids[2:4]
        assert (page["total"], "has_more" in page, "status" in page["data"][0]) == (5, False, False)


def test_xai_pages_by_token_and_does_not_say_purposes(http: httpx.Client) -> None:
    with at(http, "xai") as xai:
        ids = [post_file(xai) for _ in range(3)][::-1]
        found, token = [], ""
        for _ in range(3):
            query = {"limit": "2", "pagination_token": token}
            page = xai.get("/files", params=query).json()
            found += page["data"]
            token = page["pagination_token"]
            assert token
        assert [file["id"] for file in found] == ids
        assert {file["purpose"] for file in found} == {""}
        check_error(xai.get("/files", params={"pagination_token": "no"}), 400, "pagination_token")


@pytest.mark.parametrize("name", ["groq", "litellm", "moonshot", "compatible"])
def test_a_listing_without_paging(http: httpx.Client, name: str) -> None:
    with at(http, name) as server:
        purpose = SERVER_TYPES[name].purposes[-1]
        ids = [post_file(server, purpose=purpose) for _ in range(3)][::-1]
        page = server.get("/files", params={"limit": "1", "after": ids[0], "x": "y"}).json()
        assert [file["id"] for file in page.pop("data")] == ids
        claims = {"has_more": False} if name == "litellm" else {}
        assert page == {"object": "list", **claims}


def test_ogx_renames_expires_and_says_little_of_errors(http: httpx.Client) -> None:
    with at(http, "ogx") as ogx:
        file = ogx.get(f"/files/{post_file(ogx, name='dir a é.txt')}").json()
        assert file["filename"] == "dir_a__.txt"
        assert file["expires_at"] is not None
        answer = ogx.get("/files/none")
        assert answer.status_code == 404
        assert answer.json().keys() == {"error"}
        assert answer.json()["error"].keys() == {"message"}


def test_moonshot_gives_back_text(http: httpx.Client) -> None:
    with at(http, "moonshot") as moonshot:
        file = post_file(moonshot, b"hello", purpose="file-extract")
        assert moonshot.get(f"/files/{file}").json()["status"] == "ok"
        assert json.loads(moonshot.get(f"/files/{file}/content").text)["content"] == "hello"


def test_azure_keeps_so_many_files_without_an_expiry(
    http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert SERVER_TYPES["azure"].max_unexpiring == 500
    few = SERVER_TYPES["azure"]._replace(max_unexpiring=2)
    monkeypatch.setitem(SERVER_TYPES, "azure", few)
    with at(http, "azure") as azure:
        for status in (200, 200, 400):
            answer = azure.post(
                "/files", data={"purpose": "batch"}, files={"file": ("a.jsonl", b"{}")}
            )
            assert answer.status_code == status

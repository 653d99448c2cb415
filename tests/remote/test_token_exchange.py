"""A job's identity instead of a key, against a small exchange on a real socket."""

from __future__ import annotations

import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from filesync.core.servers import SERVER_TYPES
from filesync.errors import AuthError, FilesyncError, RemoteError
from filesync.remote.client import Writer
from filesync.remote.sign_in import sign_in
from tests.cli.fake_api import Answer, FakeApi, Request
from tests.remote.helpers import (
    FILE,
    Conversation,
    FakeTime,
    Script,
    Served,
    fast,
    hang_up,
    reply,
    serving,
)

SUBJECT = "eyJ-canary-subject-0001"
REQUEST = "ghs-canary-request-0001"
TOKEN = "oauth-canary-token-"
BEARER = "authorization"
PAGE = {"object": "list", "data": [FILE], "has_more": False}


def exchanged(number: int, lives: float = 3600) -> Script:
    return reply(200, {"access_token": f"{TOKEN}{number}", "expires_in": lives})


def environment(tmp_path: Path, exchange: Served, **more: str) -> dict[str, str]:
    file = tmp_path / "subject"
    file.write_text(f"{SUBJECT}\n")
    return {
        "OPENAI_IDENTITY_PROVIDER_ID": "idp_1",
        "OPENAI_SERVICE_ACCOUNT_ID": "sa_1",
        "OPENAI_SUBJECT_TOKEN_FILE": str(file),
        "OPENAI_TOKEN_EXCHANGE_URL": f"{exchange.url}/oauth/token",
        **more,
    }


def client(api: Served | FakeApi, environ: dict[str, str], time: FakeTime | None = None) -> Writer:
    settings = fast(time)
    endpoint = sign_in(api.url, environ, allow_insecure_http=False, settings=settings)
    return Writer(endpoint, requests_per_minute=1e9, settings=settings)


def bearers(api: Served) -> list[str]:
    return [
        line.partition(": ")[2]
        for head in api.heads
        for line in head.split("\n")
        if line.lower().startswith("authorization")
    ]


def test_a_token_file_is_exchanged_once_for_many_requests(tmp_path: Path) -> None:
    with (
        serving(exchanged(1)) as exchange,
        serving(*[reply(200, PAGE)] * 3) as api,
        client(api, environment(tmp_path, exchange)) as reader,
    ):
        for _ in range(3):
            assert [file.id for file in reader.list_files()] == ["file-1"]
    assert bearers(api) == [f"Bearer {TOKEN}1"] * 3
    assert len(exchange.heads) == 1
    assert exchange.heads[0].startswith("POST /v1/oauth/token ")
    assert "uthorization" not in exchange.heads[0]


def test_a_token_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    with (
        serving(exchanged(1)) as exchange,
        serving(reply(200, PAGE)) as api,
    ):
        environ = environment(tmp_path, exchange)
        file = Path(environ["OPENAI_SUBJECT_TOKEN_FILE"])
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes() + b"\r\n")
        with client(api, environ) as reader:
            assert reader.list_files()


def test_what_is_asked_of_the_exchange(tmp_path: Path) -> None:
    asked = []

    def script(talk: Conversation) -> None:
        asked.append(json.loads(talk.read_body()))
        talk.answer(200, {"access_token": f"{TOKEN}1", "expires_in": 3600})

    with (
        serving(script) as exchange,
        serving(reply(200, PAGE)) as api,
        client(api, environment(tmp_path, exchange)) as reader,
    ):
        reader.list_files()
    assert asked == [
        {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": SUBJECT,
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "identity_provider_id": "idp_1",
            "service_account_id": "sa_1",
        }
    ]


def test_a_github_job_asks_for_its_identity_first(tmp_path: Path) -> None:
    with (
        serving(reply(200, {"value": SUBJECT})) as github,
        serving(exchanged(1)) as exchange,
        serving(reply(200, PAGE)) as api,
    ):
        environ = environment(
            tmp_path,
            exchange,
            OPENAI_SUBJECT_TOKEN_FILE="",
            ACTIONS_ID_TOKEN_REQUEST_URL=f"{github.url}/token?api-version=2.0",
            ACTIONS_ID_TOKEN_REQUEST_TOKEN=REQUEST,
        )
        with client(api, environ) as reader:
            reader.list_files()
    audience = "https%3A%2F%2Fapi.openai.com%2Fv1"
    assert github.heads[0].startswith(f"GET /v1/token?api-version=2.0&audience={audience} ")
    assert bearers(github) == [f"Bearer {REQUEST}"]
    assert bearers(api) == [f"Bearer {TOKEN}1"]


@pytest.mark.parametrize(
    ("lives", "passes", "tokens"),
    [
        (3600, 2399, 1),
        (3600, 2400, 2),  # 1,200 s before it expires
        (1000, 499, 1),
        (1000, 500, 2),  # half of a life that is shorter than that
        (0, 0, 2),
    ],
)
def test_a_token_is_renewed_in_time(
    tmp_path: Path, lives: float, passes: float, tokens: int
) -> None:
    time = FakeTime()
    with (
        serving(exchanged(1, lives), exchanged(2)) as exchange,
        serving(reply(200, PAGE), reply(200, PAGE)) as api,
        client(api, environment(tmp_path, exchange), time) as reader,
    ):
        reader.list_files()
        time.now += passes
        reader.list_files()
    assert bearers(api) == [f"Bearer {TOKEN}1", f"Bearer {TOKEN}{tokens}"]


def test_an_exchange_that_is_down_does_no_harm_while_the_old_token_lives(tmp_path: Path) -> None:
    time = FakeTime()
    with (
        serving(exchanged(1), *[reply(500)] * 50) as exchange,
        serving(reply(200, PAGE), reply(200, PAGE)) as api,
        client(api, environment(tmp_path, exchange), time) as reader,
    ):
        reader.list_files()
        time.now += 2500
        reader.list_files()
    assert bearers(api) == [f"Bearer {TOKEN}1"] * 2


def test_a_refused_token_is_exchanged_anew_once(tmp_path: Path) -> None:
    time = FakeTime()
    with (
        serving(exchanged(1), exchanged(2)) as exchange,
        serving(reply(200, PAGE), reply(401), reply(200, FILE)) as api,
        client(api, environment(tmp_path, exchange), time) as writer,
    ):
        writer.list_files()
        time.now += 60
        assert writer.get_file("file-1") is not None
    assert bearers(api) == [f"Bearer {TOKEN}1"] * 2 + [f"Bearer {TOKEN}2"]


def test_a_token_that_is_refused_in_many_requests_at_once_is_exchanged_anew_once(
    tmp_path: Path, fake: FakeApi
) -> None:
    """One is refused and has its new token before the others are answered."""
    workers = 4
    time = FakeTime()
    all_sent = threading.Barrier(workers, action=lambda: setattr(time, "now", 1060.0))
    asked = []

    def refuse_the_first(request: Request) -> Answer | None:
        token = next(value for name, value in request.headers.items() if name.lower() == BEARER)
        asked.append(token)
        if not token.endswith("1"):
            return None
        all_sent.wait(30)
        with fake.guard:
            if token not in refused:
                refused.append(token)
                return Answer(401)
        renewed.wait(30)
        return Answer(401)

    refused: list[str] = []
    renewed = threading.Event()

    def again(talk: Conversation) -> None:
        exchanged(2)(talk)
        renewed.set()

    fake.rule(refuse_the_first)
    file_id = fake.add("a.txt")
    with serving(exchanged(1), again, exchanged(3)) as exchange:
        environ = environment(tmp_path, exchange)
        with (
            client(fake, environ, time) as writer,
            ThreadPoolExecutor(workers) as pool,
        ):
            found = list(pool.map(writer.get_file, [file_id] * workers))
    assert all(found)
    assert asked == [f"Bearer {TOKEN}1"] * workers + [f"Bearer {TOKEN}2"] * workers
    assert len(exchange.heads) == 2


def test_a_server_that_refuses_the_new_token_too_is_believed(tmp_path: Path) -> None:
    with (
        serving(exchanged(1), exchanged(2)) as exchange,
        serving(reply(401), reply(401)) as api,
        client(api, environment(tmp_path, exchange)) as reader,
        pytest.raises(AuthError) as caught,
    ):
        reader.list_files()
    assert "check OPENAI_SERVICE_ACCOUNT_ID" in caught.value.hint


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply(400, {"error": f"bad {SUBJECT}", "error_description": f"x {SUBJECT}"}), AuthError),
        (reply(401, {"error": {"message": f"who is {SUBJECT}?"}}), AuthError),
        (reply(403, SUBJECT.encode()), AuthError),
        (reply(200, b"<html>"), RemoteError),
        (reply(200, {}), RemoteError),
        (reply(200, {"access_token": f"{TOKEN}\n", "expires_in": 1}), RemoteError),
        (reply(200, {"access_token": f"{TOKEN}1", "expires_in": "soon"}), RemoteError),
        (reply(200, {"access_token": f"{TOKEN}1", "expires_in": "nan"}), RemoteError),
        (reply(200, {"access_token": f"{TOKEN}1", "expires_in": -1}), RemoteError),
        (reply(302, b"", Location="https://evil.example/"), RemoteError),
        (reply(503), RemoteError),
        (hang_up, RemoteError),
    ],
)
def test_what_an_exchange_can_answer_instead(
    tmp_path: Path, answer: Script, error: type[FilesyncError], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with (
        serving(*[answer] * 30) as exchange,
        serving() as api,
        client(api, environment(tmp_path, exchange)) as reader,
        pytest.raises(error) as caught,
    ):
        reader.list_files()
    told = caught.value.message + caught.value.hint + caplog.text
    assert "canary" not in told
    assert exchange.url.split("/")[2] in told  # the right party is named
    for other in ("OPENAI_API_KEY", "base_url", "OPENAI_BASE_URL"):
        assert other not in told
    identity = isinstance(caught.value, AuthError)
    assert identity is (error is AuthError)
    names = "OPENAI_IDENTITY_PROVIDER_ID" if identity else "OPENAI_TOKEN_EXCHANGE_URL"
    assert names in caught.value.hint


def test_an_exchange_that_is_not_there_is_named(tmp_path: Path) -> None:
    with serving() as exchange, serving() as api:
        environ = environment(tmp_path, exchange)
        environ["OPENAI_TOKEN_EXCHANGE_URL"] = "http://localhost:9/token"
        with client(api, environ) as reader, pytest.raises(RemoteError) as caught:
            reader.list_files()
    assert "localhost:9" in caught.value.message
    assert "OPENAI_TOKEN_EXCHANGE_URL" in caught.value.hint
    assert "base_url" not in caught.value.hint


@pytest.mark.parametrize("said", [{}, {"expires_in": None}])
def test_a_token_whose_life_is_not_told_is_used_until_it_is_refused(
    tmp_path: Path, said: dict[str, object]
) -> None:
    time = FakeTime()
    with (
        serving(reply(200, {"access_token": f"{TOKEN}1", **said}), *[exchanged(2)] * 9) as exchange,
        serving(reply(200, PAGE), reply(200, PAGE), reply(401), reply(200, PAGE)) as api,
        client(api, environment(tmp_path, exchange), time) as reader,
    ):
        for _ in range(3):
            reader.list_files()
            time.now += 100_000
    assert bearers(api) == [f"Bearer {TOKEN}1"] * 3 + [f"Bearer {TOKEN}2"]


def test_a_life_may_be_written_as_text(tmp_path: Path) -> None:
    time = FakeTime()
    script = reply(200, {"access_token": f"{TOKEN}1", "expires_in": "3600"})
    with (
        serving(script, exchanged(2)) as exchange,
        serving(reply(200, PAGE), reply(200, PAGE)) as api,
        client(api, environment(tmp_path, exchange), time) as reader,
    ):
        reader.list_files()
        time.now += 2400
        reader.list_files()
    assert bearers(api) == [f"Bearer {TOKEN}{number}" for number in (1, 2)]


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"OPENAI_SERVICE_ACCOUNT_ID": ""}, "OPENAI_SERVICE_ACCOUNT_ID is not"),
        ({"OPENAI_IDENTITY_PROVIDER_ID": ""}, "OPENAI_IDENTITY_PROVIDER_ID is not"),
        ({"OPENAI_SUBJECT_TOKEN_FILE": ""}, "no identity"),
        ({"OPENAI_TOKEN_EXCHANGE_URL": ""}, "OPENAI_API_KEY is not set"),
        ({"OPENAI_TOKEN_EXCHANGE_URL": "ftp://x"}, "OPENAI_TOKEN_EXCHANGE_URL"),
        ({"OPENAI_TOKEN_EXCHANGE_URL": "http://x.example/"}, "plain http"),
        ({"OPENAI_TOKEN_EXCHANGE_URL": "https://u:p@x.example/"}, "OPENAI_TOKEN_EXCHANGE_URL"),
    ],
)
def test_what_is_missing_or_wrong_is_named(
    tmp_path: Path, change: dict[str, str], names: str
) -> None:
    with serving() as exchange:
        environ = environment(tmp_path, exchange) | change
        with pytest.raises(FilesyncError) as caught:
            sign_in("http://localhost:9/v1", environ, allow_insecure_http=False)
    assert names in caught.value.message


def test_a_token_file_that_is_gone_is_named(tmp_path: Path) -> None:
    with serving() as exchange, serving() as api:
        environ = environment(tmp_path, exchange)
        Path(environ["OPENAI_SUBJECT_TOKEN_FILE"]).unlink()
        with client(api, environ) as reader, pytest.raises(FilesyncError, match="token file"):
            reader.list_files()


def test_a_key_wins_over_an_identity(tmp_path: Path) -> None:
    with serving() as exchange, serving(reply(200, PAGE)) as api:
        environ = environment(tmp_path, exchange, OPENAI_API_KEY="sk-canary-key")
        with client(api, environ) as reader:
            reader.list_files()
    assert bearers(api) == ["Bearer sk-canary-key"]


AZURE = SERVER_TYPES["azure"]


@pytest.mark.parametrize(
    ("environ", "header"),
    [
        ({"AZURE_OPENAI_API_KEY": "canary-1"}, ("api-key", "canary-1")),
        ({"AZURE_OPENAI_AD_TOKEN": "canary-2"}, ("Authorization", "Bearer canary-2")),
        (
            {"AZURE_OPENAI_API_KEY": "canary-1", "AZURE_OPENAI_AD_TOKEN": "canary-2"},
            ("api-key", "canary-1"),
        ),
    ],
)
def test_azure_has_variables_and_a_header_of_its_own(
    environ: dict[str, str], header: tuple[str, str]
) -> None:
    environ |= {"OPENAI_API_KEY": "sk-canary", "OPENAI_ORG_ID": "org", "OPENAI_PROJECT_ID": "proj"}
    with serving(reply(200, PAGE), reply(401)) as api:
        endpoint = sign_in(api.url, environ, allow_insecure_http=False, server=AZURE)
        with Writer(endpoint, settings=fast(), server=AZURE) as reader:
            reader.list_files()
            with pytest.raises(AuthError) as caught:
                reader.list_files()
    assert f"check {next(iter(environ))}," in caught.value.hint
    sent = api.heads[0].lower()
    assert f"{header[0]}: {header[1]}".lower() in sent
    assert "sk-canary" not in sent
    assert "openai-" not in sent


def test_a_key_of_openais_is_never_sent_to_azure() -> None:
    with pytest.raises(FilesyncError, match="AZURE_OPENAI_API_KEY") as caught:
        sign_in(
            "https://x.openai.azure.com/openai/v1",
            {"OPENAI_API_KEY": "sk-canary"},
            allow_insecure_http=False,
            server=AZURE,
        )
    assert "canary" not in caught.value.message + caught.value.hint

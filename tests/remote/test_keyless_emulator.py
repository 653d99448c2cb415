"""A job's identity instead of a key, against the emulator's own OIDC and exchange."""

from __future__ import annotations

import contextlib
import re
import urllib.parse
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from filesync.emulator.server import embedded
from filesync.errors import AuthError
from filesync.remote.client import Writer
from filesync.remote.sign_in import sign_in
from tests.cli.harness import CANARY, Project
from tests.emulator.conftest import Clock
from tests.remote.helpers import FakeTime, fast

KEY = "sk-emulator"
# What the emulator gives out: an access token, and the JWT before it.
GIVEN = re.compile(rb"emulator-[\w-]{43}|eyJ[\w-]+\.eyJ[\w-]+")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def url(tmp_path: Path, clock: Clock) -> Iterator[str]:
    with embedded(str(tmp_path / "platform"), api_key=KEY, clock=clock) as url:
        yield url


def job(url: str, **more: str) -> dict[str, str]:
    """The environment of a GitHub job that may ask for its identity."""
    server = url.removesuffix("/v1")
    return {
        "OPENAI_IDENTITY_PROVIDER_ID": "idp_1",
        "OPENAI_SERVICE_ACCOUNT_ID": "sa_1",
        "OPENAI_TOKEN_EXCHANGE_URL": f"{server}/oauth/token",
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{server}/_emulator/github/oidc?api-version=2.0",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": CANARY,
        **more,
    }


@contextlib.contextmanager
def signed_in(url: str, environ: Mapping[str, str], time: FakeTime) -> Iterator[Writer]:
    settings = fast(time)
    endpoint = sign_in(url, environ, allow_insecure_http=False, settings=settings)
    with Writer(endpoint, requests_per_minute=1e9, settings=settings) as client:
        yield client


def asked(url: str) -> list[tuple[str, int]]:
    """What the emulator was asked, paths and statuses."""
    answer = httpx.get(
        f"{url.removesuffix('/v1')}/_emulator/requests",
        headers={"authorization": f"Bearer {KEY}"},
        trust_env=False,
    )
    return [(one["path"], one["status"]) for one in answer.json()["data"]]


def exchange(url: str, **changes: str | None) -> httpx.Response:
    """Exchange a JWT for a token; the changes replace or remove fields."""
    fields: dict[str, str | None] = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": "eyJhbGciOiJub25lIn0.e30.x",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "identity_provider_id": "idp_1",
        "service_account_id": "sa_1",
        **changes,
    }
    body = {name: value for name, value in fields.items() if value is not None}
    return httpx.post(f"{url.removesuffix('/v1')}/oauth/token", json=body, trust_env=False)


def test_a_token_is_renewed_before_the_server_refuses_it(url: str, clock: Clock) -> None:
    time = FakeTime()
    with signed_in(url, job(url), time) as client:
        for _ in range(4):
            client.list_files()
            clock.now += 2000  # of the 3,600 seconds that a token is valid
            time.now += 2000
    paths = asked(url)
    assert {status for _, status in paths} == {200}
    assert [path for path, _ in paths].count("/oauth/token") == 2


def test_a_token_that_ends_early_is_exchanged_anew(url: str, clock: Clock) -> None:
    time = FakeTime()
    with signed_in(url, job(url), time) as client:
        client.list_files()
        clock.now += 3600
        time.now += 60
        client.list_files()
    assert asked(url)[-4:] == [
        ("/v1/files", 401),
        ("/_emulator/github/oidc", 200),
        ("/oauth/token", 200),
        ("/v1/files", 200),
    ]


def test_an_identity_that_has_expired_is_refused(url: str, clock: Clock, tmp_path: Path) -> None:
    server = url.removesuffix("/v1")
    headers = {"authorization": "Bearer anything"}
    made = httpx.get(f"{server}/_emulator/github/oidc", headers=headers, trust_env=False)
    file = tmp_path / "subject"
    file.write_text(made.json()["value"])
    environ = job(url, OPENAI_SUBJECT_TOKEN_FILE=str(file))
    with signed_in(url, environ, FakeTime()) as client:
        assert client.list_files() == []
    clock.now += 301
    with signed_in(url, environ, FakeTime()) as client, pytest.raises(AuthError):
        client.list_files()


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("grant_type", "password", "unsupported_grant_type"),
        ("subject_token_type", None, "invalid_request"),
        ("subject_token", None, "invalid_request"),
        ("subject_token", "not.a.jwt", "invalid_grant"),
        ("identity_provider_id", "", "invalid_request"),
        ("service_account_id", None, "invalid_request"),
    ],
)
def test_what_the_exchange_refuses(url: str, field: str, value: str | None, error: str) -> None:
    assert exchange(url).status_code == 200
    answer = exchange(url, **{field: value})
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_a_form_does_as_well_as_json(url: str) -> None:
    fields = urllib.parse.parse_qsl(
        "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=a.e30.c"
        "&subject_token_type=urn:ietf:params:oauth:token-type:jwt"
        "&identity_provider_id=i&service_account_id=s"
    )
    answer = httpx.post(
        f"{url.removesuffix('/v1')}/oauth/token", data=dict(fields), trust_env=False
    )
    headers = {"authorization": f"Bearer {answer.json()['access_token']}"}
    assert httpx.get(f"{url}/files", headers=headers, trust_env=False).status_code == 200
    headers["authorization"] += "x"
    assert httpx.get(f"{url}/files", headers=headers, trust_env=False).status_code == 401


def test_a_whole_run_without_a_key_writes_no_token(
    url: str, alone: Project, tmp_path: Path
) -> None:
    alone.files("a", "b")
    alone.env.pop("OPENAI_API_KEY", None)
    alone.env |= job(url, OPENAI_BASE_URL=url)
    ran = [
        alone.run("apply", "-y", "--log-http"),
        alone.run("plan", "--json"),
        alone.run("doctor", code=None),
        alone.run("destroy", "-y", "-v"),
    ]
    assert ("/oauth/token", 200) in asked(url)
    assert GIVEN.search("".join(one.out + one.err for one in ran).encode()) is None
    for path in tmp_path.rglob("*"):  # the emulator's own folder, too
        if path.is_file():
            assert GIVEN.search(path.read_bytes()) is None, path
    alone.check_no_key()

from __future__ import annotations

import subprocess
import sys

import pytest

from filesync.core.loopback import is_loopback
from filesync.errors import FilesyncError
from filesync.remote.credentials import ApiKey
from filesync.remote.endpoint import Endpoint
from filesync.remote.sign_in import sign_in
from tests.remote.helpers import KEY

API = "https://api.example/v1"


def read(url: str = API, environ: dict[str, str] | None = None, insecure: bool = False) -> Endpoint:
    environ = {"OPENAI_API_KEY": KEY, **(environ or {})}
    return sign_in(url, environ, allow_insecure_http=insecure)


def test_reads_what_the_official_clients_read() -> None:
    endpoint = read(
        f"{API}//",
        {
            "OPENAI_API_KEY": f" {KEY}\n",
            "OPENAI_ORG_ID": "org-1",
            "OPENAI_PROJECT_ID": "proj_1",
        },
    )
    assert endpoint == Endpoint(API, ApiKey(KEY), "org-1", "proj_1")
    assert read() == Endpoint(API, ApiKey(KEY))


def test_repr_hides_the_key() -> None:
    assert KEY not in repr(read())


@pytest.mark.parametrize("key", ["", "  \n"])
def test_no_key_names_both_ways_out(key: str) -> None:
    with pytest.raises(FilesyncError) as caught:
        read(API, {"OPENAI_API_KEY": key})
    told = caught.value.message + caught.value.hint
    assert "OPENAI_API_KEY" in told
    assert "emulator:DIR" in told


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"])
@pytest.mark.parametrize("inside", [" ", "\n", "\x00", "\u2019", "é"])
def test_a_credential_that_no_header_can_carry_is_not_shown(name: str, inside: str) -> None:
    with pytest.raises(FilesyncError) as caught:
        read(API, {name: f"canary{inside}canary"})
    assert name in caught.value.message
    assert "canary" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://localhost:8000/v1", True),
        ("http://LOCALHOST./v1", True),
        ("http://api.localhost", True),
        ("http://127.0.0.1", True),
        ("http://127.8.9.1:1", True),
        ("http://[::1]:8000", True),
        ("http://example.com", False),
        ("http://localhost.example.com", False),
        ("http://notlocalhost", False),
        ("http://127.0.0.1.example.com", False),
        ("http://10.0.0.1", False),
        ("http://0.0.0.0", False),
        ("http://[::2]", False),
    ],
)
def test_plain_http_only_to_this_machine(url: str, local: bool) -> None:
    assert is_loopback(url) is local
    if local:
        assert read(url).url == url
    else:
        with pytest.raises(FilesyncError, match="plain http") as caught:
            read(url)
        assert "--allow-insecure-http" in caught.value.hint
        assert read(url, insecure=True).url == url


def test_plain_http_is_seen_in_capitals_too() -> None:
    with pytest.raises(FilesyncError, match="plain http"):
        read("HTTP://example.com/v1")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.openai.com/v1",
        "ftp://example.com",
        "emulator:DIR",
        "https://",
        "https:///v1",
        "https://host:99999",
        "https://host:x",
        "https://[::1",
        "https://ho st/v1",
        "https://host/v1\n",
        "https://hóst/v1",
        "https://host/v1?api-version=1",
        "https://host/v1#x",
        "http://example.com\\.localhost/v1",
        f"https://{'a' * 64}.example",
    ],
)
def test_what_is_no_base_url(url: str) -> None:
    with pytest.raises(FilesyncError, match="base URL"):
        read(url)


@pytest.mark.parametrize("url", ["https://me:canary@host/v1", "https://me:canary@host:99999/"])
def test_a_password_in_the_url_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(FilesyncError, match="user name or password") as caught:
        read(url)
    assert "canary" not in caught.value.message + caught.value.hint


def test_importing_it_does_not_load_httpx() -> None:
    code = "import sys, filesync.remote.endpoint; sys.exit('httpx' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("url", "guess"),
    [
        ("https://example.com", "did you mean https://example.com/v1?"),
        ("https://example.com/v1", ""),
        ("https://example.com/v1beta/x", ""),
        ("https://example.com/v1/v1", "did you mean https://example.com/v1?"),
        (
            "https://example.com/api/v2",
            "the API's version is v1: did you mean https://example.com/api/v1?",
        ),
    ],
)
def test_a_url_of_another_version_is_corrected(url: str, guess: str) -> None:
    assert Endpoint(url, ApiKey("key")).guess == guess

"""Pages of other sites reach a server on loopback through a browser; they get no answer."""

from __future__ import annotations

import httpx
import pytest

from tests.emulator.conftest import check_error


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "127.0.0.1.evil.example:80"},
        {"host": "["},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ],
)
def test_a_foreign_host_or_origin_is_refused(http: httpx.Client, headers: dict[str, str]) -> None:
    check_error(http.get("/files", headers=headers), 403)


@pytest.mark.parametrize(
    "headers",
    [{"host": "localhost:1234"}, {"host": "[::1]:80"}, {"origin": "http://LOCALHOST:3000"}],
)
def test_names_of_loopback_are_accepted(http: httpx.Client, headers: dict[str, str]) -> None:
    assert http.get("/files", headers=headers).status_code == 200

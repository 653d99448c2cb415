"""The fixture `filesync_emulator`: a fresh server on loopback for one test."""

from __future__ import annotations

import json
import secrets
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urljoin

import pytest


class Emulator(NamedTuple):
    """A server that runs: its base URL, the one key that it accepts, and its settings."""

    url: str
    key: str

    def set(self, **settings: object) -> dict[str, Any]:
        """Change settings of /_emulator/settings; returns all. HTTPError for one it lacks."""
        request = urllib.request.Request(
            urljoin(self.url, "/_emulator/settings"),
            json.dumps(settings).encode(),
            {"authorization": f"Bearer {self.key}", "content-type": "application/json"},
        )
        # Without the proxy of the environment: the server is on this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def like(self, server_type: str) -> Emulator:
        """Make it like another type of server; returns it with that type's base URL."""
        from filesync.emulator.server_types import SERVER_TYPES

        self.set(type=server_type)
        return Emulator(urljoin(self.url, SERVER_TYPES[server_type].path), self.key)


@pytest.fixture
def filesync_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An emulator with no files, on a free port, with a random key."""
    # Imported here: every run of pytest loads this module, and few need a server.
    missing = None
    try:
        from filesync.emulator.server import embedded
    except ModuleNotFoundError as error:
        missing = error.name
    if missing:  # outside of `except`, so that nothing but this is shown
        pytest.fail(
            f"filesync_emulator: {missing} is not installed: "
            "run `pip install 'openai-filesync[emulator]'`",
            pytrace=False,
        )

    folder: Path = tmp_path_factory.mktemp("filesync-emulator")
    key = f"sk-{secrets.token_hex(16)}"
    with embedded(str(folder), api_key=key) as url:
        yield Emulator(url, key)

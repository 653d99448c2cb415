"""25 files on the emulator as each type of server: more than two pages where it has pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from filesync.emulator.server import embedded
from filesync.emulator.server_types import SERVER_TYPES
from tests.cli.harness import CANARY, Project
from tests.servers.story import converge

FILES = 25
# Much smaller pages than the server's own, so that a listing of so few files has three.
PAGE = 10


@pytest.mark.parametrize("name", SERVER_TYPES)
def test_a_project_converges_on_each_type(
    alone: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setitem(SERVER_TYPES, name, SERVER_TYPES[name]._replace(page=(PAGE, PAGE)))
    folder = str(tmp_path / "platform")
    with embedded(folder, api_key=CANARY, settings={"type": name}) as url:
        assert url.endswith(SERVER_TYPES[name].path)
        alone.env["OPENAI_BASE_URL"] = url
        if name == "azure":
            del alone.env["OPENAI_API_KEY"]
            alone.env["AZURE_OPENAI_API_KEY"] = CANARY
            # The path is added to an endpoint that is a host alone.
            alone.env["AZURE_OPENAI_ENDPOINT"] = url.removesuffix("/openai/v1")
        assert list(converge(alone, name, FILES))[-1] == "destroy: nothing is left"
    alone.check_no_key()

"""Convergence on servers that we did not write: run with `make foreign`."""

from __future__ import annotations

import pytest

from tests.cli.harness import Project
from tests.servers.foreign import FOREIGN, Absent
from tests.servers.story import converge

pytestmark = pytest.mark.foreign


@pytest.mark.parametrize("name", FOREIGN)
def test_a_project_converges(alone: Project, name: str) -> None:
    _, server_type, start = FOREIGN[name]
    try:
        with start() as server:
            alone.env["OPENAI_BASE_URL"] = server.url
            assert list(converge(alone, server_type, 250))[-1] == "destroy: nothing is left"
    except Absent as why:
        pytest.skip(f"{name}: {why}")
    alone.check_no_key()

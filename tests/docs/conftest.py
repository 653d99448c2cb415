"""What the tests of the pages share."""

from __future__ import annotations

import os

import pytest
from docs_helpers import Shell

from tests.cli.harness import quick_command


@pytest.fixture(autouse=True)
def _commands_start_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = str(quick_command().parent)
    monkeypatch.setattr(Shell, "programs", os.pathsep.join([folder, Shell.programs]))

"""The official Node client against the emulator: run with `make foreign`."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from filesync.emulator.server import embedded
from tests.cli.harness import CANARY
from tests.servers.foreign import HOME, Absent, npm_package

pytestmark = pytest.mark.foreign

SCRIPT = Path(__file__).with_name("node_client.mjs")


def test_it_does_everything_it_can(tmp_path: Path) -> None:
    try:
        npm_package("openai")
    except Absent as why:
        pytest.skip(f"the Node client: {why}")
    with embedded(str(tmp_path), api_key=CANARY) as url:
        env = {"PATH": os.environ["PATH"], "NODE_HOME": str(HOME)}
        env |= {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": CANARY}
        ran = subprocess.run(
            ["node", str(SCRIPT)], env=env, capture_output=True, text=True, check=False
        )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == ["files", "uploads", "vector stores"]
    assert CANARY not in ran.stdout + ran.stderr

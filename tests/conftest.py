"""What the tests of the command share: a project folder, an emulator, a scripted server."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx  # noqa: F401 - its module of transports is changed below
import pytest
from hypothesis import HealthCheck, settings

from filesync.emulator.server import embedded

# A slow machine fails no test.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# A shell that runs the tests in the background has them ignore Ctrl-C, and what they start inherits
# that; the tests of interrupting need the default.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The clients of the tests speak to loopback, and each would load all certificates: 25 ms.
_transports: Any = sys.modules["httpx._transports.default"]
_transports.create_ssl_context = cache(_transports.create_ssl_context)

# With pytest's way of reporting why an assert failed.
pytest.register_assert_rewrite("tests.cli.harness", "tests.crash.steps")

from tests.cli.fake_api import FakeApi, serving  # noqa: E402
from tests.cli.harness import CANARY, Clock, Platform, Project  # noqa: E402


def pytest_collection_finish() -> None:
    """What is collected stays, and it is much: the garbage collector need not look at it again."""
    gc.freeze()


def _project(tmp_path: Path, url: str | None) -> Project:
    root, home = tmp_path / "project", tmp_path / "home"
    root.mkdir()
    home.mkdir()
    return Project(root, home, url)


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    """An emulator in this process that takes only the canary key."""
    clock = Clock()
    with embedded(str(tmp_path / "platform"), api_key=CANARY, clock=clock) as url:
        found = Platform(url, clock)
        with found.http:
            yield found


@pytest.fixture
def project(tmp_path: Path, platform: Platform) -> Iterator[Project]:
    """A project folder whose OPENAI_BASE_URL is `platform`."""
    made = _project(tmp_path, platform.url)
    yield made
    made.check_no_key()


@pytest.fixture
def fake() -> Iterator[FakeApi]:
    """The scripted server."""
    with serving(FakeApi()) as api:
        yield api


@pytest.fixture
def on_fake(tmp_path: Path, fake: FakeApi) -> Iterator[Project]:
    """A project folder whose OPENAI_BASE_URL is `fake`."""
    made = _project(tmp_path, fake.url)
    yield made
    made.check_no_key()


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Project]:
    """A project folder without any server."""
    made = _project(tmp_path, None)
    yield made
    made.check_no_key()

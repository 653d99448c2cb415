"""What the crash tests share: one hub, a few zygotes, scenes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.crash.hub import Hub
from tests.crash.project import CANARY, Runners, Scene

_numbers = itertools.count()
MakeScene = Callable[[], Scene]


@pytest.fixture(scope="session")
def hub() -> Iterator[Hub]:
    made = Hub()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def runners(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runners]:
    made = Runners(4, tmp_path_factory.mktemp("zygotes"))
    yield made
    made.stop()


@pytest.fixture
def make_scene(hub: Hub, runners: Runners, tmp_path: Path) -> Iterator[MakeScene]:
    """Makes scenes; each has a platform of its own."""
    made: list[Scene] = []

    def make() -> Scene:
        number = next(_numbers)
        scene = Scene(tmp_path / f"scene-{number}", hub, runners, f"{CANARY}-{number}")
        made.append(scene)
        return scene

    yield make
    for scene in made:
        if scene.key in hub.tenants:
            hub.close(scene.key)
        assert not scene.key_written()


@pytest.fixture
def scene(make_scene: MakeScene) -> Scene:
    return make_scene()

"""The problems of one manifest, collected while it is checked."""

from __future__ import annotations

from filesync.core.manifest import yaml_reader
from filesync.core.manifest.yaml_reader import Mapping, Place
from filesync.errors import Problem


class Report:
    """Collects problems by place, and finds the line and column each one stands at."""

    def __init__(self, root: Mapping, problems: list[Problem]) -> None:
        self.root = root
        self.problems = problems
        self.faulty: set[Place] = set()
        """Every place with a problem at it or below it."""

    def add(self, place: Place, message: str, *, at_key: bool = False) -> None:
        """Note a problem of the value at `place`, or of its key."""
        position = yaml_reader.position(self.root, place, of_key=at_key)
        self.problems.append(Problem(*position, yaml_reader.place_text(place), message))
        self.faulty.update(place[:end] for end in range(1, len(place) + 1))

"""What files are checked for; without what checks them, which a plan of known files never loads."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from filesync.core.content.findings import Verdict
from filesync.core.content.rules import RULES_VERSION
from filesync.core.model import ScannedFile
from filesync.core.purposes import JSONL_PURPOSES
from filesync.core.servers import COMPATIBLE
from filesync.core.text import suffix_of


class Asked(NamedTuple):
    """What a file's content is to be checked for.

    That is its purpose, the name servers judge by, and the type of server it goes to.
    """

    purpose: str
    name: str
    server: str = COMPATIBLE.name

    @property
    def id(self) -> str:
        """Return what a verdict depends on beside the content: the key of the cache."""
        return _id(self.purpose, suffix_of(self.name), self.server)

    @property
    def has_lines(self) -> bool:
        """Say whether the file is checked line by line."""
        evals = self.purpose == "evals" and self.name.lower().endswith(".jsonl")
        return evals or self.purpose in JSONL_PURPOSES


@lru_cache(maxsize=256)  # looked up for every file of a plan
def _id(purpose: str, suffix: str, server: str) -> str:
    return f"{RULES_VERSION}:{purpose}:{suffix.lower()}:{server}"


class ContentChecks:
    """Which files are to be checked, and what came of it.

    `asked` says what a file is to be checked for, None for not at all. Filled in, by the file's
    key: `verdicts` with the verdict on its content, `unread` with why it could not be read.
    """

    def __init__(self, asked: Callable[[ScannedFile], Asked | None]) -> None:
        self.asked = asked
        self.verdicts: dict[str, Verdict] = {}
        self.unread: dict[str, str] = {}

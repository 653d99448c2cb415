"""What `status` and `validate` return."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileStatus:
    """One declared or locked file. Ages and what is left of a life are in seconds.

    `key` is None for a file on the platform that no key names, `id` for one that is not there,
    `left` for one that never expires. `state` says in words what an apply would do and why.
    """

    key: str | None
    id: str | None
    filename: str | None
    bytes: int | None
    age: int | None
    left: int | None
    action: str
    reason: str
    state: str


@dataclass(frozen=True, slots=True)
class ContentFinding:
    """One thing wrong with a file's content: `line` is 1-based, None if it is the whole file.

    `severity` is "error" or "warning", and `rule` the name of the check.
    """

    key: str
    path: str
    line: int | None
    severity: str
    rule: str
    message: str

"""Which files may be sent before their sha256 is known: each condition by itself."""

from __future__ import annotations

from typing import Any

import pytest

from filesync.core.content.asked import Asked, ContentChecks
from filesync.core.decide.unhashed import hashed_while_sent, may_send_unhashed
from filesync.core.lockfile.lock import Lockfile
from filesync.core.model import Entry, Manifest, MaxDelete, ScannedFile
from filesync.core.parts import PARTS_FROM
from filesync.core.recovery.journal import Attempt, History
from filesync.core.servers import SERVER_TYPES
from tests.core.builders import NOW, SHA, lock_of, locked, policy

SIZE = PARTS_FROM + 5


def scanned(key: str = "k", size: int = SIZE, **changes: Any) -> ScannedFile:
    told = {name: changes.pop(name) for name in ("fault", "version") if name in changes}
    entry = Entry(key, f"{key}.txt", None, (), False, None, policy(**changes), {})
    plain = ScannedFile(entry, key, f"{key}.txt", f"/{key}.txt", size, 1, 1, 1)
    return plain._replace(**told)


def asked(file: ScannedFile) -> Asked | None:
    rules = file.entry.policy
    return Asked(rules.purpose, file.path) if rules.validate else None


def keys_of(
    *files: ScannedFile, lock: Lockfile | None = None, begun: Attempt | None = None
) -> set[str]:
    history = History() if begun is None else History({begun.number: begun})
    return set(hashed_while_sent(files, lock or lock_of(), history, ContentChecks(asked)))


def attempt(key: str, size: int) -> Attempt:
    return Attempt(1, key, SHA, size, f"{key}.txt", "user_data", None, NOW)


@pytest.mark.parametrize(
    ("server", "state", "may"),
    [
        ("openai", None, True),
        ("azure", None, True),
        ("compatible", None, True),
        ("xai", None, False),
        ("openai", "s3://bucket/state", False),
    ],
)
def test_what_a_run_must_be_like(server: str, state: str | None, may: bool) -> None:
    plain = Manifest("m", "", "p", None, 1000, MaxDelete(30, True), None, (), policy(), ())
    assert may_send_unhashed(SERVER_TYPES[server], plain._replace(state=state)) is may


def test_a_large_new_file_is_hashed_while_it_is_sent() -> None:
    assert keys_of(scanned()) == {"k"}


@pytest.mark.parametrize(
    "file",
    [
        pytest.param(scanned(size=PARTS_FROM - 1), id="sent in one request"),
        pytest.param(scanned(fingerprint=True), id="its name holds the hash"),
        pytest.param(scanned(version="an etag"), id="in an object store"),
        pytest.param(scanned(fault="not a file"), id="cannot be read"),
        pytest.param(scanned(purpose="batch"), id="checked line by line"),
        pytest.param(scanned(purpose="fine-tune"), id="checked line by line, too"),
    ],
)
def test_what_must_be_read_first(file: ScannedFile) -> None:
    assert keys_of(file) == set()


def test_lines_that_are_not_to_be_checked_are_not_waited_for() -> None:
    assert keys_of(scanned(purpose="batch", validate=False)) == {"k"}


@pytest.mark.parametrize("other", [SIZE, SIZE + 1])
def test_another_wanted_file_may_have_the_same_content(other: int) -> None:
    """Then one upload is enough for both."""
    assert keys_of(scanned(), scanned("other", other)) == (
        {"k", "other"} if other != SIZE else set()
    )


@pytest.mark.parametrize("size", [SIZE, SIZE + 1])
@pytest.mark.parametrize("key", ["k", "gone"])
def test_the_lockfile_may_know_the_content(key: str, size: int) -> None:
    """Of the same key it is up to date then, of another it has moved."""
    lock = lock_of(**{key: locked(bytes=size)})
    assert keys_of(scanned(), lock=lock) == ({"k"} if size != SIZE else set())


@pytest.mark.parametrize(
    ("key", "size", "waits"),
    [("k", SIZE, False), ("k", SIZE + 1, False), ("b", SIZE, False), ("b", SIZE + 1, True)],
)
def test_an_interrupted_upload_may_be_of_this_content(key: str, size: int, waits: bool) -> None:
    assert keys_of(scanned(), begun=attempt(key, size)) == ({"k"} if waits else set())

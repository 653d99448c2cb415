"""Remote files found by their fingerprint: which of them is taken, and that none is twice."""

from __future__ import annotations

from typing import Any

import pytest

from filesync.core.decide.unclaimed import UnclaimedFiles
from filesync.core.fingerprint import fingerprinted, owner_token
from filesync.core.model import DesiredFile, LockEntry, RemoteFile
from tests.core.builders import NOW, OTHER_SHA, PROJECT, SHA, desired, live, lock_of, locked

NAME = fingerprinted("k.txt", PROJECT, SHA)


def printed(file_id: str = "file-1", **changes: Any) -> RemoteFile:
    """A remote file with the fingerprint that `want()` asks for."""
    return live(file_id, **{"filename": NAME, **changes})


def want(**changes: Any) -> DesiredFile:
    return desired(**{"fingerprint": True, **changes})


def unclaimed(
    *remote: RemoteFile, wanted: DesiredFile | None = None, **held: LockEntry
) -> UnclaimedFiles:
    files = {file.id: file for file in remote}
    return UnclaimedFiles([wanted or want()], lock_of(**held), files, owner_token(PROJECT))


def taken(files: UnclaimedFiles, wanted: DesiredFile) -> str | None:
    found = files.take(wanted)
    return None if found is None else found.id


def test_one_with_our_fingerprint_purpose_and_size_is_taken_once() -> None:
    files = unclaimed(printed())
    assert taken(files, want()) == "file-1"
    assert files.taken == {"file-1"}
    assert taken(files, want()) is None


@pytest.mark.parametrize(
    ("remote", "why"),
    [
        (printed(filename="k.txt"), "no fingerprint"),
        (printed(filename=fingerprinted("k.txt", "another", SHA)), "another project's"),
        (printed(filename=fingerprinted("k.txt", PROJECT, OTHER_SHA)), "another content"),
        (printed(filename=fingerprinted("other.txt", PROJECT, SHA)), "another name"),
        (printed(purpose="assistants"), "another purpose"),
        (printed(bytes=11), "another size"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_differs_is_not_taken(remote: RemoteFile, why: str) -> None:
    files = unclaimed(remote)
    assert taken(files, want()) is None, why
    assert files.taken == set()


def test_a_size_that_the_server_does_not_say_may_be_right() -> None:
    assert taken(unclaimed(printed(bytes=None)), want()) == "file-1"


def test_what_a_key_holds_is_not_taken() -> None:
    assert taken(unclaimed(printed(), other=locked(id="file-1")), want()) is None


def test_only_entries_with_a_fingerprint_take_any() -> None:
    plain = want(fingerprint=False)
    assert taken(unclaimed(printed()), plain) is None
    assert taken(unclaimed(printed(), wanted=plain), want()) is None


def test_a_name_that_a_gateway_rewrote_is_taken() -> None:
    wanted = want(filename="a é.txt")
    assert taken(unclaimed(printed(filename=wanted.filename.replace(" é", "__"))), wanted)


def test_of_several_a_working_one_goes_first_then_the_exact_name_then_the_youngest() -> None:
    wanted = want(filename="a b.txt")
    exact, rewritten = wanted.filename, wanted.filename.replace(" ", "_")
    files = unclaimed(
        printed("file-broken", filename=exact, status="error", created_at=NOW),
        printed("file-rewritten", filename=rewritten, created_at=NOW - 1),
        printed("file-old", filename=exact, created_at=NOW - 9),
        printed("file-young", filename=exact, created_at=NOW - 5),
    )
    order = [taken(files, wanted) for _ in range(5)]
    assert order == ["file-young", "file-old", "file-rewritten", "file-broken", None]


def test_of_equals_the_last_id_is_taken_whatever_order_the_listing_has() -> None:
    twins = [printed(f"file-{n}") for n in range(3)]
    assert taken(unclaimed(*twins), want()) == taken(unclaimed(*twins[::-1]), want()) == "file-2"


def test_one_that_is_given_back_can_be_taken_again() -> None:
    files = unclaimed(printed())
    found = files.take(want())
    assert found is not None
    files.give_back(found)
    assert files.taken == set()
    assert taken(files, want()) == "file-1"

"""What a plan adds to the storage, and when what it adds expires: from its document alone."""

from __future__ import annotations

from filesync.core.plan.document import ChangeDocument, FileDocument
from filesync.core.plan.storage import Storage, storage_of
from filesync.output.plan_text import storage_line


def change(action: str, size: int, *, had: int | None = None, days: int | None = None) -> object:
    after = FileDocument(size, "", "user_data", "a", None if days is None else days * 86400)
    before = None if had is None else after._replace(bytes=had)
    base = ChangeDocument(f"{action}{size}", action, "new", "a", "a", "user_data", size, "", None)
    return base._replace(id=f"file-{action}{size}", before=before, after=after)


def line(*changes: object) -> str | None:
    storage = storage_of(changes)  # type: ignore[arg-type]
    return None if storage is None else storage_line(storage)


def test_nothing_is_said_without_an_upload() -> None:
    assert line() is None
    assert line(change("delete", 5), change("adopt", 7), change("forget", 7)) is None


def test_what_comes_and_goes() -> None:
    assert line(change("create", 5), change("adopt", 7)) == "Stored: 5 B more."
    both = [change("create", 20), change("replace", 30, had=10), change("delete", 5)]
    assert line(*both) == "Stored: 35 B more (50 B new, 15 B deleted)."
    assert line(change("replace", 2, had=9)) == "Stored: 7 B less (2 B new, 9 B deleted)."


def test_a_file_that_two_keys_leave_goes_once() -> None:
    one, other = change("replace", 30, had=10), change("replace", 40, had=10)
    other = other._replace(id=one.id)  # type: ignore[attr-defined]
    assert storage_of([one, other]) == Storage(70, 10, (), 2)  # type: ignore[list-item]


def test_when_the_new_files_expire() -> None:
    assert line(change("create", 5, days=14)) == "Stored: 5 B more. Expiring: 1 new file in 14d."
    several = [change("create", n, days=days) for n, days in enumerate([30, 14, 14, None, 30, 1])]
    assert (line(*several) or "").endswith(
        " Expiring: 1 new file in 1d, 2 in 14d, 2 in 30d, 1 never."
    )

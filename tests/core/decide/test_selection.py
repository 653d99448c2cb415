"""What `--only`, `--exclude` and `--purpose` select."""

from __future__ import annotations

import pytest

from filesync.core.decide.selection import Selection
from filesync.core.run import Filters
from filesync.errors import FilesyncError

PURPOSES = {"docs/a.md": "assistants", "docs/old/b.md": "assistants", "train": "fine-tune"}


@pytest.mark.parametrize(
    ("filters", "keys", "store"),
    [
        (Filters(), {"docs/a.md", "docs/old/b.md", "train"}, True),
        (Filters(only=("docs",)), {"docs/a.md", "docs/old/b.md"}, False),
        (Filters(only=("docs/a.md", "tr*")), {"docs/a.md", "train"}, False),
        (Filters(only=("store:*",)), set(), True),
        (Filters(only=("train", "store:kb")), {"train"}, True),
        (Filters(exclude=("docs/old",)), {"docs/a.md", "train"}, True),
        (Filters(exclude=("store:kb",)), {"docs/a.md", "docs/old/b.md", "train"}, False),
        (Filters(("docs",), ("*/old/*",)), {"docs/a.md"}, False),
        (Filters(purposes=("fine-tune",)), {"train"}, False),
        (Filters(purposes=("fine-tune", "assistants"), exclude=("docs/*",)), {"train"}, False),
    ],
    ids=lambda value: str(sorted(value) if isinstance(value, set) else value),
)
def test_what_is_selected(filters: Filters, keys: set[str], store: bool) -> None:
    selection = Selection(filters, PURPOSES)
    assert {key for key in PURPOSES if selection.has(key)} == keys
    assert selection.has_store("kb") is store
    assert selection.has(None) is not filters.narrow
    selection.check(PURPOSES, ["kb"], "the 3 files")


@pytest.mark.parametrize(
    ("filters", "says"),
    [
        (Filters(only=("docs", "typo*")), "--only 'typo*' selects none of the 3 files"),
        (Filters(only=("store:typo",)), "--only 'store:typo' selects none of the 3 files"),
        (
            Filters(only=("docs",), exclude=("*",)),
            "--only 'docs' --exclude '*' selects none of the 3 files",
        ),
        (
            Filters(purposes=("batch",)),
            "--purpose 'batch' selects none of the 3 files; "
            "their purposes are assistants, fine-tune",
        ),
    ],
    ids=str,
)
def test_a_filter_that_selects_nothing_is_an_error(filters: Filters, says: str) -> None:
    with pytest.raises(FilesyncError) as error:
        Selection(filters, PURPOSES).check(PURPOSES, ["kb"], "the 3 files")
    assert error.value.message == says


def test_a_vector_store_without_its_prefix_is_pointed_to() -> None:
    with pytest.raises(FilesyncError) as error:
        Selection(Filters(only=("kb",)), PURPOSES).check(PURPOSES, ["kb"], "the 3 files")
    assert error.value.hint == "a vector store is chosen by --only store:kb"


@pytest.mark.parametrize(
    ("stores", "hint"),
    [(["kb", "a b"], "there is 'store:a b', store:kb"), ([], "there are no vector stores")],
)
def test_a_vector_store_that_is_not_there_is_answered_with_those_that_are(
    stores: list[str], hint: str
) -> None:
    with pytest.raises(FilesyncError) as error:
        Selection(Filters(only=("store:typo",)), PURPOSES).check(PURPOSES, stores, "the 3 files")
    assert error.value.hint == hint


def test_filters_as_options_and_in_a_heading() -> None:
    filters = Filters(("docs/*", "a"), ("x y",), ("batch",))
    assert " ".join(filters.words) == "--only docs/* --only a --exclude x y --purpose batch"
    assert str(filters) == "only docs/*, a, without x y, purpose batch"
    assert str(Filters()) == ""


def test_what_was_picked_is_meant_exactly() -> None:
    keys = [*PURPOSES, "docs", None]
    some = Selection(Filters(picked=frozenset({"docs", "store:kb"})), PURPOSES)
    assert [key for key in keys if some.has(key)] == ["docs"]
    assert some.has_store("kb")
    assert not some.has_store("other")
    assert some.partial
    nameless = Selection(Filters(only=("docs",), picked=frozenset({None, "train", "docs/a.md"})))
    assert [key for key in keys if nameless.has(key)] == ["docs/a.md", None]

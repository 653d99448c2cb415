"""Which files a store holds, and with which attributes."""

from __future__ import annotations

import pytest

from filesync.core.stores.declared import Candidate, declare, fill, placeholder_problem, shared_ids
from filesync.core.stores.model import Attributes, DesiredStore, StoreEntry


def store(*files: str, attributes: Attributes | None = None) -> StoreEntry:
    at = {"": (9, 3), "attributes": (12, 5), **{f"files.{n}": (10, 8 + n) for n in range(9)}}
    return StoreEntry("h", "h", None, files, None, None, {}, attributes or {}, False, False, at)


FILES = [
    Candidate("faq", "faq", "docs/faq.md", "assistants", {"audience": "all"}),
    Candidate("book/a", "book", "book/a.md", "user_data", {}),
    Candidate("book/b", "book", "book/b.md", "user_data", {}),
    Candidate("train", "train", "train.jsonl", "fine-tune", {}),
]


def declared(entry: StoreEntry, *empty: str) -> tuple[DesiredStore, list[str]]:
    (one,), problems = declare([entry], FILES, empty, "bot")
    return one, [f"{p.line}:{p.col}: {p.where}: {p.message}" for p in problems]


@pytest.mark.parametrize(
    ("patterns", "members"),
    [
        (["faq"], ["faq"]),
        (["book"], ["book/a", "book/b"]),
        (["book/*"], ["book/a", "book/b"]),
        (["book/a", "faq"], ["book/a", "faq"]),
        (["*"], ["book/a", "book/b", "faq"]),
        (["[!x]*/b"], ["book/b"]),
    ],
)
def test_keys_and_globs_on_keys(patterns: list[str], members: list[str]) -> None:
    one, problems = declared(store(*patterns))
    assert sorted(one.members) == members
    assert problems == []


@pytest.mark.parametrize(
    ("patterns", "says"),
    [
        (["faq", "nope"], "10:9: vector_stores.h.files[1]: 'nope' matches no key of `files`"),
        (["x/*"], "10:8: vector_stores.h.files[0]: 'x/*' matches no key"),
        (["train"], "'train' has purpose fine-tune; a vector store takes assistants and user_data"),
        (["tra*"], "'train' has purpose fine-tune"),
    ],
)
def test_what_matches_nothing_usable_is_an_error(patterns: list[str], says: str) -> None:
    _, problems = declared(store(*patterns))
    assert len(problems) == 1
    assert says in problems[0]


@pytest.mark.parametrize("pattern", ["new", "new/*", "n*"])
def test_an_entry_that_may_be_empty_may_be_named(pattern: str) -> None:
    (one,), problems = declare([store(pattern)], [], ["new"], "bot")
    assert (problems, one.members) == ([], {})


def test_the_mark_goes_with_the_metadata() -> None:
    one, _ = declared(store("faq")._replace(metadata={"team": "x"}))
    assert one.metadata == {"team": "x", "filesync": "bot/h"}


def test_attributes_are_merged_and_filled_in() -> None:
    one, _ = declared(store("*", attributes={"source": "{dir}:{name}", "audience": "me", "n": 1}))
    assert one.members["faq"] == {"source": "docs:faq.md", "audience": "all", "n": 1}
    assert one.members["book/a"] == {"source": "book:a.md", "audience": "me", "n": 1}


def test_too_many_or_too_long_attributes_are_named() -> None:
    many = {f"a{n}": n for n in range(16)}
    _, problems = declared(store("faq", attributes=many))
    assert problems == [
        "12:5: vector_stores.h.attributes: faq would have 17 attributes with its own, "
        "and the API takes 16"
    ]
    _, problems = declared(store("faq", attributes={"x": "{path}" * 100}))
    assert problems == [
        "12:5: vector_stores.h.attributes.x: is 1100 characters long for faq, and the API takes 512"
    ]


def test_filling_in() -> None:
    assert fill("{key}|{path}|{dir}|{name}", "k", "a/b/c.md") == "k|a/b/c.md|a/b|c.md"
    assert fill("{{key}} {dir}.", "k", "c.md") == "{key} ."
    assert fill("{key}", "{path}", "x") == "{path}"
    assert placeholder_problem("{key} {{x}}") == ""
    assert "{nme}" in placeholder_problem("a {nme}")
    assert placeholder_problem("{}")


def test_keys_with_one_id_are_named_together() -> None:
    targets = {"a": "f1", "b": "f1", "c": "f2", "d": None, "e": None}
    assert shared_ids(targets, ["b", "a", "c", "d", "e"]) == {"f1": ["a", "b"]}

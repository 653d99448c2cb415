"""The lockfile's text: exact, stable, and never believed when it is unsound."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filesync.core.lockfile.format import dump_lockfile, parse_lockfile
from filesync.core.lockfile.lock import Lockfile, check_owner
from filesync.core.model import LockEntry
from filesync.core.text import composed
from filesync.errors import LockfileError

ENTRY = LockEntry(
    "file-abc",
    "data/train.jsonl",
    "a" * 64,
    1234,
    "train.jsonl",
    "fine-tune",
    1209600,
    1795248809,
    1796458409,
)

GOLDEN = """\
{
  "version": 1,
  "project": "support-bot",
  "base_url": "https://api.openai.com/v1",
  "files": {
    "a/é.md": {"id": "file-def", "path": "a/é.md", "sha256": "SHA", "bytes": 0, "filename": "é.md", "purpose": "assistants", "expires_after": null, "created_at": 1, "expires_at": null},
    "train": {"id": "file-abc", "path": "data/train.jsonl", "sha256": "SHA", "bytes": 1234, "filename": "train.jsonl", "purpose": "fine-tune", "expires_after": 1209600, "created_at": 1795248809, "expires_at": 1796458409, "protect": true}
  },
  "retired": [{"id": "file-old", "key": "train", "delete_after": 1795853609},
              {"id": "file-older", "key": "train", "delete_after": 1795853610}]
}
""".replace("SHA", "a" * 64)  # noqa: E501


def sample() -> Lockfile:
    lock = Lockfile("support-bot", "https://api.openai.com/v1")
    lock.files["train"] = ENTRY._replace(protect=True)
    lock.files["a/é.md"] = LockEntry(
        "file-def", "a/é.md", "a" * 64, 0, "é.md", "assistants", None, 1, None
    )
    lock.retire("file-older", "train", 1795853610)
    lock.retire("file-old", "train", 1795853609)
    return lock


def test_the_text_is_exact() -> None:
    assert dump_lockfile(sample()).decode() == GOLDEN


def test_an_empty_lock_is_json_too() -> None:
    empty = Lockfile("p", "u")
    assert json.loads(dump_lockfile(empty)) == {
        "version": 1,
        "project": "p",
        "base_url": "u",
        "files": {},
        "retired": [],
    }
    assert parse_lockfile(dump_lockfile(empty), "x.lock") == empty


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).map(composed)
numbers = st.integers(0, 2**53)
entries = st.builds(
    LockEntry,
    st.from_regex(r"file-[A-Za-z0-9]{1,20}", fullmatch=True),
    texts,
    st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
    numbers,
    texts,
    texts,
    st.none() | numbers,
    numbers,
    st.none() | numbers,
    st.booleans(),
)


@given(st.dictionaries(texts, entries, max_size=5), texts, texts)
def test_what_is_written_is_read_back(
    files: dict[str, LockEntry], project: str, base_url: str
) -> None:
    # One id under two contents is refused.
    files = {key: one._replace(id=f"{one.id}{i}") for i, (key, one) in enumerate(files.items())}
    lock = Lockfile(project, base_url, files)
    assert parse_lockfile(dump_lockfile(lock), "x.lock") == lock


def test_one_file_is_one_line() -> None:
    changed = sample()
    changed.files["train"] = ENTRY._replace(id="file-new", protect=True)
    before, after = GOLDEN.splitlines(), dump_lockfile(changed).decode().splitlines()
    differing = [a for a, b in zip(before, after, strict=True) if a != b]
    assert len(differing) == 1


def broken(**changes: Any) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(GOLDEN)
    data.update(changes)
    return {name: value for name, value in data.items() if value != "DROP"}


def entry(**changes: Any) -> dict[str, Any]:
    one = {**json.loads(GOLDEN)["files"]["train"], **changes}
    return broken(files={"train": {k: v for k, v in one.items() if v != "DROP"}})


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        (broken(version=3), "version 3"),
        (broken(version="1"), "version '1'"),
        (broken(version=True), "version True"),
        (broken(version="DROP"), "version None"),
        (broken(project=""), "no project"),
        (broken(project=5), "no project"),
        (broken(base_url="DROP"), "no base_url"),
        (broken(files="DROP"), "no `files`"),
        (broken(files=[]), "no `files`"),
        (broken(files={"train": "file-abc"}), "not an object"),
        (broken(retired={}), "not a list"),
        (broken(retired=["file-old"]), "not an object"),
        (broken(retired=[{"id": "file-old"}]), "no key"),
        (broken(serial=7), "unknown field 'serial'"),
        (entry(extra=1), "unknown field 'extra' in files.train"),
        (entry(id="DROP"), "no id in files.train"),
        (entry(id="../files"), "bad id"),
        (entry(id="file abc"), "bad id"),
        (entry(id="file-\n"), "bad id"),
        (entry(sha256="A" * 64), "bad sha256"),
        (entry(sha256="a" * 63), "bad sha256"),
        (entry(bytes="12"), "bad bytes"),
        (entry(bytes=-1), "bad bytes"),
        (entry(bytes=1.5), "bad bytes"),
        (entry(bytes=True), "bad bytes"),
        (entry(bytes=None), "no bytes"),
        (entry(bytes=1 << 70), "bad bytes"),
        (entry(expires_at="DROP"), "no expires_at"),
        (entry(protect="yes"), "bad protect"),
        ([], "not a JSON object"),
    ],
)
def test_an_unsound_lockfile_is_an_error(document: object, complaint: str) -> None:
    with pytest.raises(LockfileError) as caught:
        parse_lockfile(json.dumps(document).encode(), "x.lock")
    assert caught.value.message.startswith("x.lock ")
    assert complaint in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (b"", "not valid JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (GOLDEN.encode()[:200], "not valid JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (GOLDEN.replace("1234", "9" * 5000).encode(), "not valid JSON"),
        (GOLDEN.replace("support-bot", "\\ud800").encode(), "surrogate"),
        (GOLDEN.replace('"bytes": 0', '"bytes": NaN').encode(), "bad bytes"),
        (
            f"{{\n<<<<<<< HEAD\n{GOLDEN}=======\n{GOLDEN}>>>>>>> branch\n".encode(),
            "git conflict markers",
        ),
        (GOLDEN.replace('"a/é.md": ', '"train": ').encode(), "'train' twice"),
    ],
)
def test_damaged_text_is_an_error(text: bytes, complaint: str) -> None:
    with pytest.raises(LockfileError, match=complaint):
        parse_lockfile(text, "x.lock")


@given(st.binary(max_size=300))
def test_no_bytes_whatever_do_worse_than_lockfile_error(text: bytes) -> None:
    with pytest.raises(LockfileError):
        parse_lockfile(text, "x.lock")


@pytest.mark.parametrize(
    ("project", "base_url"),
    [("other", "https://api.openai.com/v1"), ("support-bot", "http://127.0.0.1:1/v1")],
)
def test_a_lock_of_another_project_or_server_is_refused(project: str, base_url: str) -> None:
    with pytest.raises(LockfileError) as caught:
        check_owner(sample(), "x.lock", project, base_url)
    assert caught.value.hint


def test_a_lock_of_the_same_server_in_another_spelling_is_taken() -> None:
    check_owner(sample(), "x.lock", "support-bot", "HTTPS://API.openai.com:443/v1/")


def test_drop_forgets_only_the_file_named() -> None:
    lock = sample()
    lock.drop("file-old", "train")
    assert set(lock.retired) == {"file-older"}
    assert "train" in lock.files
    lock.drop("file-abc", "train")
    assert "train" not in lock.files


def test_a_file_that_a_key_holds_is_not_retired() -> None:
    lock = Lockfile("p", "u", {"a": ENTRY, "b": ENTRY})
    assert not lock.retire(ENTRY.id, "a", 1)
    assert lock.held(ENTRY.id, besides="a")
    lock.put("a", ENTRY._replace(id="file-new"))
    assert not lock.retire(ENTRY.id, "a", 1)
    assert not lock.held(ENTRY.id, besides="b")
    assert lock.take_out("b") == ENTRY
    assert lock.take_out("b") is None
    assert lock.retire(ENTRY.id, "b", 1)
    # Wanted again, it waits no longer.
    lock.put("c", ENTRY)
    assert lock.retired == {}
    assert lock == Lockfile("p", "u", {"a": ENTRY._replace(id="file-new"), "c": ENTRY})
    lock.drop(ENTRY.id, "a")
    assert lock.held(ENTRY.id)
    lock.drop(ENTRY.id, "c")
    assert not lock.held(ENTRY.id)

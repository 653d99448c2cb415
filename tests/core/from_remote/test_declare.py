"""What is on the platform already: what a manifest can declare of it, and by which content."""

from __future__ import annotations

import hashlib
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from filesync.core.fingerprint import fingerprinted, without
from filesync.core.from_remote.candidates import Found, LeftOut, sort_out
from filesync.core.from_remote.declare import Content, Import, settle, would_be_orphans
from filesync.core.from_remote.manifest_text import manifest_text, scalar
from filesync.core.manifest import parse as manifests
from filesync.core.model import RemoteFile

NOW = 1_800_000_000
DAY = 86400
SHA = hashlib.sha256(b"x").hexdigest()
OTHER_SHA = hashlib.sha256(b"y").hexdigest()


def remote(
    file_id: str, filename: str = "a.txt", purpose: str = "batch", **more: object
) -> RemoteFile:
    """A file of one byte, made ten days ago, that expires in twenty."""
    made = NOW - 10 * DAY
    fields: dict[str, object] = {
        "bytes": 1,
        "created_at": made,
        "expires_at": made + 30 * DAY,
        "status": "processed",
    }
    return RemoteFile(id=file_id, filename=filename, purpose=purpose, **{**fields, **more})  # type: ignore[arg-type]


def found(*files: RemoteFile) -> list[Found]:
    result = sort_out(files, "test", NOW)
    assert not result.left_out
    return result.found


# What a manifest can declare


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (remote("f", purpose="batch_output"), LeftOut.MADE_BY_API),
        (remote("f", purpose="fine-tune-results", status="error"), LeftOut.MADE_BY_API),
        (remote("f", status="error"), LeftOut.BROKEN),
        (remote("f", purpose="something-new"), LeftOut.PURPOSE),
        (remote("f", fingerprinted("a.txt", "other", SHA)), LeftOut.OTHER_PROJECT),
        (remote("f", expires_at=NOW - 1), LeftOut.EXPIRING),
        (remote("f", expires_at=NOW + 60), LeftOut.EXPIRING),
        (remote("f", ""), LeftOut.NAME),
        (remote("f", ".."), LeftOut.NAME),
        (remote("f", "a\nb"), LeftOut.NAME),
        (remote("f", "x" * 129), LeftOut.NAME),
        (remote("f", purpose="vision", bytes=30_000_000), LeftOut.SIZE),
        (remote("f", expires_at=None), LeftOut.LIFE),  # of purpose batch: they always expire
        (remote("f", expires_at=NOW + 300 * DAY), LeftOut.LIFE),
        (remote("f", created_at=0), LeftOut.LIFE),
    ],
)
def test_what_no_manifest_can_declare_is_counted_by_reason(file: RemoteFile, why: LeftOut) -> None:
    assert sort_out([file], "test", NOW) == ([], Counter({why: 1}))


def test_match_takes_some() -> None:
    files = [remote("f", "kb-1.md"), remote("g", "other.md")]
    result = sort_out(files, "test", NOW, "kb-*")
    assert [one.remote.id for one in result.found] == ["f"]
    assert result.left_out == {LeftOut.NOT_ASKED_FOR: 1}


@pytest.mark.parametrize(
    ("seconds", "expires_after"),
    [
        (7 * DAY, 7 * DAY),
        (7 * DAY - 2, 7 * DAY),  # a server's rounding
        (30 * DAY + 60, 30 * DAY),
        (12 * 3600 + 1, 12 * 3600),
        (3599, 3600),
        (5000, 5000),
    ],
)
def test_expiry_is_what_was_asked_for(seconds: int, expires_after: int) -> None:
    file = remote("f", created_at=NOW, expires_at=NOW + seconds)
    (one,) = found(file)
    assert one.expires_after == expires_after
    assert one.renew_before is None


def test_never_where_a_purpose_need_not_expire() -> None:
    (one,) = found(remote("f", purpose="user_data", expires_at=None))
    assert one.expires_after is None


def test_what_would_be_renewed_at_once_is_renewed_a_little_later() -> None:
    (one,) = found(remote("f", created_at=NOW - 29 * DAY, expires_at=NOW + DAY))
    assert one.expires_after == 30 * DAY
    assert one.renew_before == DAY // 2


def test_keys_come_from_filenames_and_are_unique_as_variables_too() -> None:
    names = [
        "train.jsonl",
        "train.jsonl",
        "train.csv",
        "Train.txt",
        "dir/eval set (1).jsonl",
        "-x.txt",
        ".env",
        "日本語.md",
        "中国語.md",
        "!!!",
        "archive.tar.gz",
    ]
    files = [remote(f"f{n:02}", name, created_at=NOW - n) for n, name in enumerate(names)]
    keys = [one.key for one in sort_out(files, "test", NOW).found]
    assert keys == [
        "train",  # the newest has the plain name
        "train-2",
        "train-3",
        "Train-4",  # FILESYNC_TRAIN_2 is taken
        "eval-set-1",
        "x",
        "env",
        "日本語",
        "中国語-2",
        "file",
        "archive.tar",
    ]


def test_ten_thousand_of_one_name_take_no_time() -> None:
    files = [remote(f"file-{n}", created_at=NOW - n) for n in range(10_000)]
    keys = {one.key for one in sort_out(files, "test", NOW).found}
    assert len(keys) == 10_000


# By which content


def test_downloaded_content_is_declared_where_it_goes() -> None:
    result = settle(found(remote("f", "dir/a.txt")), {"f": Content(SHA, 1)}, {}, {}, [])
    (one,) = result.declared
    assert (one.path, one.fetched, one.compared, one.filename) == (
        "files/dir_a.txt",
        True,
        True,
        "dir/a.txt",
    )
    assert one.locked(NOW).sha256 == SHA
    assert one.locked(NOW).expires_after == 30 * DAY


def test_a_local_file_with_that_content_is_taken_instead() -> None:
    copies = {
        ("a.txt", 1): [
            Content(OTHER_SHA, 1, "a.txt"),
            Content(SHA, 1, "deep/er/a.txt"),
            Content(SHA, 1, "data/a.txt"),
        ]
    }
    (one,) = settle(found(remote("f")), {"f": Content(SHA, 1)}, {}, copies, []).declared
    assert (one.path, one.fetched, one.compared) == ("data/a.txt", False, True)


def test_names_in_the_folder_are_not_taken_twice() -> None:
    files = found(
        remote("f1", "a.txt", created_at=NOW - 1),
        remote("f2", "A.txt", created_at=NOW - 2),
        remote("f3", "a.txt", created_at=NOW - 3),
        remote("f4", "a.txt", created_at=NOW - 4),
    )
    fetched = {
        "f1": Content("1" * 64, 1),
        "f2": Content("2" * 64, 1),
        "f3": Content("3" * 64, 1),
        "f4": Content("1" * 64, 1),  # the first once more
    }
    result = settle(files, fetched, {}, {}, ["a-2.txt", "b.txt"])
    assert [(one.path, one.fetched) for one in result.declared] == [
        ("files/a.txt", True),
        ("files/A-3.txt", True),
        ("files/a-4.txt", True),
        ("files/a.txt", False),
    ]


def test_content_that_cannot_be_had_is_guessed_by_name_and_size_and_that_is_told() -> None:
    copies = {("a.txt", 1): [Content(SHA, 1, "docs/a.txt")]}
    newer = remote("new", purpose="user_data", created_at=NOW - 1, expires_at=None)
    older = remote("old", purpose="user_data", created_at=NOW - 2, expires_at=None)
    result = settle(found(older, newer), {}, {"new": "no", "old": "no"}, copies, [])
    (one,) = result.declared
    assert (one.found.remote.id, one.path, one.compared) == ("new", "docs/a.txt", False)
    (other,) = result.undeclared
    assert other.found.remote.id == "old"
    assert "of a, which is newer" in other.why


def test_local_files_that_differ_are_no_answer() -> None:
    copies = {("a.txt", 1): [Content(SHA, 1, "a.txt"), Content(OTHER_SHA, 1, "old/a.txt")]}
    (other,) = settle(found(remote("f")), {}, {"f": "no"}, copies, []).undeclared
    assert "2 files here" in other.why


def test_without_content_the_reason_is_kept() -> None:
    one, two = settle(found(remote("f"), remote("g")), {}, {"f": "because"}, {}, []).undeclared
    assert (one.why, two.why) == ("because", "it was not downloaded")


def test_content_of_another_size_is_not_believed() -> None:
    (other,) = settle(found(remote("f")), {"f": Content(SHA, 2)}, {}, {}, []).undeclared
    assert "2 bytes" in other.why


def test_our_own_fingerprint_says_what_the_content_is() -> None:
    name = fingerprinted("a.txt", "test", SHA)
    files = found(remote("f", name, "user_data"))
    copies = {("a.txt", 1): [Content(OTHER_SHA, 1, "a.txt"), Content(SHA, 1, "b/a.txt")]}
    (one,) = settle(files, {}, {"f": "no"}, copies, []).declared
    assert (one.path, one.compared, one.is_fingerprinted) == ("b/a.txt", True, True)
    assert one.filename == "a.txt"
    assert one.locked(NOW).filename == name
    # A name that lies about its content is declared as any other name.
    (one,) = settle(files, {"f": Content(OTHER_SHA, 1)}, {}, {}, []).declared
    assert not one.is_fingerprinted
    assert one.filename == name


def test_files_of_ours_that_are_not_declared_would_be_orphans() -> None:
    ours = remote("f", fingerprinted("a.txt", "test", SHA))
    result = remote("g", fingerprinted("a.txt", "test", SHA), "batch_output")
    others = remote("h", fingerprinted("a.txt", "other", SHA))
    files = [ours, result, others, remote("i")]
    assert would_be_orphans(files, [], "test") == ["f"]
    declared = settle(found(ours), {"f": Content(SHA, 1)}, {}, {}, []).declared
    assert would_be_orphans(files, declared, "test") == []


@pytest.mark.parametrize("name", ["a.txt", "a", ".env", "a.tar.gz", "a b.é", "a."])
def test_a_fingerprint_comes_off_again(name: str) -> None:
    assert without(fingerprinted(name, "test", SHA)) == name
    assert without(name) == name


# As text

NAMES = st.text(min_size=1, max_size=40)


def text_of(result: Import) -> str:
    return manifest_text(
        project="test",
        base_url=None,
        schema="filesync.schema.json",
        declared=result.declared,
        undeclared=result.undeclared,
    )


@given(st.lists(st.tuples(NAMES, st.booleans()), max_size=6))
@example([("0", True), ("/", False), ("a/", False), (".", False), ("..", False), ("a/..", False)])
def test_the_manifest_says_of_any_name_what_was_found(names: list[tuple[str, bool]]) -> None:
    files = [
        remote(f"file-{n}", name, purpose="user_data", created_at=NOW - n, expires_at=None)
        for n, (name, _) in enumerate(names)
    ]
    here = {f"file-{n}": Content(f"{n:064}", 1) for n, (_, there) in enumerate(names) if there}
    result = settle(sort_out(files, "test", NOW).found, here, {}, {}, [])
    manifest, problems = manifests.parse_manifest(text_of(result).encode(), "filesync.yaml")
    assert problems == []
    read = {entry.key: entry for entry in manifest.entries}
    assert read.keys() == {one.found.key for one in result.declared}
    for one in result.declared:
        entry = read[one.found.key]
        assert entry.path == one.path
        assert (entry.filename or one.path.rpartition("/")[2]) == one.found.remote.filename
    # The comments are entries as well, once the "# " is taken away.
    text = text_of(result)
    if result.declared and result.undeclared:
        head, _, comments = text.partition("\n# Not declared")
        lines = [line for line in comments.splitlines() if line.startswith("#   ")]
        again = "\n".join([head, *(line[2:] for line in lines), ""])
        manifest, problems = manifests.parse_manifest(again.encode(), "filesync.yaml")
        assert problems == []
        assert len(manifest.entries) == len(result.declared) + len(result.undeclared)


@pytest.mark.parametrize(
    "text", ["on", "Null", "1", "1e3", "2026-12-01", "a: b", "#", "é", "", "~"]
)
def test_what_yaml_would_read_as_something_else_is_quoted(text: str) -> None:
    assert scalar(text).startswith('"')


def test_the_manifest_tells_what_was_not_compared_and_what_is_missing() -> None:
    files = found(remote("file-1", "a.txt"), remote("file-2", "b.txt"))
    copies = {("a.txt", 1): [Content(SHA, 1, "a.txt")]}
    text = text_of(settle(files, {}, {"file-1": "no", "file-2": "not \ufffe allowed"}, copies, []))
    assert "  a:  # taken by name and size: its content was not compared\n" in text
    assert "#   b:  # not \\ufffe allowed\n" in text
    assert "# filesync adopt b file-2\n" in text
    nothing = text_of(settle(files, {}, {}, {}, []))
    assert "files: {}\n" in nothing
    assert "{} after `files:`" in nothing

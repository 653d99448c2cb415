"""Scanning: what is found, under which key, and everything that is refused."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from filesync.core.model import Entry, Policy, Position, ScannedFile
from filesync.errors import Problem
from filesync.local.scan import scan

POLICY = Policy("user_data", None, 0, False, 0, "keep", False)
POSITIONS = {"": Position(3, 1), "path": Position(4, 11), "glob": Position(5, 11)}


def path_entry(path: str, key: str = "train") -> Entry:
    return Entry(key, path, None, (), False, None, POLICY, POSITIONS)


def glob_entry(glob: str, *exclude: str, key: str = "kb", allow_empty: bool = False) -> Entry:
    return Entry(key, None, glob, exclude, allow_empty, None, POLICY, POSITIONS)


def make(root: Path, *paths: str) -> None:
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path)


def found(
    root: Path, *entries: Entry, ignore: Sequence[str] = (), outside: bool = False
) -> list[str]:
    files, problems = scan(entries, str(root), allow_outside=outside, ignore=frozenset(ignore))
    assert problems == []
    return [file.path for file in files]


def only_problem(root: Path, entry: Entry, *, outside: bool = False) -> str:
    files, problems = scan([entry], str(root), allow_outside=outside)
    assert files == []
    (problem,) = problems
    field = "glob" if entry.path is None else "path"
    assert problem[:3] == (*POSITIONS[field], f"files.{entry.key}.{field}")
    return problem.message


def keys(files: list[ScannedFile]) -> list[str]:
    return [file.key for file in files]


# What is found


def test_a_path_entry_carries_its_stat(tmp_path: Path) -> None:
    make(tmp_path, "data/train.jsonl")
    (file,), problems = scan([path_entry("./data/train.jsonl")], str(tmp_path), allow_outside=False)
    st = (tmp_path / "data/train.jsonl").stat()
    assert problems == []
    assert file[1:8] == (
        "train",
        "data/train.jsonl",
        str(tmp_path / "data/train.jsonl"),
        st.st_size,
        st.st_mtime_ns,
        st.st_ctime_ns,
        st.st_ino,
    )


def test_glob_keys_are_below_the_fixed_prefix_and_sorted(tmp_path: Path) -> None:
    make(tmp_path, "docs/b.md", "docs/a/z.md", "docs/a.txt", "other/c.md")
    files, problems = scan(
        [glob_entry("docs/**/*.md"), path_entry("docs/a.txt", "first")],
        str(tmp_path),
        allow_outside=False,
    )
    assert problems == []
    assert keys(files) == ["first", "kb/a/z.md", "kb/b.md"]
    assert [f.path for f in files] == ["docs/a.txt", "docs/a/z.md", "docs/b.md"]
    assert all(Path(f.absolute) == tmp_path / f.path for f in files)


def test_a_glob_without_wildcards_keeps_the_name(tmp_path: Path) -> None:
    make(tmp_path, "docs/a.md")
    files, _ = scan([glob_entry("docs/a.md")], str(tmp_path), allow_outside=False)
    assert keys(files) == ["kb/a.md"]


def test_hidden_names_need_a_dot_in_the_pattern(tmp_path: Path) -> None:
    make(tmp_path, "a", ".b", ".c/d", "e/.f/g")
    assert found(tmp_path, glob_entry("**")) == ["a"]
    assert found(tmp_path, glob_entry("**/.*")) == [".b"]
    assert found(tmp_path, glob_entry(".c/*")) == [".c/d"]


def test_excludes(tmp_path: Path) -> None:
    make(
        tmp_path, "docs/a.md", "docs/drafts/b.md", "docs/drafts/x/c.md", "docs/d.tmp", "docs/x/e.md"
    )
    assert found(tmp_path, glob_entry("docs/**", "docs/drafts/**", "**/*.tmp", "*.md")) == [
        "docs/a.md",
        "docs/x/e.md",
    ]
    assert found(tmp_path, glob_entry("docs/**/*.md", "docs/drafts/", "docs/*.md")) == [
        "docs/x/e.md"
    ]


def test_excludes_match_dot_names(tmp_path: Path) -> None:
    make(tmp_path, "a", ".env", ".x/b")
    assert found(tmp_path, glob_entry(".*", "*", allow_empty=True)) == []
    assert found(tmp_path, glob_entry(".x/*", "**", allow_empty=True)) == []


def test_an_excluded_folder_is_not_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "docs/a.md", "docs/drafts/b.md")
    listed = []
    scandir = os.scandir

    def counted(path: str) -> object:
        listed.append(os.path.relpath(path, tmp_path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", counted)
    assert found(tmp_path, glob_entry("docs/**", "docs/drafts/**")) == ["docs/a.md"]
    assert listed == ["docs"]


def test_our_own_files_are_never_matched(tmp_path: Path) -> None:
    make(tmp_path, "filesync.yaml", "locks/real.lock", "a", ".filesync/hashes.sqlite")
    (tmp_path / "filesync.lock").symlink_to("locks/real.lock")
    ignore = ["filesync.yaml", "filesync.lock"]
    assert found(tmp_path, glob_entry("**"), ignore=ignore) == ["a"]
    assert found(tmp_path, glob_entry(".filesync/*", allow_empty=True), ignore=ignore) == []
    assert found(tmp_path, glob_entry(".*/*", allow_empty=True), ignore=ignore) == []
    for path in ("filesync.lock", "./filesync.yaml", ".filesync/hashes.sqlite"):
        _, problems = scan(
            [path_entry(path)], str(tmp_path), allow_outside=False, ignore=frozenset(ignore)
        )
        assert problems[0].message == f"{path} is a file of filesync itself"


def test_one_file_may_belong_to_two_entries(tmp_path: Path) -> None:
    make(tmp_path, "a.md")
    assert found(tmp_path, path_entry("a.md", "one"), path_entry("a.md", "two")) == ["a.md"] * 2


def test_allow_empty(tmp_path: Path) -> None:
    assert found(tmp_path, glob_entry("docs/**", allow_empty=True)) == []


# Symlinks


def test_symlinks_inside_are_followed_but_not_by_double_star(tmp_path: Path) -> None:
    make(tmp_path, "real/a.md")
    (tmp_path / "b.md").symlink_to("real/a.md")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real/loop").symlink_to("..")
    assert found(tmp_path, glob_entry("**/*.md")) == ["b.md", "real/a.md"]
    assert found(tmp_path, glob_entry("*/*.md")) == ["link/a.md", "real/a.md"]
    assert found(tmp_path, glob_entry("link/**")) == ["link/a.md"]
    assert found(tmp_path, path_entry("link/a.md")) == ["link/a.md"]


@pytest.fixture
def escaping(tmp_path: Path) -> Path:
    """A folder with links to a file and a folder outside of it."""
    make(tmp_path, "out/secret.md", "in/a.md")
    (tmp_path / "in/file.md").symlink_to("../out/secret.md")
    (tmp_path / "in/folder").symlink_to("../out")
    return tmp_path / "in"


@pytest.mark.parametrize(
    ("entry", "paths"),
    [
        (path_entry("file.md"), ["file.md"]),
        (path_entry("folder/secret.md"), ["folder/secret.md"]),
        (path_entry("../out/secret.md"), ["../out/secret.md"]),
        (glob_entry("f*.md"), ["file.md"]),
        (glob_entry("folder/*"), ["folder/secret.md"]),
        (glob_entry("fold*/*"), ["folder/secret.md"]),
        (glob_entry("../out/*.md"), ["../out/secret.md"]),
    ],
)
def test_leaving_the_folder_is_refused_unless_allowed(
    escaping: Path, entry: Entry, paths: list[str]
) -> None:
    assert "--allow-outside" in only_problem(escaping, entry)
    assert found(escaping, entry, outside=True) == paths


def test_absolute_paths_are_refused_unless_allowed(escaping: Path) -> None:
    secret = str(escaping.parent / "out/secret.md")
    for entry in (path_entry(secret), glob_entry(secret), glob_entry(f"{escaping.parent}/out/**")):
        message = only_problem(escaping, entry)
        assert "is an absolute path" in message
        assert "--allow-outside" in message
        assert found(escaping, entry, outside=True) == [secret]


def test_exclude_spares_a_refusal(escaping: Path) -> None:
    assert found(escaping, glob_entry("**/*.md", "file.md")) == ["a.md"]
    assert found(escaping, glob_entry("*/*.md", "folder/**", allow_empty=True)) == []


def test_dots_that_stay_inside_are_fine(tmp_path: Path) -> None:
    make(tmp_path, "a.md", "docs/b.md")
    assert found(tmp_path, path_entry("docs/../a.md")) == ["a.md"]


def test_a_manifest_folder_behind_a_symlink_is_no_escape(tmp_path: Path) -> None:
    make(tmp_path, "real/a.md", "real/filesync.lock")
    (tmp_path / "link").symlink_to("real")
    root = tmp_path / "link"
    assert found(root, glob_entry("**"), ignore=["filesync.lock"]) == ["a.md"]
    assert found(root, path_entry("a.md")) == ["a.md"]


# Problems


def test_broken_symlinks(tmp_path: Path) -> None:
    (tmp_path / "broken.md").symlink_to("nowhere")
    assert only_problem(tmp_path, path_entry("broken.md")) == "broken.md is a broken symlink"
    for glob in ("*.md", "**", "*/x.md"):
        message = only_problem(tmp_path, glob_entry(glob, allow_empty=True))
        assert message == "broken.md is a broken symlink"
    for glob in ("broken.md/*", "broken.md/x/y"):
        message = only_problem(tmp_path, glob_entry(glob, allow_empty=True))
        assert "broken symlink" in message


def test_symlinks_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    assert "in a circle" in only_problem(tmp_path, path_entry("one"))
    assert "in a circle" in only_problem(tmp_path, glob_entry("one"))


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("missing.md", "no such file: missing.md"),
        ("a.md/b", "no such file: a.md/b"),
        ("*.txt", "no such file: *.txt; for a pattern write `glob` in place of `path`"),
        (
            "~/a.md",
            "no such file: ~/a.md; ~ is not your home folder here: "
            "write the path from the manifest's folder",
        ),
        ("$HOME/a", "no such file: $HOME/a; a variable is written ${FILESYNC_VAR_NAME}"),
        ("docs", "docs is a folder; use glob: docs/**"),
        ("docs/", "docs/ is a folder; use glob: docs/**"),
        ("fifo", "fifo is not a regular file"),
        ("/dev/null", None),
        ("tab\there", "the name tab\\there has control characters"),
        ("nul\0", "the name nul\\x00 has control characters"),
        ("bad\udcff", "the name bad\\udcff has bytes that are not UTF-8"),
        ("x" * 300, None),
    ],
)
def test_path_problems(tmp_path: Path, path: str, message: str | None) -> None:
    make(tmp_path, "a.md", "docs/b.md")
    os.mkfifo(tmp_path / "fifo")
    told = only_problem(tmp_path, path_entry(path), outside=True)
    assert message is None or told == message


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("*.txt", "*.txt matches no file; set `allow_empty: true` to allow that"),
        ("nowhere/**", "nowhere/** matches no file; set `allow_empty: true` to allow that"),
        ("a.md/*", "a.md/* matches no file; set `allow_empty: true` to allow that"),
        (
            "docs",
            "docs matches no file; for the files of the folder write docs/**"
            "; set `allow_empty: true` to allow that",
        ),
        (".", ". names no file; for all files of the folder write **"),
        ("fi*", "fifo is not a regular file"),
        ("*/../*", None),
        ("nul\0*", "the name nul\\x00* has control characters"),
    ],
)
def test_glob_problems(tmp_path: Path, pattern: str, message: str | None) -> None:
    make(tmp_path, "a.md", "docs/b.md")
    os.mkfifo(tmp_path / "fifo")
    told = only_problem(tmp_path, glob_entry(pattern))
    assert message is None or told == message


def test_bad_names_among_the_matches(tmp_path: Path) -> None:
    make(tmp_path, "good.md", "new\nline.md", "caf\N{LATIN SMALL LETTER E WITH ACUTE}.md")
    (tmp_path / os.fsdecode(b"latin\xe9.md")).write_text("")
    files, problems = scan([glob_entry("*.md")], str(tmp_path), allow_outside=False)
    assert keys(files) == ["kb/café.md", "kb/good.md"]
    assert sorted(p.message for p in problems) == [
        "the name latin\\udce9.md has bytes that are not UTF-8",
        "the name new\\nline.md has control characters",
    ]


def test_all_problems_are_collected(tmp_path: Path) -> None:
    make(tmp_path, "good.md")
    files, problems = scan(
        [path_entry("no.md"), path_entry("good.md", "good"), glob_entry("*.txt"), path_entry("..")],
        str(tmp_path),
        allow_outside=False,
    )
    assert keys(files) == ["good"]
    assert len(problems) == 3


def test_two_files_with_one_key(tmp_path: Path) -> None:
    make(tmp_path, "a/x.md", "b/x.md")
    _, problems = scan(
        [glob_entry("a/*", key="kb"), glob_entry("b/*", key="kb")],
        str(tmp_path),
        allow_outside=False,
    )
    assert problems == [Problem(5, 11, "files.kb.glob", problems[0].message)]
    assert "a/x.md" in problems[0].message
    assert "b/x.md" in problems[0].message


def test_a_folder_that_cannot_be_listed_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "docs/a.md", "docs/closed/b.md")
    scandir = os.scandir

    def denied(path: str) -> object:
        if path.rstrip("/").endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", denied)
    files, problems = scan([glob_entry("docs/**")], str(tmp_path), allow_outside=False)
    assert keys(files) == ["kb/a.md"]
    assert [p.message for p in problems] == ["cannot list docs/closed/: permission denied"]
    message = only_problem(tmp_path, glob_entry("docs/closed/*", allow_empty=True))
    assert message == "cannot list docs/closed/: permission denied"


def test_unreadable_files_are_found_with_their_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "a.md")
    (tmp_path / "a.md").chmod(0)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    for entry in (path_entry("a.md"), glob_entry("*.md")):
        files, problems = scan([entry], str(tmp_path), allow_outside=False)
        assert problems == []
        assert [(file.path, file.fault) for file in files] == [("a.md", "permission denied")]


def test_a_file_that_cannot_be_examined_is_found_with_its_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "a.md")

    def denied(path: str) -> os.stat_result:
        raise PermissionError(13, "Permission denied", path)

    with monkeypatch.context() as patched:
        patched.setattr(os, "stat", denied)
        files, problems = scan([path_entry("a.md")], str(tmp_path), allow_outside=False)
        unlisted = scan([glob_entry("*.md", allow_empty=True)], str(tmp_path), allow_outside=False)
    assert problems == []
    assert [(file.key, file.fault) for file in files] == [("train", "permission denied")]
    assert "permission denied" in unlisted[1][0].message


def test_nothing_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "a.md", "docs/b.md")

    def no_open(*args: object) -> int:
        raise AssertionError(args)

    monkeypatch.setattr(os, "open", no_open)
    monkeypatch.setattr("builtins.open", no_open)
    assert found(tmp_path, path_entry("docs/b.md", "x"), glob_entry("*.md")) == [
        "a.md",
        "docs/b.md",
    ]

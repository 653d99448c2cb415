"""Small inputs from public reports: odd names, odd spaces, odd URLs, files of our own in a glob."""

from __future__ import annotations

import json
import shutil
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from tests.cli.fake_api import FakeApi
from tests.cli.harness import Platform, Project

NBSP = "\u00a0"


def settles(project: Project, *args: str) -> None:
    """Apply twice: the second time there is nothing to do, and a plan agrees."""
    project.run("apply", "-y", *args)
    assert "No changes" in project.run("apply", "-y", *args).out
    assert project.run("plan", "--detailed-exitcode", *args).code == 0


# Files of our own


def test_a_saved_plan_inside_a_glob_is_no_file_of_it(on_fake: Project, fake: FakeApi) -> None:
    on_fake.write("a.txt")
    on_fake.manifest("files: {all: {glob: '**'}}")
    for name in ("plan.json", "my.plan", "saved", "deep.bin"):
        on_fake.write("a.txt", name)
        on_fake.run("plan", "--out", name)
        on_fake.run("apply", "-y", name)
        settles(on_fake)
    assert fake.names() == ["a.txt"]


def test_two_manifests_with_globs_in_one_folder(on_fake: Project, fake: FakeApi) -> None:
    on_fake.write("docs/a.txt")
    on_fake.manifest("files: {all: {glob: '**'}}", project="one")
    on_fake.manifest("files: {all: {glob: '**'}}", name="docs/two.yaml", project="two")
    on_fake.manifest("files: {all: {glob: '**'}}", name="three.yaml", project="three")
    for name in ("filesync.yaml", "docs/two.yaml", "three.yaml"):
        on_fake.run("apply", "-y", "--allow-duplicates", "-m", name)
    for name in ("filesync.yaml", "docs/two.yaml", "three.yaml"):
        plan = on_fake.run("plan", "--detailed-exitcode", "-m", name)
        assert plan.code == 0, plan.out
    assert not [name for name in fake.names() if ".lock" in name]


@pytest.mark.parametrize("where", ["emulator:data", "emulator:.", "emulator:docs"])
def test_the_embedded_emulators_data_inside_a_glob(alone: Project, where: str) -> None:
    alone.write("a.txt")
    alone.write("docs/b.txt")
    alone.manifest(f"remote: {{base_url: '{where}'}}\nfiles: {{all: {{glob: '**'}}}}")
    settles(alone)
    assert sorted(alone.lock["files"]) == ["all/a.txt", "all/docs/b.txt"]


def test_a_json_file_that_is_no_plan_is_a_file(on_fake: Project, fake: FakeApi) -> None:
    on_fake.write("a.json", '{"version": 1, "name": "x"}')
    on_fake.write("b.lock", "not ours")
    on_fake.manifest("files: {all: {glob: '*.[jl]*'}}")
    settles(on_fake)
    assert fake.names() == ["a.json", "b.lock"]


# Excludes


@pytest.mark.parametrize(
    ("pattern", "hint"),
    [
        ("docs/*.{key,pem}", "braces are not special"),
        ("*.key", "**/*.key"),
        ("docs/secret", "docs/secret/**"),
        ("docs/*.nothing", "matches nothing"),
    ],
)
def test_an_exclude_that_matches_nothing_is_named(
    on_fake: Project, pattern: str, hint: str
) -> None:
    on_fake.write("docs/a.md")
    on_fake.write("docs/b.key")
    on_fake.write("docs/secret/c.pem")
    on_fake.manifest(f"files: {{docs: {{glob: 'docs/**', exclude: ['{pattern}']}}}}")
    for ran in on_fake.run_all(["validate"], ["plan"]):
        (warning,) = [line for line in ran.err.splitlines() if "matches nothing" in line]
        assert "files.docs.exclude" in warning
        assert pattern in warning
        assert hint in warning
    assert hint in "".join(on_fake.plan().json["warnings"])


def test_excludes_that_match_are_not_named(on_fake: Project) -> None:
    for name in ("docs/a.md", "docs/b.key", "docs/secret/deep/c.pem", "docs/.git/x", "img/d.key"):
        on_fake.write(name)
    on_fake.manifest(
        """
        defaults: {exclude: ["img/*.key"]}
        files:
          docs:
            glob: docs/**
            exclude: ["**/*.key", "docs/secret/**", "docs/secret/deep/*", "**/.git/**"]
          img: {glob: "img/*", allow_empty: true}
        """
    )
    assert "matches nothing" not in on_fake.run("validate").err


# Names


def test_backslashes_in_names(project: Project, platform: Platform) -> None:
    for name in ("docs/report\\", "docs/a\\b.txt", "docs/c\\\\d.txt", "x\\"):
        project.write(name, name)
    project.manifest("files: {docs: {glob: 'docs/**'}, x: {path: 'x\\'}}")
    settles(project)
    assert platform.names() == sorted(["report\\", "a\\b.txt", "c\\\\d.txt", "x\\"])


def test_a_windows_path_says_how_folders_are_written(alone: Project) -> None:
    alone.manifest("files: {a: {path: 'docs\\a.txt'}}")
    assert "write '/' between folders" in alone.run("validate", code=1).err


def test_a_glob_with_a_name_that_is_too_long_has_a_way_out(on_fake: Project) -> None:
    name = "n" * 140 + ".txt"
    on_fake.write(f"docs/{name}")
    on_fake.write("docs/a.txt")
    on_fake.manifest("files: {docs: {glob: 'docs/*'}}")
    said = on_fake.run("validate", code=1).err
    assert "`exclude`" in said
    assert "`filename`" in said
    on_fake.manifest(
        f"""
        files:
          docs: {{glob: 'docs/*', exclude: ['docs/nnn*']}}
          long: {{path: 'docs/{name}', filename: long.txt}}
        """
    )
    settles(on_fake)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (f"version: 1\nproject: test\nfiles:\n{NBSP}{NBSP}a: {{path: a.txt}}\n", ":4:"),
        (f"version:{NBSP}1\nproject: test\n", ":2:"),
        (f"version: 1\nproject: test\nfiles: {{'a{NBSP}b': {{path: a.txt}}}}\n", ":3:"),
        (f"version: 1\nproject: test\nfiles: {{a: {{path: 'a{NBSP}.txt'}}}}\n", ":3:"),
        (f"version: 1\nproject: test{NBSP}\nfiles: {{a: {{path: a.txt}}}}\n", ":2:"),
        (f"version: 1\nproject: test\nfiles: {{a: {{path: a.txt, purpose: 'batch{NBSP}'}}}}\n", ""),
        (f"version: 1\nproject: test\nfiles: {{a: {{'{NBSP}path': a.txt}}}}\n", ":3:"),
        (f"version: 1\nproject: test\nremote: {{base_url: 'http://localhost{NBSP}'}}\n", ":3:"),
    ],
)
def test_a_no_break_space_is_named(alone: Project, text: str, where: str) -> None:
    alone.write("a.txt")
    alone.write("filesync.yaml", text)
    said = alone.run("validate", code=1).err
    assert "a no-break space (U+00A0)" in said
    assert f"filesync.yaml{where}" in said


def test_a_file_whose_name_has_a_narrow_space_is_a_file(on_fake: Project) -> None:
    on_fake.write("Shot 10.00\u202fAM.png")
    on_fake.write("b\u3000c.txt")
    on_fake.manifest("files: {all: {glob: '*.*', exclude: [filesync.yaml]}}")
    settles(on_fake)


def test_emoji_as_json_escapes(on_fake: Project) -> None:
    on_fake.write("a \U0001f600.txt")
    document = {
        "version": 1,
        "project": "test",
        "files": {"\U0001f600": {"path": "a \U0001f600.txt"}},
    }
    text = json.dumps(document)
    assert "\\ud83d\\ude00" in text
    on_fake.write("filesync.yaml", text)
    settles(on_fake)
    on_fake.lock_path.write_text(json.dumps(on_fake.lock))
    assert on_fake.run("plan", "--detailed-exitcode").code == 0
    assert on_fake.run("id", "\U0001f600").out.strip() == on_fake.id("\U0001f600")
    on_fake.write("filesync.yaml", text.replace("\\ude00", ""))
    assert "half of a surrogate pair" in on_fake.run("plan", code=1).err


# Encodings of files


@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
def test_a_bom_before_manifest_lockfile_and_plan(on_fake: Project, ends: bytes) -> None:
    on_fake.files("a", "b")
    on_fake.run("apply", "-y")
    on_fake.files("a", "b", "c")

    def resave(name: str) -> None:
        path = on_fake.root / name
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", ends))

    resave("filesync.yaml")
    resave("filesync.lock")
    on_fake.run("plan", "--out", "saved.plan")
    resave("saved.plan")
    on_fake.run("apply", "-y", "saved.plan")
    assert on_fake.run("plan", "--detailed-exitcode").code == 0
    assert sorted(on_fake.lock["files"]) == ["a", "b", "c"]


def test_a_lockfile_or_a_plan_in_utf_16_says_so(on_fake: Project) -> None:
    on_fake.files("a")
    on_fake.run("plan", "--out", "saved.plan")
    plan = on_fake.root / "saved.plan"
    plan.write_bytes(plan.read_text().encode("utf-16"))
    assert "UTF-16" in on_fake.run("apply", "-y", "saved.plan", code=1).err
    on_fake.run("apply", "-y")
    on_fake.lock_path.write_bytes(on_fake.lock_path.read_text().encode("utf-16"))
    assert "UTF-16" in on_fake.refused("plan")


# Ids and URLs


@pytest.mark.parametrize("length", [513, 1024, 1025])
def test_an_id_is_locked_if_it_can_be_read_again(
    on_fake: Project, fake: FakeApi, length: int
) -> None:
    add = fake.add

    def add_long(*args: Any, **fields: Any) -> str:
        short = add(*args, **fields)
        long = short + "x" * (length - len(short))
        fake.files[long] = {**fake.files.pop(short), "id": long}
        fake.contents[long] = fake.contents.pop(short)
        return long

    fake.add = add_long  # type: ignore[method-assign]
    on_fake.files("a")
    if length <= 1024:
        settles(on_fake)
        assert len(on_fake.id("a")) == length
    else:
        assert "1,025 characters" in on_fake.run("apply", "-y", code=1).err
        assert not on_fake.lock_path.exists() or on_fake.lock["files"] == {}
        assert "1,025 characters" in on_fake.run("apply", "-y", code=1).err
    assert len(fake.files) == 1


@pytest.mark.parametrize(
    ("added", "said"),
    [
        ("/files", "write {}"),
        ("/files/", "write {}"),
        ("/Models", "write {}"),
        ("/chat/completions", "write {}"),
        ("?api-version=1", "write {}"),
        ("#files", "write {}"),
        ("//x", "write {}/x"),
        (f"/{NBSP}", "a no-break space"),
    ],
)
def test_a_base_url_with_too_much_at_its_end(
    alone: Project, fake: FakeApi, added: str, said: str
) -> None:
    alone.files("a")
    url = fake.url + added
    by_flag, by_environment = alone.run_all(
        ["plan", "--base-url", url], ["plan"], code=1, env={"OPENAI_BASE_URL": url}
    )
    alone.files("a", rest=f"remote: {{base_url: '{url}'}}\n")
    in_manifest = alone.run("validate", code=1)
    for ran, name in (
        (by_flag, "--base-url"),
        (by_environment, "OPENAI_BASE_URL"),
        (in_manifest, "filesync.yaml:3:"),
    ):
        assert said.format(fake.url) in ran.err
        assert name in ran.err
    assert fake.log == []


# Unicode's forms


@pytest.mark.parametrize(("first", "second"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_one_project_on_systems_that_store_names_differently(
    on_fake: Project, fake: FakeApi, first: Any, second: Any
) -> None:
    def check_out(form: Any) -> None:
        shutil.rmtree(on_fake.root / "docs", ignore_errors=True)
        on_fake.write(unicodedata.normalize(form, "docs/é/ü.md"), "a")
        on_fake.write(unicodedata.normalize(form, "docs/ångström.md"), "b")

    manifest = "files: {kb: {glob: 'docs/**'}, 'é': {path: 'docs/ångström.md', filename: 'é'}}"
    on_fake.manifest(unicodedata.normalize("NFC", manifest))
    check_out(first)
    settles(on_fake)
    lock = on_fake.lock_path.read_bytes()
    check_out(second)
    on_fake.manifest(unicodedata.normalize("NFD", manifest))
    assert on_fake.run("plan", "--detailed-exitcode").code == 0
    on_fake.run("apply", "-y")
    assert on_fake.lock_path.read_bytes() == lock
    for form in ("NFC", "NFD"):
        on_fake.run("id", unicodedata.normalize(form, "kb/é/ü.md"))
        on_fake.run("inspect", unicodedata.normalize(form, "kb/é/ü.md"))
    # A lockfile that was written in the other form.
    on_fake.lock_path.write_text(unicodedata.normalize("NFD", lock.decode()))
    assert on_fake.run("plan", "--detailed-exitcode").code == 0
    assert len(fake.files) == 3


def test_two_names_that_differ_only_in_their_form_clash(alone: Project) -> None:
    for form in ("NFC", "NFD"):
        alone.write("docs/" + unicodedata.normalize(form, "é.md"), form)
    alone.manifest("files: {kb: {glob: 'docs/*'}}")
    assert "differ only in Unicode's form" in alone.run("validate", code=1).err


def test_keys_that_differ_only_in_their_form_are_declared_twice(alone: Project) -> None:
    alone.write("a.txt")
    alone.manifest("files: {'\u00e9': {path: a.txt}, 'e\u0301': {path: a.txt}}")
    assert "declared twice" in alone.run("validate", code=1).err


def test_names_that_differ_only_in_case_are_named(on_fake: Project) -> None:
    on_fake.write("docs/README.md", "a")
    on_fake.write("docs/Readme.md", "b")
    on_fake.manifest("files: {kb: {glob: 'docs/*'}}")
    assert "differ only in case" in on_fake.run("validate").err
    settles(on_fake)


def test_the_other_name_of_a_manifest(on_fake: Project, tmp_path: Path) -> None:
    on_fake.write("a.txt")
    on_fake.manifest("files: {a: {path: a.txt}}", name="filesync.yml")
    settles(on_fake)
    assert (on_fake.root / "filesync.lock").exists()

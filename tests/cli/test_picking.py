"""`apply -i`: which parts of a plan are asked about, and what becomes of the others."""

from __future__ import annotations

import pytest

from tests.cli.harness import Platform, Project
from tests.cli.terminal import on_terminal


def several(project: Project) -> None:
    project.write("a.txt", "a text\n")
    for name in ("docs/one.md", "docs/two.md", "docs/old/three.md"):
        project.write(name, f"this is {name}\n")
    project.manifest(
        "files:\n"
        "  team/a: {path: a.txt, purpose: user_data}\n"
        "  docs: {glob: 'docs/**', purpose: assistants}\n"
    )


def test_each_entry_and_folder_is_asked_about(platform: Platform, project: Project) -> None:
    several(project)
    code, text = on_terminal(project, "apply", "-i", answer="y\n?\nN\ny\ny\n")
    assert code == 0
    assert "Apply docs/ (2 creates)? [y,n,a,q,?]" in text
    assert "Apply docs/old/ (1 create)? [y,n,a,q,?]" in text
    assert "Apply team/a (1 create)? [y,n,a,q,?]" in text
    assert "q - leave it and all the rest" in text  # what `?` says
    assert "Apply 3 creates? [y/N]" in text
    assert set(project.lock["files"]) == {"docs/one.md", "docs/two.md", "team/a"}
    assert list(project.plan().actions) == ["docs/old/three.md"]


@pytest.mark.parametrize(
    ("typed", "made"),
    [
        ("n\na\ny\n", {"docs/old/three.md", "team/a"}),
        ("a\ny\n", {"docs/one.md", "docs/two.md", "docs/old/three.md", "team/a"}),
        ("y\nq\ny\n", {"docs/one.md", "docs/two.md"}),
    ],
)
def test_all_and_none_of_the_rest(project: Project, typed: str, made: set[str]) -> None:
    several(project)
    code, text = on_terminal(project, "apply", "-i", answer=typed)
    assert code == 0, text
    assert set(project.lock["files"]) == made


@pytest.mark.parametrize("typed", ["q\n", "n\nn\nn\n", "y\nq\nn\n"])
def test_nothing_picked_or_a_no_at_the_end_writes_nothing(
    platform: Platform, project: Project, typed: str
) -> None:
    several(project)
    code, text = on_terminal(project, "apply", "-i", answer=typed)
    assert code == 1
    assert "Nothing was changed." in text
    assert "error:" not in text
    assert platform.names() == []


def test_a_delete_that_is_not_picked_is_not_made(platform: Platform, project: Project) -> None:
    project.files("a", "b", "c")
    project.apply()
    before = platform.names()
    project.files("a")
    project.write("a.txt", "another text\n")
    code, text = on_terminal(project, "apply", "-i", answer="y\nn\ny\ny\n")
    assert code == 0
    assert "Apply 1 delete, 1 replace? [y/N]" in text
    assert set(project.lock["files"]) == {"a", "b"}
    assert platform.names() == [name for name in before if name != "c.txt"]


def test_a_key_named_as_a_folder_is_picked_without_what_is_below(project: Project) -> None:
    project.write("docs/one.md", "one\n")
    project.write("a.txt", "a text\n")
    project.manifest(
        "files:\n"
        "  'team': {path: a.txt, purpose: user_data}\n"
        "  'team/x': {path: docs/one.md, purpose: user_data}\n"
    )
    code, text = on_terminal(project, "apply", "-i", answer="y\nn\ny\n")
    assert code == 0, text
    assert set(project.lock["files"]) == {"team"}


def test_a_key_uploads_what_it_would_have_shared(platform: Platform, project: Project) -> None:
    project.write("a.txt", "the same\n")
    project.manifest(
        "files:\n"
        "  one: {path: a.txt, purpose: user_data}\n"
        "  two: {path: a.txt, purpose: user_data}\n"
    )
    code, text = on_terminal(project, "apply", "-i", answer="n\ny\ny\n")
    assert code == 0
    assert "Apply 1 create? [y/N]" in text
    assert set(project.lock["files"]) == {"two"}
    assert len(platform.names()) == 1


def test_orphans_are_a_group_of_their_own(platform: Platform, project: Project) -> None:
    rest = "defaults: {fingerprint: true}\n"
    project.files("a", "b", rest=rest)
    project.apply()
    token = platform.files()[project.id("a")]["filename"].removeprefix("a.fs-")[:6]
    orphan = platform.upload(f"zz.fs-{token}-0123456789ab.txt")
    platform.clock.offset = 2 * 86400  # so that no other apply can be about to lock it
    project.write("a.txt", "another text\n")
    project.write("b.txt", "another text, too\n")
    more = ("apply", "-i", "--delete-orphans", "--max-delete", "1")
    code, text = on_terminal(project, *more, answer="y\nn\nn\ny\n")
    assert code == 0, text
    assert "Apply files that no key names (1 delete)?" in text
    assert orphan in platform.files()
    code, text = on_terminal(project, *more, answer="n\ny\ny\n")
    assert code == 0, text
    assert orphan not in platform.files()
    assert list(project.plan().actions) == ["b"]


def test_a_store_is_asked_about_and_its_documents_go_with_their_files(project: Project) -> None:
    several(project)
    with (project.root / "filesync.yaml").open("a") as manifest:
        manifest.write("vector_stores: {kb: {files: [docs]}}\n")
    code, text = on_terminal(project, "apply", "-i", answer="y\nn\nn\nn\ny\n")
    assert code == 0, text
    assert "Apply store:kb (1 vector store create, 3 documents to attach)?" in text
    assert "stores" not in project.lock or not project.lock["stores"]
    code, text = on_terminal(project, "apply", "-i", answer="n\nn\ny\ny\n")
    assert code == 0, text
    assert set(project.lock["files"]) == {"docs/one.md", "docs/two.md"}


def test_guards_are_those_of_what_is_picked(project: Project) -> None:
    project.files(*"abcdefghijkl")
    project.apply()
    project.files("a", "b", "c")
    few, most = "y\n" + "n\n" * 8 + "y\n", "a\n"
    code, text = on_terminal(project, "apply", "-i", answer=most)
    assert code != 0
    assert "--max-delete" in text
    code, text = on_terminal(project, "apply", "-i", answer=few)
    assert code == 0, text
    assert "d" not in project.lock["files"]
    assert len(project.lock["files"]) == 11


def test_what_it_cannot_go_with(project: Project) -> None:
    project.files("a")
    project.run("plan", "--out", "plan.json")
    assert "this is not a terminal" in project.run("apply", "-i", code=1).err
    for other in ("--yes", "--json", "--shard=1/2", "plan.json"):
        err = project.run("apply", "-i", other, code=1).err
        name = "the plan file" if other == "plan.json" else other.partition("=")[0]
        assert f"leave out {name}, or -i" in err
    assert not project.lock_path.exists()

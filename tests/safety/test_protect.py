"""protect: true, in every way a file can be lost."""

from __future__ import annotations

import pytest

from tests.cli.fake_api import FakeApi
from tests.cli.harness import Platform, Project

DAY = 86400


def holds(project: Project, fake: FakeApi, *args: str) -> str:
    """Plan and apply must both fail and write nothing; returns what plan complains of."""
    fake.log.clear()
    flags = ["--max-delete", "99", "--accept-missing", "--allow-duplicates"]
    err, _ = project.all_refused(["plan", *args], ["apply", "-y", *flags])
    assert fake.writes == []
    assert "1 protected file" in err
    assert "protect: false" in err
    return err


def test_content_and_attributes_of_a_protected_file_stay(on_fake: Project, fake: FakeApi) -> None:
    on_fake.files("b", a="protect: true")
    on_fake.apply()
    kept = on_fake.id("a")
    on_fake.write("a.txt", "edited\n")
    err = holds(on_fake, fake)
    assert " a " in err
    assert kept in err
    # What is protected does not hold up the others.
    on_fake.write("b.txt", "edited\n")
    on_fake.apply("--only", "b", settled=False)
    on_fake.write("a.txt", "this is a\n")
    assert on_fake.plan().code == 0
    for fields in ("purpose: fine-tune", "filename: other.txt", "expires_after: 2d", "retain: 2d"):
        on_fake.files("b", a=f"protect: true, {fields}")
        if fields.startswith("retain"):  # says nothing of this file, only of the next
            assert on_fake.plan().code == 0
        else:
            holds(on_fake, fake)
    # status is for looking: it shows what plan refuses.
    on_fake.files("b", a="protect: true, purpose: fine-tune")
    assert "replace" in on_fake.run("status").out
    # The way it names is one that works.
    on_fake.files("b", a="protect: false")
    on_fake.apply()
    on_fake.files("b", a="protect: false, purpose: fine-tune")
    on_fake.apply()
    assert kept not in fake.files


def test_protected_and_removed_from_the_manifest(on_fake: Project, fake: FakeApi) -> None:
    """The lockfile remembers: the entry that said `protect` is what was removed."""
    on_fake.files("b", a="protect: true")
    on_fake.apply()
    kept = on_fake.id("a")
    on_fake.files("b")
    holds(on_fake, fake)
    on_fake.files()
    holds(on_fake, fake)
    on_fake.files("b")
    on_fake.run("forget", "a")
    on_fake.apply()
    assert kept in fake.files


def test_a_protected_file_moves_only_to_a_key_that_protects_it(
    on_fake: Project, fake: FakeApi
) -> None:
    on_fake.files("b", a="protect: true")
    on_fake.apply()
    kept = on_fake.id("a")
    files = "files: {b: {path: b.txt}, c: {path: a.txt%s}}\n"
    on_fake.manifest(files % "")
    err = holds(on_fake, fake)
    assert f"a ({kept}) would be left to c, which does not protect it: moved" in err
    on_fake.manifest(files % ", protect: true")
    on_fake.apply()
    assert on_fake.id("c") == kept
    assert on_fake.lock["files"]["c"]["protect"] is True


def test_protect_set_later_counts_from_the_next_apply(on_fake: Project, fake: FakeApi) -> None:
    on_fake.files("a", "b")
    on_fake.apply()
    on_fake.files("b", a="protect: true")
    on_fake.apply()
    on_fake.files("b")
    holds(on_fake, fake)


def test_protect_in_defaults_and_removed_with_them(on_fake: Project, fake: FakeApi) -> None:
    on_fake.files("a", "b", rest="defaults: {protect: true}\n")
    on_fake.apply()
    on_fake.files("b", rest="defaults: {protect: true}\n")
    holds(on_fake, fake)
    on_fake.files("b")
    holds(on_fake, fake)


def test_member_of_a_protected_glob(on_fake: Project, fake: FakeApi) -> None:
    on_fake.manifest("files: {docs: {glob: 'docs/*.md', protect: true}}")
    for name in ("a", "b"):
        on_fake.write(f"docs/{name}.md", name)
    on_fake.apply()
    (on_fake.root / "docs/a.md").unlink()
    assert "docs/a.md" in holds(on_fake, fake)
    on_fake.write("docs/a.md", "edited\n")
    assert "docs/a.md" in holds(on_fake, fake)
    on_fake.write("docs/a.md", "a")
    on_fake.write("docs/c.md", "c")
    on_fake.apply()
    assert len(fake.files) == 3


def test_protected_file_that_expires(on_fake: Project, fake: FakeApi) -> None:
    on_fake.files("b", a="protect: true, expires_after: 10d")
    on_fake.apply()
    old = on_fake.id("a")
    offset = 0.0
    import time

    fake.clock = lambda: time.time() + offset
    offset = 9.5 * DAY
    assert "expiring" in holds(on_fake, fake)
    # Once it is gone nothing can be lost: it comes back.
    del fake.files[old]
    offset = 11 * DAY
    assert on_fake.plan().actions == {"a": ("create", "expired")}
    on_fake.apply()


def test_protected_file_in_error_or_gone(on_fake: Project, fake: FakeApi) -> None:
    on_fake.files("b", a="protect: true")
    on_fake.apply()
    fake.files[on_fake.id("a")]["status"] = "error"
    assert "remote_error" in holds(on_fake, fake)
    del fake.files[on_fake.id("a")]
    on_fake.apply()
    assert len(fake.files) == 2


@pytest.mark.parametrize("still_declared", [True, False])
def test_destroy_holds_for_protected_files(
    platform: Platform, project: Project, still_declared: bool
) -> None:
    project.files("b", a="protect: true")
    project.apply()
    if not still_declared:
        project.files("b")
    err = project.refused("destroy", "-y")
    assert "protected" in err
    assert "1 file of 2" in err
    assert "protect: false" in err
    assert len(platform.files()) == 2
    project.files("a", "b")
    project.apply()
    project.run("destroy", "-y")
    assert platform.files() == {}

"""id, ids, adopt and forget: one key at a time."""

from __future__ import annotations

import json
import re

from tests.cli.fake_api import FakeApi
from tests.cli.harness import Platform, Project


def test_id_prints_the_id_and_nothing_else(alone: Project) -> None:
    alone.files("train", "valid")
    alone.run("apply", "-y", "--base-url", "emulator:remote")
    ran = alone.run("id", "train", env={"OPENAI_API_KEY": None})
    assert (ran.out, ran.err) == (alone.id("train") + "\n", "")
    ran = alone.run("id", "trian", code=1)
    assert ran.out == ""
    assert "trian" in ran.err
    assert "train" in ran.err
    # A job needs the lockfile alone.
    (alone.root / "filesync.yaml").unlink()
    assert alone.run("id", "train").out == alone.id("train") + "\n"
    alone.lock_path.unlink()
    assert "filesync.lock" in alone.run("id", "train", code=1).err
    assert "filesync.lock" in alone.run("ids", code=1).err


def test_ids_in_each_format(alone: Project) -> None:
    alone.files("train-set")
    alone.write("docs/a b.md", "1")
    alone.write("docs/${x}.md", "2")
    alone.write(
        "filesync.yaml",
        (alone.root / "filesync.yaml").read_text() + "  docs: {glob: 'docs/*.md'}\n",
    )
    alone.run("apply", "-y", "--base-url", "emulator:remote")
    ids = {key: alone.id(key) for key in ("train-set", "docs/a b.md", "docs/${x}.md")}
    assert json.loads(alone.run("ids").out) == ids
    assert json.loads(alone.run("ids", "--format", "json").out) == ids

    env = alone.run("ids", "--format", "env").out
    assert f"FILESYNC_TRAIN_SET={ids['train-set']}\n" in env
    assert f"FILESYNC_DOCS_A_B_MD={ids['docs/a b.md']}\n" in env
    for line in env.splitlines():
        assert re.fullmatch(r"FILESYNC_[A-Z0-9_]+=file-\w+", line), line

    github = alone.run("ids", "--format", "github").out
    assert len(github.splitlines()) == 3
    for line in github.splitlines():
        assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*=file-\w+", line), line

    tfvars = alone.run("ids", "--format", "tfvars").out
    assert f'"train-set" = "{ids["train-set"]}"' in tfvars
    assert f'"docs/$${{x}}.md" = "{ids["docs/${x}.md"]}"' in tfvars  # no Terraform template


def test_ids_refuses_two_keys_of_one_name(alone: Project) -> None:
    alone.manifest("files: {a-b: {path: x}, a_b: {path: x}}")
    alone.write("x")
    alone.run("apply", "-y", "--allow-duplicates", "--base-url", "emulator:remote")
    ran = alone.run("ids", "--format", "env", code=1)
    assert ran.out == ""
    assert "a-b" in ran.err
    assert "a_b" in ran.err


def test_adopt_by_id_checks_the_content(platform: Platform, project: Project) -> None:
    project.files(a="purpose: fine-tune")
    good = platform.upload("a.txt", b"this is a\n", "fine-tune")
    wrong = platform.upload("a.txt", b"THIS IS A\n", "fine-tune")
    assert "content" in project.refused("adopt", "a", wrong)
    assert not project.lock_path.exists()
    ran = project.run("adopt", "a", good)
    assert "same content" in ran.err
    assert project.id("a") == good
    plan = project.plan()
    assert plan.code == 0
    assert plan.json["summary"]["unmanaged"] == 1
    assert set(platform.files()) == {good, wrong}
    assert "already" in project.refused("adopt", "a", wrong)


def test_adopt_says_so_where_content_cannot_be_compared(
    platform: Platform, project: Project
) -> None:
    project.files("a")
    file_id = platform.upload("a.txt", b"this is a\n")
    ran = project.run("adopt", "a")
    assert "could not be compared" in ran.err
    assert project.id("a") == file_id
    assert project.plan().code == 0


def test_adopt_finds_only_the_one_that_fits(platform: Platform, project: Project) -> None:
    project.files("a")
    platform.upload("a.txt", b"another size")
    platform.upload("other.txt", b"this is a\n")
    platform.upload("a.txt", b"this is a\n", "fine-tune")
    assert "filesync adopt a ID" in project.refused("adopt", "a")
    first = platform.upload("a.txt", b"this is a\n")
    second = platform.upload("a.txt", b"this is a\n")
    err = project.refused("adopt", "a")
    assert first in err
    assert second in err
    platform.delete(first)
    project.run("adopt", "a")
    assert project.id("a") == second


def test_adopt_refuses_what_is_no_such_file(platform: Platform, project: Project) -> None:
    project.files("a", "b")
    assert "file-nothing" in project.refused("adopt", "a", "file-nothing")
    assert "zzz" in project.refused("adopt", "zzz", "file-nothing")
    size = platform.upload("a.txt", b"another size")
    purpose = platform.upload("a.txt", b"this is a\n", "fine-tune")
    assert "bytes" in project.refused("adopt", "a", size)
    assert "purpose" in project.refused("adopt", "a", purpose)
    project.apply(settled=False)
    project.run("forget", "b")
    assert "a" in project.refused("adopt", "b", project.id("a"))


def test_adopt_of_another_expiry_is_replaced_next(platform: Platform, project: Project) -> None:
    """What the platform says of a file counts, not what the manifest hopes."""
    project.files(a="expires_after: 7d")
    file_id = platform.upload("a.txt", b"this is a\n")
    project.run("adopt", "a", file_id)
    plan = project.plan()
    assert plan.actions == {"a": ("replace", "attributes_changed")}
    assert plan.json["changes"][0]["fields"] == ["expires_after"]
    project.apply()
    # Its content could not be compared, so it may be another project's.
    assert file_id in platform.files()


def test_forget_leaves_the_remote_file(platform: Platform, project: Project) -> None:
    project.files("a", "b")
    project.apply()
    a = project.id("a")
    assert a in project.run("forget", "a").err
    assert a in platform.files()
    assert set(project.lock["files"]) == {"b"}
    assert "a" in project.refused("forget", "a")
    project.files("b")
    plan = project.plan()
    assert plan.code == 0
    assert plan.json["summary"]["unmanaged"] == 1


def test_forget_says_what_the_next_apply_would_delete(on_fake: Project, fake: FakeApi) -> None:
    prune = "prune: {unmanaged: true, purposes: [user_data], match: '[ab]*'}\n"
    on_fake.files("c", "d", a="", b="purpose: assistants", rest=prune)
    on_fake.apply()
    doomed = on_fake.id("a")
    assert "a.txt matches `prune` in filesync.yaml" in on_fake.run("forget", "a").err
    for key in "bc":  # of another purpose, of another name
        assert "warning" not in on_fake.run("forget", key).err
    on_fake.write("filesync.yaml", "files: [")  # which is no reason not to forget
    assert "forgot d" in on_fake.run("forget", "d").err
    on_fake.files("e", rest=prune)
    on_fake.apply()
    assert doomed not in fake.files
    assert len(fake.files) == 4


def test_adopt_and_forget_write_nothing_remotely(on_fake: Project, fake: FakeApi) -> None:
    file_id = fake.add("a.txt", b"this is a\n", "fine-tune")
    on_fake.files(a="purpose: fine-tune")
    on_fake.run("adopt", "a", file_id)
    on_fake.run("forget", "a")
    assert fake.writes == []

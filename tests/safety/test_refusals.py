"""What apply refuses: look-alikes, mass missing, too many deletes; and how each goes on."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

import pytest

from tests.cli.fake_api import FakeApi
from tests.cli.harness import Platform, Project, lock_up


def test_lost_lockfile_never_means_upload_again(on_fake: Project, fake: FakeApi) -> None:
    on_fake.files(a="purpose: fine-tune", b="purpose: fine-tune")
    on_fake.apply()
    on_fake.lock_path.unlink()
    fake.log.clear()
    plan = on_fake.plan()
    assert plan.code == 2
    (warning,) = plan.json["warnings"]
    assert "2 files" in warning
    assert warning in plan.err
    err = on_fake.refused("apply", "-y")
    assert "2 files" in err
    assert "--allow-duplicates" in err
    assert fake.writes == []
    # The command it names is one that works, as it stands there.
    for _ in range(2):
        named = re.search(r"`filesync (adopt [^`]+)`", err)
        assert named is not None
        on_fake.run(*shlex.split(named.group(1)))
        err = on_fake.run("apply", "-y", code=None).err
    assert on_fake.plan().code == 0
    assert fake.writes == []
    assert len(fake.files) == 2


def test_allow_duplicates_uploads_another_copy(on_fake: Project, fake: FakeApi) -> None:
    on_fake.files("a", "b")
    copy = fake.add("a.txt", b"this is a\n")
    fake.add("b.txt", b"another size")
    fake.add("b.txt", b"this is b\n", "fine-tune")
    fake.add("c.txt", b"this is b\n")
    err = on_fake.refused("apply", "-y", "--json")
    assert "1 file" in err
    assert copy in err
    # What has no look-alike may go alone.
    on_fake.apply("--only", "b", settled=False)
    on_fake.refused("apply", "-y", "--max-delete", "100", "--accept-missing")
    on_fake.apply("--allow-duplicates")
    assert fake.count("POST") == 2
    assert copy in fake.files


def test_a_file_another_key_owns_is_no_lookalike(on_fake: Project, fake: FakeApi) -> None:
    """The same name, size and purpose, and another content: else the two would share it."""
    on_fake.write("x.txt", "x")
    on_fake.write("y/x.txt", "y")
    on_fake.manifest("files: {a: {path: x.txt}}")
    on_fake.apply()
    on_fake.manifest("files: {a: {path: x.txt}, b: {path: y/x.txt}}")
    on_fake.apply()
    assert len(fake.files) == 2


def test_lookalike_of_a_locked_file_that_is_gone(on_fake: Project, fake: FakeApi) -> None:
    """Somebody deleted the file and uploaded it by hand: the named command must work here, too."""
    ids = lock_up(on_fake, fake, "a", "b")
    on_fake.files("a", "b")
    del fake.files[ids["a"]]
    copy = fake.add("a.txt", b"this is a\n")
    err = on_fake.refused("apply", "-y")
    assert f"filesync adopt a {copy}" in err
    assert "--allow-duplicates" in err
    assert fake.writes == []
    on_fake.run("adopt", "a", copy)
    assert on_fake.id("a") == copy
    assert on_fake.plan().code == 0


@pytest.mark.parametrize(
    ("locked", "gone", "refuses"),
    [(2, 2, False), (3, 3, True), (5, 3, True), (6, 3, False), (6, 4, True)],
)
def test_most_files_missing(
    on_fake: Project, fake: FakeApi, locked: int, gone: int, refuses: bool
) -> None:
    """More than half, and three or more."""
    names = [f"f{number}" for number in range(locked)]
    ids = lock_up(on_fake, fake, *names)
    on_fake.files(*names)
    for name in names[:gone]:
        del fake.files[ids[name]]
    if not refuses:
        on_fake.apply()
        assert fake.count("POST") == gone
        return
    assert "--accept-missing" in "".join(on_fake.plan().json["warnings"])
    err = on_fake.refused("apply", "-y", "--allow-duplicates")
    assert f"{gone} of {locked}" in err
    assert "--accept-missing" in err
    assert fake.writes == []
    on_fake.apply("--accept-missing")
    assert fake.count("POST") == gone


def test_missing_counts_removed_entries_and_all_keys(on_fake: Project, fake: FakeApi) -> None:
    """A wrong key shows nothing of ours: neither --only nor an edit to the manifest hides it."""
    names = [f"f{number}" for number in range(4)]
    lock_up(on_fake, fake, *names)
    fake.files.clear()
    on_fake.files("f0", "f1")
    assert "4 of 4" in on_fake.refused("apply", "-y")
    assert "--accept-missing" in on_fake.refused("apply", "-y", "--only", "f0")
    assert fake.writes == []


def cap_case(project: Project, fake: FakeApi, owned: int, deletes: int, limits: str) -> list[str]:
    """Lock `owned` files and leave `deletes` of them out of the manifest."""
    names = [f"f{number:02}" for number in range(owned)]
    lock_up(project, fake, *names)
    project.files(*names[deletes:], rest=limits)
    return names


@pytest.mark.parametrize(
    ("owned", "deletes", "limits", "refuses"),
    [
        (10, 9, "", False),  # 10 files are few: no cap yet
        (10, 5, "limits: {max_delete: 0}\n", False),
        (11, 3, "", False),  # 30% of 11 is 3.3
        (11, 4, "", True),
        (11, 4, "limits: {max_delete: 40%}\n", False),
        (11, 2, "limits: {max_delete: 2}\n", False),
        (11, 3, "limits: {max_delete: 2}\n", True),
        (11, 1, "limits: {max_delete: 0}\n", True),
        (11, 1, "limits: {max_delete: 0%}\n", True),
        (20, 6, "", False),
        (20, 7, "", True),
    ],
)
def test_delete_cap(
    on_fake: Project, fake: FakeApi, owned: int, deletes: int, limits: str, refuses: bool
) -> None:
    cap_case(on_fake, fake, owned, deletes, limits)
    if not refuses:
        on_fake.apply(settled=False)
        assert len(fake.files) == owned - deletes
        return
    err, _ = on_fake.all_refused(
        ["apply", "-y", "--json"], ["apply", "-y", "--max-delete", str(deletes - 1)]
    )
    assert f"{deletes} file" in err
    assert "max_delete" in err
    assert f"--max-delete {deletes}" in err
    assert fake.writes == []
    on_fake.apply("--max-delete", str(deletes), settled=False)
    assert len(fake.files) == owned - deletes


def test_delete_cap_counts_deletes_and_not_replaces(on_fake: Project, fake: FakeApi) -> None:
    names = cap_case(on_fake, fake, 12, 0, "limits: {max_delete: 0}\n")
    for name in names:
        on_fake.write(f"{name}.txt", f"{name} edited\n")
    on_fake.apply()
    assert fake.count("DELETE") == 12


def test_no_delete_lifts_the_cap_and_plan_warns(on_fake: Project, fake: FakeApi) -> None:
    cap_case(on_fake, fake, 12, 6, "")
    plan = on_fake.plan()
    assert plan.code == 2
    assert "--max-delete 6" in "".join(plan.json["warnings"])
    on_fake.apply("--no-delete", settled=False)
    assert fake.writes == []


def test_max_delete_option_is_a_cap_as_well(on_fake: Project, fake: FakeApi) -> None:
    """Who says `--max-delete 1` wants no second file gone, whatever the manifest would allow."""
    cap_case(on_fake, fake, 12, 3, "")
    on_fake.refused("apply", "-y", "--max-delete", "1")
    assert fake.writes == []


def test_a_manifest_that_lost_all_its_files(on_fake: Project, fake: FakeApi) -> None:
    lock_up(on_fake, fake, "a", "b")
    on_fake.manifest("files: {}\n")
    err = on_fake.refused("apply", "-y")
    assert "2 files" in err
    assert "--max-delete 2" in err
    assert "filesync destroy" in err
    assert fake.writes == []
    # A glob that has come to match nothing is the same loss.
    on_fake.manifest("files: {docs: {glob: 'docs/*', allow_empty: true}}\n")
    assert "--max-delete 2" in on_fake.refused("apply", "-y")
    on_fake.refused("apply", "-y", "--max-delete", "1")
    assert fake.writes == []
    on_fake.apply("--max-delete", "2")
    assert fake.files == {}


def test_destroy_goes_on_where_the_manifest_is_emptied(on_fake: Project, fake: FakeApi) -> None:
    lock_up(on_fake, fake, "a", "b")
    on_fake.manifest("files: {}\n")
    on_fake.run("destroy", "-y")
    assert fake.files == {}


# What may be deleted at all


def prune(**fields: Any) -> str:
    return f"prune: {json.dumps(fields)}\n"


@pytest.mark.parametrize(
    "section",
    [
        "",
        prune(unmanaged=True),
        prune(purposes=["user_data"]),
        prune(match="kb-*"),
        prune(unmanaged=True, purposes=["user_data"]),
        prune(unmanaged=True, match="kb-*"),
        prune(purposes=["user_data"], match="kb-*"),
        prune(unmanaged=False, purposes=["user_data"], match="kb-*"),
        prune(unmanaged=True, purposes=[], match="kb-*"),
    ],
)
def test_prune_is_off_unless_all_three_are_given(
    on_fake: Project, fake: FakeApi, section: str
) -> None:
    """Some of these are no valid section, which is as good: nothing is deleted."""
    lock_up(on_fake, fake, "a")
    fake.add("kb-1.txt")
    on_fake.files("a", rest=section)
    ran = on_fake.run("apply", "-y", "--max-delete", "99", code=None)
    assert ran.code == 0 or "prune" in ran.err
    assert fake.writes == []


def test_prune_takes_what_matches_and_nothing_else(on_fake: Project, fake: FakeApi) -> None:
    lock_up(on_fake, fake, "a", "kb-own")
    doomed = {fake.add("kb-1.txt"), fake.add("kb-", purpose="assistants")}
    import hashlib

    token = hashlib.sha256(b"test").hexdigest()[:6]
    fake.add("KB-2.txt")
    fake.add("my-kb-1.txt")
    fake.add("kb-3.txt", purpose="fine-tune")
    for purpose in ("assistants_output", "batch_output", "fine-tune-results"):
        fake.add("kb-4.txt", purpose=purpose)
        # Not even where the name says that it is ours.
        fake.add(f"kb.fs-{token}-0123456789ab.txt", purpose=purpose)
    section = prune(unmanaged=True, purposes=["user_data", "assistants"], match="kb-*")
    on_fake.files("a", "kb-own", rest=section)
    plan = on_fake.plan()
    assert {(one["action"], one["reason"], one["id"]) for one in plan.json["changes"]} == {
        ("delete", "unmanaged", one) for one in doomed
    }
    assert plan.json["has_drift"] is False
    assert plan.json["summary"]["unmanaged"] == 9
    before = set(fake.files)
    on_fake.apply()
    assert set(fake.files) == before - doomed


def test_prune_counts_against_the_cap(on_fake: Project, fake: FakeApi) -> None:
    """With a few files of our own, hundreds of others must not go by a slip in a glob."""
    lock_up(on_fake, fake, "a")
    for number in range(40):
        fake.add(f"other-{number}.txt")
    on_fake.files("a", rest=prune(unmanaged=True, purposes=["user_data"], match="*"))
    assert "--max-delete 40" in on_fake.refused("apply", "-y")
    assert fake.writes == []


@pytest.mark.parametrize("purpose", ["assistants_output", "batch_output", "fine-tune-results"])
def test_output_purposes_cannot_be_declared(on_fake: Project, fake: FakeApi, purpose: str) -> None:
    file_id = fake.add("a.txt", b"this is a\n", purpose)
    on_fake.files("a", rest=prune(unmanaged=True, purposes=[purpose], match="*"))
    assert "prune.purposes" in on_fake.refused("apply", "-y")
    on_fake.files(a=f"purpose: {purpose}")
    assert "files.a.purpose" in on_fake.refused("apply", "-y")
    on_fake.files("a")
    on_fake.refused("adopt", "a", file_id)
    assert fake.writes == []


@pytest.mark.parametrize("command", ["apply", "destroy"])
def test_output_files_stay_even_if_a_lockfile_names_them(
    on_fake: Project, fake: FakeApi, command: str
) -> None:
    """A slip in a merge or by hand: results of jobs are never ours to delete."""
    ids = lock_up(on_fake, fake, "a", "b")
    fake.files[ids["b"]]["purpose"] = "batch_output"
    on_fake.files("a")
    on_fake.run(command, "-y", code=None)
    assert ids["b"] in fake.files


# Who writes at all


def test_only_apply_and_destroy_write(on_fake: Project, fake: FakeApi) -> None:
    ids = lock_up(on_fake, fake, "a", "b", "gone")
    on_fake.write("b.txt", "edited\n")
    fake.add("kb-1.txt")
    on_fake.files("a", "b", "new", rest=prune(unmanaged=True, purposes=["user_data"], match="kb-*"))
    before = on_fake.lock_path.read_bytes()
    commands = [
        ["validate"],
        ["plan"],
        ["status"],
        ["ids"],
        ["id", "a"],
        ["ls"],
        ["show", ids["a"]],
        ["schema"],
    ]
    on_fake.run_all(*commands)
    on_fake.run("download", ids["a"], code=1)
    assert fake.writes == []
    assert on_fake.lock_path.read_bytes() == before


def test_of_two_projects_each_keeps_to_its_own(platform: Platform, project: Project) -> None:
    """On one account, each with fingerprints, neither sees the other's as orphans."""
    project.files("a", rest="defaults: {fingerprint: true}\n")
    project.apply()
    mine = set(platform.files())
    project.write("two/a.txt", "this is a\n")
    project.manifest(
        "files: {a: {path: a.txt, fingerprint: true}}", name="two/filesync.yaml", project="two"
    )
    project.run("apply", "-y", "-m", "two/filesync.yaml")
    assert len(platform.files()) == 2
    assert project.plan().code == 0
    project.run("destroy", "-y", "-m", "two/filesync.yaml")
    assert set(platform.files()) == mine

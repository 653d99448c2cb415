"""The same content declared under several keys: one remote file, as a user lives with it."""

from __future__ import annotations

import pytest

from tests.cli.fake_api import Answer, FakeApi, Request, error
from tests.cli.harness import Platform, Project

DAY = 86400
FILES = "files: {docs: {glob: '*/README.md'}}\n"


def two(project: Project, rest: str = "") -> str:
    """Declare a/README.md and b/README.md with one text, and apply; returns their one id."""
    project.write("a/README.md", "read me\n")
    project.write("b/README.md", "read me\n")
    project.manifest(rest + FILES)
    project.apply()
    assert project.id("docs/a/README.md") == project.id("docs/b/README.md")
    return project.id("docs/a/README.md")


A, B = "docs/a/README.md", "docs/b/README.md"


def test_uploaded_once_and_told(platform: Platform, project: Project) -> None:
    project.write("a/README.md", "read me\n")
    project.write("b/README.md", "read me\n")
    project.manifest(FILES)
    plan = project.plan()
    assert plan.actions == {A: ("create", "new"), B: ("adopt", "shared")}
    assert plan.json["summary"]["upload_bytes"] == len("read me\n")
    told = {one["key"]: one for one in plan.json["changes"]}
    assert (told[B]["shared_with"], told[B]["id"]) == (A, None)
    text, markdown, page, status = project.run_all(
        ["plan"], ["plan", "--markdown"], ["plan", "--html", "-"], ["status"]
    )
    for shown in (text, markdown):
        assert f"shared with {A}" in shown.out
    # The page says once above the rows that they are shared.
    assert "shared" in page.out
    assert f"with {A}" in page.out
    assert "1 to create, 1 to adopt" in text.out
    assert "shared with another key" in status.out

    ran = project.apply()
    assert {(one["key"], one["action"]) for one in ran.json["applied"]} == {
        (A, "create"),
        (B, "adopt"),
    }
    assert len({one["id"] for one in ran.json["applied"]}) == 1
    assert list(platform.files()) == [project.id(A)]
    entries = project.lock["files"]
    assert entries[B] == {**entries[A], "path": "b/README.md"}
    assert project.run("verify", "--allow-unchecked").out.count("unchecked") == 2
    project.run("validate", "--locked")
    assert project.plan("--offline").code == 0


def test_a_third_key_costs_no_upload(on_fake: Project, fake: FakeApi) -> None:
    shared = two(on_fake)
    fake.log.clear()
    on_fake.write("c/README.md", "read me\n")
    assert on_fake.plan("--offline").actions == {"docs/c/README.md": ("adopt", "shared")}
    # The lockfile does not agree with the folder, whatever it will cost.
    assert "docs/c/README.md: new" in on_fake.refused("validate", "--locked")
    on_fake.apply()
    assert fake.writes == []
    assert on_fake.id("docs/c/README.md") == shared


def test_deleted_with_its_last_key(platform: Platform, project: Project) -> None:
    shared = two(project)
    (project.root / "a/README.md").unlink()
    plan = project.plan()
    assert plan.actions == {A: ("forget", "shared")}
    assert plan.json["changes"][0]["shared_with"] == B
    assert plan.json["changes"][0]["id"] == shared
    ran = project.apply()
    assert ran.json["applied"] == [{"key": A, "action": "forget", "id": shared}]
    assert list(platform.files()) == [shared]
    project.write("else.txt")
    project.manifest("files: {else: {path: else.txt}}")
    assert project.plan().actions[B] == ("delete", "removed_from_manifest")
    project.apply()
    assert list(platform.files()) == [project.id("else")]


def test_both_go_at_once(on_fake: Project, fake: FakeApi) -> None:
    shared = two(on_fake)
    on_fake.files("else", rest="limits: {max_delete: 1}\n")
    plan = on_fake.plan()
    assert plan.actions[A] == ("delete", "removed_from_manifest")
    assert plan.actions[B] == ("forget", "shared")
    # What was forgotten and what waits to be deleted are one file, which stays until told.
    on_fake.apply("--no-delete", settled=False)
    assert list(on_fake.lock["files"]) == [A, "else"]
    assert shared in fake.files
    on_fake.apply()
    assert fake.count("DELETE") == 1
    assert shared not in fake.files


def test_one_changes_and_the_other_keeps_its_file(platform: Platform, project: Project) -> None:
    shared = two(project)
    project.write("a/README.md", "edited\n")
    project.apply()
    assert project.id(B) == shared
    assert set(platform.files()) == {shared, project.id(A)}
    assert project.lock["retired"] == []
    # And comes back to it, without an upload; its own goes.
    project.write("a/README.md", "read me\n")
    assert project.plan().actions == {A: ("adopt", "shared")}
    project.apply()
    assert list(platform.files()) == [shared]


def test_both_change_to_the_same(on_fake: Project, fake: FakeApi) -> None:
    shared = two(on_fake)
    fake.log.clear()
    for name in "ab":
        on_fake.write(f"{name}/README.md", "edited\n")
    plan = on_fake.plan()
    assert plan.actions == {A: ("replace", "content_changed"), B: ("adopt", "shared")}
    assert on_fake.run("status", "--json").json["files"][1]["id"] == shared
    on_fake.apply()
    assert [one.split()[0] for one in fake.writes] == ["POST", "DELETE"]
    assert list(fake.files) == [on_fake.id(A)] == [on_fake.id(B)]


def test_both_change_and_part(platform: Platform, project: Project) -> None:
    shared = two(project)
    for name in "ab":
        project.write(f"{name}/README.md", f"edited {name}\n")
    project.apply()
    assert shared not in platform.files()
    assert set(platform.files()) == {project.id(A), project.id(B)}


def test_two_that_swap_upload_nothing(on_fake: Project, fake: FakeApi) -> None:
    on_fake.write("a/README.md", "one\n")
    on_fake.write("b/README.md", "two\n")
    on_fake.manifest(FILES)
    on_fake.apply()
    ids = on_fake.id(A), on_fake.id(B)
    fake.log.clear()
    on_fake.write("a/README.md", "two\n")
    on_fake.write("b/README.md", "one\n")
    on_fake.apply()
    assert fake.writes == []
    assert (on_fake.id(B), on_fake.id(A)) == ids


def test_only(platform: Platform, project: Project) -> None:
    project.write("a/README.md", "read me\n")
    project.write("b/README.md", "read me\n")
    project.manifest(FILES)
    assert project.plan("--only", B).actions == {B: ("create", "new")}
    project.apply("--only", B, settled=False)
    shared = project.id(B)
    assert project.plan().actions == {A: ("adopt", "shared")}
    project.apply()
    # Both are gone from the manifest, and one is still locked: nothing is deleted.
    project.files("else")
    assert project.plan("--only", A).actions == {A: ("forget", "shared")}
    project.apply("--only", A, settled=False)
    assert list(platform.files()) == [shared]
    project.apply()


def test_a_lost_lockfile_comes_back_to_the_byte(on_fake: Project, fake: FakeApi) -> None:
    two(on_fake, "defaults: {fingerprint: true, expires_after: 7d}\n")
    before = on_fake.lock_path.read_bytes()
    fake.log.clear()
    on_fake.lock_path.unlink()
    assert on_fake.plan().actions == {A: ("adopt", "fingerprint_match"), B: ("adopt", "shared")}
    on_fake.apply()
    assert fake.writes == []
    assert on_fake.lock_path.read_bytes() == before


def test_two_ids_for_one_content_stay_as_they_are(on_fake: Project, fake: FakeApi) -> None:
    """A lockfile of an earlier version, or of two applies with --only."""
    shared = two(on_fake)
    second = fake.add("README.md", b"read me\n")
    old = on_fake.lock_path.read_text()
    head, tail = old.split(f'    "{B}"')
    on_fake.lock_path.write_text(f'{head}    "{B}"{tail.replace(shared, second)}')
    fake.log.clear()
    assert on_fake.plan().code == 0
    on_fake.run("apply", "-y")
    assert fake.writes == []
    assert (on_fake.id(A), on_fake.id(B)) == (shared, second)


def test_who_would_have_shared_a_failed_upload_fails_too(on_fake: Project, fake: FakeApi) -> None:
    on_fake.write("a/README.md", "read me\n")
    on_fake.write("b/README.md", "read me\n")
    on_fake.manifest(FILES)
    fake.on("POST", "/files", error(400, "no, not this"))
    ran = on_fake.run("apply", "-y", "--json", code=1)
    failed = {one["key"]: one for one in ran.json["failed"]}
    assert {(one["key"], one["action"]) for one in ran.json["failed"]} == {
        (A, "create"),
        (B, "adopt"),
    }
    assert "no, not this" in failed[B]["error"]
    assert f"shares the file of {A}" in failed[B]["error"]
    assert "2 changes failed" in ran.err
    assert on_fake.lock["files"] == {}
    fake.rules.clear()
    on_fake.apply()
    assert len(fake.files) == 1


def test_a_failed_replace_leaves_both_with_what_they_had(on_fake: Project, fake: FakeApi) -> None:
    shared = two(on_fake)
    for name in "ab":
        on_fake.write(f"{name}/README.md", "edited\n")
    fake.on("POST", "/files", error(400, "no, not this"))
    on_fake.run("apply", "-y", code=1)
    assert on_fake.id(A) == on_fake.id(B) == shared
    assert on_fake.lock["retired"] == []
    assert shared in fake.files


def test_a_saved_plan_is_applied_as_it_is(platform: Platform, project: Project) -> None:
    shared = two(project)
    (project.root / "a/README.md").unlink()
    for name in "cd":
        project.write(f"{name}/README.md", "another\n")
    planned = project.run("plan", "--out", "plan.json", "--json")
    assert project.run("show-plan", "plan.json").out == project.run("plan").out
    ran = project.apply("plan.json")
    assert ran.json["summary"] == planned.json["summary"]
    assert project.id("docs/c/README.md") == project.id("docs/d/README.md")
    assert set(platform.files()) == {shared, project.id("docs/c/README.md")}


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("uploader gone", "docs/d/README.md: create, new (planned: adopt, shared)"),
        ("follower edited", "the content of docs/d/README.md has changed"),
        ("another to share", "docs/e/README.md: adopt, shared (planned: nothing to do)"),
        ("another uploader", "docs/c/README.md: adopt, shared (planned: create, new)"),
        ("another holder", "docs/a/README.md: delete, removed_from_manifest (planned: forget"),
        ("holder gone", "on the platform: docs/b/README.md: create, missing_remotely"),
    ],
)
def test_a_saved_plan_goes_stale(
    platform: Platform, project: Project, what: str, said: str
) -> None:
    shared = two(project)
    (project.root / "a/README.md").unlink()
    for name in "cd":
        project.write(f"{name}/README.md", "another\n")
    project.run("plan", "--out", "plan.json")
    match what:
        case "uploader gone":
            (project.root / "c/README.md").unlink()
        case "follower edited":
            project.write("d/README.md", "edited\n")
        case "another to share":
            project.write("e/README.md", "another\n")
        case "another uploader":
            project.write("bb/README.md", "another\n")
        case "another holder":
            (project.root / "b/README.md").unlink()
        case "holder gone":
            platform.delete(shared)
    before = platform.files()
    assert said in project.refused("apply", "-y", "plan.json")
    assert platform.files() == before


def test_destroy_deletes_it_once(on_fake: Project, fake: FakeApi) -> None:
    two(on_fake)
    fake.log.clear()
    ran = on_fake.run("destroy", "-y", "--json")
    assert {(one["key"], one["action"]) for one in ran.json["applied"]} == {
        (A, "delete"),
        (B, "forget"),
    }
    assert ran.json["summary"]["delete"] == 1
    assert fake.count("DELETE") == 1
    assert fake.files == {}
    assert on_fake.lock["files"] == {}


def test_forget_and_adopt(on_fake: Project, fake: FakeApi) -> None:
    shared = two(on_fake, "defaults: {fingerprint: true}\n")
    told = on_fake.run("forget", A).err
    assert f"{shared} is still on the platform, shared by {B}" in told
    assert "orphan" not in told  # it is none while the other key has it
    assert shared in fake.files
    complaint = on_fake.refused("adopt", A, shared)
    assert B in complaint
    assert "`filesync apply` shares it" in complaint
    assert on_fake.plan().actions == {A: ("adopt", "shared")}
    on_fake.apply()
    assert on_fake.id(A) == shared


def test_verified_once(on_fake: Project, fake: FakeApi) -> None:
    shared = two(on_fake, "defaults: {purpose: batch, validate: false}\n")
    fake.log.clear()
    assert on_fake.run("verify").out.count("same") == 2
    assert fake.count("GET", f"/files/{shared}/content") == 1
    fake.contents[shared] = b"spoiled"
    assert on_fake.run("verify", code=1).out.count("DIFFERS") == 2


def test_gone_for_both_and_uploaded_once_again(on_fake: Project, fake: FakeApi) -> None:
    shared = two(on_fake)
    on_fake.lock_of_yesterday()
    del fake.files[shared]
    plan = on_fake.plan()
    assert plan.actions == {A: ("create", "missing_remotely"), B: ("adopt", "shared")}
    assert plan.json["has_drift"] is True
    on_fake.apply()
    assert list(fake.files) == [on_fake.id(A)] == [on_fake.id(B)]
    assert on_fake.lock["retired"] == []


def test_renewed_once_for_both(platform: Platform, project: Project) -> None:
    shared = two(project, "defaults: {expires_after: 10d}\n")
    platform.clock.offset = 9.5 * DAY
    assert project.plan().actions == {A: ("replace", "expiring"), B: ("adopt", "shared")}
    project.run("validate", "--locked")  # nothing that a commit could mend
    project.apply()
    assert list(platform.files()) == [project.id(B)]
    assert project.id(B) != shared


@pytest.mark.parametrize("longer", "ab")
def test_the_longest_retain_of_those_that_leave_counts(
    platform: Platform, project: Project, longer: str
) -> None:
    for name in "ab":
        project.write(f"{name}/x.txt", "first\n")
    rest = "".join(
        f"  {name}: {{path: {name}/x.txt{', retain: 7d' if name == longer else ''}}}\n"
        for name in "ab"
    )
    project.manifest("files:\n" + rest)
    project.apply()
    shared = project.id("a")
    for name in "ab":
        project.write(f"{name}/x.txt", "second\n")
    project.apply()
    assert [one["id"] for one in project.lock["retired"]] == [shared]
    platform.clock.offset = 6 * DAY
    assert project.plan().code == 0
    platform.clock.offset = 8 * DAY
    project.apply()
    assert shared not in platform.files()


@pytest.mark.parametrize("keeps", "ab")
@pytest.mark.parametrize("how", ["changed", "removed"])
def test_in_use_keep_counts_before_delete(
    on_fake: Project, fake: FakeApi, keeps: str, how: str
) -> None:
    for name in "ab":
        on_fake.write(f"{name}/x.txt", "first\n")
    lines = {
        name: f"  {name}: {{glob: '{name}/*.txt', allow_empty: true, purpose: batch, "
        f"validate: false, in_use: {'keep' if name == keeps else 'delete'}}}\n"
        for name in "ab"
    }
    on_fake.manifest("files:\n" + "".join(lines.values()))
    on_fake.apply()
    shared = on_fake.id("a/x.txt")
    batch = {"id": "batch_1", "status": "in_progress", "input_file_id": shared}
    using = True

    def batches(request: Request) -> Answer | None:
        if request.path != "/batches":
            return None
        return Answer(200, {"data": [batch] if using else [], "has_more": False})

    fake.rule(batches)
    for name in "ab":
        if how == "changed":
            on_fake.write(f"{name}/x.txt", "second\n")
        else:
            (on_fake.root / f"{name}/x.txt").unlink()
    if how == "removed":
        on_fake.manifest("files:\n  else: {path: else.txt}\n" + "".join(lines.values()))
        on_fake.write("else.txt")
    for _ in range(2):
        on_fake.apply(settled=False)
        assert shared in fake.files
        assert [one["id"] for one in on_fake.lock["retired"]] == [shared]
    using = False
    on_fake.apply()
    assert shared not in fake.files


def test_protect_holds_for_its_own_key_alone(on_fake: Project, fake: FakeApi) -> None:
    for name in "ab":
        on_fake.write(f"{name}/x.txt", "first\n")
    protected = "files:\n  a: {path: a/x.txt, protect: true}\n"
    on_fake.manifest(protected + "  b: {path: b/x.txt}\n")
    on_fake.apply()
    shared = on_fake.id("a")
    # The other one changes, comes back and goes: nothing is lost.
    on_fake.write("b/x.txt", "second\n")
    on_fake.apply()
    on_fake.write("b/x.txt", "first\n")
    on_fake.apply()
    on_fake.manifest(protected)
    on_fake.apply()
    assert list(fake.files) == [shared]
    # Its own end is refused although another key has the file.
    on_fake.manifest(protected + "  b: {path: b/x.txt}\n")
    on_fake.apply()
    on_fake.manifest("files:\n  b: {path: b/x.txt}\n")
    assert "1 protected file" in on_fake.refused("plan")
    assert f"a ({shared}) would be forgotten" in on_fake.refused("apply", "-y")

"""The decision table, each row as a user lives through it."""

from __future__ import annotations

import html

import pytest

from tests.cli.fake_api import FakeApi, error
from tests.cli.harness import Platform, Project

DAY = 86400


def test_a_project_grows_changes_and_shrinks(platform: Platform, project: Project) -> None:
    """new, up_to_date, content_changed, attributes_changed, removed_from_manifest, gone."""
    project.files("a", "b", "c", "d", "e")
    plan = project.plan()
    assert plan.actions == dict.fromkeys("abcde", ("create", "new"))
    project.apply()
    first = {key: project.id(key) for key in "abcde"}
    assert set(platform.files()) == set(first.values())

    project.write("a.txt", "edited\n")
    project.files(
        "a",
        b="purpose: fine-tune",
        c="filename: renamed.txt",
        d="expires_after: 12h, filename: both.txt",
        rest="",
    )
    platform.delete(first["e"])
    plan = project.plan()
    assert plan.actions == {
        "a": ("replace", "content_changed"),
        "b": ("replace", "attributes_changed"),
        "c": ("replace", "attributes_changed"),
        "d": ("replace", "attributes_changed"),
        "e": ("forget", "gone"),
    }
    fields = {one["key"]: one["fields"] for one in plan.json["changes"]}
    assert fields["b"] == ["purpose"]
    assert fields["c"] == ["filename"]
    assert sorted(fields["d"]) == ["expires_after", "filename"]
    assert plan.json["has_drift"] is False
    for form in ([], ["--markdown"], ["--html", "-"]):
        text = html.unescape(project.run("plan", *form).out).replace("→", "->")  # the page's arrow
        assert "purpose user_data -> fine-tune" in text
        assert "expires_after never -> 12h, filename d.txt -> both.txt" in text
    project.run("plan", "--out", "plan.json")
    shown = project.run("show-plan", "plan.json").out
    assert "expires_after never -> 12h, filename d.txt -> both.txt" in shown
    project.apply()
    files = platform.files()
    assert sorted(files) == sorted(project.id(key) for key in "abcd")
    assert files[project.id("b")]["purpose"] == "fine-tune"
    assert files[project.id("c")]["filename"] == "renamed.txt"
    d = files[project.id("d")]
    assert d["expires_at"] == d["created_at"] + 12 * 3600
    assert set(first.values()).isdisjoint(files)
    assert project.lock["retired"] == []

    b = project.id("b")
    project.files("a")
    assert project.plan().actions == dict.fromkeys("bcd", ("delete", "removed_from_manifest"))
    assert b in project.run("plan").out
    project.apply()
    assert platform.names() == ["a.txt"]


def test_expiry_changes_to_never_and_back(platform: Platform, project: Project) -> None:
    project.files(a="expires_after: 7d")
    project.apply()
    project.files("a")
    project.apply()
    assert platform.files()[project.id("a")]["expires_at"] is None
    assert project.lock["files"]["a"]["expires_after"] is None
    assert project.lock["files"]["a"]["expires_at"] is None
    # The same expiry in other words is the same.
    project.files(a="'expires_after': {anchor: created_at, seconds: 86400}")
    project.apply()
    project.files(a="expires_after: 24h")
    assert project.plan().code == 0


def test_a_moved_file_is_the_same_file(platform: Platform, project: Project) -> None:
    project.manifest("files: {a: {path: a.txt}}")
    project.write("a.txt", "content")
    project.apply()
    before = project.id("a")
    (project.root / "a.txt").rename(project.root / "b.txt")
    project.manifest("files: {a: {path: b.txt, filename: a.txt}}")
    assert project.plan().code == 0
    project.apply()
    assert project.id("a") == before
    assert project.lock["files"]["a"]["path"] == "b.txt"


def test_deleted_behind_our_back_is_uploaded_again(platform: Platform, project: Project) -> None:
    project.files("a", "b")
    project.apply()
    before = project.id("a")
    platform.delete(before)
    plan = project.plan()
    assert plan.actions == {"a": ("create", "missing_remotely")}
    assert plan.json["has_drift"] is True
    project.apply()
    assert project.id("a") != before
    assert project.id("a") in platform.files()
    # Edited and deleted at once: it is still one upload.
    platform.delete(project.id("a"))
    project.write("a.txt", "edited\n")
    assert project.plan().actions == {"a": ("create", "missing_remotely")}
    project.apply()


def test_renewal_and_expiry_go_by_the_servers_clock(platform: Platform, project: Project) -> None:
    project.files("never", short="expires_after: 10d", long="expires_after: 10d, renew_before: 4d")
    project.apply()
    short, long = project.id("short"), project.id("long")
    platform.clock.offset = 5 * DAY
    assert project.plan().code == 0
    platform.clock.offset = 7 * DAY
    assert project.plan().actions == {"long": ("replace", "expiring")}
    assert project.plan().json["has_drift"] is False
    project.apply()
    assert long not in platform.files()
    # The default is a tenth of the life: one day of ten.
    platform.clock.offset = 8.9 * DAY
    assert project.plan().code == 0
    platform.clock.offset = 9.1 * DAY
    assert project.plan().actions == {"short": ("replace", "expiring")}
    platform.clock.offset = 10.5 * DAY
    plan = project.plan()
    assert plan.actions == {"short": ("create", "expired")}
    assert plan.json["has_drift"] is True
    project.apply()
    assert project.id("short") != short
    now = platform.clock()
    assert abs(project.lock["files"]["short"]["expires_at"] - now - 10 * DAY) < 60


def test_expired_and_not_wanted_any_more_is_forgotten(platform: Platform, project: Project) -> None:
    project.files("a", gone="expires_after: 1h")
    project.apply()
    platform.clock.offset = 2 * 3600
    project.files("a")
    assert project.plan().actions == {"gone": ("forget", "gone")}
    project.apply()
    assert set(project.lock["files"]) == {"a"}


def test_batch_files_expire_unless_told(platform: Platform, project: Project) -> None:
    project.files(a="purpose: batch")
    project.apply()
    entry = project.lock["files"]["a"]
    assert entry["expires_after"] == 30 * DAY
    assert entry["expires_at"] == entry["created_at"] + 30 * DAY


def test_retain_keeps_the_superseded_file_for_its_time(
    platform: Platform, project: Project
) -> None:
    project.files("b", a="retain: 7d")
    project.apply()
    old = project.id("a")
    project.write("a.txt", "edited\n")
    ran = project.apply()
    assert {(one["key"], one["action"]) for one in ran.json["applied"]} == {("a", "replace")}
    assert old in platform.files()
    (retired,) = project.lock["retired"]
    assert (retired["id"], retired["key"]) == (old, "a")
    assert set(retired) == {"id", "key", "delete_after"}
    assert abs(retired["delete_after"] - platform.clock() - 7 * DAY) < 60
    text = project.lock_path.read_text()
    assert f'  "retired": [{{"id": "{old}", "key": "a", "delete_after": ' in text
    # It is ours: counted neither as unmanaged nor as a change.
    assert project.plan().json["summary"]["unmanaged"] == 0
    assert project.plan("--offline").actions == {}
    platform.clock.offset = 6 * DAY
    assert project.plan().code == 0
    platform.clock.offset = 8 * DAY
    plan = project.plan()
    assert plan.actions == {"a": ("delete", "retired")}
    assert plan.json["changes"][0]["id"] == old
    project.apply()
    assert old not in platform.files()
    assert project.lock["retired"] == []


def test_content_that_comes_back_while_retired(platform: Platform, project: Project) -> None:
    """Back and forth: each time the file in the lock is live and the other one goes."""
    project.files(a="retain: 7d, fingerprint: true")
    project.apply()
    first = project.id("a")
    project.write("a.txt", "edited\n")
    project.apply()
    second = project.id("a")
    project.write("a.txt", "this is a\n")
    plan = project.plan()
    assert plan.actions == {"a": ("adopt", "fingerprint_match")}
    project.apply()
    assert project.id("a") == first
    assert [one["id"] for one in project.lock["retired"]] == [second]
    platform.clock.offset = 8 * DAY
    project.apply()
    assert set(platform.files()) == {first}


def test_orphans_go_and_foreign_files_stay(platform: Platform, project: Project) -> None:
    project.files("a", "b", rest="defaults: {fingerprint: true}\n")
    project.apply()
    name = platform.files()[project.id("a")]["filename"]
    token = name.removeprefix("a.fs-")[:6]
    orphan = platform.upload(f"zz.fs-{token}-0123456789ab.txt")
    foreign = [
        platform.upload("zz.fs-ffffff-0123456789ab.txt"),  # another project's
        platform.upload(f"zz.fs-{token}-0123.txt"),  # no token, only like one
        platform.upload("zz.txt"),
    ]
    named = f"zz.fs-{token}-0123456789ab.txt"
    plan = project.plan()
    assert plan.code == 0
    (warning,) = plan.json["warnings"]
    assert named in warning
    assert "--delete-orphans" in warning
    assert plan.json["summary"]["unmanaged"] == 3
    # Another apply may have made it a moment ago, and may not have pushed its lockfile.
    assert project.plan("--delete-orphans").code == 0
    platform.clock.offset = 2 * DAY
    plan = project.plan("--delete-orphans")
    assert plan.actions == {None: ("delete", "orphan")}
    assert plan.json["changes"][0]["id"] == orphan
    assert plan.json["has_drift"] is True
    assert named in project.run("plan", "--delete-orphans").out
    # --only speaks of keys: what has none is left alone.
    assert project.plan("--delete-orphans", "--only", "a").code == 0
    assert "--max-delete 1" in project.refused("apply", "-y", "--delete-orphans")
    told = project.apply("--delete-orphans", "--max-delete", "1").err
    assert f"deleted {named} ({orphan})\n" in told
    assert orphan not in platform.files()
    assert set(foreign) < set(platform.files())


def test_lost_lockfile_is_rebuilt_from_the_listing(on_fake: Project, fake: FakeApi) -> None:
    """With fingerprints: only adopts, no upload, and the very same lockfile."""
    on_fake.manifest(
        """
        defaults: {fingerprint: true}
        files:
          train: {path: train.jsonl, purpose: fine-tune, expires_after: 14d, validate: false}
          docs: {glob: "docs/**/*.md", purpose: assistants}
        """
    )
    on_fake.write("train.jsonl", "{}")
    for name in ("a", "b", "sub/c"):
        on_fake.write(f"docs/{name}.md", name)
    on_fake.apply()
    before = on_fake.lock_path.read_bytes()
    fake.log.clear()
    on_fake.lock_path.unlink()
    plan = on_fake.plan()
    assert set(plan.actions.values()) == {("adopt", "fingerprint_match")}
    assert plan.json["summary"]["adopt"] == 4
    assert plan.json["summary"]["upload_bytes"] == 0
    on_fake.apply()
    assert fake.writes == []
    assert on_fake.lock_path.read_bytes() == before


def test_fingerprint_names_owner_and_content(platform: Platform, project: Project) -> None:
    import hashlib

    project.files(a="fingerprint: true, filename: notes.v1.txt")
    project.apply()
    owner = hashlib.sha256(b"test").hexdigest()[:6]
    content = hashlib.sha256(b"this is a\n").hexdigest()[:12]
    assert platform.names() == [f"notes.v1.fs-{owner}-{content}.txt"]


@pytest.mark.parametrize("with_expiry", [False, True])
def test_status_error_is_replaced(on_fake: Project, fake: FakeApi, with_expiry: bool) -> None:
    on_fake.files(a="expires_after: 2d" if with_expiry else "")
    on_fake.apply()
    broken = on_fake.id("a")
    fake.files[broken]["status"] = "error"
    plan = on_fake.plan()
    assert plan.actions == {"a": ("replace", "remote_error")}
    assert plan.json["has_drift"] is True
    on_fake.apply()
    assert broken not in fake.files


def test_replace_uploads_first_and_deletes_last(on_fake: Project, fake: FakeApi) -> None:
    on_fake.files("a", "b", "c", "gone")
    on_fake.apply()
    fake.log.clear()
    for key in "abc":
        on_fake.write(f"{key}.txt", "edited\n")
    on_fake.files("a", "b", "c")
    on_fake.apply()
    methods = [one.split()[0] for one in fake.writes]
    assert methods == ["POST"] * 3 + ["DELETE"] * 4


def test_glob_members_come_and_go(platform: Platform, project: Project) -> None:
    project.manifest(
        """
        files:
          handbook: {glob: "docs/**/*.md", exclude: ["docs/drafts/**"], purpose: assistants}
        """
    )
    project.write("docs/a.md", "a")
    project.write("docs/deep/b.md", "b")
    project.write("docs/drafts/c.md", "c")
    project.write("docs/d.txt", "d")
    project.apply()
    assert set(project.lock["files"]) == {"handbook/a.md", "handbook/deep/b.md"}
    assert project.lock["files"]["handbook/deep/b.md"]["filename"] == "b.md"
    (project.root / "docs/a.md").rename(project.root / "docs/e.md")
    assert project.plan().actions == {
        "handbook/a.md": ("delete", "removed_from_manifest"),
        "handbook/e.md": ("create", "new"),
    }
    project.apply()


def test_an_empty_file_and_odd_names(platform: Platform, project: Project) -> None:
    names = ["empty.txt", "ünï cödé.txt", 'quo"te.txt', "per%22cent.txt", "a;b.txt"]
    for name in names:
        project.write(f"d/{name}", "" if name == "empty.txt" else name)
    project.manifest("files: {d: {glob: 'd/*'}}")
    project.apply()
    assert len(platform.files()) == len(names)
    assert {"empty.txt", "ünï cödé.txt", "a;b.txt"} < set(platform.names())


def test_deletes_that_fail_are_retried_by_the_next_apply(on_fake: Project, fake: FakeApi) -> None:
    on_fake.files("a", "b", "c")
    on_fake.apply()
    ids = {key: on_fake.id(key) for key in "abc"}
    fake.on("DELETE", f"/files/{ids['b']}", error(400, "no, not now"))
    on_fake.write("c.txt", "edited\n")
    on_fake.files("c")
    ran = on_fake.run("apply", "-y", "--json", code=1)
    assert [one["key"] for one in ran.json["failed"]] == ["b"]
    assert "no, not now" in ran.json["failed"][0]["error"]
    assert "no, not now" in ran.err
    assert set(fake.files) == {ids["b"], on_fake.id("c")}
    fake.rules.clear()
    assert on_fake.plan().actions == {"b": ("delete", "removed_from_manifest")}
    on_fake.apply()


def test_delete_of_what_is_gone_is_success_and_409_is_asked_again(
    on_fake: Project, fake: FakeApi
) -> None:
    from tests.cli.fake_api import Answer, Request

    on_fake.files("a", "b", "stays")
    on_fake.apply()
    a, b = on_fake.id("a"), on_fake.id("b")
    fake.on("DELETE", f"/files/{a}", error(404, f"No such File object: {a}"))
    fake.on("GET", f"/files/{a}", error(404, f"No such File object: {a}"))
    tries = 0

    def busy(request: Request) -> Answer | None:
        nonlocal tries
        if request.method != "DELETE" or not request.path.endswith(b):
            return None
        tries += 1
        return error(409, "File is still processing. Check back later.") if tries < 3 else None

    fake.rule(busy)
    on_fake.files("stays")
    on_fake.apply(settled=False)
    assert tries == 3
    assert set(on_fake.lock["files"]) == {"stays"}

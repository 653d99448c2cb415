"""status: time left, what expires within a day, and how full the platform is."""

from __future__ import annotations

import re
import time

import pytest

from tests.cli.fake_api import FakeApi
from tests.cli.harness import Platform, Project, lock_up

HOUR, DAY = 3600, 86400


def test_what_expires_within_a_day_is_named_with_what_renews_it(
    platform: Platform, project: Project
) -> None:
    project.files(
        never="",
        due="expires_after: 7d, renew_before: 1d",
        later="expires_after: 7d",  # renewed from 16.8 hours on
        not_at_all="expires_after: 7d, renew_before: 0",
        far="expires_after: 30d",
    )
    project.apply()
    assert project.run("status").err == ""
    platform.clock.offset = 6 * DAY + 4 * HOUR + 60  # 20 hours left of a week
    ran = project.run("status", "--quiet")
    due, not_yet = [line for line in ran.err.splitlines() if "less than a day" in line]
    assert "due (20h left)" in due
    assert "`filesync apply` renews it now" in due
    assert "later (20h left, renewed once 17h is left)" in not_yet
    assert "not_at_all (20h left, renewed too late)" in not_yet
    assert "renew_before" in not_yet
    assert "never (" not in ran.err
    assert "far" not in ran.err

    document = project.run("status", "--json").json
    soon = {one["key"]: one for one in document["expiring_soon"]}
    assert {key: one["renewed_now"] for key, one in soon.items()} == {
        "due": True,
        "later": False,
        "not_at_all": False,
    }
    assert soon["due"]["left"] == pytest.approx(20 * HOUR, abs=120)
    assert soon["due"]["id"] == project.id("due")
    assert soon["later"]["renew_before"] == 7 * DAY // 10
    assert [one for one in document["warnings"] if "clock" not in one] == [
        line.removeprefix("warning: ") for line in (due, not_yet)
    ]
    project.run("apply", "-y")
    after = project.run("status", "--json").json["expiring_soon"]
    assert {one["key"] for one in after} == {"later", "not_at_all"}


def test_many_that_expire_are_counted(platform: Platform, project: Project) -> None:
    project.files(**{f"f{n:02}": "expires_after: 2d, renew_before: 1d" for n in range(12)})
    project.apply()
    platform.clock.offset = DAY + 2 * HOUR
    line = project.run("status").err.splitlines()[-1]
    assert "12 files expire in less than a day" in line
    assert "and 7 more" in line


def test_totals_by_purpose_are_of_everything_on_the_platform(
    platform: Platform, project: Project
) -> None:
    platform.upload("other.txt", b"x" * 2000, "user_data")
    platform.upload("batch.jsonl", b"{}", "batch")
    project.files("a", "b")
    project.apply()
    out = project.run("status").out
    assert re.search(r"^batch +1 +2 B$", out, re.M)
    assert re.search(r"^user_data +3 +2\.0 kB$", out, re.M)
    assert re.search(r"^all +4 +2\.0 kB  of the 2\.5 TB that OpenAI gives a project$", out, re.M)
    assert project.run("status", "--json").json["platform"] == {
        "files": 4,
        "bytes": 2022,
        "quota_bytes": 2_500_000_000_000,
        "purposes": {"batch": {"files": 1, "bytes": 2}, "user_data": {"files": 3, "bytes": 2020}},
    }


def test_a_platform_that_is_nearly_full_is_a_warning(on_fake: Project, fake: FakeApi) -> None:
    lock_up(on_fake, fake, "a")
    on_fake.files("a")
    half = fake.add("half", bytes=1_250_000_000_000)
    fake.add("unknown", bytes=None)
    ran = on_fake.run("status")
    assert "50.0% of the 2.5 TB" in ran.out
    assert "1 file whose size is not told" in ran.out
    assert ran.err == ""
    fake.files[half]["bytes"] = 2_300_000_000_000
    ran = on_fake.run("status")
    assert "2.3 TB of the 2.5 TB" in ran.err
    assert "filesync ls" in ran.err
    assert len(on_fake.run("status", "--json").json["warnings"]) == 1


def test_an_empty_platform_has_no_totals(project: Project) -> None:
    project.manifest("files: {}")
    out = project.run("status").out
    assert out == "There are no files: the manifest declares none, and the lockfile has none.\n"
    assert project.run("status", "--json").json["platform"]["purposes"] == {}


def test_files_of_others_alone_have_totals(platform: Platform, project: Project) -> None:
    project.manifest("files: {}")
    platform.upload("other.txt")
    out = project.run("status").out
    assert out.startswith("There are no files: ")
    assert "KEY" not in out
    assert "ON THE PLATFORM" in out


def test_time_left_is_shown(platform: Platform, project: Project) -> None:
    project.files(week="expires_after: 7d")
    project.apply()
    platform.clock.offset = 2 * DAY
    (line,) = [line for line in project.run("status").out.splitlines() if line.startswith("week")]
    assert "2d" in line.split()
    assert "5d" in line.split()
    left = project.run("status", "--json").json["files"][0]["left"]
    expires_at = project.lock["files"]["week"]["expires_at"]
    assert left == pytest.approx(expires_at - time.time() - 2 * DAY, abs=60)

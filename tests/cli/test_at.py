"""plan --at: what will be to do at a later time, to look at."""

from __future__ import annotations

import datetime
import json
import time

import pytest

import filesync
from tests.cli.harness import CHANGE, Platform, Project

DAY = 86400


@pytest.fixture
def expiring(project: Project) -> Project:
    """One file that expires in a week, one that never does."""
    project.files("keep", week="expires_after: 7d")
    project.apply()
    return project


def test_what_will_have_expired_by_then(platform: Platform, expiring: Project) -> None:
    # 10% of a week are 16.8 hours: renewed from then on, gone after the week.
    assert expiring.run("plan", "--at", "+6d", "--json").json["changes"] == []
    soon = expiring.run("plan", "--at", "+160h", "--json")
    assert soon.actions == {"week": ("replace", "expiring")}
    gone = expiring.run("plan", "--at", "+8d", "--json", "--detailed-exitcode", code=2)
    assert gone.actions == {"week": ("create", "expired")}
    assert gone.json["has_drift"] is True
    assert set(gone.json["changes"][0]) == CHANGE
    assert gone.json["at"] == pytest.approx(time.time() + 8 * DAY, abs=60)
    assert "at" not in expiring.plan().json
    # As good from the lockfile alone.
    offline = expiring.run("plan", "--at", "+8d", "--json", "--offline")
    assert offline.actions == gone.actions
    assert len(platform.files()) == 2


def test_a_date_names_the_time_too(expiring: Project) -> None:
    then = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=8)
    named = f"{then:%Y-%m-%dT%H:%M}Z"
    document = expiring.run("plan", "--at", named, "--json").json
    assert document["at"] == int(then.replace(second=0, microsecond=0).timestamp())
    assert document["summary"]["create"] == 1


def test_retired_files_go_when_their_time_comes(project: Project) -> None:
    project.files(a="retain: 3d")
    project.apply()
    old = project.id("a")
    project.write("a.txt", "changed")
    project.run("apply", "-y")
    assert project.run("plan", "--at", "+2d", "--json").json["changes"] == []
    then = project.run("plan", "--at", "+4d", "--json").json["changes"]
    assert [(one["id"], one["reason"]) for one in then] == [(old, "retired")]


def test_every_form_says_which_time_it_is_for(expiring: Project) -> None:
    day = f"{datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=8):%Y-%m-%d}"
    for form in ([], ["--markdown"], ["--html", "-"]):
        for at in ("+8d", "+1h"):
            out = expiring.run("plan", "--at", at, *form).out
            assert "As it will be on" in out
            assert "if nothing is applied until then" in out
            assert (day in out) == (at == "+8d")
            drift = "1 file will have expired by then."
            assert (drift in out) == (at == "+8d" and form != [])
        assert "As it will be" not in expiring.run("plan", *form).out


def test_only_to_look_at(project: Project, expiring: Project) -> None:
    assert "--out" in expiring.refused("plan", "--at", "+8d", "--out", "plan.json")
    saved = expiring.run("plan", "--at", "+8d", "--json").out
    (expiring.root / "plan.json").write_text(saved)
    assert "As it will be on" in expiring.run("show-plan", "plan.json").out
    assert "looking at" in expiring.refused("apply", "-y", "plan.json")
    assert json.loads(saved)["at"]


def test_python_plans_of_another_time_are_not_applied(
    expiring: Project, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.setenv(name, expiring.env[name])
    plan = filesync.plan(str(expiring.root / "filesync.yaml"), at="+8d")
    assert plan.summary.create == 1
    with pytest.raises(filesync.FilesyncError, match="to look at"):
        filesync.apply(plan)
    assert len(platform.files()) == 2


@pytest.mark.parametrize("when", ["7d", "soon", "2020-01-01", "+", "-1d"])
def test_what_is_no_time_to_come_is_an_error(expiring: Project, when: str) -> None:
    assert "--at" in expiring.run("plan", f"--at={when}", code=1).err


def test_a_protected_file_would_be_lost_then(project: Project) -> None:
    project.files(week="expires_after: 7d, protect: true")
    project.apply()
    error = project.run("plan", "--at", "+160h", code=1).err
    assert "error: on 20" in error
    assert "protected" in error

"""Runs that are killed on machines that live for one run: a sample of `fresh_machines`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from filesync.core.recovery.journal import read_history
from tests.crash.fresh_machines import KEY, Fleet, campaign, fleet_of
from tests.crash.project import Runners
from tests.storage.fake_s3 import FakeS3

STATE = "state/filesync-"


@pytest.fixture
def fleet(tmp_path: Path, runners: Runners) -> Iterator[Fleet]:
    with fleet_of(tmp_path, runners) as made:
        made.commit(a=b"content of a", b=b"content of b")
        yield made


def state_of(s3: FakeS3) -> str:
    (key,) = [key for key in s3.objects if key.endswith(".state")]
    return key


def test_a_sample_of_kills(tmp_path: Path, runners: Runners) -> None:
    killed, _, wrong = campaign(tmp_path, runners, 8, 3)
    assert killed >= 8
    assert wrong == []


def test_a_lockfile_that_was_never_pushed_is_made_again(fleet: Fleet) -> None:
    assert fleet.apply().exit == 0
    ids = set(fleet.platform.files())
    fleet.commit(a=b"another content")
    assert fleet.apply().exit == 0  # began without lockfile, as the next two
    changed = set(fleet.platform.files())
    assert len(changed) == 2
    assert len(ids & changed) == 1
    last = fleet.apply(push=True)
    assert last.exit == 0, last.err
    assert set(fleet.platform.files()) == changed
    assert fleet.wrongs() == []


def test_two_runs_at_once_make_one_set_of_files(fleet: Fleet) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda _n: fleet.apply(push=True), range(2)))
    assert [ran.exit for ran in runs] == [0, 0], runs
    assert len(fleet.platform.files()) == 2
    assert fleet.wrongs() == []


def test_a_line_is_in_the_bucket_before_its_request(fleet: Fleet) -> None:
    """Killed before the first upload's request: what it is about to send is known."""
    names = [f"k{n}" for n in range(3)]
    fleet.commit(**{name: name.encode() for name in names})
    seen = fleet.apply(kill={"at": "request", "n": 2, "when": "after"})
    assert seen.signal
    log = fleet.s3.objects[state_of(fleet.s3)].data
    history = read_history(log)
    made = {one["filename"] for one in fleet.platform.files().values()}
    sent = {one.filename for one in history.attempts.values() if one.sent is not None}
    assert made <= sent


def test_the_key_is_not_in_the_bucket(fleet: Fleet) -> None:
    assert fleet.apply(push=True).exit == 0
    assert all(KEY.encode() not in one.data for one in fleet.s3.objects.values())


@pytest.mark.parametrize(
    ("state", "fault", "said"),
    [
        ("s3://bucket/state", 403, "access denied"),
        ("s3://nowhere/state", None, "there is no bucket"),
    ],
)
def test_a_bucket_that_cannot_be_used_stops_the_run(
    fleet: Fleet, state: str, fault: int | None, said: str
) -> None:
    path = fleet.repo / "filesync.yaml"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"state": state}))
    fleet.s3.fault = lambda _method, _key: fault
    ran = fleet.apply()
    assert ran.exit == 1
    assert said in ran.err
    assert "Traceback" not in ran.err
    assert fleet.platform.files() == {}


@pytest.mark.parametrize("state", ["/tmp/x", "https://example.com/x", "s3://bucket/a//b", "s3://"])
def test_what_is_no_folder_in_a_bucket_is_a_mistake(fleet: Fleet, state: str) -> None:
    path = fleet.repo / "filesync.yaml"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"state": state}))
    ran = fleet.apply()
    assert ran.exit == 1
    assert "filesync.yaml:1:" in ran.err
    assert ": state: " in ran.err

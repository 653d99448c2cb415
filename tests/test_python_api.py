"""The Python API, in one process, more than once."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import filesync
from tests.cli.fake_api import FakeApi


def test_plan_and_apply_again_and_again(tmp_path: Path) -> None:
    manifest = tmp_path / "filesync.yaml"
    manifest.write_text(
        "version: 1\nproject: api\nremote: {base_url: 'emulator:.emu'}\nfiles: {a: {path: a.txt}}\n"
    )
    ids = set()
    for text in ("one", "two", "three"):
        (tmp_path / "a.txt").write_text(text)
        plan = filesync.plan(str(manifest))
        assert plan.has_changes
        result = filesync.apply(plan)
        assert (len(result.applied), result.failed) == (1, ())
        assert not filesync.plan(str(manifest)).has_changes
        ids.add(filesync.load_lock(str(tmp_path / "filesync.lock")).id("a"))
    assert len(ids) == 3


def test_environments(tmp_path: Path) -> None:
    manifest = tmp_path / "filesync.yaml"
    manifest.write_text(
        "version: 1\nproject: api\nremote: {base_url: 'emulator:.emu'}\n"
        "environments: {staging: {project: api-staging}}\n"
        "files: {a: {path: a.txt, fingerprint: true}}\n"
    )
    (tmp_path / "a.txt").write_text("one")
    plans = {env: filesync.plan(str(manifest), env=env) for env in (None, "staging")}
    for plan in plans.values():
        assert len(filesync.apply(plan).applied) == 1
    ids = {
        filesync.load_lock(str(tmp_path / name)).id("a")
        for name in ("filesync.lock", "filesync.staging.lock")
    }
    assert len(ids) == 2
    with pytest.raises(filesync.FilesyncError, match="no environment 'prod'"):
        filesync.plan(str(manifest), env="prod")


def test_a_variable_that_changes_between_plan_and_apply(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = tmp_path / "filesync.yaml"
    manifest.write_text(
        "version: 1\nproject: api\nremote: {base_url: 'emulator:.emu'}\n"
        "files:\n  a:\n    path: a.txt\n    in_use: ${FILESYNC_VAR_IN_USE:-keep}\n"
    )
    (tmp_path / "a.txt").write_text("one")
    plan = filesync.plan(str(manifest))
    monkeypatch.setenv("FILESYNC_VAR_IN_USE", "delete")
    with pytest.raises(filesync.FilesyncError, match=r"stale: a variable of .* changed"):
        filesync.apply(plan)
    assert not (tmp_path / "filesync.lock").exists()
    monkeypatch.setenv("FILESYNC_VAR_IN_USE", "keep")
    assert len(filesync.apply(plan).applied) == 1


def write(folder: Path, **texts: str) -> Path:
    """Write a manifest with a file for each text; returns its path."""
    for name, text in texts.items():
        (folder / f"{name}.txt").write_text(text)
    entries = ", ".join(f"{name}: {{path: {name}.txt}}" for name in texts)
    manifest = folder / "filesync.yaml"
    manifest.write_text(
        f"version: 1\nproject: api\nremote: {{base_url: 'emulator:.emu'}}\nfiles: {{{entries}}}\n"
    )
    return manifest


def test_paths_unknown_keys_and_ids(tmp_path: Path) -> None:
    manifest = write(tmp_path, train="one")
    filesync.apply(filesync.plan(manifest))
    lock = filesync.load_lock(tmp_path / "filesync.lock")
    assert filesync.ids(manifest) == lock.ids() == {"train": lock.id("train")}
    with pytest.raises(filesync.UnknownKeyError) as error:
        lock.id("trian")
    assert error.value.message == "'trian' is not in the lockfile"
    assert error.value.hint == "did you mean 'train'? `filesync ids` lists the keys"
    with pytest.raises(filesync.FilesyncError):
        lock.store("no")
    assert repr(lock) == "<Lockfile api on emulator:.emu: 1 file>"
    with pytest.raises(filesync.LockfileError, match="there is no lockfile"):
        filesync.load_lock(tmp_path / "other.lock")


def test_a_plan_is_saved_read_back_and_applied(tmp_path: Path) -> None:
    manifest = write(tmp_path, a="one", b="two")
    plan = filesync.plan(manifest, only=["a"])
    assert repr(plan) == "<Plan api on emulator:.emu: 1 create>"
    (change,) = plan.changes
    assert repr(change) == (
        "Change(key='a', action='create', reason='new', bytes=3, id=None, fields=())"
    )
    assert change.after is not None
    assert change.after.filename == "a.txt"
    assert "`a`" in plan.to_markdown()
    saved = tmp_path / "plan.json"
    saved.write_text(plan.to_json())
    again = filesync.Plan.load(saved, manifest)
    assert again.changes == plan.changes
    assert again.to_json() == plan.to_json()
    assert json.loads(plan.to_json())["only"] == "a"
    result = filesync.apply(again)
    assert [done.key for done in result.applied] == ["a"]
    with pytest.raises(filesync.Refused, match="is stale"):
        filesync.apply(filesync.Plan.load(saved, manifest))
    with pytest.raises(AttributeError):
        plan._document = None  # type: ignore[assignment, misc]


def test_failed_changes_raise_with_what_was_done(tmp_path: Path) -> None:
    manifest = write(tmp_path, a="one", b="two")
    plan = filesync.plan(manifest)
    (tmp_path / "b.txt").write_text("another")
    with pytest.raises(filesync.ApplyFailed, match="1 change failed:\n  b: ") as error:
        filesync.apply(plan)
    assert [done.key for done in error.value.result.applied] == ["a"]
    plan = filesync.plan(manifest)
    (tmp_path / "b.txt").write_text("a third")
    result = filesync.apply(plan, check=False)
    assert [(failed.key, failed.action) for failed in result.failed] == [("b", "create")]


def test_progress_tells_what_is_hashed_and_sent(tmp_path: Path) -> None:
    manifest = write(tmp_path, a="one")
    events: list[filesync.Event] = []
    filesync.apply(filesync.plan(manifest, progress=events.append), progress=events.append)
    assert filesync.Hashed(3) in events
    assert filesync.Started("a", 3) in events
    (done,) = [one for one in events if isinstance(one, filesync.Done)]
    assert (done.key, done.action, done.bytes) == ("a", "create", 3)


def test_status_validate_and_adopt(tmp_path: Path) -> None:
    manifest = write(tmp_path, a="one", b="two")
    (tmp_path / "b.txt").write_text("")
    (finding,) = filesync.validate(manifest)
    assert (finding.key, finding.severity, finding.line) == ("b", "warning", None)
    with pytest.raises(filesync.ContentError):
        filesync.validate(manifest, strict=True)
    assert filesync.validate(manifest, strict=True, check=False)[0].severity == "error"
    filesync.apply(filesync.plan(manifest, only="a"))
    found = {one.key: one for one in filesync.status(manifest)}
    assert (found["a"].action, found["a"].state) == ("noop", "up to date")
    assert (found["b"].action, found["b"].id) == ("create", None)
    file_id = found["a"].id
    (tmp_path / "filesync.lock").unlink()
    adopted = filesync.adopt("a", file_id, manifest=manifest)
    assert adopted.entry.id == file_id
    assert filesync.ids(manifest) == {"a": file_id}
    (tmp_path / "a.txt").unlink()
    with pytest.raises(filesync.ManifestError):
        filesync.validate(manifest)


def test_a_key_that_is_given_is_used_and_shown_nowhere(
    tmp_path: Path, fake: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = write(tmp_path, a="one")
    manifest.write_text(manifest.read_text().replace("emulator:.emu", fake.url))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    plan = filesync.plan(manifest, api_key="sk-given-0123456789", timeout=30)
    filesync.apply(plan)
    assert {request.headers["authorization"] for request in fake.log} == {
        "Bearer sk-given-0123456789"
    }
    assert "sk-given" not in repr(plan) + repr(vars(plan)) + plan.to_json() + str(plan)


def test_wrong_numbers_are_refused_at_once(tmp_path: Path) -> None:
    manifest = write(tmp_path, a="one")
    for timeout in (0, -1, "5"):
        with pytest.raises(filesync.FilesyncError, match="timeout must be a number above 0"):
            filesync.plan(manifest, timeout=timeout)  # type: ignore[arg-type]
        with pytest.raises(filesync.FilesyncError, match="timeout"):
            filesync.Plan.load("plan.json", manifest, timeout=timeout)  # type: ignore[arg-type]
    with pytest.raises(filesync.FilesyncError, match="concurrency must be a number above 0"):
        filesync.apply(filesync.plan(manifest), concurrency=0)


def test_everything_public_is_there_and_described() -> None:
    page = (Path(__file__).parents[1] / "docs" / "python.md").read_text()
    for name in filesync.__all__:
        assert getattr(filesync, name) is not None
        assert name == "__version__" or re.search(rf"`{name}\b", page), name
    assert set(filesync.__all__) <= set(dir(filesync))
    with pytest.raises(AttributeError, match="no attribute 'aply'"):
        _ = filesync.aply

"""The Python API, in one process, more than once."""

from __future__ import annotations

from pathlib import Path

import pytest

import filesync


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

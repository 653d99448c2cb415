"""The Python API, in one process, more than once."""

from __future__ import annotations

from pathlib import Path

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

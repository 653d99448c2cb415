"""`apply --shard I/N` and `lock merge`: several runs, one set of files."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from filesync.core.lockfile.pieces import parse_piece
from filesync.core.shard import number_of
from tests.cli.fake_api import FakeApi, Request
from tests.cli.harness import CANARY, Platform, Project, quick_command

EXAMPLES = Path(__file__).parent.parent.parent / "examples/shards"
NAMES = [f"f{n}" for n in range(12)]


def declare(project: Project, *names: str, rest: str = "") -> None:
    for name in names:
        project.write(f"{name}.txt", f"{name}\n" * (sum(name.encode()) % 5 + 1))
    project.manifest(
        "files:\n" + "".join(f"  {name}: {{path: {name}.txt}}\n" for name in names) + rest
    )


def shards(project: Project, of: int, *more: str) -> None:
    for number in range(1, of + 1):
        project.run("apply", "-y", "--shard", f"{number}/{of}", *more)


def pieces(project: Project) -> list[str]:
    return sorted(path.name for path in project.root.glob("filesync.lock.*"))


def test_shards_upload_each_file_once(platform: Platform, project: Project) -> None:
    declare(project, *NAMES)
    shards(project, 3)
    assert pieces(project) == [f"filesync.lock.{n}-of-3" for n in (1, 2, 3)]
    assert not project.lock_path.exists()
    for number in (1, 2, 3):
        path = project.root / f"filesync.lock.{number}-of-3"
        piece = parse_piece(path.read_bytes(), "")
        assert set(piece.lock.files) == {one for one in NAMES if number_of(one, 3) == number}
        assert piece.state == "done"
    project.run("lock", "merge")
    assert pieces(project) == []
    assert {one["id"] for one in project.lock["files"].values()} == set(platform.files())
    assert len(platform.files()) == len(NAMES)
    assert project.plan().json["has_changes"] is False


def test_only_the_run_that_joins_deletes(platform: Platform, project: Project) -> None:
    declare(project, *NAMES)
    project.apply()
    before = set(platform.files())
    declare(project, *NAMES[1:])
    project.write("f3.txt", "another f3")
    shards(project, 2)
    assert before < set(platform.files())
    said = project.run("lock", "merge", "--json")
    assert said.json["summary"]["delete"] == 2
    assert len(platform.files()) == len(NAMES) - 1
    assert project.lock["retired"] == []
    assert project.plan().json["has_changes"] is False


def test_joining_alone_asks_no_server(project: Project) -> None:
    declare(project, "a", "b")
    project.apply()
    project.write("a.txt", "another a")
    shards(project, 2)
    down = {"OPENAI_BASE_URL": project.env["OPENAI_BASE_URL"], "OPENAI_API_KEY": None}
    project.run("lock", "merge", "--no-delete", env=down)
    assert [one["key"] for one in project.lock["retired"]] == ["a"]
    project.run("apply", "-y")
    assert project.lock["retired"] == []


def test_a_missing_piece_is_named(project: Project) -> None:
    declare(project, *NAMES)
    assert "there are no pieces" in project.refused("lock", "merge")
    for number in (1, 4):
        project.run("apply", "-y", "--shard", f"{number}/4")
    said = project.refused("lock", "merge")
    assert "number 2, 3 are missing" in said
    assert "`filesync apply --shard 2/4`" in said
    assert pieces(project) == ["filesync.lock.1-of-4", "filesync.lock.4-of-4"]
    assert "not joined yet" in project.refused("apply", "-y")
    assert "not joined yet" in project.refused("destroy", "-y")
    assert "of another split" in project.refused("apply", "-y", "--shard", "1/2")


def test_pieces_of_another_manifest_lockfile_or_split_are_refused(project: Project) -> None:
    declare(project, *NAMES)
    project.apply()
    project.write("f3.txt", "another f3")
    shards(project, 2)
    kept = {name: (project.root / name).read_bytes() for name in pieces(project)}
    lock = project.lock_path.read_bytes()
    manifest = project.root / "filesync.yaml"
    was = manifest.read_text()
    manifest.write_text(was + "# another\n")
    assert "pieces 1, 2 of filesync.lock were made from another manifest" in project.refused(
        "lock", "merge"
    )
    project.run("apply", "-y", "--shard", "2/2")
    assert "piece 1 of filesync.lock was made" in project.refused("lock", "merge")
    manifest.write_text(was)
    for name, text in kept.items():
        (project.root / name).write_bytes(text)
    project.lock_path.write_bytes(lock.replace(b'"bytes"', b'"bytes" '))
    assert "begun with another lockfile" in project.refused("lock", "merge")
    assert "has changed since" in project.refused("apply", "-y", "--shard", "1/2")
    project.lock_path.write_bytes(lock)
    (project.root / "filesync.lock.1-of-3").write_bytes(kept["filesync.lock.1-of-2"])
    assert "says that it is piece 1/2" in project.refused("lock", "merge")
    (project.root / "filesync.lock.1-of-3").unlink()
    project.run("lock", "merge")


def test_a_merge_that_was_killed_is_finished(platform: Platform, project: Project) -> None:
    declare(project, *NAMES)
    shards(project, 2)
    second = project.root / "filesync.lock.2-of-2"
    kept = second.read_bytes()
    project.run("lock", "merge")
    lock = project.lock_path.read_bytes()
    second.write_bytes(kept)
    project.run("lock", "merge")
    assert project.lock_path.read_bytes() == lock
    assert pieces(project) == []
    assert len(platform.files()) == len(NAMES)


def test_a_merge_that_is_refused_can_be_repeated(platform: Platform, project: Project) -> None:
    declare(project, *NAMES)
    project.apply()
    declare(project, *NAMES[:6])
    shards(project, 2)
    assert "6 files would be deleted" in project.refused("lock", "merge")
    assert len(platform.files()) == len(NAMES)
    for name in NAMES:
        (project.root / f"{name}.txt").unlink()  # the machine that joins has no data
    project.run("lock", "merge", "--max-delete", "6")
    assert pieces(project) == []
    assert set(project.lock["files"]) == set(NAMES[:6])
    assert len(platform.files()) == 6
    said = project.refused("lock", "merge")
    assert "there are no pieces" in said
    assert "`filesync apply` does what is left" in said


def merge_with_too_many_deletes(project: Project) -> None:
    """Give up all files but six, in two shards; the merge joins them and deletes nothing."""
    declare(project, *NAMES)
    project.apply()
    declare(project, *NAMES[:6])
    shards(project, 2)
    project.refused("lock", "merge")


def test_joined_pieces_hold_nothing_up(platform: Platform, project: Project) -> None:
    merge_with_too_many_deletes(project)
    declare(project, *NAMES[:7])
    assert "or run `filesync apply` for what is left" in project.refused("lock", "merge")
    assert "are not joined yet" not in project.run("plan").err
    shards(project, 3)  # another split, while the pieces of the first still lie there
    project.run("lock", "merge", "--max-delete", "5")
    assert pieces(project) == []
    assert len(platform.files()) == 7


def test_an_apply_does_what_a_merge_left(platform: Platform, project: Project) -> None:
    merge_with_too_many_deletes(project)
    project.run("apply", "-y", "--max-delete", "6")
    assert pieces(project) == []
    assert len(platform.files()) == 6


def test_a_piece_of_a_new_run_is_not_taken_for_joined(platform: Platform, project: Project) -> None:
    merge_with_too_many_deletes(project)
    project.write("f1.txt", "another f1")
    project.run("apply", "-y", "--shard", "1/2")
    assert "number 2 is missing" in project.refused("lock", "merge", "--max-delete", "6")
    project.run("apply", "-y", "--shard", "2/2")
    project.run("lock", "merge", "--max-delete", "6")
    assert len(platform.files()) == 6


def test_a_plan_says_that_pieces_wait(project: Project) -> None:
    declare(project, *NAMES)
    project.run("apply", "-y", "--shard", "1/4")
    for command in ("plan", "status"):
        said = project.run(command).err
        assert "pieces of filesync.lock are not joined yet: there is filesync.lock.1-of-4" in said
        assert "`filesync lock merge` joins them" in said


def test_a_shard_plans_no_delete(project: Project) -> None:
    declare(project, "a", "b", "c")
    project.apply()
    project.write("a.txt", "another a")
    shards(project, 2)
    again = project.run("apply", "-y", "--json", "--shard", f"{number_of('a', 2)}/2")
    assert again.json["summary"]["delete"] == 0
    assert "deleted" not in again.err
    assert project.run("lock", "merge", "--json").json["summary"]["delete"] == 1


def test_a_shard_without_keys_writes_its_piece(platform: Platform, project: Project) -> None:
    declare(project, "a", "b")
    shards(project, 5)
    assert len(pieces(project)) == 5
    project.run("lock", "merge")
    assert len(platform.files()) == 2


def test_a_shard_with_a_failure_continues_and_may_be_joined(
    fake: FakeApi, on_fake: Project
) -> None:
    project = on_fake
    declare(project, "a", "b", "c")
    project.apply(settled=False)
    old = set(fake.files)
    project.write("a.txt", "another a")
    project.write("bad.jsonl", "no json")
    project.manifest(
        "files: {a: {path: a.txt}, b: {path: b.txt}, c: {path: c.txt},"
        " bad: {path: bad.jsonl, purpose: fine-tune}}"
    )
    of = 2
    for number in (1, 2):
        failing = number_of("bad", of) == number
        project.run("apply", "-y", "--shard", f"{number}/{of}", code=1 if failing else 0)
    said = project.run("lock", "merge")
    assert "could not upload all" in said.err
    assert old < set(fake.files)
    assert [one["key"] for one in project.lock["retired"]] == ["a"]


def test_a_piece_that_is_not_finished_is_refused(platform: Platform, project: Project) -> None:
    declare(project, *NAMES)
    shards(project, 2)
    path = project.root / "filesync.lock.2-of-2"
    path.write_bytes(path.read_bytes().replace(b'"done"', b'"running"'))
    assert "number 2 is not finished" in project.refused("lock", "merge")
    project.run("apply", "-y", "--shard", "2/2")
    project.run("lock", "merge")
    assert len(platform.files()) == len(NAMES)


@pytest.mark.parametrize("nth", [1, 3])
def test_shards_at_the_same_time_of_which_one_is_killed(
    fake: FakeApi, on_fake: Project, nth: int
) -> None:
    project = on_fake
    declare(project, *NAMES)
    running: dict[int, subprocess.Popen[str]] = {}
    seen: list[str | None] = []

    def kill(request: Request) -> None:
        if request.method != "POST" or number_of(str(request.filename)[:-4], 2) != 1:
            return
        seen.append(request.filename)
        if len(seen) == nth:
            running[1].kill()  # its file is made all the same: nobody reads the answer

    fake.rules = [kill]
    for number in (1, 2):
        running[number] = project.start(
            "apply", "-y", "--shard", f"{number}/2", "--concurrency", "1"
        )
    assert "number 1 is not finished" in still_refused(project, running)
    fake.clock = lambda: time.time() + 200  # any file would be listed by now
    project.run("apply", "-y", "--shard", "1/2")
    project.run("lock", "merge")
    assert sorted(one["filename"] for one in fake.files.values()) == sorted(
        f"{name}.txt" for name in NAMES
    )
    assert {one["id"] for one in project.lock["files"].values()} == set(fake.files)


def still_refused(project: Project, running: dict[int, subprocess.Popen[str]]) -> str:
    """Wait for the second run and for the death of the first; return what a merge says then."""
    project.finish(running[2])
    running[1].communicate(timeout=60)
    assert running[1].returncode == -9
    return project.refused("lock", "merge")


def test_a_shard_takes_no_part_of_a_plan(project: Project) -> None:
    declare(project, "a")
    assert "--shard splits a whole apply" in project.refused(
        "apply", "-y", "--shard", "1/2", "--only", "a"
    )
    assert "must be I/N" in project.refused("apply", "-y", "--shard", "one")
    assert "must be 1 to 2" in project.refused("apply", "-y", "--shard", "3/2")
    assert "the first run is 1/4" in project.refused("apply", "-y", "--shard", "0/4")


def test_a_renamed_key_needs_no_upload(platform: Platform, project: Project) -> None:
    declare(project, *NAMES)
    project.apply()
    ids = set(platform.files())
    text = (project.root / "filesync.yaml").read_text()
    (project.root / "filesync.yaml").write_text(text.replace("  f3:", "  renamed:"))
    shards(project, 3)
    project.run("lock", "merge")
    assert set(platform.files()) == ids
    assert "renamed" in project.lock["files"]
    assert "f3" not in project.lock["files"]


def test_stores_are_filled_by_the_run_that_joins(platform: Platform, project: Project) -> None:
    rest = "vector_stores: {docs: {files: ['*']}}\n"
    for name in ("a", "b", "c"):
        project.write(f"{name}.md", name)
    project.manifest(
        "defaults: {purpose: assistants}\n"
        "files: {a: {path: a.md}, b: {path: b.md}, c: {path: c.md}}\n" + rest
    )
    shards(project, 2)
    assert platform.http.get("/vector_stores").json()["data"] == []
    project.run("lock", "merge")
    assert set(project.lock["vector_stores"]["docs"]["files"]) == {"a", "b", "c"}
    assert project.plan().json["has_changes"] is False


def test_the_pace_is_divided(fake: FakeApi, on_fake: Project) -> None:
    """Of 60 requests a minute each of 60 shards may send one, and then has to wait."""
    from filesync.core.run import Run, Shard
    from filesync.workflow.workspace import open_workspace

    declare(on_fake, "a")
    on_fake.manifest("remote: {requests_per_minute: 120}\nfiles: {a: {path: a.txt}}")
    path = str(on_fake.root / "filesync.yaml")
    paces = [open_workspace(Run(path, fake.url, shard=one))._pace for one in (None, Shard(1, 4))]
    assert paces == [120, 30]


# ---- the examples, run ------------------------------------------------------------------------


def environment(project: Project) -> dict[str, str]:
    """Return the environment of a step, with `filesync` on its PATH."""
    paths = os.pathsep.join((str(quick_command().parent), project.env["PATH"]))
    return {**project.env, "PATH": paths, "OPENAI_API_KEY": CANARY}


def steps(job: Any) -> list[str]:
    """Return what the steps of a job run that call filesync."""
    return [one["run"] for one in job["steps"] if "filesync " in one.get("run", "")]


def finish(commands: list[tuple[str, Path, dict[str, str]]]) -> None:
    """Run shell commands side by side, and expect each to end well."""
    running = [
        subprocess.Popen(["sh", "-c", text], cwd=folder, env=env, stderr=subprocess.PIPE, text=True)
        for text, folder, env in commands
    ]
    for process in running:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said


def test_the_github_matrix(platform: Platform, project: Project, tmp_path: Path) -> None:
    workflow = yaml.safe_load((EXAMPLES / "github.yml").read_text())
    declare(project, *NAMES)
    project.apply()
    project.write("f5.txt", "another f5")
    env = environment(project)
    upload, join = workflow["jobs"]["upload"], workflow["jobs"]["join"]
    commands = []
    for number in upload["strategy"]["matrix"]["shard"]:
        checkout = tmp_path / f"runner-{number}"
        shutil.copytree(project.root, checkout, ignore=shutil.ignore_patterns(".filesync"))
        (step,) = [one for one in steps(upload) if "--shard" in one]
        commands.append((step, checkout, env | {"SHARD": str(number), "SERVER": platform.url}))
    finish(commands)
    (artifact,) = [one["with"]["path"] for one in upload["steps"] if "path" in one.get("with", {})]
    for _, checkout, _ in commands:
        (piece,) = checkout.glob(artifact)
        shutil.copy(piece, project.root)
    (step,) = [one for one in steps(join) if "lock merge" in one]
    finish([(step, project.root, env | {"SERVER": platform.url})])
    assert {one["id"] for one in project.lock["files"].values()} == set(platform.files())
    assert project.plan().json["has_changes"] is False


def test_the_indexed_job(platform: Platform, project: Project) -> None:
    upload, join = yaml.safe_load_all((EXAMPLES / "kubernetes.yaml").read_text())
    declare(project, *NAMES)
    env = environment(project)
    (container,) = upload["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["sh", "-c"]
    indices = range(upload["spec"]["completions"])
    finish(
        [
            (container["args"][0], project.root, env | {"JOB_COMPLETION_INDEX": str(index)})
            for index in indices
        ]
    )
    (container,) = join["spec"]["template"]["spec"]["containers"]
    finish([(shlex.join(container["command"]), project.root, env)])
    assert len(platform.files()) == len(NAMES)


def test_the_slurm_array(platform: Platform, project: Project, tmp_path: Path) -> None:
    declare(project, *NAMES)
    env = environment(project) | {"SLURM_SUBMIT_DIR": str(project.root)}
    script = str(EXAMPLES / "slurm.sh")
    tasks = [env | {"SLURM_ARRAY_TASK_ID": str(number)} for number in (1, 2, 3, 4)]
    finish([(f"sh {shlex.quote(script)}", tmp_path, task) for task in tasks])
    finish([(f"sh {shlex.quote(script)}", tmp_path, env)])
    assert len(platform.files()) == len(NAMES)
    assert set(json.loads(project.lock_path.read_text())["files"]) == set(NAMES)


@pytest.mark.parametrize("name", ["github.yml", "kubernetes.yaml", "slurm.sh"])
def test_the_examples_name_one_split(name: str) -> None:
    text = (EXAMPLES / name).read_text()
    assert "/4" in text
    assert "lock merge" in text or '"lock", "merge"' in text

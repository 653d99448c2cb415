"""One manifest, several targets: each environment has its project, its lockfile and its names."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from filesync.local.apply_lock import exclusive
from tests.cli.harness import CANARY, Platform, Project

TARGETS = """\
defaults: {fingerprint: true}
environments:
  staging: {project: test-staging, prefix: staging-, defaults: {expires_after: 7d}}
  prod: {project: test-prod, prefix: prod-}
"""


def lock(project: Project, env: str | None = None) -> Any:
    """The lockfile of an environment, parsed."""
    name = "filesync.lock" if env is None else f"filesync.{env}.lock"
    return json.loads((project.root / name).read_bytes())


def ids(project: Project, env: str | None = None) -> set[str]:
    return {entry["id"] for entry in lock(project, env)["files"].values()}


def apply(project: Project, *args: str) -> None:
    """Apply, after which there is nothing left to do."""
    project.apply(*args, settled=False)
    assert project.plan(*args).json["changes"] == []


@pytest.fixture
def three(project: Project) -> Project:
    """A project with a base and two environments, all applied to one platform."""
    project.files("a", "b", rest=TARGETS)
    for args in ([], ["--env", "staging"], ["--env", "prod"]):
        apply(project, *args)
    return project


def test_targets_do_not_touch_each_other(platform: Platform, three: Project) -> None:
    held = {env: ids(three, env) for env in (None, "staging", "prod")}
    assert [len(one) for one in held.values()] == [2, 2, 2]
    files = platform.files()
    assert set(files) == set().union(*held.values())
    for env in ("staging", "prod"):
        assert lock(three, env)["project"] == f"test-{env}"
        assert all(files[one]["filename"].startswith(f"{env}-") for one in held[env])
    assert all(files[one]["expires_at"] for one in held["staging"])
    assert not any(files[one]["expires_at"] for one in held["prod"])

    # A change is made where it is applied and nowhere else.
    three.write("a.txt", "edited\n")
    three.files("a", rest=TARGETS)
    assert three.plan("--env", "staging").actions == {
        "a": ("replace", "content_changed"),
        "b": ("delete", "removed_from_manifest"),
    }
    apply(three, "--env", "staging")
    assert ids(three) == held[None]
    assert held[None] | held["prod"] <= set(platform.files())
    assert not held["staging"] & set(platform.files())

    # A lost lockfile is rebuilt from its own fingerprints.
    staging = lock(three, "staging")
    (three.root / "filesync.staging.lock").unlink()
    assert three.plan("--env", "staging").actions == {"a": ("adopt", "fingerprint_match")}
    apply(three, "--env", "staging")
    assert lock(three, "staging")["files"]["a"]["id"] == staging["files"]["a"]["id"]

    # And what is destroyed is one of them.
    three.run("destroy", "-y", "--env", "prod")
    assert set(platform.files()) == held[None] | ids(three, "staging")


def test_env_is_said_in_three_ways(three: Project) -> None:
    own = {env: lock(three, env)["files"]["a"]["id"] for env in (None, "staging", "prod")}
    variable = {"FILESYNC_ENV": "prod"}
    assert three.run("id", "a").out == f"{own[None]}\n"
    assert three.run("id", "a", "--env", "staging").out == f"{own['staging']}\n"
    assert three.run("--env", "staging", "id", "a").out == f"{own['staging']}\n"
    assert three.run("--env", "prod", "id", "a", "--env", "staging").out == f"{own['staging']}\n"
    assert three.run("id", "a", env=variable).out == f"{own['prod']}\n"
    assert three.run("id", "a", "--env", "staging", env=variable).out == f"{own['staging']}\n"
    assert three.run("id", "a", env={"FILESYNC_ENV": ""}).out == f"{own[None]}\n"


def test_every_reader_of_the_lockfile_reads_the_environments(three: Project) -> None:
    a, b = (lock(three, "staging")["files"][key]["id"] for key in "ab")
    three.write("job.txt", "${filesync:a}\n")
    for args, said in (
        (["ids", "--format", "env"], f"FILESYNC_A={a}\nFILESYNC_B={b}\n"),
        (["exec", "--", "sh", "-c", "echo $FILESYNC_A"], f"{a}\n"),
        (["render", "job.txt"], f"{a}\n"),
    ):
        assert three.run("--env", "staging", *args).out == said
    assert three.run("ids", "--env", "staging").json == {"a": a, "b": b}
    for command in (["status"], ["verify", "--allow-unchecked"]):
        out = three.run(*command, "--env", "staging").out
        assert a in out
        assert lock(three)["files"]["a"]["id"] not in out
    assert a in three.run("ls", "--env", "staging").out


def test_key_that_hides_the_variable_is_warned_of(project: Project) -> None:
    project.files("env")
    project.apply()
    assert "FILESYNC_ENV holds a file's id" in project.run("exec", "--", "true").err


def test_validate_checks_the_chosen_one_and_says_so(three: Project) -> None:
    alone: dict[str, str | None] = {"OPENAI_API_KEY": None, "OPENAI_BASE_URL": None}
    assert three.run("validate", env=alone).err == "filesync.yaml is valid: 2 files\n"
    said = "filesync.yaml is valid for staging: 2 files"
    assert three.run("validate", "--env", "staging", env=alone).err == f"{said}\n"
    locked = ["validate", "--locked", "--env", "staging"]
    assert three.run(*locked, env=alone).err == f"{said}, and the lockfile agrees\n"
    three.write("a.txt", "edited\n")
    apply(three)
    three.run("validate", "--locked", env=alone)
    complaint = three.run(*locked, env=alone, code=1).err
    assert "filesync.staging.lock does not agree with filesync.yaml" in complaint


def test_adopt_and_forget_write_the_environments_lockfile(
    platform: Platform, three: Project
) -> None:
    base = three.lock_path.read_bytes()
    a = lock(three, "prod")["files"]["a"]["id"]
    assert a in three.run("forget", "a", "--env", "prod").err
    assert set(lock(three, "prod")["files"]) == {"b"}
    three.run("adopt", "a", a, "--env", "prod")
    assert lock(three, "prod")["files"]["a"]["id"] == a
    assert three.lock_path.read_bytes() == base


def test_an_environment_that_is_not_there(three: Project) -> None:
    place = "filesync.yaml:4:1: environments: no environment 'stagin': there are staging, prod; "
    for args in (["plan"], ["apply", "-y"], ["validate"], ["status"], ["destroy", "-y"], ["ls"]):
        assert three.refused(*args, "--env", "stagin") == f"{place}did you mean 'staging'?\n"
    for args in (["id", "a"], ["ids"], ["exec", "true"], ["forget", "a"]):
        said = three.refused("--env", "stagin", *args)
        assert "there is no lockfile filesync.stagin.lock" in said
        assert "`filesync --env stagin apply`" in said
    for name in ("../x", "A", "a.b", "-x", "a/b", "a\nb"):
        for args in (["id", "a"], ["plan"], ["apply", "-y"]):
            assert "is not a valid environment name" in three.refused(f"--env={name}", *args)
    assert not (three.root.parent / "x.lock").exists()


def test_globs_pass_over_the_lockfiles_of_all_environments(project: Project) -> None:
    project.manifest(TARGETS + "files: {all: {glob: '**'}}\n")
    project.write("a.txt")
    for args in ([], ["--env", "staging"], ["--env", "prod"], []):
        apply(project, *args)
        assert set(lock(project)["files"]) == {"all/a.txt"}
    project.manifest(TARGETS + "files: {x: {path: filesync.prod.lock}}\n")
    for args in ([], ["--env", "staging"]):
        assert "filesync.prod.lock is a file of filesync itself" in project.refused("plan", *args)
    # Also when its environment is gone from the manifest.
    project.manifest("defaults: {fingerprint: true}\nfiles: {all: {glob: '**'}}\n")
    assert project.plan().json["changes"] == []


def test_nothing_is_written_over_a_lockfile(three: Project) -> None:
    for name, what in (
        ("filesync.lock", "the lockfile"),
        ("filesync.staging.lock", "the lockfile"),
        ("filesync.prod.lock", "a lockfile"),
    ):
        said = three.refused("plan", "--env", "staging", "--out", name)
        assert f"is {what} and would be overwritten" in said


def test_another_target_is_not_waited_for(three: Project) -> None:
    """The lock of a run is its lockfile's, and so is the journal."""
    with exclusive(str(three.root / "filesync.yaml"), timeout=0, on_wait=print):
        three.run("apply", "-y", "--env", "staging", "--lock-timeout", "0")
        for args in (["apply", "-y"], ["adopt", "a"], ["forget", "a"]):
            assert "another run holds" in three.refused(*args, "--lock-timeout", "0")
    state = {path.name for path in (three.root / ".filesync").iterdir()}
    assert {
        "filesync.apply.lock",
        "filesync.staging.apply.lock",
        "filesync.prod.apply.lock",
    } <= state
    assert len([name for name in state if name.endswith(".journal")]) == 3


def test_lockfile_of_another_manifest_is_not_taken_over(three: Project) -> None:
    """filesync.staging.yaml has the lockfile filesync.staging.lock, too."""
    three.manifest("files: {a: {path: a.txt}}\n", "filesync.staging.yaml", "other")
    said = three.refused("plan", "-m", "filesync.staging.yaml")
    assert "filesync.staging.lock belongs to project 'test-staging'" in said


def test_base_url_of_an_environment(platform: Platform, project: Project) -> None:
    project.files(
        "a",
        rest="environments: {dev: {project: test-dev, base_url: 'emulator:.dev'}}\n",
    )
    nothing: dict[str, str | None] = {"OPENAI_API_KEY": None}
    project.run("apply", "-y", "--env", "dev", env=nothing)
    assert lock(project, "dev")["base_url"] == "emulator:.dev"
    assert (project.root / ".dev").is_dir()
    assert platform.files() == {}
    url = ["--base-url", platform.url]
    assert "was written for emulator:.dev" in project.refused("plan", "--env", "dev", *url)


def test_without_a_prefix_look_alikes_are_refused(platform: Platform, project: Project) -> None:
    rest = "environments: {%s: {project: test-two%s}}\n"
    project.files("a", rest=rest % ("two", ""))
    project.apply()
    said = project.refused("apply", "-y", "--env", "two")
    assert "--allow-duplicates" in said
    # A command that is named can be copied: without --env it would be about another lockfile.
    assert "`filesync --env two adopt " in said
    assert "`filesync --env two adopt " in project.run("plan", "--env", "two").err
    for told in (
        project.run("plan", "--env", "two", "--json").out,
        project.run("plan", "--env", "two", "--html", "-").out,
        project.run("plan", "--env", "two", "--markdown", "--out", "two.json").out,
        project.run("show-plan", "two.json").err,
        project.run("show-plan", "two.json", "--env", "two").err,
    ):
        assert "filesync --env two adopt " in told
    project.files("a", rest=rest % ("two", ", prefix: two-"))
    apply(project, "--env", "two")
    assert platform.names() == ["a.txt", "two-a.txt"]
    # Another prefix is another name.
    project.files("a", rest=rest % ("two", ", prefix: 2-"))
    (change,) = project.plan("--env", "two").json["changes"]
    assert (change["reason"], change["fields"]) == ("attributes_changed", ["filename"])
    apply(project, "--env", "two")
    assert platform.names() == ["2-a.txt", "a.txt"]


# Saved plans


def test_plan_file_knows_its_environment(platform: Platform, project: Project) -> None:
    project.files("a", rest=TARGETS)
    project.run("plan", "--out", "base.json")
    ran = project.run("plan", "--env", "staging", "--out", "staging.json", "--json")
    saved = json.loads((project.root / "staging.json").read_bytes())
    assert saved == {**ran.json, "env": "staging"}
    assert "env" not in json.loads((project.root / "base.json").read_bytes())

    said = project.refused("apply", "-y", "staging.json", "--env", "prod")
    assert "staging.json is a plan of environment staging, and this run is for prod" in said
    said = project.refused("apply", "-y", "base.json", "--env", "staging")
    assert "base.json is a plan without an environment, and this run is for staging" in said
    assert platform.files() == {}

    project.run("apply", "-y", "staging.json")
    assert all(name.startswith("staging-") for name in platform.names())
    assert not project.lock_path.exists()
    project.run("apply", "-y", "base.json")
    assert len(platform.names()) == 2
    project.run("plan", "--env", "staging", "--out", "staging.json")
    out = project.run("apply", "-y", "staging.json", "--env", "staging").out
    assert out.startswith("No changes.")
    # An environment that is gone by then.
    project.files("a")
    assert "no environment 'staging'" in project.refused("apply", "-y", "staging.json")


@pytest.mark.parametrize(
    ("variable", "value"),
    [("P", "b.txt"), ("TTL", "1h"), ("KEEP", "1h"), ("CAP", "50%"), ("PURPOSE", "evals")],
)
def test_plan_made_with_other_variables_is_stale(
    platform: Platform, project: Project, variable: str, value: str
) -> None:
    """Also where only what no plan shows has changed."""
    project.write("a.txt", "the same\n")
    project.write("b.txt", "the same\n")
    project.manifest(
        "limits:\n  max_delete: ${FILESYNC_VAR_CAP:-40%}\n"
        "files:\n  a:\n    path: ${FILESYNC_VAR_P:-a.txt}\n"
        "    expires_after: ${FILESYNC_VAR_TTL:-7d}\n"
        "    retain: ${FILESYNC_VAR_KEEP:-0}\n    purpose: ${FILESYNC_VAR_PURPOSE:-user_data}\n"
    )
    project.run("plan", "--out", "plan.json")
    ran = project.run("apply", "-y", "plan.json", code=1, env={f"FILESYNC_VAR_{variable}": value})
    assert "is stale" in ran.err
    assert "a variable that the manifest uses has changed" in ran.err
    assert platform.files() == {}
    # Set to what it was by default, or to something that is not used.
    project.run("apply", "-y", "plan.json", env={"FILESYNC_VAR_P": "a.txt", "OTHER": "x"})
    assert len(platform.files()) == 1


# Variables


def test_missing_variable_is_told_with_its_place_among_the_others(alone: Project) -> None:
    alone.write(
        "filesync.yaml",
        "version: 1\n"
        "project: ${FILESYNC_VAR_PROJECT:-shop}\n"
        "files:\n"
        "  train:\n"
        "    path: data/${FILESYNC_VAR_TRAIN}.jsonl\n"
        "    purpose: fine-tuning\n",
    )
    for args in (["plan"], ["apply", "-y"], ["validate"], ["status"]):
        assert alone.refused(*args).splitlines() == [
            "filesync.yaml:5:11: files.train.path: the environment variable FILESYNC_VAR_TRAIN is "
            "not set: set it, or write ${FILESYNC_VAR_TRAIN:-default}",
            "filesync.yaml:6:14: files.train.purpose: must be one of assistants, batch, "
            "fine-tune, vision, user_data, evals; did you mean 'fine-tune'?",
        ]


def test_variables_come_from_the_environment(platform: Platform, project: Project) -> None:
    project.write("data/one.txt", "1")
    project.write("data/two.txt", "2")
    project.manifest(
        "remote:\n  requests_per_minute: ${FILESYNC_VAR_RPM:-60000}\n"
        "files:\n  a:\n    path: data/${FILESYNC_VAR_WHICH}.txt\n"
        "    filename: ${FILESYNC_VAR_NAME:-x}-$${y}.txt\n"
    )
    project.run("apply", "-y", env={"FILESYNC_VAR_WHICH": "one"})
    assert platform.names() == ["x-${y}.txt"]
    ran = project.run(
        "plan",
        "--json",
        env={
            "FILESYNC_VAR_WHICH": "two",
            "FILESYNC_VAR_NAME": "z",
            "FILESYNC_VAR_RPM": "5000",
        },
    )
    assert ran.actions == {"a": ("replace", "content_changed")}
    # The lockfile's readers read no manifest.
    assert project.run("id", "a").out == f"{project.id('a')}\n"


def test_value_with_control_characters_is_shown_escaped(project: Project) -> None:
    project.manifest("files:\n  a:\n    path: ${FILESYNC_VAR_P}\n    filename: ${FILESYNC_VAR_F}\n")
    ran = project.run(
        "plan", code=1, env={"FILESYNC_VAR_P": "\x1b[31m\nx", "FILESYNC_VAR_F": "a\tb"}
    )
    said = "filesync.yaml:6:15: files.a.filename: must not have control characters in it\n"
    assert ran.err == said
    ran = project.run("plan", code=1, env={"FILESYNC_VAR_P": "\x1b[31m\nx", "FILESYNC_VAR_F": "b"})
    said = "filesync.yaml:5:11: files.a.path: the name \\x1b[31m\\nx has control characters\n"
    assert ran.err == said


def test_the_key_goes_into_no_name(project: Project) -> None:
    """run() looks for the key in all that is printed."""
    project.write("a.txt")
    project.manifest("files:\n  a:\n    path: a.txt\n    filename: ${OPENAI_API_KEY}.txt\n")
    assert project.env["OPENAI_API_KEY"] == CANARY
    assert project.refused("plan", "--offline") == (
        "filesync.yaml:6:15: files.a.filename: OPENAI_API_KEY cannot be used in a manifest: "
        "it would be shown\n"
    )


@pytest.mark.parametrize("name", ["GITHUB_TOKEN", "FILESYNC_VAR_DB_PASSWORD", "HOME"])
def test_variables_of_other_names_are_refused(project: Project, name: str) -> None:
    project.write("a.txt")
    project.manifest(f"files:\n  a:\n    path: a.txt\n    filename: ${{{name}}}\n")
    said = project.run("plan", "--offline", code=1, env={name: "s3cr3t-value"}).err
    assert name in said
    assert "s3cr3t" not in said
    allowed = project.run(
        "plan", "--offline", "--allow-env", name, code=None, env={name: "s3cr3t-value"}
    )
    assert allowed.code == (0 if name == "HOME" else 1)
    env = {name: "s3cr3t-value", "FILESYNC_ALLOW_ENV": f"X,{name}"}
    assert project.run("plan", "--offline", code=None, env=env).code == allowed.code


def test_no_value_brings_the_key(project: Project) -> None:
    project.write("a.txt")
    project.manifest("files:\n  a:\n    path: a.txt\n    filename: ${FILESYNC_VAR_N}\n")
    said = project.run("plan", "--offline", code=1, env={"FILESYNC_VAR_N": f"x{CANARY}y"}).err
    assert "FILESYNC_VAR_N has the API key in it" in said
    project.manifest(f"files:\n  a:\n    path: a.txt\n    filename: {CANARY}\n")
    assert "has your API key in it" in project.refused("plan", "--offline")
    project.files("a")  # the fixture looks for the key in all files at the end


def test_a_variable_does_not_choose_where_the_key_goes(project: Project) -> None:
    project.write("a.txt")
    project.manifest("remote:\n  base_url: ${FILESYNC_VAR_URL}\nfiles:\n  a:\n    path: a.txt\n")
    url = project.env["OPENAI_BASE_URL"]
    said = project.run("plan", code=1, env={"FILESYNC_VAR_URL": "https://evil.example/v1"}).err
    assert "would decide where the API key is sent" in said
    project.run("plan", env={"FILESYNC_VAR_URL": url})
    project.run("plan", "--base-url", url, env={"FILESYNC_VAR_URL": "https://evil.example/v1"})


def test_id_of_an_environment_loads_nothing_that_costs_time(three: Project) -> None:
    code = (
        "import sys; before = set(sys.modules)\n"
        "sys.argv = ['filesync', 'id', 'a', '--env', 'staging']\n"
        "from filesync.cli import _run\n_run()\nprint(*set(sys.modules) - before)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=three.root,
        env=three.env,
        capture_output=True,
        text=True,
        check=True,
    )
    found, loaded = ran.stdout.splitlines()
    assert found == lock(three, "staging")["files"]["a"]["id"]
    unwanted = {"httpx", "pydantic", "yaml", "rich", "deepdiff", "filelock", "sqlite3"}
    unwanted |= {
        "filesync.core.manifest.schema",
        "filesync.core.manifest.fields",
        "filesync.core.manifest.variables",
    }
    assert unwanted & set(loaded.split()) == set()

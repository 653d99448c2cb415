"""The command line itself: starting out, where things are found, wrong calls."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.fake_api import FakeApi
from tests.cli.harness import CANARY, Platform, Project


def test_version_by_module_and_by_script(alone: Project) -> None:
    ran = alone.run("--version")
    assert ran.out.startswith("filesync ")
    script = Path(sys.executable).with_name("filesync")
    again = subprocess.run(
        [script, "--version"], capture_output=True, text=True, env=alone.env, check=True
    )
    assert again.stdout == ran.out
    assert again.stderr == ""


@pytest.mark.parametrize(
    "args",
    [
        ["no-such-command"],
        ["plan", "--no-such-option"],
        ["plan", "surplus", "arguments"],
        ["id"],
        ["ids", "--format", "xml"],
        ["apply", "--concurrency", "0"],
        ["apply", "--concurrency", "many"],
        ["apply", "--max-delete", "-1"],
        ["emulator", "--port", "99999"],
        ["-m"],
    ],
    ids=" ".join,
)
def test_wrong_calls_exit_1(alone: Project, args: list[str]) -> None:
    """Most command lines say 2 here, but 2 is `plan --detailed-exitcode`'s alone."""
    ran = alone.run(*args, code=1)
    assert ran.out == ""
    assert "error" in ran.err.lower()


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["plna"], "there is no command 'plna'; did you mean plan?"),
        (["plan", "--jsn"], "there is no option --jsn; did you mean --json?"),
        (["plan", "--delete"], "there is no option --delete; did you mean --delete-orphans?"),
        (["plan", "--nosuch"], "there is no option --nosuch"),
        (["nosuch"], "there is no command 'nosuch'"),
        (["plan", "surplus", "arguments"], "too many arguments: 'surplus arguments'"),
        (["id"], "KEY is missing"),
        (["ids", "--format", "xml"], "--format must be one of json, env, github, tfvars"),
        (["apply", "--concurrency", "0"], "--concurrency must be a whole number from 1 to 256"),
        (["apply", "--max-delete", "x"], "--max-delete must be a whole number, 0 or more"),
        (["-m"], "-m needs a value"),
        (["state"], "a command is missing: mv"),
        (["lock"], "a command is missing: merge"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, list) else "",
)
def test_wrong_calls_are_explained(alone: Project, args: list[str], says: str) -> None:
    assert alone.run(*args, code=1).err.startswith(f"error: {says}\n  -> see `")


def test_choices_are_told_in_a_sentence(alone: Project) -> None:
    err = alone.run("completion", code=1).err
    assert "Choose from: bash, zsh, fish\n" in err
    assert "\\" not in err


def test_help_names_every_command(alone: Project) -> None:
    out = alone.run("--help").out
    commands = "init validate plan apply status id ids adopt forget destroy ls show download"
    for command in [*commands.split(), "schema", "emulator"]:
        assert f"\n  {command} " in out, command


def test_init_writes_a_manifest_that_is_valid_and_never_overwrites(alone: Project) -> None:
    alone.run("init")
    written = (alone.root / "filesync.yaml").read_bytes()
    assert b"version: 1" in written
    alone.run("validate")
    again = alone.run("init", code=1)
    assert "filesync.yaml" in again.err
    assert (alone.root / "filesync.yaml").read_bytes() == written
    alone.run("init", "-m", "other.yaml")
    assert (alone.root / "other.yaml").is_file()


@pytest.mark.parametrize(
    ("args", "path"),
    [
        (["init", "-m", "new/x.yaml"], "new/filesync.schema.json"),
        (["schema", "-o", "new/x"], "new/x"),
        (["plan", "--offline", "--html", "new/x"], "new/x"),
    ],
    ids=lambda one: one[0],
)
def test_a_folder_that_is_missing_is_named(alone: Project, args: list[str], path: str) -> None:
    alone.files("a")
    err = alone.run(*args, code=1).err
    assert f"error: cannot write {path}: there is no folder new\n" in err
    assert "make the folder first" in err


def test_validate_is_offline_and_needs_no_key(alone: Project) -> None:
    alone.files("a", "b")
    ran = alone.run("validate", env={"OPENAI_API_KEY": None, "OPENAI_BASE_URL": "http://[bad"})
    assert ran.out == ""
    assert "2 files" in ran.err
    (alone.root / "b.txt").unlink()
    ran = alone.run("validate", code=1)
    assert "filesync.yaml:5:" in ran.err
    assert "files.b" in ran.err


def test_schema_is_one_document_that_names_every_field(alone: Project) -> None:
    ran = alone.run("schema")
    schema = json.loads(ran.out)
    assert ran.err == ""
    top = "version project remote state lockfile defaults limits prune environments vector_stores"
    assert {*top.split(), "files"} == set(schema["properties"])
    fields = (
        "path glob exclude allow_empty filename purpose expires_after renew_before protect retain "
        "in_use fingerprint base_url requests_per_minute max_delete unmanaged purposes match"
    )
    for field in fields.split():
        assert f'"{field}"' in ran.out, field


def test_no_key_names_the_variable_and_the_emulator(platform: Platform, project: Project) -> None:
    project.files("a")
    for command in ("plan", "status", "ls"):
        ran = project.run(command, code=1, env={"OPENAI_API_KEY": None})
        assert "OPENAI_API_KEY" in ran.err
        assert "emulator:" in ran.err
    # An empty variable is how CI passes a secret that is not there.
    assert "OPENAI_API_KEY" in project.run("plan", code=1, env={"OPENAI_API_KEY": ""}).err


def test_manifest_is_found_by_option_and_variable_and_owns_its_folder(project: Project) -> None:
    """Paths in a manifest are relative to it, and its lockfile is beside it."""
    project.write("manifests/data.txt", "data")
    project.manifest("files: {a: {path: data.txt}}", name="manifests/prod.yaml")
    elsewhere = project.root / "elsewhere"
    elsewhere.mkdir()
    project.run("apply", "-y", "-m", "../manifests/prod.yaml", cwd=elsewhere)
    lock = json.loads((project.root / "manifests/prod.lock").read_bytes())
    file_id = lock["files"]["a"]["id"]
    assert lock["files"]["a"]["path"] == "data.txt"
    assert os.listdir(elsewhere) == []
    assert not project.lock_path.exists()
    state = project.root / "manifests/.filesync"
    assert (state / ".gitignore").read_text().strip() == "*"

    path = "manifests/prod.yaml"
    assert project.run("id", "a", "-m", path).out == f"{file_id}\n"
    assert project.run("-m", path, "id", "a").out == f"{file_id}\n"
    assert project.run("--manifest", path, "id", "a").out == f"{file_id}\n"
    assert project.run("id", "a", env={"FILESYNC_MANIFEST": path}).out == f"{file_id}\n"
    # An option beats the variable.
    assert project.run("id", "a", "-m", path, env={"FILESYNC_MANIFEST": "no"}).code == 0
    assert "filesync.yaml" in project.run("plan", code=1).err


def test_base_url_comes_from_option_then_manifest_then_variable(
    alone: Project, fake: FakeApi
) -> None:
    """Nothing listens on the discard port, so only the chosen server can answer."""
    dead = {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    alone.files("a")
    assert alone.run("plan", "--json", env={"OPENAI_BASE_URL": fake.url}).json["base_url"] == (
        fake.url
    )
    alone.files("a", rest=f"remote: {{base_url: '{fake.url}/'}}\n")
    assert alone.run("plan", "--json", env=dead).json["base_url"] == fake.url
    alone.files("a", rest="remote: {base_url: 'http://127.0.0.1:9/v1'}\n")
    for args in (["plan", "--json", "--base-url", fake.url], ["--base-url", fake.url, "ls"]):
        alone.run(*args)
    assert fake.count("GET", "/files") == 4
    # The offline plan says which server the default is.
    alone.files("a")
    plan = alone.run("plan", "--json", "--offline")
    assert plan.json["base_url"] == "https://api.openai.com/v1"


def test_emulator_folder_is_a_server_without_key(alone: Project) -> None:
    alone.files("a")
    nobody: dict[str, str | None] = {"OPENAI_API_KEY": None}
    alone.run("apply", "-y", "--base-url", "emulator:remote", env=nobody)
    assert (alone.root / "remote").is_dir()
    assert alone.lock["base_url"] == "emulator:remote"
    ran = alone.run("plan", "--detailed-exitcode", "--base-url", "emulator:remote", env=nobody)
    assert "No changes" in ran.out
    listed = alone.run("ls", "--json", env={"OPENAI_BASE_URL": "emulator:remote"}).json
    assert [one["id"] for one in listed] == [alone.id("a")]


def test_what_goes_where(project: Project) -> None:
    """Data on stdout, everything else on stderr, and nothing else with --quiet."""
    project.files("a", "b")
    ran = project.run("apply", "-y", "--json")
    assert len(ran.json["applied"]) == 2
    assert "a" in ran.err
    project.write("a.txt", "changed")
    assert project.run("apply", "-y", "--json", "--quiet").err == ""
    project.write("a.txt", "changed again")
    ran = project.run("apply", "-y", "--verbose", "--json")
    assert ran.json["applied"][0]["action"] == "replace"
    assert "/files" in ran.err
    assert CANARY not in ran.err
    assert project.run("status").err == ""
    assert json.loads(project.run("status", "--json").out)
    assert project.run("plan", "-q").out.startswith("No changes")


def test_verbose_and_quiet_mean_something_everywhere(platform: Platform, project: Project) -> None:
    project.files("a")
    said = project.run("validate", "--verbose").err
    assert "a: a.txt (10 B, user_data)" in said
    assert project.run("validate", "--quiet").err == ""
    assert "there is no file" in project.run("ls").err
    assert project.run("ls", "--quiet", "--purpose", "batch").err == ""
    project.manifest("files: {}")
    project.run("apply", "-y")
    for options in ([], ["-q"]):
        ran = project.run("verify", *options, code=1)
        assert "error: nothing was verified: there is no file in the lockfile\n" in ran.err
        assert "--allow-unchecked" in ran.err
    assert "no file in the lockfile" in project.run("verify", "--allow-unchecked").err
    assert project.run("verify", "--allow-unchecked", "-q").err == ""

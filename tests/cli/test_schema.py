"""The schema that editors complete and check a manifest by: beside it, named in its first line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from filesync.workflow.init import schema_text
from tests.cli.harness import Project

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("manifest", ["filesync.yaml", "manifests/prod.yaml"])
def test_init_names_a_schema_in_the_first_line_that_lies_beside(
    alone: Project, manifest: str
) -> None:
    folder = (alone.root / manifest).parent
    folder.mkdir(exist_ok=True)
    alone.run("init", "-m", manifest)
    first = (alone.root / manifest).read_text().splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=")
    named = folder / first.partition("=")[2]
    assert named.read_text() == alone.run("schema").out
    alone.run("validate", "-m", manifest)


def test_init_leaves_a_schema_that_is_there(alone: Project) -> None:
    alone.write("filesync.schema.json", "{}")
    alone.run("init")
    assert (alone.root / "filesync.schema.json").read_text() == "{}"


def test_the_schema_is_no_file_of_the_project(alone: Project) -> None:
    alone.run("init")
    alone.write("data.json", "{}")
    alone.manifest("files: {all: {glob: '*.json'}}")
    assert "1 file" in alone.run("validate").err
    alone.manifest("files: {a: {path: filesync.schema.json}}")
    assert "filesync itself" in alone.run("validate", code=1).err


def test_validate_tells_an_old_schema_and_what_renews_it(alone: Project) -> None:
    alone.run("init")
    assert "schema" not in alone.run("validate").err
    alone.write("filesync.schema.json", "{}")
    said = alone.run("validate").err
    assert "`filesync schema -o filesync.schema.json`" in said
    alone.run("schema", "-o", "filesync.schema.json")
    assert "schema" not in alone.run("validate").err


def test_schema_goes_to_a_file_but_not_over_ours(alone: Project) -> None:
    ran = alone.run("schema", "--output", "other.json")
    assert ran.out == ""
    assert json.loads((alone.root / "other.json").read_text())["$id"]
    alone.manifest("files: {}")
    assert "overwritten" in alone.run("schema", "-o", "filesync.yaml", code=1).err
    assert alone.run("schema", "-o", "-").out == alone.run("schema").out


def test_the_published_schema_is_what_the_command_prints() -> None:
    published = ROOT / "manifests/filesync.schema.json"
    assert published.read_text() == schema_text(), f"run `filesync schema -o {published}`"
    for manifest in (ROOT / "manifests").glob("*.yaml"):
        first = manifest.read_text().splitlines()[0]
        assert first == f"# yaml-language-server: $schema={published.name}", manifest


# What init makes


def test_manifests_of_one_folder_get_projects_of_their_own(project: Project) -> None:
    said = project.run("init", "-m", "manifests/prod.yaml", code=1).err
    (project.root / "manifests").mkdir()
    assert "for project manifests-prod-" in project.run("init", "-m", "manifests/prod.yaml").err
    said = project.run("init", "-m", "manifests/dev.yaml").err
    (dev,) = re.findall("for project (manifests-dev-[0-9a-f]{4}):", said)
    said = project.refused("init", "-m", "manifests/x.yaml", "--project", dev)
    assert f"manifests/dev.yaml has the project {dev} already" in said
    assert not (project.root / "manifests" / "x.yaml").exists()


def test_folder_without_a_name_in_ascii_asks_for_one(project: Project) -> None:
    folder = project.root / "日本"
    folder.mkdir()
    assert "--project NAME" in project.run("init", code=1, cwd=folder).err
    project.run("init", "--project", "nihon", cwd=folder)


def test_init_fills_an_empty_manifest(project: Project) -> None:
    project.write("filesync.yaml", "\n")
    assert "`filesync init` writes a manifest" in project.run("plan", code=1).err
    project.run("init", "--project", "p")
    assert "files: {}" in (project.root / "filesync.yaml").read_text()
    assert "is there already" in project.refused("init")


def test_entries_below_an_empty_mapping_are_explained(project: Project) -> None:
    project.run("init", "--project", "p")
    with (project.root / "filesync.yaml").open("a") as file:
        file.write("  train: {path: a.txt}\n")
    said = project.refused("plan")
    assert "this stands below `files: {}`: take the {} away" in said

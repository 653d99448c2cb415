"""The manifests to copy from are valid and apply, and the reference leaves no field out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from docs_helpers import ROOT, Shell, copy_checkout, serving

from filesync.core.manifest.schema import SECTIONS

MANIFESTS = sorted((ROOT / "manifests").glob("*.yaml"))
each = pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: path.stem)


def load(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


@each
def test_manifest_is_valid(manifest: Path, tmp_path: Path) -> None:
    shell = Shell(tmp_path, tmp_path / "home")
    assert "is valid" in shell.run("filesync", "validate", "-m", manifest)


@each
def test_manifest_applies_and_is_then_in_line(manifest: Path, tmp_path: Path) -> None:
    checkout = copy_checkout(tmp_path / "checkout")
    with serving(tmp_path / "server") as to_server:
        shell = Shell(checkout, tmp_path / "home", **to_server)
        name = f"manifests/{manifest.name}"
        shell.run("filesync", "apply", "-y", "-m", name)
        again = shell.run("filesync", "plan", "--detailed-exitcode", "-m", name)
    assert again.startswith("No changes.")


@pytest.mark.parametrize(
    ("manifest", "env"),
    [(path.name, env) for path in MANIFESTS for env in load(path).get("environments", ())],
)
def test_environment_applies_beside_the_others(manifest: str, env: str, tmp_path: Path) -> None:
    checkout = copy_checkout(tmp_path / "checkout")
    with serving(tmp_path / "server") as to_server:
        url = to_server["OPENAI_BASE_URL"]
        shell = Shell(checkout, tmp_path / "home", **to_server, FILESYNC_VAR_PROD_BASE_URL=url)
        name = f"manifests/{manifest}"
        shell.run("filesync", "apply", "-y", "-m", name)
        shell.run("filesync", "apply", "-y", "-m", name, "--env", env)
        for more in ((), ("--env", env)):
            again = shell.run("filesync", "plan", "--detailed-exitcode", "-m", name, *more)
            assert again.startswith("No changes.")


def test_each_manifest_has_a_project_of_its_own() -> None:
    projects = [load(path)["project"] for path in MANIFESTS]
    assert len(set(projects)) == len(projects)


def test_reference_has_every_field() -> None:
    reference = load(ROOT / "manifests/full-reference.yaml")
    # It is applied by the tests above, which have no bucket.
    needs_a_bucket = {"lockfile", "state"}
    assert set(reference) == SECTIONS[""] - needs_a_bucket
    text = (ROOT / "manifests/full-reference.yaml").read_text(encoding="utf-8")
    assert all(f"\n# {name}: s3://" in text for name in needs_a_bucket)
    for section in ("remote", "limits", "prune"):
        assert set(reference[section]) == SECTIONS[section]
    for section in ("files", "environments", "vector_stores"):
        assert set().union(*reference[section].values()) == SECTIONS[section]

"""The README keeps its word: its commands run and print what it shows, its tables are complete."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import click
import pytest
import yaml
from docs_helpers import ROOT, Shell

from filesync.cli import cli
from filesync.core.diff import Action, Reason
from filesync.core.schema import SECTIONS

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
MARK = "---8<---"


class Step(NamedTuple):
    """A command of a console block, and the lines that are shown below it."""

    command: str
    shown: str


def steps(block: str) -> list[Step]:
    """Take a console block apart: `$ ` begins a command."""
    parts = re.split(r"^\$ (.*)\n", block, flags=re.MULTILINE)
    assert parts[0] == "", "a console block begins with a command"
    return [Step(*pair) for pair in zip(parts[1::2], parts[2::2], strict=True)]


def tour() -> tuple[str, list[Step]]:
    """Turn the blocks of the README into one shell script that marks where a command begins."""
    script, taken = ["exec 2>&1", "set -e"], []
    for language, text in BLOCKS:
        if language == "console":
            for step in steps(text):
                script += [f"echo '{MARK}'", step.command]
                taken.append(step)
        elif language == "yaml" and text.startswith("# filesync.yaml\n"):
            script += ["cat > filesync.yaml <<'YAML'", text + "YAML"]
        elif language == "python":
            script += [f"echo '{MARK}'", "cat > tour.py <<'PY'", text + "PY", "python tour.py"]
            taken.append(Step("python tour.py", ""))
    return "\n".join(script), taken


def comparable(output: str) -> list[str]:
    """Leave out what differs from run to run: ids, ages, and which upload was done first."""
    text = re.sub(r"file-\w+", "file-ID", output)
    text = re.sub(r"\b\d+[smhd]\b", "TIME", text)
    return sorted(re.sub(r" +", " ", line).strip() for line in text.splitlines())


def test_tour_prints_what_is_shown(tmp_path: Path) -> None:
    script, taken = tour()
    assert any(step.command.startswith("filesync apply") for step in taken)

    output = Shell(tmp_path / "tour", tmp_path / "home").run("sh", "-c", script)

    printed = output.split(f"{MARK}\n")[1:]
    for step, said in zip(taken, printed, strict=True):
        if step.command != "python tour.py":
            assert comparable(said) == comparable(step.shown), f"$ {step.command}\n{said}"
    assert printed[-1].startswith("file-")


def section(heading: str) -> str:
    """Return what stands below a heading."""
    return README.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def table(heading: str) -> list[list[str]]:
    """Return the cells of the rows of the table below a heading."""
    lines = [line for line in section(heading).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_decision_table_has_every_reason_in_order() -> None:
    rows = [row for row in table("How it decides") if row[4]]
    shown = [row[4].strip("`") for row in rows]
    assert shown == [reason for reason in Reason if reason in shown]
    assert {row[3] for row in rows} == set(Action)
    # A reason that comes from no row is explained below the table.
    told = section("How it decides")
    assert [reason for reason in Reason if f"`{reason}`" not in told] == []


def test_commands_table_has_every_command() -> None:
    named = [
        word.group(1)
        for row in table("Commands")
        if (word := re.match(r"`filesync ([\w-]+)", row[0])) is not None
    ]
    assert sorted(named) == sorted(cli.commands)


def test_manifest_table_has_every_field() -> None:
    named = {name for row in table("The manifest") for name in re.findall(r"`([\w.]+)`", row[0])}
    fields = {f"files.KEY.{field}" for field in SECTIONS["files"]}
    fields |= {f"environments.NAME.{field}" for field in SECTIONS["environments"]}
    for section in ("remote", "limits", "prune"):
        fields |= {f"{section}.{field}" for field in SECTIONS[section]}
    assert named == fields | {"version", "project", "defaults"}


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_every_option_named_exists(name: str) -> None:
    known = {
        option
        for command in (cli, *cli.commands.values())
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for option in parameter.opts
    }
    others = {"--help", "--cached", "--quiet", "--check", "--strict"}  # click, git, ruff, mypy
    text = (ROOT / name).read_text(encoding="utf-8")
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) <= known | others


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_links_lead_somewhere(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    headings = {
        re.sub(r"[^\w-]", "", line.strip("# ").lower().replace(" ", "-"))
        for line in text.splitlines()
        if line.startswith("#")
    }
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in headings
        else:
            assert (ROOT / target).exists(), target


def test_workflow_uses_the_action_as_it_is() -> None:
    (text,) = [text for language, text in BLOCKS if "pull_request" in text and language == "yaml"]
    (job,) = yaml.safe_load(text)["jobs"].values()
    (step,) = (step for step in job["steps"] if "/filesync@" in step["uses"])
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    assert set(step["with"]) <= set(action["inputs"])
    for mode in ("plan", "apply", "drift"):  # run in tests/reports
        assert f"inputs.mode == '{mode}'" in str(action["runs"])
        assert f"'{mode}'" in step["with"]["mode"]


def test_map_of_the_code_names_every_module() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    package = ROOT / "filesync"
    modules = {
        ".".join(path.relative_to(package).with_suffix("").parts)
        for path in package.rglob("*.py")
        if not path.name.startswith("__") and path.parts[-2] != "emulator"
    }
    named = set(re.findall(r"^\| `([\w.]+)` \|", text, re.MULTILINE))
    assert modules - named == set(), "each module has a row in the map"

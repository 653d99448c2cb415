"""docs/environments.md keeps its word: its manifest is taken, its commands print what it shows."""

from __future__ import annotations

import re
from pathlib import Path

from docs_helpers import ROOT, Shell
from test_docs_readme import MARK, comparable, steps

TEXT = (ROOT / "docs/environments.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def test_page_prints_what_is_shown(tmp_path: Path) -> None:
    (manifest,) = (text for language, text in BLOCKS if language == "yaml")
    taken = [step for language, text in BLOCKS if language == "console" for step in steps(text)]
    shell = Shell(tmp_path / "page", tmp_path / "home")
    (shell.folder / "filesync.yaml").write_text(manifest)

    script = ["exec 2>&1", "set -e"]
    for step in taken:
        script += [f"echo '{MARK}'", step.command]
    printed = shell.run("sh", "-c", "\n".join(script)).split(f"{MARK}\n")[1:]

    for step, said in zip(taken, printed, strict=True):
        assert comparable(said) == comparable(step.shown), f"$ {step.command}\n{said}"


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert (ROOT / "docs" / target).exists(), target

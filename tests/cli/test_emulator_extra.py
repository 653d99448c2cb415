"""What needs the extra `emulator`, where it is not installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PIP = "pip install 'openai-filesync[emulator]'"


def without(missing: list[str], code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run code in a Python in which `missing` cannot be imported."""
    code = f"import sys\nfor name in {missing}: sys.modules[name] = None\n{code}"
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )


def command(*words: str) -> str:
    """The code of a filesync command."""
    return f"sys.argv[1:] = {words}\nimport filesync.cli\nfilesync.cli.main()"


@pytest.mark.parametrize("missing", ["starlette", "uvicorn", "python_multipart", "httptools"])
@pytest.mark.parametrize("words", [["emulator", "--port", "0"], ["ls", "--base-url", "emulator:e"]])
def test_a_sentence_names_what_to_install(tmp_path: Path, missing: str, words: list[str]) -> None:
    (tmp_path / "filesync.yaml").write_text("version: 1\nproject: p\nfiles: {}\n")
    ran = without([missing], command(*words), tmp_path)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert missing in ran.stderr
    assert PIP in ran.stderr
    assert "Traceback" not in ran.stderr


def test_everything_else_works_without_it(tmp_path: Path) -> None:
    (tmp_path / "filesync.yaml").write_text(
        "version: 1\nproject: p\nfiles: {a: {path: a.txt, purpose: user_data}}\n"
    )
    (tmp_path / "a.txt").write_text("x")
    hidden = ["starlette", "uvicorn", "python_multipart", "httptools"]
    ran = without(hidden, command("plan", "--offline"), tmp_path)
    assert ran.returncode == 0, ran.stderr


def test_the_fixture_says_so_too(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_it(filesync_emulator): pass\n")
    code = "import pytest; sys.exit(pytest.main(['-q', '-p', 'no:cacheprovider']))"
    ran = without(["uvicorn"], code, tmp_path)
    assert ran.returncode == 1
    assert PIP in ran.stdout

"""Who may import whom, read from the imports themselves."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "filesync"

# A folder of filesync may import these others; nothing may import to its left.
ALLOWED = {
    "cli": {"workflow", "execute", "output", "local", "remote", "core", "emulator", "errors"},
    "workflow": {"execute", "local", "remote", "core", "emulator", "errors"},
    "output": {"execute", "core", "errors"},
    "execute": {"local", "remote", "core", "errors"},
    "local": {"core", "errors"},
    "remote": {"core", "errors"},
    "core": {"errors"},
    "emulator": set(),
    "errors": set(),
}
# What a pure core may not reach for.
IMPURE = {"os", "io", "socket", "subprocess", "time", "random", "sqlite3", "shutil", "logging"}
IMPURE |= {"httpx", "click", "rich", "pathlib", "tempfile", "threading", "sys"}
CORE_EXCEPTIONS = {("fingerprint.py", "os")}  # os.path.splitext: text in, text out


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE)


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            assert node.module is not None
            # `from filesync.core import lock` imports filesync.core.lockfile.lock
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_one_way(path: Path) -> None:
    home = path.relative_to(PACKAGE).parts[0]
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "filesync" and len(parts) > 1 and parts[1] != "__version__":
            assert parts[1] == home or parts[1] in ALLOWED[home], f"{path} imports {name}"
        if parts[0] == "httpx":
            assert home == "remote"
        if home == "core" and (path.name, parts[0]) not in CORE_EXCEPTIONS:
            assert parts[0] not in IMPURE, f"{path} imports {name}"


def test_modules_stay_short() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in PACKAGE.rglob("*.py")}
    assert {str(path): n for path, n in lengths.items() if n > 340} == {}


@pytest.mark.parametrize(
    ("statement", "unwanted"),
    [
        ("import filesync", {"httpx", "deepdiff", "pydantic", "yaml", "rich", "click"}),
        ("import filesync; filesync.load_lock", {"httpx", "deepdiff", "pydantic"}),
        ("import filesync.cli", {"httpx", "deepdiff", "pydantic", "yaml", "rich", "starlette"}),
        ("import filesync.workflow.plan", {"deepdiff", "starlette", "uvicorn"}),
    ],
)
def test_what_is_not_needed_is_not_imported(statement: str, unwanted: set[str]) -> None:
    code = f"{statement}\nimport sys; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert unwanted & set(loaded) == set()

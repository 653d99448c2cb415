"""Who may import whom, read from the imports themselves."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "filesync"

# A folder of filesync may import these others; nothing may import to its left.
ALLOWED = {
    "cli": {
        "workflow",
        "execute",
        "output",
        "local",
        "remote",
        "storage",
        "core",
        "emulator",
        "errors",
        "version",
    },
    "api": {"workflow", "execute", "output", "local", "core", "errors"},
    "workflow": {"execute", "local", "remote", "storage", "core", "emulator", "errors"},
    "output": {"core", "errors"},
    "execute": {"local", "remote", "storage", "core", "errors"},
    "local": {"core", "errors"},
    "remote": {"core", "errors", "version"},
    "storage": {"core", "errors"},
    "core": {"errors"},
    "emulator": set(),
    "testing": {"emulator"},
    "errors": set(),
}
# What a pure core may not reach for.
IMPURE = {"os", "io", "socket", "subprocess", "time", "random", "sqlite3", "shutil", "logging"}
IMPURE |= {"httpx", "click", "rich", "pathlib", "tempfile", "threading", "sys"}
CORE_EXCEPTIONS = {
    ("fingerprint.py", "os"),  # os.path.splitext: text in, text out
    ("images.py", "io"),  # io.BytesIO: bytes in
    ("plain_chat.py", "io"),  # io.BytesIO: bytes in, lines out
}


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
        if parts[0] == "filesync" and len(parts) > 1:
            assert parts[1] == home or parts[1] in ALLOWED[home], f"{path} imports {name}"
        if parts[0] == "httpx":
            assert home == "remote"
        if parts[0] == "obstore":
            assert home == "storage"
        if home == "core" and (path.name, parts[0]) not in CORE_EXCEPTIONS:
            assert parts[0] not in IMPURE, f"{path} imports {name}"


def test_no_module_imports_one_that_imports_it() -> None:
    """No circle, neither of imports when a module loads nor of those that wait in functions."""
    graph = {_dotted(path): set(_imported(path)) for path in PACKAGE.rglob("*.py")}
    assert not set(_circle(graph))


def _dotted(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def _imported(path: Path) -> Iterator[str]:
    """Name the modules of ours that a module imports, under `if TYPE_CHECKING` too."""
    for name in imports(path):
        if name.split(".")[0] != "filesync":
            continue
        # The module, or the one that holds the name.
        for module in (name, name.rpartition(".")[0]):
            file = PACKAGE.parent.joinpath(*module.split("."))
            if file.with_suffix(".py").is_file() or (file / "__init__.py").is_file():
                yield module
                break


def _circle(graph: dict[str, set[str]]) -> Iterator[str]:
    """Name the modules that remain when those are taken away that import none that is left."""
    left = dict(graph)
    while free := {name for name, others in left.items() if not others & left.keys() - {name}}:
        left = {name: others for name, others in left.items() if name not in free}
    # What merely imports a circle is no part of it.
    while free := left.keys() - set().union(*left.values()) if left else set():
        left = {name: others for name, others in left.items() if name not in free}
    yield from sorted(left)


def test_no_test_imports_from_another() -> None:
    """What several tests use is in a module of its own: builders, steps, a harness."""
    tests = Path(__file__).parent
    for path in tests.rglob("*.py"):
        for name in imports(path):
            parts = name.split(".")
            assert not (parts[0] == "tests" and any(one.startswith("test_") for one in parts[:-1]))


@pytest.mark.parametrize(
    "folder",
    sorted({path.parent for path in modules()}),
    ids=lambda folder: str(folder.relative_to(PACKAGE)),
)
def test_folder_maps_its_rooms(folder: Path) -> None:
    """Each folder's docstring has a line for each module and folder in it, and names no other."""
    rooms = {path.stem for path in folder.glob("*.py") if not path.stem.startswith("_")}
    rooms |= {path.parent.name for path in folder.glob("*/__init__.py")}
    text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) or ""
    if folder.name == "commands":  # each is named as its command
        return
    named: set[str] = set()
    for line in text.splitlines():
        # `table      the decision table` or, of several like ones, `files  uploads  jobs    …`
        if found := re.match(r" *((?:\w+/?  )+) *\S", line):
            named.update(name.rstrip("/") for name in found[1].split())
    assert named == rooms


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

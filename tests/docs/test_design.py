"""docs/design says what the code says: constants from outside, and the map of each folder."""

from __future__ import annotations

import importlib
import re
from operator import attrgetter
from pathlib import Path

import pytest
from docs_helpers import ROOT
from docs_pages import sections_of, table_of, text_of

PACKAGE = ROOT / "filesync"
CONSTANTS = table_of(sections_of(text_of("docs/design/api-notes.md"))["Constants in the code"])
FOLDERS = sorted(path.parent for path in PACKAGE.rglob("__init__.py") if path.parent != PACKAGE)


@pytest.mark.parametrize("row", CONSTANTS, ids=lambda row: row[0].strip("`"))
def test_constants_from_outside_have_a_source_and_are_as_written(row: list[str]) -> None:
    name, value, why, source = row
    parts = name.strip("`").split(".")
    # The last part that is lower case is the module; a class may follow.
    first = next(index for index, part in enumerate(parts) if part.strip("_")[0].isupper())
    module = importlib.import_module(".".join(["filesync", *parts[:first]]))
    assert attrgetter(".".join(parts[first:]))(module) == float(value)
    assert why
    assert re.search(r"(\[\w+\]|ours|API),? 2026-\d\d$", source), "each source has a date"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_each_folder_has_a_map_of_its_modules(folder: Path) -> None:
    if folder == PACKAGE / "cli/commands":
        pytest.skip("its modules are named as the commands")
    package = importlib.import_module(".".join(folder.relative_to(ROOT).parts))
    lines = (package.__doc__ or "").splitlines()
    named = {word for line in lines for word in re.findall(r"^ *([a-z_0-9]+)/?  ", line)}
    # A line may name several modules of one kind.
    named |= {word for line in lines for word in line.split()}
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert modules - named == set(), "each module has a line in the folder's docstring"


def test_architecture_names_every_folder() -> None:
    page = text_of("docs/design/architecture.md")
    for folder in FOLDERS:
        assert f"../../filesync/{folder.relative_to(PACKAGE)}/__init__.py" in page

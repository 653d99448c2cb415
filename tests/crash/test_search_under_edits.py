"""No search misses a document while its store is edited; the long run is the module's own."""

from __future__ import annotations

from pathlib import Path

from tests.crash.search_under_edits import watch


def test_no_look_misses_a_document(tmp_path: Path) -> None:
    seen = watch(3, tmp_path)
    assert seen.missed == []
    assert seen.looks > 50

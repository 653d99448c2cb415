"""The table of `ls --stores`, on wide terminals and on narrow ones."""

from __future__ import annotations

from filesync.core.stores.model import FileCounts, RemoteStore
from filesync.output.stores import render_all_stores

STORES = [
    RemoteStore(
        id="vs_" + "0" * 32,
        name="Handbook",
        status="completed",
        expires_after=None,
        expires_at=None,
        created_at=1_700_000_000,
        last_active_at=1_700_090_000,
        metadata={"filesync": "docs-7f3a/handbook"},
        usage_bytes=123_456,
        counts=FileCounts(0, 12),
    ),
    RemoteStore(
        "vs_1", None, "", None, 1_800_000_000, 1_700_000_001, None, None, None, FileCounts()
    ),
]


def test_a_wide_terminal_has_a_line_for_each_store() -> None:
    text = render_all_stores(STORES)
    assert len(text.splitlines()) == 3
    assert render_all_stores(STORES, columns=200) == text


def test_a_narrow_terminal_has_two_lines_that_say_the_same() -> None:
    lines = render_all_stores(STORES, columns=80).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["ID", "FILES", "SIZE", "NAME"]
    assert lines[1].split()[0] == STORES[0].id
    assert lines[1].endswith("Handbook")
    assert lines[2] == "  completed, created 2023-11-14, used 2023-11-15, mark docs-7f3a/handbook"
    assert lines[4] == "  created 2023-11-14, expires 2027-01-15"

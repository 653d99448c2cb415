"""docs/servers.md shows the rows that the code has."""

from __future__ import annotations

import server_table


def test_the_table_of_types_is_the_one_in_the_code() -> None:
    page = server_table.PAGE.read_text(encoding="utf-8")
    assert server_table.updated(page) == page, "run `make docs`"

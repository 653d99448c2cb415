"""Write the table of server types in docs/servers.md from the rows in filesync/core/servers.py."""

from __future__ import annotations

import re
from pathlib import Path

from generate_markdown import code, table

from filesync.core.durations import format_duration
from filesync.core.servers import SERVER_TYPES, Paging, ServerType

PAGE = Path(__file__).parent.parent / "servers.md"
_TABLE = re.compile(r"(<!-- The table is made[^\n]*-->\n\n)(?:\|[^\n]*\n)+")
_TITLES = (
    "Type",
    "Purposes, the default first",
    "`expires_after`",
    "Largest file",
    "Pages",
    "Parts",
)
_PAGING = {
    Paging.CURSOR: "`after`",
    Paging.NUMBER: "`page`",
    Paging.TOKEN: "`pagination_token`",
    Paging.WHOLE: "one answer",
}


def types_table() -> str:
    """Return the table, one row a type of server."""
    return table(_TITLES, [_row(one) for one in SERVER_TYPES.values()])


def updated(page: str) -> str:
    """Return the page with the table as it is now."""
    found, count = _TABLE.subn(lambda match: match[1] + types_table(), page)
    if count != 1:
        raise ValueError("docs/servers.md has no place for the table of types")
    return found


def _row(one: ServerType) -> tuple[str, ...]:
    purposes = sorted(one.purposes, key=lambda purpose: purpose != one.default_purpose)
    expiry = "none"
    if one.expiry is not None:
        low, high = map(format_duration, one.expiry)
        expiry = low if low == high else f"{low} to {high}"
    mib = one.max_bytes >> 20
    size = f"{mib >> 10} GiB" if mib >= 1024 else f"{mib} MiB"
    return (
        code(one.name),
        ", ".join(map(code, purposes)),
        expiry,
        size,
        _PAGING[one.paging],
        "yes" if one.uploads else "no",
    )


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

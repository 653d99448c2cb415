"""Ids as parts of a path."""

from __future__ import annotations

from urllib.parse import quote

from filesync.core.commands import command
from filesync.core.ids import is_id
from filesync.core.text import quoted
from filesync.errors import RemoteError


def segment(object_id: str) -> str:
    """Return an id as one segment of a path; one that a person typed may be anything."""
    if not is_id(object_id):
        raise RemoteError(
            f"{quoted(object_id)} cannot be an id", f"{command('ls')} lists the ids there are"
        )
    return quote(object_id, safe="")

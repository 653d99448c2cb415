"""What the store journal says: which vector stores were asked for, and what was attached to them.

One JSON object a line, about the store of one key:

    {"store": "handbook", "begin": 1795248809}         its creation is about to be asked for
    {"store": "handbook", "made": "vs_1"}              it is on the platform
    {"store": "handbook", "attach": ["file-1", ...]}   these are about to be attached, or are ours

A line is on disk before what it says happens. What it names and the lockfile does not is how the
next apply knows its own: a store whose answer was lost, members of an interrupted run. The
file goes once an apply has left nothing open.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Protocol

from filesync.core.stores.observed import StoreTrace


class StoreJournalWriter(Protocol):
    """An open store journal."""

    def write(self, line: bytes) -> None:
        """Add a line; it outlives the machine's sudden end when this returns."""
        ...

    def clear(self) -> None:
        """Remove what the saved lockfile says as well."""
        ...


def read_traces(text: bytes) -> dict[str, StoreTrace]:
    """Return what a store journal says, by the store's key; torn lines are passed over."""
    traces: dict[str, StoreTrace] = {}
    for line in text.splitlines():
        try:
            record = json.loads(line)
            if isinstance(record, dict):
                key = str(record["store"])
                traces[key] = _after(traces.get(key, StoreTrace()), record)
        except (ValueError, KeyError, TypeError, RecursionError):
            continue  # torn by a crash: what it was about to say had not happened yet
    return traces


def _after(trace: StoreTrace, record: dict[str, object]) -> StoreTrace:
    if isinstance(begin := record.get("begin"), int):
        return trace._replace(begun=begin, made=None)
    if isinstance(made := record.get("made"), str):
        return trace._replace(made=made)
    if isinstance(attached := record.get("attach"), list):
        ids = frozenset(one for one in attached if isinstance(one, str))
        return trace._replace(attached=trace.attached | ids)
    return trace


def begin_line(key: str, at: int) -> bytes:
    """Return the line for a store whose creation is about to be asked for."""
    return _line({"store": key, "begin": at})


def made_line(key: str, store_id: str) -> bytes:
    """Return the line for a store that was created."""
    return _line({"store": key, "made": store_id})


def attach_line(key: str, file_ids: Iterable[str]) -> bytes:
    """Return the line for files that are about to be attached, or that are known to be ours."""
    return _line({"store": key, "attach": list(file_ids)})


def _line(record: dict[str, object]) -> bytes:
    return (json.dumps(record) + "\n").encode()

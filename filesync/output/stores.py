"""Tables of vector stores: what `status` and `ls --stores` show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from filesync.core.moment import utc
from filesync.core.plan.plan import Plan
from filesync.core.stores.change import StoreAction, StoreChange
from filesync.core.stores.model import MARK, FileCounts, RemoteStore
from filesync.core.text import human_bytes, human_duration, printable
from filesync.output.columns import width
from filesync.output.plan_stores import store_reason_named
from filesync.output.tables import aligned


def render_stores(plan: Plan, *, columns: int | None = None) -> list[str]:
    """Return a line for each declared or locked store: members, size, last use, time left.

    Where `columns` are too few for the table, each store has two lines instead.
    """
    stores = stores_document(plan)
    if not stores:
        return []
    rows = [("STORE", "ID", "INDEXED", "PENDING", "FAILED", "SIZE", "USED", "LEFT", "STATE")]
    rows += [
        (
            printable(one["key"]),
            one["id"] or "-",
            f"{one['completed']:,}",
            f"{one['in_progress']:,}",
            f"{one['failed']:,}",
            "-" if one["bytes"] is None else human_bytes(one["bytes"]),
            "-" if one["idle"] is None else _idle(one),
            "never" if one["left"] is None else _left(one),
            one["state"],
        )
        for one in stores
    ]
    table = aligned(rows, right=(2, 3, 4, 5))
    if columns is None or max(map(width, table)) <= columns:
        return table
    lines = aligned([(key, found, state) for key, found, *_, state in rows], right=())
    pairs = zip(lines[1:], map(_in_words, stores), strict=True)
    return [lines[0], *(line for pair in pairs for line in pair)]


def _in_words(store: dict[str, Any]) -> str:
    """Return a store's numbers, such as `  11 indexed, 1 failed, 278 B, used 3s ago, 60d left`."""
    said = [f"{store['completed']:,} indexed"]
    for name, noun in (("in_progress", "pending"), ("failed", "failed")):
        said += [f"{store[name]:,} {noun}"] if store[name] else []
    said += [] if store["bytes"] is None else [human_bytes(store["bytes"])]
    said += [] if store["idle"] is None else [f"used {_idle(store)}"]
    said.append("never expires" if store["left"] is None else f"{_left(store)} left")
    return f"  {', '.join(said)}"


def _idle(store: dict[str, Any]) -> str:
    return f"{human_duration(max(store['idle'], 0))} ago"


def _left(store: dict[str, Any]) -> str:
    return human_duration(max(store["left"], 0))


def stores_document(plan: Plan) -> list[dict[str, Any]]:
    """Return the stores of `status --json`; idle and time left in seconds."""
    return [_status(row, plan.now) for row in plan.stores]


def _status(row: StoreChange, now: int) -> dict[str, Any]:
    live = row.remote
    counts = row.counts
    expires_at = None if live is None else live.expires_at
    used = None if live is None else live.last_active_at
    changes = len(row.member_changes)
    if row.action is not StoreAction.NOOP:
        state = f"{row.action.value}: {store_reason_named(row.reason.value)}"
    else:
        state = f"{changes:,} to change" if changes else "up to date"
    return {
        "key": row.key,
        "id": row.id,
        "name": None if live is None else live.name,
        "completed": counts.completed,
        "in_progress": counts.in_progress,
        "failed": counts.failed + counts.cancelled,
        "unmanaged": row.unmanaged,
        "bytes": None if live is None else live.usage_bytes,
        "idle": None if used is None else now - used,
        "left": None if expires_at is None else expires_at - now,
        "action": row.action.value,
        "reason": row.reason.value,
        "state": state,
    }


def render_all_stores(stores: Sequence[RemoteStore], *, columns: int | None = None) -> str:
    """Return every vector store of the platform as a table, oldest first, times in UTC.

    Where `columns` are too few for the table, each store has two lines instead.
    """
    ordered = sorted(stores, key=lambda one: (one.created_at, one.id))
    heads = ("ID", "STATUS", "FILES", "SIZE", "CREATED", "USED", "EXPIRES", "MARK", "NAME")
    rows = [heads, *map(_listed, ordered)]
    table = aligned(rows, right=(2, 3), shrink=8)
    if columns is None or max(map(width, table)) <= columns:
        return "\n".join(table)
    lines = aligned([(*row[:1], *row[2:4], row[-1]) for row in rows], right=(1, 2), shrink=3)
    pairs = zip(lines[1:], map(_listed_in_words, rows[1:]), strict=True)
    return "\n".join([lines[0], *(line for pair in pairs for line in pair)])


def _listed_in_words(row: tuple[str, ...]) -> str:
    """Return what the first line of a store leaves out; of times the day."""
    status, created, used, expires, mark = row[1], *row[4:8]
    said = [] if status == "-" else [status]
    said.append(f"created {created.partition(' ')[0]}")
    said += [] if used == "-" else [f"used {used.partition(' ')[0]}"]
    said += [] if expires == "never" else [f"expires {expires.partition(' ')[0]}"]
    said += [] if mark == "-" else [f"mark {mark}"]
    return f"  {', '.join(said)}"


def _listed(one: RemoteStore) -> tuple[str, ...]:
    return (
        one.id,
        printable(one.status) or "-",
        f"{sum(one.counts):,}",
        "-" if one.usage_bytes is None else human_bytes(one.usage_bytes),
        utc(one.created_at),
        "-" if one.last_active_at is None else utc(one.last_active_at),
        "never" if one.expires_at is None else utc(one.expires_at),
        printable((one.metadata or {}).get(MARK, "-")),
        printable(one.name or ""),
    )


def all_stores_document(stores: Iterable[RemoteStore]) -> list[dict[str, Any]]:
    """Return `ls --stores --json`."""
    return [
        {
            "id": one.id,
            "name": one.name,
            "status": one.status,
            "expires_after": one.expires_after,
            "expires_at": one.expires_at,
            "created_at": one.created_at,
            "last_active_at": one.last_active_at,
            "metadata": one.metadata,
            "bytes": one.usage_bytes,
            "files": FileCounts(*one.counts)._asdict(),
        }
        for one in stores
    ]

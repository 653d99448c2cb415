"""Tables of files: what `status` and `ls` show."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from typing import Any

from filesync.core.diff import Action, Change
from filesync.core.model import RemoteFile
from filesync.core.plan import Plan
from filesync.core.text import human_bytes, human_duration, plural, printable
from filesync.output.text import REASONS, Paint, no_paint


def render_status(plan: Plan, *, paint: Paint = no_paint) -> str:
    """Return a line for each declared or locked file: id, size, age, time left, and any drift."""
    header = ("KEY", "ID", "SIZE", "AGE", "LEFT", "STATE")
    lines = [header]
    colours = []
    for status in status_document(plan)["files"]:
        lines.append(
            (
                printable(status["key"] or status["filename"] or ""),
                status["id"] or "-",
                "-" if status["bytes"] is None else human_bytes(status["bytes"]),
                "-" if status["age"] is None else human_duration(status["age"]),
                "never" if status["left"] is None and status["id"] else _left(status["left"]),
                status["state"],
            )
        )
        colours.append(_colour(status))
    table = _aligned(lines, right=(2, 3, 4))
    body = [
        line if not colour else paint(line, colour)
        for line, colour in zip(table[1:], colours, strict=True)
    ]
    foot = []
    if plan.waiting:
        foot.append(f"{plural(len(plan.waiting), 'superseded file')} kept until `retain` is over.")
    if plan.unmanaged:
        foot.append(f"{plural(plan.unmanaged, 'other file')} on the platform, not ours.")
    if plan.has_changes:
        foot.append("`filesync plan` shows what an apply would do.")
    return "\n".join([table[0], *body, *([""] if foot else []), *foot])


def status_document(plan: Plan) -> dict[str, Any]:
    """Return `status --json`: the same as data; age and time left in seconds."""
    return {
        "format_version": "1.0",
        "project": plan.inputs.project,
        "base_url": plan.inputs.base_url,
        "files": [
            _status(row, plan.now)
            for row in sorted(plan.rows, key=lambda row: (row.key is None, row.key or ""))
        ],
        "retired": [retired._asdict() for retired in plan.waiting],
        "unmanaged": plan.unmanaged,
    }


def _status(row: Change, now: int) -> dict[str, Any]:
    locked, want = row.locked, row.desired
    # What waits for another key's upload has its old file until then, if it has one.
    file_id = row.id if row.id is not None or row.supersedes is None else row.supersedes.id
    live = row.remote or row.supersedes
    created = live.created_at if live is not None else None
    expires = live.expires_at if live is not None else None
    if locked is not None:
        created = created or locked.created_at
        expires = expires or locked.expires_at
    size = next((one.bytes for one in (want, live, locked) if one is not None), None)
    return {
        "key": row.key,
        "id": file_id,
        "filename": live.filename if live is not None else None,
        "bytes": size,
        "age": None if not created else now - created,
        "left": None if expires is None else expires - now,
        "action": row.action.value,
        "reason": row.reason.value,
        "state": "up to date"
        if row.action is Action.NOOP
        else f"{row.action.value}: {REASONS[row.reason]}",
    }


def _left(seconds: int | None) -> str:
    return "-" if seconds is None else human_duration(max(seconds, 0))


def _colour(status: dict[str, Any]) -> str:
    if status["action"] == Action.NOOP:
        return ""
    return "red" if status["action"] == Action.DELETE else "yellow"


def render_listing(files: Sequence[RemoteFile]) -> str:
    """Return the raw remote listing as a table, oldest first, times in UTC."""
    rows = [("ID", "SIZE", "CREATED", "EXPIRES", "PURPOSE", "FILENAME")]
    rows += [
        (
            file.id,
            "-" if file.bytes is None else human_bytes(file.bytes),
            _moment(file.created_at),
            "never" if file.expires_at is None else _moment(file.expires_at),
            printable(file.purpose),
            printable(file.filename),
        )
        for file in sorted(files, key=lambda file: (file.created_at, file.id))
    ]
    return "\n".join(_aligned(rows, right=(1,)))


def _moment(seconds: int) -> str:
    try:
        moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    except (OverflowError, ValueError, OSError):  # a server may send any number
        return str(seconds)
    return moment.strftime("%Y-%m-%d %H:%M")


def _aligned(rows: Iterable[tuple[str, ...]], right: tuple[int, ...]) -> list[str]:
    rows = list(rows)
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if index in right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]

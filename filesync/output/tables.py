"""Tables of files: what `status` and `ls` show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from filesync.core.commands import command
from filesync.core.decide.change import Action, Change
from filesync.core.decide.reasons import REASONS
from filesync.core.model import RemoteFile
from filesync.core.moment import utc
from filesync.core.plan.forecast import Expiring, expiring_soon
from filesync.core.plan.plan import Plan
from filesync.core.purposes import PROJECT_QUOTA
from filesync.core.text import human_bytes, human_duration, listed, plural, printable
from filesync.output.columns import Paint, no_paint, padded, width
from filesync.output.totals import grand_total, totals_by_purpose

# A column of names is not narrower than this; then the line may be too long.
_NARROWEST = 16


class StatusView(NamedTuple):
    """Which files `status` shows, and in which order: `sort` is one of SORTS."""

    changed: bool = False
    sort: str = "key"


WHOLE_STATUS = StatusView()

SORTS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "key": lambda one: (one["key"] is None, one["key"] or ""),
    # The largest and the oldest first, and what expires soonest.
    "size": lambda one: -(one["bytes"] or 0),
    "age": lambda one: -(one["age"] or 0),
    "left": lambda one: (one["left"] is None, one["left"] or 0),
    "state": lambda one: (one["action"] == Action.NOOP, one["state"]),
}


def render_status(
    plan: Plan,
    *,
    paint: Paint = no_paint,
    columns: int | None = None,
    view: StatusView = WHOLE_STATUS,
) -> str:
    """Return a line for each declared or locked file: id, size, age, time left, and any drift.

    Below them stands what the platform holds of each purpose, whoever it belongs to. Where
    `columns` are given, a key that is too long for its column has a line of its own.
    """
    files = status_document(plan, view)["files"]
    lines = [_STATUS_HEADER, *(_status_line(status, status["state"]) for status in files)]
    if not _fits(lines, 0, columns):
        # Drop the reason (the plan shows it) rather than wrap every file onto two lines.
        states = [status["state"].partition(":")[0] for status in files]
        lines = [_STATUS_HEADER, *map(_status_line, files, states)]
    table = aligned(lines, right=(2, 3, 4), shrink=0, columns=columns)
    colours = map(_colour, files)
    body = [
        line if not colour else paint(line, colour)
        for line, colour in zip(table[1:], colours, strict=True)
    ]
    held = _held(plan)
    foot = []
    if plan.waiting:
        foot.append(f"{plural(len(plan.waiting), 'replaced file')} kept until `retain` is over.")
    if plan.unmanaged:
        foot.append(f"{plural(plan.unmanaged, 'other file')} on the platform, not ours.")
    if plan.has_changes:
        foot.append(f"{command('plan')} shows what an apply would do.")
    nothing = _NO_CHANGES if view.changed and plan.rows else _NO_FILES
    parts = ([table[0], *body] if files else [nothing], held, foot)
    return "\n\n".join("\n".join(lines) for lines in parts if lines)


_NO_FILES = "There are no files: the manifest declares none, and the lockfile has none."
_NO_CHANGES = "Every file is up to date."
_STATUS_HEADER = ("KEY", "ID", "SIZE", "AGE", "LEFT", "STATE")


def _status_line(status: dict[str, Any], state: str) -> tuple[str, ...]:
    return (
        printable(status["key"] or status["filename"] or ""),
        status["id"] or "-",
        "-" if status["bytes"] is None else human_bytes(status["bytes"]),
        "-" if status["age"] is None else human_duration(status["age"]),
        _left_of(status),
        state,
    )


def _left_of(status: dict[str, Any]) -> str:
    if status["left"] is not None or status["id"] is None:
        return _left(status["left"])
    return "unknown" if status["expiry_unknown"] else "never"


def _held(plan: Plan) -> list[str]:
    by_purpose = totals_by_purpose(plan.listed)
    if not by_purpose:
        return []
    total = grand_total(by_purpose.values())
    rows = [("ON THE PLATFORM", "FILES", "SIZE")]
    rows += [
        (printable(name) or "-", f"{held.files:,}", human_bytes(held.bytes))
        for name, held in [*by_purpose.items(), ("all", total)]
    ]
    lines = aligned(rows, right=(1, 2))
    share = total.bytes / PROJECT_QUOTA
    lines[-1] += f"  {f'{share:.1%} ' if share >= 0.001 else ''}of {_QUOTA}"
    if total.untold:
        lines.append(f"not counting {plural(total.untold, 'file')} whose size is not told")
    return lines


_QUOTA = f"the {human_bytes(PROJECT_QUOTA)} that OpenAI gives a project"


def status_warnings(plan: Plan) -> list[str]:
    """Return the warnings of `status`: the plan's, files that expire within a day, a full quota."""
    warnings = list(plan.warnings)
    soon = expiring_soon(plan.rows, plan.now)
    if now := [f"{printable(one.key)} ({_left(one.left)} left)" for one in soon if one.renewed_now]:
        them = "it" if len(now) == 1 else "them"
        warnings.append(f"{_expire(now)}: {command('apply')} renews {them} now")
    if later := [_not_yet(one) for one in soon if not one.renewed_now]:
        warnings.append(
            f"{_expire(later)}: run {command('apply')} when that is reached, "
            "or set a longer renew_before"
        )
    total = grand_total(totals_by_purpose(plan.listed).values())
    if total.bytes >= PROJECT_QUOTA * _NEARLY_FULL:
        warnings.append(
            f"the files on the platform take {human_bytes(total.bytes)} of {_QUOTA}: "
            f"{command('ls')} lists them with their sizes"
        )
    return warnings


_NEARLY_FULL = 0.9
_NAMED = 5


def _expire(names: Sequence[str]) -> str:
    verb = "expires" if len(names) == 1 else "expire"
    return f"{plural(len(names), 'file')} {verb} in less than a day, {listed(names, _NAMED)}"


def _not_yet(one: Expiring) -> str:
    when = f"once {human_duration(one.renew_before)} is left" if one.renew_before else "too late"
    return f"{printable(one.key)} ({_left(one.left)} left, renewed {when})"


def status_document(plan: Plan, view: StatusView = WHOLE_STATUS) -> dict[str, Any]:
    """Return the document of `status --json`; age and time left are in seconds."""
    files = [_status(row, plan.now) for row in plan.rows]
    if view.changed:
        files = [one for one in files if one["action"] != Action.NOOP]
    by_purpose = totals_by_purpose(plan.listed)
    total = grand_total(by_purpose.values())
    return {
        "format_version": "1.0",
        "project": plan.inputs.project,
        "base_url": plan.inputs.base_url,
        "files": sorted(sorted(files, key=SORTS["key"]), key=SORTS[view.sort]),
        "retired": [retired._asdict() for retired in plan.waiting],
        "unmanaged": plan.unmanaged,
        "expiring_soon": [one._asdict() for one in expiring_soon(plan.rows, plan.now)],
        "platform": {
            "files": total.files,
            "bytes": total.bytes,
            "quota_bytes": PROJECT_QUOTA,
            "purposes": {
                name: {"files": held.files, "bytes": held.bytes}
                for name, held in by_purpose.items()
            },
        },
        "warnings": status_warnings(plan),
    }


def _status(row: Change, now: int) -> dict[str, Any]:
    locked, want = row.locked, row.desired
    # A key that waits for another key's upload keeps its old file until then.
    file_id = row.id if row.id is not None or row.supersedes is None else row.supersedes.id
    live = row.remote or row.supersedes
    created = live.created_at if live is not None else None
    expires = live.expires_at if live is not None else None
    if locked is not None:
        created = created or locked.created_at
        if live is None:
            expires = locked.expires_at
    size = next((one.bytes for one in (want, live, locked) if one is not None), None)
    return {
        "key": row.key,
        "id": file_id,
        "filename": live.filename if live is not None else None,
        "bytes": size,
        "age": None if not created else now - created,
        "left": None if expires is None else expires - now,
        # The file should expire, and the server does not say whether it will.
        "expiry_unknown": live is not None
        and expires is None
        and locked is not None
        and locked.expires_at is not None,
        "action": row.action.value,
        "reason": row.reason.value,
        "state": "up to date"
        if row.action is Action.NOOP
        else f"{row.action.value}: {REASONS[row.reason].words}",
    }


def _left(seconds: int | None) -> str:
    return "-" if seconds is None else human_duration(max(seconds, 0))


def _colour(status: dict[str, Any]) -> str:
    if status["action"] == Action.NOOP:
        return ""
    return "red" if status["action"] == Action.DELETE else "yellow"


def render_listing(files: Sequence[RemoteFile], *, columns: int | None = None) -> str:
    """Return the raw remote listing as a table, oldest first, times in UTC.

    Where `columns` are given, filenames are shortened to fit, as in `render_status`.
    """
    ordered = sorted(files, key=lambda file: (file.created_at, file.id))
    rows = [("ID", "SIZE", "CREATED", "EXPIRES", "PURPOSE", "FILENAME"), *map(_listed, ordered)]
    if not _fits(rows, 5, columns):
        # Drop the creation date and the time of day rather than wrap every file onto two lines.
        rows = [(*row[:2], row[3].partition(" ")[0], *row[4:]) for row in rows]
    return "\n".join(aligned(rows, right=(1,), shrink=len(rows[0]) - 1, columns=columns))


def _listed(file: RemoteFile) -> tuple[str, ...]:
    return (
        file.id,
        "-" if file.bytes is None else human_bytes(file.bytes),
        utc(file.created_at),
        "never" if file.expires_at is None else utc(file.expires_at),
        printable(file.purpose),
        printable(file.filename),
    )


def _fits(rows: Sequence[tuple[str, ...]], shrink: int, columns: int | None) -> bool:
    """Say whether a table fits into `columns` when its column `shrink` is shortened."""
    if columns is None:
        return True
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    widths[shrink] = min(widths[shrink], _NARROWEST)
    return sum(widths) + 2 * (len(widths) - 1) <= columns


def aligned(
    rows: Sequence[tuple[str, ...]],
    *,
    right: tuple[int, ...],
    shrink: int = 0,
    columns: int | None = None,
) -> list[str]:
    """Return the lines of a table, a text a row; nothing is cut, so that names can be copied.

    If `columns` are too few, the column `shrink` is narrower than its longest cells. Such a cell
    has a line of its own, above the rest of its row; in the last column it is wrapped.
    """
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    if columns is not None:
        surplus = sum(widths) + 2 * (len(widths) - 1) - columns
        widths[shrink] = min(widths[shrink], max(widths[shrink] - surplus, _NARROWEST))

    def line(row: Sequence[str]) -> str:
        cells = enumerate(zip(row, widths, strict=True))
        return "  ".join(padded(cell, room, right=i in right) for i, (cell, room) in cells).rstrip()

    texts = []
    for row in rows:
        alone = width(row[shrink]) > widths[shrink] and shrink < len(row) - 1
        rest = line([*row[:shrink], "", *row[shrink + 1 :]]) if alone else line(row)
        texts.append(f"{row[shrink]}\n{rest}" if alone else rest)
    return texts

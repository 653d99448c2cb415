"""What an apply did, as Markdown for the summary of a job: failures first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from filesync.core.events import Result
from filesync.core.plan.document import PlanDocument
from filesync.core.text import plural
from filesync.output.plan_markdown import code, escaped, sentence

_MOST_ROWS = 500


def render_applied(plan: PlanDocument, result: Result) -> str:
    """Return the report, with a newline at its end; of many changes it lists the first 500."""
    if result.failed or result.interrupted:
        counted = f"{plural(len(result.failed), 'change')} failed, {len(result.applied):,} applied"
        headline = f"interrupted: {counted}" if result.interrupted else counted
    else:
        headline = f"applied {plural(len(result.applied), 'change')}"
    parts = [f"### filesync: {headline}\n\n{code(plan.project)} on {code(plan.base_url)}\n"]
    failed = [
        (code(_name(one.key, one.store)), escaped(one.action), sentence(one.error))
        for one in result.failed
    ]
    applied = [
        (code(_name(one.key, one.store) or one.filename), escaped(one.action), code(one.id))
        for one in result.applied
    ]
    parts.append(_table("Failed", ("Key", "Action", "Error"), failed))
    parts.append(_table("Applied", ("Key", "Action", "Id"), applied))
    return "".join(parts)


def _name(key: str | None, store: str | None) -> str:
    if store is None:
        return key or ""
    return f"store:{store}" if key is None else f"{key} in store:{store}"


def _table(title: str, heads: Sequence[str], rows: Sequence[Iterable[str]]) -> str:
    if not rows:
        return ""
    lines = [f"\n#### {title} {len(rows):,}\n", _line(heads), _line("---" for _ in heads)]
    lines += [_line(row) for row in rows[:_MOST_ROWS]]
    if len(rows) > _MOST_ROWS:
        lines.append(f"\n... and {len(rows) - _MOST_ROWS:,} more, in the job's log")
    return "\n".join(lines) + "\n"


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"

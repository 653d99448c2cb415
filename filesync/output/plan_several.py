"""Several plans in one report, as text and as Markdown."""

from __future__ import annotations

from filesync.core.plan.several import Several
from filesync.core.text import printable
from filesync.output.columns import Paint, no_paint
from filesync.output.plan_markdown import LIMIT, code, render_markdown
from filesync.output.plan_text import count_words, render_plan

_HEADING_ROOM = 400  # characters of a heading, or of an error without its text
_LEAST = 2_000  # characters in which a report says what matters


def render_several(
    several: Several, *, paint: Paint = no_paint, verbose: bool = False, columns: int | None = None
) -> str:
    """Return each plan below a line with its target, then what could not be planned, and totals."""
    parts = []
    for target, plan in several.plans:
        text = render_plan(plan, paint=paint, verbose=verbose, columns=columns)
        parts.append(f"== {printable(str(target))}\n\n{text}")
    for target, error in several.failed:
        lines = "\n".join(map(printable, error.splitlines()))
        parts.append(f"== {printable(str(target))}\n\n{paint('no plan:', 'red')} {lines}")
    words = count_words(several.summary) or ("see above" if several.has_changes else "no changes")
    # The counts are of what could be planned, and say nothing about the rest.
    if not several.failed:
        parts.append(f"All {len(several.plans):,}: {words}.")
    else:
        count = len({target for target, _ in (*several.plans, *several.failed)})
        failed = f"{len(several.failed):,} of {count:,} failed"
        parts.append(f"{failed}; planned: {words}." if several.plans else f"{failed}.")
    return "\n\n".join(parts)


def markdown_several(several: Several) -> str:
    """Return the reports below headings, together no longer than one may be."""
    count = len(several.plans) + len(several.failed)
    each = max(LIMIT // max(count, 1) - _HEADING_ROOM, _LEAST)
    parts = [
        f"## {code(str(target))}\n\n{render_markdown(plan, limit=each)}"
        for target, plan in several.plans
    ]
    parts += [
        f"## {code(str(target))}\n\n**No plan:** {code(error[:each])}\n"
        for target, error in several.failed
    ]
    shown = LIMIT // (each + _HEADING_ROOM)
    if len(parts) > shown:
        parts[shown:] = [f"**Cut to fit:** {len(parts) - shown:,} more of {len(parts):,} plans.\n"]
    return "\n".join(parts)

"""Several plans in one report, as text and as Markdown."""

from __future__ import annotations

from filesync.core.plan.several import Several
from filesync.core.text import printable
from filesync.output.columns import Paint, no_paint
from filesync.output.plan_markdown import LIMIT, code, render_markdown, sentence, shortened
from filesync.output.plan_stores import store_words
from filesync.output.plan_text import count_words, render_plan

_HEADING_ROOM = 400  # characters of a heading, or of an error without its text
_LEAST = 2_000  # characters in which a report says what matters
_LINE_LENGTH = 300


def render_several(
    several: Several, *, paint: Paint = no_paint, verbose: bool = False, columns: int | None = None
) -> str:
    """Return each plan below a line with its target, then what could not be planned, and totals."""
    parts = []
    for target, plan, error in several.by_target():
        parts.append(f"== {printable(str(target))}")
        if plan is not None:
            parts.append(render_plan(plan, paint=paint, verbose=verbose, columns=columns))
        if error is not None:
            lead = "no plan:" if plan is None else "errors in the content:"
            lines = list(map(printable, error.splitlines()))
            between = " " if len(lines) == 1 else "\n"
            parts.append(paint(lead, "red") + between + "\n".join(lines))
    stores = [store for _, plan in several.plans for store in plan.stores]
    counted = filter(None, [count_words(several.summary), store_words(stores)])
    words = "; ".join(counted) or "no changes"
    # The counts are of what could be planned, and say nothing about the rest.
    if not several.failed:
        parts.append(f"All {len(several.plans):,}: {words}.")
    else:
        failed = f"{len(several.failed):,} of {len(several.by_target()):,} failed"
        parts.append(f"{failed}; planned: {words}." if several.plans else f"{failed}.")
    return "\n\n".join(parts)


def markdown_several(several: Several) -> str:
    """Return the reports below headings, together no longer than one may be."""
    targets = several.by_target()
    each = max(LIMIT // max(len(targets), 1) - _HEADING_ROOM, _LEAST)
    parts = []
    for target, plan, error in targets:
        text = f"## {code(str(target))}\n\n"
        if error is not None:
            lead = "No plan" if plan is None else "Errors in the content"
            text += f"**{lead}:**\n\n{_lines(error, each // 2)}\n"
        if plan is not None:
            text += render_markdown(plan, limit=each if error is None else each - len(text))
        parts.append(text)
    shown = LIMIT // (each + _HEADING_ROOM)
    if len(parts) > shown:
        parts[shown:] = [f"**Cut to fit:** {len(parts) - shown:,} more of {len(parts):,} plans.\n"]
    return "\n".join(parts)


def _lines(error: str, room: int) -> str:
    """Return an error as a list, a line of it each, of at most `room` characters."""
    lines = error.splitlines()
    text = ""
    for number, line in enumerate(lines):
        item = f"- {sentence(shortened(line, _LINE_LENGTH))}\n"
        if len(text) + len(item) > room:
            return f"{text}- and {len(lines) - number:,} more\n"
        text += item
    return text

"""Facts about a file's content: as text with a small chart, and as a page with plots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

from filesync.core.content.facts import Facts
from filesync.core.text import human_bytes, plural, printable

_BAR = 40


def render_inspection(path: str, size: int, facts: Facts, note: str) -> str:
    """Return what a person reads on a terminal."""
    lines = [f"{printable(path)}: {plural(facts.lines, 'line')}, {human_bytes(size)}"]
    if facts.unreadable:
        lines.append(
            f"{plural(facts.unreadable, 'line')} not readable: `filesync validate` says why"
        )
    lines.append(f"{facts.total:,} {facts.unit} in all ({note})")
    if facts.longest_line is not None:
        lines.append(f"longest: line {facts.longest_line}, {facts.longest:,} {facts.unit}")
    lines.append(f"duplicates: {facts.duplicates:,}")
    for title, counts in _tables(facts):
        lines += ["", title, *_chart(counts)]
    return "\n".join(lines)


def _tables(facts: Facts) -> Iterator[tuple[str, Mapping[str, int]]]:
    lengths = {f"up to {top:,}": count for top, count in facts.lengths.items()}
    for title, counts in (
        (f"Lines by length in {facts.unit}", lengths),
        ("Messages by role", facts.roles),
        ("Requests by url", facts.urls),
        ("Requests by model", facts.models),
    ):
        if counts:
            yield title, counts


def _chart(counts: Mapping[str, int]) -> list[str]:
    names = {printable(name): count for name, count in counts.items()}
    wide, most = max(map(len, names)), max(names.values())
    digits = len(f"{most:,}")
    return [
        f"  {name:<{wide}}  {count:>{digits},}  {'#' * max(1, round(count / most * _BAR))}"
        for name, count in names.items()
    ]


def render_inspection_html(path: str, size: int, facts: Facts, note: str) -> str:
    """Return one page by itself, its plots drawn as inline SVG."""
    title = escape(printable(path))
    figures = "".join(
        f"<h2>{escape(heading)}</h2>{_svg(counts)}" for heading, counts in _tables(facts)
    )
    longest = "" if facts.longest_line is None else f", the longest in line {facts.longest_line}"
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f"<title>{title}</title><style>body{{font:15px system-ui;margin:2em;max-width:60em}}"
        "text{font:13px system-ui}rect{fill:#3b7dd8}</style>"
        f"<h1>{title}</h1><p>{plural(facts.lines, 'line')}, {human_bytes(size)},"
        f" {facts.total:,} {escape(facts.unit)}{longest},"
        f" {plural(facts.duplicates, 'duplicate')}.</p><p>{escape(note)}</p>{figures}</html>\n"
    )


def _svg(counts: Mapping[str, int]) -> str:
    most = max(counts.values())
    rows = []
    for number, (name, count) in enumerate(counts.items()):
        top = number * 24
        width = max(1, round(count / most * 420))
        rows.append(
            f'<text x="200" y="{top + 16}" text-anchor="end">{escape(printable(name))}</text>'
            f'<rect x="210" y="{top + 3}" width="{width}" height="18"/>'
            f'<text x="{216 + width}" y="{top + 16}">{count:,}</text>'
        )
    height = len(counts) * 24
    return f'<svg width="760" height="{height}" role="img">{"".join(rows)}</svg>'

"""Facts about a file's content: as text with a small chart, and as a page with plots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

from filesync.core.commands import command
from filesync.core.content.facts import Facts
from filesync.core.text import human_bytes, plural, printable
from filesync.output.columns import padded, width

_WIDTH = 80  # columns of the whole, as most terminals have them
_BAR = 40
_NAME = 40  # characters of a url or a model that are shown
_ROWS = 20  # of a chart; models may be many, of which the first are the most frequent

# Of a plot, in pixels: a row, the longest bar, a letter of a name.
_ROW, _PLOT, _LETTER = 24, 420, 8
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2em auto;padding:0 1em;max-width:56em}"
    "h1{overflow-wrap:anywhere}h2{font-size:1.1em;margin:1.5em 0 .5em}"
    "svg{display:block;width:100%;height:auto}"
    "text{font:13px system-ui,sans-serif;fill:currentColor}rect{fill:#3b7dd8}"
)


def render_inspection(path: str, size: int, facts: Facts, note: str) -> str:
    """Return what a person reads on a terminal."""
    lines = [f"{printable(path)}: {plural(facts.lines, 'line')}, {human_bytes(size)}"]
    if facts.unreadable and facts.unreadable == facts.lines:
        lines.append("no line is a JSON object: this says something of JSONL files only")
    elif facts.unreadable:
        lines.append(
            f"{plural(facts.unreadable, 'line')} not readable: {command('validate')} says why"
        )
    lines += [f"{facts.total:,} {facts.unit} in all", f"({note})"]
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
        ("Messages by role", _first(facts.roles)),
        ("Requests by url", _first(facts.urls)),
        ("Requests by model", _first(facts.models)),
    ):
        if counts:
            yield title, counts


def _first(counts: Mapping[str, int]) -> Mapping[str, int]:
    """Return the first counts, and all others as one."""
    if len(counts) <= _ROWS:
        return counts
    rows = list(counts.items())
    rest = rows[_ROWS - 1 :]
    return dict([*rows[: _ROWS - 1], (f"{len(rest):,} others", sum(count for _, count in rest))])


def _chart(counts: Mapping[str, int]) -> list[str]:
    names = [_short(name) for name in counts]
    wide, most = max(map(width, names)), max(counts.values())
    digits = len(f"{most:,}")
    bar = min(_BAR, _WIDTH - wide - digits - len("      "))
    return [
        f"  {padded(name, wide)}  {count:>{digits},}  {'#' * max(1, round(count / most * bar))}"
        for name, count in zip(names, counts.values(), strict=True)
    ]


def _short(name: str) -> str:
    """Return a name that leaves room for its bar: its beginning and its end."""
    text = printable(name)
    return text if len(text) <= _NAME else f"{text[: _NAME // 2 - 1]}…{text[-_NAME // 2 :]}"


def render_inspection_html(path: str, size: int, facts: Facts, note: str) -> str:
    """Return one page by itself, its plots drawn as inline SVG."""
    title = escape(printable(path))
    figures = "".join(
        f"<h2>{escape(heading)}</h2>\n{_svg(heading, counts)}\n"
        for heading, counts in _tables(facts)
    )
    told = [
        f"{plural(facts.lines, 'line')}, {human_bytes(size)}",
        f"{facts.total:,} {facts.unit} in all",
        f"{plural(facts.duplicates, 'duplicate')}",
    ]
    if facts.longest_line is not None:
        longest = f"the longest is line {facts.longest_line}, with {facts.longest:,} {facts.unit}"
        told.insert(2, longest)
    if facts.unreadable:
        told.append(f"{plural(facts.unreadable, 'line')} not readable")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f'<link rel="icon" href="data:,">\n<title>{title}</title>\n<style>{_STYLE}</style>\n'
        f"</head>\n<body>\n<h1>{title}</h1>\n<p>{escape('; '.join(told))}.</p>\n"
        f"<p>{escape(note)}</p>\n{figures}</body>\n</html>\n"
    )


def _svg(title: str, counts: Mapping[str, int]) -> str:
    """Return a plot that is as wide as its place; a reader without eyes hears its numbers."""
    names = [_short(name) for name in counts]
    left = max(map(width, names)) * _LETTER + 10
    most, height = max(counts.values()), len(counts) * _ROW
    rows = []
    for i, (name, count) in enumerate(zip(names, counts.values(), strict=True)):
        bar, middle = max(2, round(count / most * _PLOT)), i * _ROW + _ROW // 2 + 5
        rows.append(
            f'<text x="{left - 10}" y="{middle}" text-anchor="end">{escape(name)}</text>'
            f'<rect x="{left}" y="{i * _ROW + 3}" width="{bar}" height="{_ROW - 6}" rx="2"/>'
            f'<text x="{left + bar + 6}" y="{middle}">{count:,}</text>'
        )
    whole = left + _PLOT + 90
    label = escape(f"{title}: " + ", ".join(f"{name} {counts[name]:,}" for name in counts))
    return (
        f'<svg viewBox="0 0 {whole} {height}" style="max-width:{whole}px" role="img" '
        f'aria-label="{label}">{"".join(rows)}</svg>'
    )

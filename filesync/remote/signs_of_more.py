"""What a page of a listing says of others, besides `has_more`.

Servers and gateways have a name of their own for everything: `next_page_token`, `nextPageToken`,
`@odata.nextLink`, `X-Next-Page`. So names are compared by their letters alone, and by what they
begin and end with, wherever in an answer they stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_DEPTH = 4  # of objects within objects, as in `paging.cursors.after`
_OWN = frozenset({"data", "has_more"})  # these the listing itself reads
_LETTERS = re.compile(r"[^a-z]")

_THING = r"(?:items?|files?|results?|records?|elements?|entries|entry|objects?|rows?|hits?)"
_TOTAL = re.compile(
    rf"total(?:number)?(?:of)?(?:count|{_THING})?|{_THING}?(?:count|total)|num(?:ber)?(?:of)?{_THING}"
)
_PAGES = re.compile(r"pages?(?:count|total)|(?:total|num|numberof|max)?pages|(?:last|max)page")
_NEXT = r"next(?:page|start|result|batch|set)?"
_WHERE = r"(?:token|cursor|ur[il]|link|id|offset|index|marker|key|href|number|after)?"
_BACK = r"prev|start|first|before|current|self"
_LEADS = re.compile(
    rf"{_NEXT}{_WHERE}|(?!{_BACK}).*cursor|after(?:id)?|(?:last|pagination)?(?:page)?token|marker"
    r"|continu(?:e|ation)(?:token)?|scroll(?:id|token)|lastevaluatedkey|has(?:next|more).*"
    r"|more(?:available|results|pages)?|(?:is)?(?:truncated|incomplete|partial)(?:results)?"
    rf"|remaining(?:{_THING}(?:count)?|count|pages)"
)
# Objects that describe a page. In any other, such as `usage`, a total counts something else.
_ABOUT = re.compile(r".*(?:page|paging|paginat|meta).*|links?|cursors?")
_NOTHING = frozenset({"", "-1", "false", "no", "none", "null"})
_RANGE = re.compile(r".*/\s*(\d+)")  # `items 0-99/250`


class Signs(NamedTuple):
    """How many items and pages there are in all, and what leads to another page, by its name."""

    total: int | None
    pages: int | None
    tokens: dict[str, object]


def signs_of_more(fields: Mapping[str, object], headers: Mapping[str, str]) -> Signs:
    """Return every sign in an answer and its headers that there is more than came.

    The largest number counts where an answer gives several.
    """
    totals, pages = [], []
    tokens: dict[str, object] = {}
    for name, value in (*_fields(fields, 0), *_headers(headers)):
        plain = _plain(name)
        if _TOTAL.fullmatch(plain):
            totals.append(_number(value))
        elif _PAGES.fullmatch(plain):
            pages.append(_number(value))
        elif _LEADS.fullmatch(plain) and _is_something(value):
            tokens[name] = value
    return Signs(_largest(totals), _largest(pages), tokens)


def _fields(fields: Mapping[str, object], depth: int) -> Iterator[tuple[str, object]]:
    for name, value in fields.items():
        if depth == 0 and name in _OWN:
            continue
        yield name, value
        if isinstance(value, Mapping) and depth < _DEPTH and _ABOUT.fullmatch(_plain(name)):
            yield from _fields(value, depth + 1)


def _headers(headers: Mapping[str, str]) -> Iterator[tuple[str, object]]:
    for name, value in headers.items():
        lower = name.lower()
        if lower.startswith("x-"):
            yield lower.removeprefix("x-").removeprefix("pagination-"), value
        elif lower == "content-range" and (found := _RANGE.fullmatch(value)):
            yield "total", found[1]
        elif lower == "link" and re.search(r'\brel\s*=\s*"?[^";,]*\bnext\b', value):
            yield "next", value


def _plain(name: str) -> str:
    return _LETTERS.sub("", name.rpartition(".")[2].lower())


def _number(value: object) -> int | None:
    """Return a whole number, however it is written; None for anything else."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value[:18])
    return value if type(value) is int else None


def _is_something(value: object) -> bool:
    """Say whether a value can lead anywhere: no place comes after nothing, or before the first."""
    if isinstance(value, Mapping):
        ahead = (inner for name, inner in value.items() if not re.match(_BACK, _plain(name)))
        return any(_is_something(inner) for inner in ahead)
    if isinstance(value, str) and value.strip().lower() in _NOTHING:
        return False
    number = _number(value)
    return bool(value) if number is None else number > 0


def _largest(numbers: list[int | None]) -> int | None:
    return max((one for one in numbers if one is not None), default=None)

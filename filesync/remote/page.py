"""One page of a listing, read from an answer, with every sign in it that there is more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic, NamedTuple, Protocol, TypeVar

from filesync.core.ids import is_id
from filesync.remote import decode

# Names under which servers and gateways send what leads to the next page.
_TOKENS = (
    "pagination_token",
    "next_page",
    "next_page_token",
    "next_token",
    "next_cursor",
    "nextPageToken",
    "nextCursor",
    "continuation_token",
    "cursor",
    "next",
    "has_next",
    "has_next_page",
    "hasMore",
)
_TOTALS = ("total", "total_count", "total_items")
# Some put all of that into an object of its own.
_NESTED = ("pagination", "paging", "page_info", "meta", "metadata", "links", "_links")


class Item(Protocol):
    """Anything listed: it has an id, by which pages are joined."""

    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=Item)


class Page(NamedTuple, Generic[T]):
    """One page: its items, where the next begins (None on an empty page), whether there is one.

    `more` is None where the server doesn't say. `total` is the number of items that it says there
    are in all. `tokens` holds each field that leads to another page and is neither null nor empty.
    """

    items: list[T]
    cursor: str | None
    more: bool | None
    total: int | None = None
    tokens: Mapping[str, object] = {}


def page_of(item: Callable[[object], T]) -> Callable[[object], Page[T]]:
    """Return what reads a page out of an answer, each entry by `item`; it raises BadAnswer."""

    def read(raw: object) -> Page[T]:
        fields = decode.json_object(raw)
        data = fields.get("data")
        if not isinstance(data, list):
            raise decode.BadAnswer("the listing has no list in `data`")
        more = fields.get("has_more")
        if more is not None and not isinstance(more, bool):
            raise decode.BadAnswer("the listing's `has_more` is neither true nor false")
        items = [item(entry) for entry in data]
        last = fields.get("last_id")
        if items and not (isinstance(last, str) and is_id(last)):
            last = items[-1].id
        cursor = last if isinstance(last, str) and items else None
        return Page(items, cursor, more, _total(fields), _tokens(fields))

    return read


def _places(fields: Mapping[str, object]) -> list[Mapping[str, object]]:
    nested = (fields.get(name) for name in _NESTED)
    return [fields, *(one for one in nested if isinstance(one, dict))]


def _total(fields: Mapping[str, object]) -> int | None:
    """Return the largest number that the answer gives as its total, None if it gives none."""
    found = [place.get(name) for place in _places(fields) for name in _TOTALS]
    return max((value for value in found if type(value) is int), default=None)


def _tokens(fields: Mapping[str, object]) -> dict[str, object]:
    return {
        name: value
        for place in _places(fields)
        for name in _TOKENS
        if (value := place.get(name)) is not None and value is not False and value != ""
    }

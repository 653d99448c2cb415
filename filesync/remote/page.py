"""One page of a listing, read from an answer; `signs_of_more` has what else it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic, NamedTuple, Protocol, TypeVar

from filesync.core.ids import is_id
from filesync.remote import decode
from filesync.remote.signs_of_more import signs_of_more


class Item(Protocol):
    """Anything listed: it has an id, by which pages are joined."""

    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=Item)


class Page(NamedTuple, Generic[T]):
    """One page: its items, where the next begins (None on an empty page), whether there is one.

    `more` is None where the server doesn't say. `total` is the number of items that it says there
    are in all, `pages` the number of pages. `tokens` holds each field that leads to another page.
    """

    items: list[T]
    cursor: str | None
    more: bool | None
    total: int | None = None
    pages: int | None = None
    tokens: Mapping[str, object] = {}


Read = Callable[[object, Mapping[str, str]], Page[T]]


def page_of(item: Callable[[object], T]) -> Read[T]:
    """Return what reads a page out of an answer and its headers, each entry by `item`.

    It raises BadAnswer.
    """

    def read(raw: object, headers: Mapping[str, str]) -> Page[T]:
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
        return Page(items, cursor, more, *signs_of_more(fields, headers))

    return read

"""All of a listing, or an error: never a part of it.

What the listing lacks is taken as "not there", and files are created and deleted on that. So
every page has to be had and to fit on the one before, however the server pages:

- `limit` is refused by servers with a lower cap or without parameters: then go on without it.
- `has_more` true: there must be a next page, from a new cursor, with something new on it.
- `has_more` missing: ask on until a page brings nothing new. A server that ignores `after`
  sends its whole listing again, which is the end as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, NamedTuple, Protocol, TypeVar

from filesync.core.text import plural
from filesync.errors import ApiError, AuthError, ListingError, RemoteError
from filesync.remote import decode

_MOST_PAGES = 100_000  # each page brings something new, so only an endless invention gets here


class Item(Protocol):
    """Anything listed: it has an id, by which pages are joined."""

    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=Item)


class Page(NamedTuple, Generic[T]):
    """One page: its items, where the next begins (None on an empty page), whether there is one.

    `more` is None where the server doesn't say.
    """

    items: list[T]
    cursor: str | None
    more: bool | None


Fetch = Callable[[dict[str, str]], Page[T]]


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
        if items and not (isinstance(last, str) and decode.is_id(last)):
            last = items[-1].id
        return Page(items, last if isinstance(last, str) and items else None, more)

    return read


def list_all(fetch: Fetch[T], *, limit: int, params: dict[str, str] | None = None) -> list[T]:
    """Return everything listed, once each, in the server's order.

    `fetch` asks for one page with these query parameters; `limit` is the largest page the API
    gives. Raises ListingError unless the listing is whole, in the words of what went wrong if not
    even its first page came; AuthError, and the ApiError of a route that is not there (404), as
    they are.
    """
    found: dict[str, T] = {}
    try:
        _collect(fetch, limit, params or {}, found)
    except (AuthError, ListingError):
        raise
    except RemoteError as exc:
        if isinstance(exc, ApiError) and exc.status == 404 and not found:
            raise
        lead = "the listing is not whole: " if found else ""
        raise ListingError(lead + exc.message, exc.hint) from None
    return list(found.values())


def _collect(fetch: Fetch[T], limit: int, params: dict[str, str], found: dict[str, T]) -> None:
    limited = {"limit": str(limit), **params}
    try:
        current, params = fetch(limited), limited
    except ApiError as exc:
        if exc.status not in (400, 422):
            raise
        current = fetch(params)
    cursors: set[str] = set()
    for _ in range(_MOST_PAGES):
        before = len(found)
        for item in current.items:
            found.setdefault(item.id, item)
        if current.more is False:
            return
        nothing_new = len(found) == before
        if current.cursor is None or nothing_new:
            if current.more is None:
                return
            what = "is empty" if current.cursor is None else "has nothing new on it"
            raise _broken(f"it promises more, but a page {what}", len(found))
        if current.cursor in cursors and current.more:
            raise _broken("it promises more, but comes back to the same place", len(found))
        cursors.add(current.cursor)
        current = fetch({**params, "after": current.cursor})
    raise _broken("it does not end", len(found))


def _broken(why: str, count: int) -> ListingError:
    return ListingError(
        f"the listing is not whole after {plural(count, 'item')}: {why}",
        "try again later; nothing is created or deleted on such a listing",
    )

"""All of a listing, or an error: never a part of it.

What the listing lacks is taken as "not there", and files are created and deleted on that. So
every page has to be had and to fit on the one before, in the way that the type of server pages:

- `limit` is refused by servers with a lower cap or without parameters: then ask without it.
- `has_more` true: there must be a next page, from a new cursor, with something new on it.
- `has_more` missing: ask on until a page brings nothing new.
- A server that ignores `after` sends its first page again. That is only the end if it ignores
  every other parameter for paging as well; a listing that can be asked for in pieces may be one.
- A field or header that leads to another page, or a total above what came, is an error where the
  type of server does not say how to follow it.
"""

from __future__ import annotations

from collections.abc import Callable, Set

from filesync.core.servers import COMPATIBLE, Paging, ServerType
from filesync.core.text import plural, printable
from filesync.errors import (
    GONE,
    ApiError,
    AuthError,
    ListingError,
    NoSuchRoute,
    RemoteError,
    lacks_route,
)
from filesync.remote.page import Item, Page, T, page_of

__all__ = ["Item", "Page", "list_all", "page_of"]

_MOST_PAGES = 100_000  # each page brings something new, so only an endless invention gets here
_MOST_ITEMS = 300_000  # a project has 2.5 TB; more is taken for an invention, too
_MOST_READS = 3  # of a listing that changes while it is read
_REFUSED = (400, 422)  # what servers answer to a parameter that they do not take

# A server that ignores all of these sends everything there is; one of them changes the answer of
# any other. The first three lots ask for less or for what comes later, the last for what follows
# an item.
_SIZES = ("limit", "page_size", "pageSize", "per_page", "perPage", "size", "max_results")
_NUMBERS = ("page", "page_number", "pageNumber", "p")
_SKIPS = ("offset", "skip", "start")
_PLACES = (
    *("cursor", "page_token", "pageToken", "pagination_token", "next_page_token"),
    *("continuation_token", "starting_after", "after_id", "marker", "next"),
)

Fetch = Callable[[dict[str, str]], Page[T]]


def list_all(
    fetch: Fetch[T],
    *,
    limit: int,
    params: dict[str, str] | None = None,
    server: ServerType = COMPATIBLE,
) -> list[T]:
    """Return everything listed, once each, in the server's order.

    `fetch` asks for one page with these query parameters; `limit` is the largest page the API
    gives. Raises ListingError unless the listing is whole, in the words of what went wrong if not
    even its first page came. AuthError is raised as it is, and so is what says that there is no
    such route: an ApiError with status 404, or NoSuchRoute.
    """
    found: dict[str, T] = {}
    limit = min(limit, server.page_size)
    try:
        match server.paging:
            case Paging.CURSOR:
                _by_cursor(fetch, limit, params or {}, found)
            case Paging.NUMBER:
                _by_number(fetch, limit, params or {}, found)
            case Paging.TOKEN:
                _by_token(fetch, limit, params or {}, found)
            case Paging.WHOLE:
                _whole(fetch, params or {}, found)
    except (AuthError, ListingError):
        raise
    except RemoteError as exc:
        if not found and lacks_route(exc):
            raise NoSuchRoute(exc.message, exc.hint) from None
        if not found and isinstance(exc, ApiError) and exc.status in GONE:
            raise
        lead = "the listing is not whole: " if found else ""
        raise ListingError(lead + exc.message, exc.hint) from None
    return list(found.values())


def _by_cursor(
    fetch: Fetch[T],
    limit: int,
    params: dict[str, str],
    found: dict[str, T],
    first: Page[T] | None = None,
) -> None:
    """Follow `after`; `first` is the first page, if it was read already."""
    if first is None:
        first, params = _first(fetch, {"limit": str(limit), **params}, params)
    current = first
    cursors: set[str] = set()
    for number in range(1, _MOST_PAGES):
        before = list(found)
        _take(current, found)
        if current.more is not True:
            _refuse_tokens(current, found, cursors)
        if current.more is False:
            _refuse_total(current, found, number)
            return
        if current.cursor is None or len(found) == len(before):
            if current.more is None:
                _refuse_total(first, found, max(1, number - 1))
                _refuse_total(current, found, max(1, number - 1))
                _refuse_repetition(fetch, params, current, before)
                return
            what = "is empty" if current.cursor is None else "has nothing new on it"
            raise _broken(f"it promises more, but a page {what}", len(found))
        if current.cursor in cursors and current.more:
            raise _broken("it promises more, but comes back to the same place", len(found))
        cursors.add(current.cursor)
        current = _after(fetch, params, current, len(found))
    raise _broken("it does not end", len(found))


def _after(fetch: Fetch[T], params: dict[str, str], current: Page[T], count: int) -> Page[T]:
    """Return the next page; ListingError where it is not known whether `after` is taken at all."""
    assert current.cursor is not None
    try:
        return fetch({**params, "after": current.cursor})
    except ApiError as exc:
        if current.more is None and exc.status in _REFUSED:
            why = f"asked for the next page, it answers HTTP {exc.status}"
            raise _unknown_paging(why, count) from None
        raise


def _refuse_repetition(
    fetch: Fetch[T], params: dict[str, str], last: Page[T], found: list[str]
) -> None:
    """Raise ListingError unless a last page without anything new is the end of the listing.

    It is if it repeats only the end of what was listed. If it is the whole listing again, the
    server must send that whatever it is asked for.
    """
    ids = {item.id for item in last.items}
    if ids == set(found[len(found) - len(ids) :]) and len(ids) < len(found):
        return
    if not ids or len(found) == 1:
        return
    unknown = _unknown_paging("asked for the next page, it sends the first one again", len(found))
    if not ids.issuperset(found):
        raise unknown
    try:
        again = fetch({**params, **_probe(last.items[-1].id)})
    except ApiError as exc:
        if exc.status not in _REFUSED:
            raise
        raise unknown from None
    if not {item.id for item in again.items}.issuperset(found):
        raise unknown


def _probe(last_id: str) -> dict[str, str]:
    """Return every parameter for paging that servers are known to take."""
    return (
        dict.fromkeys((*_SIZES, *_SKIPS), "1")
        | dict.fromkeys(_NUMBERS, "2")
        | dict.fromkeys(_PLACES, last_id)
    )


def _by_number(fetch: Fetch[T], limit: int, params: dict[str, str], found: dict[str, T]) -> None:
    """Follow `page`, whether the server counts from 0 or from 1, until `total` are there.

    A file that is deleted meanwhile moves another one from a page to come to one that was read:
    when the total changes, all of it is read again.
    """
    sized = {"page_size": str(limit), **params}
    for _ in range(_MOST_READS):
        found.clear()
        first, params = _first(fetch, sized, params)
        if (
            first.more is not None and first.total is None
        ):  # pages as OpenAI does, such as the emulator
            _by_cursor(fetch, limit, {}, found, first)
            return
        _take(first, found)
        _refuse_tokens(first, found)
        if _read_numbered(fetch, params, first, found):
            return
    raise _broken("it changes while it is read", len(found))


def _read_numbered(
    fetch: Fetch[T], params: dict[str, str], first: Page[T], found: dict[str, T]
) -> bool:
    """Read the pages after the first one; return False if the listing has changed meanwhile."""
    for number in range(1, _MOST_PAGES):
        if first.total is not None and len(found) >= first.total:
            return True
        if not first.items:
            break
        before = len(found)
        page = fetch({**params, "page": str(number)})
        if page.total != first.total:
            return False
        _take(page, found)
        # Where pages are counted from 1, number 1 is the first page again.
        if len(found) == before and number > 1:
            if page.items:
                why = f"asked for page {number}, it repeats another one"
                raise _unknown_paging(why, len(found))
            break
    _refuse_total(first, found)
    return True


def _by_token(fetch: Fetch[T], limit: int, params: dict[str, str], found: dict[str, T]) -> None:
    """Follow `pagination_token` until a page is short and nothing comes after it."""
    current, params = _first(fetch, {"limit": str(limit), **params}, params)
    if (
        current.more is not None and not current.tokens
    ):  # pages as OpenAI does, such as the emulator
        _by_cursor(fetch, limit, params, found, current)
        return
    for _ in range(_MOST_PAGES):
        before = len(found)
        _take(current, found)
        token = current.tokens.get("pagination_token")
        if not current.items or token is None:
            if token is None:
                _refuse_tokens(current, found)
            _refuse_total(current, found)
            return
        short = len(current.items) < limit
        if len(found) == before:
            if short:
                return
            raise _broken("a page repeats the one before", len(found))
        try:
            current = fetch({**params, "pagination_token": str(token)})
        except ApiError as exc:
            # The token of a last page need not lead anywhere.
            if short and exc.status in (*_REFUSED, 404):
                return
            raise
    raise _broken("it does not end", len(found))


def _whole(fetch: Fetch[T], params: dict[str, str], found: dict[str, T]) -> None:
    """Take one answer for all there is, unless it says otherwise."""
    page = fetch(params)
    if page.more:
        _by_cursor(fetch, 0, params, found, page)
        return
    _take(page, found)
    _refuse_tokens(page, found)
    _refuse_total(page, found, 1)


def _first(
    fetch: Fetch[T], sized: dict[str, str], params: dict[str, str]
) -> tuple[Page[T], dict[str, str]]:
    """Return the first page, and the parameters to go on with: without a size that is refused."""
    try:
        return fetch(sized), sized
    except ApiError as exc:
        if exc.status not in _REFUSED:
            raise
    return fetch(params), params


def _take(page: Page[T], found: dict[str, T]) -> None:
    for item in page.items:
        found.setdefault(item.id, item)
    if len(found) > _MOST_ITEMS:
        raise _broken("it does not end", len(found))


def _refuse_tokens(page: Page[T], found: dict[str, T], asked: Set[str] = frozenset()) -> None:
    """Raise ListingError for what leads on, unless it is a cursor that we have `asked` with."""
    for name, value in page.tokens.items():
        if not isinstance(value, str) or value not in asked:
            raise _unknown_paging(f"its `{printable(name)}` leads to another page", len(found))


def _refuse_total(page: Page[T], found: dict[str, T], pages: int | None = None) -> None:
    """Raise ListingError if a page says that there is more in all; `pages` were read, if told."""
    if page.total is not None and page.total > len(found):
        raise _unknown_paging(f"it says that there are {page.total:,} in all", len(found))
    if page.total is None and pages is not None and (page.pages or 0) > pages:
        raise _unknown_paging(f"it says that there are {page.pages:,} pages", len(found))


def _unknown_paging(why: str, count: int) -> ListingError:
    return ListingError(
        f"the listing is not whole after {plural(count, 'item')}: {why}, "
        "and this type of server is not known to page in that way",
        "set `remote.type` in the manifest to the kind of server that this is; "
        "nothing is created or deleted on such a listing",
    )


def _broken(why: str, count: int) -> ListingError:
    return ListingError(
        f"the listing is not whole after {plural(count, 'item')}: {why}",
        "try again later; nothing is created or deleted on such a listing",
    )

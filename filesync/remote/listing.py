"""All files of a listing, or an error: never a part of it.

What the listing lacks is taken as "not there", and files are created and deleted on that. So
every page has to be had and to fit on the one before, however the server pages:

- `limit` is refused by servers with a lower cap or without parameters: then go on without it.
- `has_more` true: there must be a next page, from a new cursor, with something new on it.
- `has_more` missing: ask on until a page brings nothing new. A server that ignores `after`
  sends its whole listing again, which is the end as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from filesync.core.model import RemoteFile
from filesync.core.text import plural
from filesync.errors import ApiError, AuthError, ListingError, RemoteError
from filesync.remote import wire

_LIMIT = 10_000  # the API's largest page
_MOST_PAGES = 100_000  # each page brings something new, so only an endless invention gets here


class Page(NamedTuple):
    """One page: its files, where the next begins (None on an empty page), whether there is one.

    `more` is None where the server doesn't say.
    """

    files: list[RemoteFile]
    cursor: str | None
    more: bool | None


Fetch = Callable[[dict[str, str]], Page]


def page(raw: object) -> Page:
    """Return the page that an answer holds, or raise BadAnswer."""
    fields = wire.json_object(raw)
    data = fields.get("data")
    if not isinstance(data, list):
        raise wire.BadAnswer("the listing has no list in `data`")
    more = fields.get("has_more")
    if more is not None and not isinstance(more, bool):
        raise wire.BadAnswer("the listing's `has_more` is neither true nor false")
    files = [wire.remote_file(item) for item in data]
    last = fields.get("last_id")
    if files and not (isinstance(last, str) and wire.is_id(last)):
        last = files[-1].id
    return Page(files, last if isinstance(last, str) and files else None, more)


def list_all(fetch: Fetch, purpose: str | None = None) -> list[RemoteFile]:
    """Return every file, once each, in the order the server lists them.

    `fetch` asks for one page with these query parameters. Raises ListingError unless the
    listing is whole; AuthError as it is.
    """
    params = {"purpose": purpose} if purpose else {}
    found: dict[str, RemoteFile] = {}
    try:
        _collect(fetch, params, found)
    except (AuthError, ListingError):
        raise
    except RemoteError as exc:
        raise ListingError(f"the listing is not whole: {exc.message}", exc.hint) from None
    if purpose is None:
        return list(found.values())
    # A server that ignores the parameter sends all; one that leaves the field out is believed.
    return [file for file in found.values() if file.purpose in (purpose, "")]


def _collect(fetch: Fetch, params: dict[str, str], found: dict[str, RemoteFile]) -> None:
    limited = {"limit": str(_LIMIT), **params}
    try:
        current, params = fetch(limited), limited
    except ApiError as exc:
        if exc.status not in (400, 422):
            raise
        current = fetch(params)
    cursors: set[str] = set()
    for _ in range(_MOST_PAGES):
        before = len(found)
        for file in current.files:
            found.setdefault(file.id, file)
        if current.more is False:
            return
        nothing_new = len(found) == before
        if current.cursor is None or nothing_new:
            if current.more is None:
                return
            what = "is empty" if current.cursor is None else "has nothing new on it"
            raise _broken(f"it promises more, but a page {what}", found)
        if current.cursor in cursors and current.more:
            raise _broken("it promises more, but comes back to the same place", found)
        cursors.add(current.cursor)
        current = fetch({**params, "after": current.cursor})
    raise _broken("it does not end", found)


def _broken(why: str, found: dict[str, RemoteFile]) -> ListingError:
    return ListingError(
        f"the listing is not whole after {plural(len(found), 'file')}: {why}",
        "try again later; nothing is created or deleted on such a listing",
    )

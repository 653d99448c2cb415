from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from filesync.core.model import RemoteFile
from filesync.core.servers import SERVER_TYPES
from filesync.errors import ApiError, AuthError, Interrupted, ListingError, RemoteError
from filesync.remote import listing
from filesync.remote.decode import BadAnswer, remote_file

READ = listing.page_of(remote_file)

Answer = Callable[[dict[str, str]], object]


def read_page(raw: object, headers: dict[str, str] | None = None) -> listing.Page[RemoteFile]:
    return READ(raw, headers or {})


class WithHeaders(NamedTuple):
    """An answer whose headers say something of the listing."""

    raw: object
    headers: dict[str, str]


def items(*names: str) -> list[dict[str, object]]:
    return [{"id": f"file-{name}", "filename": name, "purpose": "user_data"} for name in names]


class Server:
    """Holds files and answers as one kind of server does; `asked` are the queries."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[dict[str, str]] = []

    def __call__(self, params: dict[str, str]) -> listing.Page[RemoteFile]:
        self.asked.append(params)
        assert len(self.asked) < 1000, "it never ends"
        answer = self.answer(params)
        return read_page(*answer) if isinstance(answer, WithHeaders) else read_page(answer)

    def names(self) -> list[str]:
        return [file.filename for file in listing.list_all(self, limit=10_000)]


def paged(
    names: list[str], size: int, *, overlap: int = 0, more: bool = True, last_id: bool = True
) -> Answer:
    """A server with pages of `size` whatever the limit is."""

    def answer(params: dict[str, str]) -> object:
        after = params.get("after", "").removeprefix("file-")
        start = names.index(after) + 1 - overlap if after else 0
        data = items(*names[start : start + size])
        page: dict[str, Any] = {"object": "list", "data": data}
        if more:
            page["has_more"] = start + size < len(names)
        if last_id and data:
            page["last_id"] = data[-1]["id"]
        return page

    return answer


def refusing(status: int, only_limit: bool, inner: Answer) -> Answer:
    """A server that answers `status` to a query with a limit, or with anything in it."""

    def answer(params: dict[str, str]) -> object:
        if "limit" in params or (params and not only_limit):
            raise ApiError("limit must be <= 100", status=status)
        return inner(params)

    return answer


MANY = [f"n{i}" for i in range(12_345)]
FEW = list("abcdefg")


def always(page: object) -> Answer:
    return lambda params: page


WHOLE: list[tuple[str, Answer, list[str], int]] = [
    ("one page", paged(FEW, 100), FEW, 1),
    ("pages", paged(FEW, 3), FEW, 3),
    ("5k rows a page whatever the limit", paged(MANY, 5000), MANY, 3),
    ("no last_id", paged(FEW, 3, last_id=False), FEW, 3),
    ("overlapping pages", paged(FEW, 3, overlap=1), FEW, 3),
    ("no has_more", paged(FEW, 3, more=False), FEW, 4),
    ("no has_more, one page", paged(FEW, 100, more=False), FEW, 2),
    ("empty", always({"data": [], "has_more": False}), [], 1),
    ("empty, no has_more", always({"data": []}), [], 1),
    ("has_more null", always({"data": items("a"), "has_more": None}), ["a"], 2),
    ("ignores every parameter and has_more is missing", always({"data": items(*FEW)}), FEW, 3),
    ("has_more always false", always({"data": items(*FEW), "has_more": False}), FEW, 1),
    ("limit of 100, else 400", refusing(400, True, paged(FEW, 3)), FEW, 4),
    ("takes no parameters, 422", refusing(422, False, paged(FEW, 9)), FEW, 2),
    ("twice on a page", always({"data": items("a", "a", "b"), "has_more": False}), ["a", "b"], 1),
    ("odd last_id", always({"data": items("a"), "last_id": 7}), ["a"], 2),
]


@pytest.mark.parametrize(
    ("answer", "names", "requests"), [row[1:] for row in WHOLE], ids=[row[0] for row in WHOLE]
)
def test_whole_listings(answer: Answer, names: list[str], requests: int) -> None:
    server = Server(answer)
    assert server.names() == names
    assert len(server.asked) == requests


def test_first_asks_for_the_largest_page_and_then_from_the_cursor() -> None:
    server = Server(paged(FEW, 4))
    server.names()
    assert server.asked == [{"limit": "10000"}, {"limit": "10000", "after": "file-d"}]


def test_goes_on_without_a_limit_that_was_refused() -> None:
    server = Server(refusing(400, True, paged(FEW, 4)))
    server.names()
    assert server.asked == [{"limit": "10000"}, {}, {"after": "file-d"}]


def test_a_file_made_meanwhile_on_a_server_that_ignores_after() -> None:
    answers = [items("a", "b"), *[items("new", "a", "b")] * 3]
    server = Server(lambda params: {"data": answers.pop(0)})
    assert server.names() == ["a", "b", "new"]


def failing_later(error: Exception) -> Answer:
    inner = paged(FEW, 3)

    def answer(params: dict[str, str]) -> object:
        if "after" in params:
            raise error
        return inner(params)

    return answer


def cycle(*pages: object) -> Answer:
    state = {"n": -1}

    def answer(params: dict[str, str]) -> object:
        state["n"] += 1
        return pages[state["n"] % len(pages)]

    return answer


def numbered(names: list[str], *, first: int = 0, total: bool = True, size: int = 100) -> Answer:
    """A server that pages by number, counted from `first`, and ignores `after` and `limit`."""

    def answer(params: dict[str, str]) -> object:
        start = (int(params.get("page", first)) - first) * min(
            size, int(params.get("page_size", 100))
        )
        page: dict[str, Any] = {"data": items(*names[max(start, 0) : max(start, 0) + size])}
        return page | ({"total": len(names)} if total else {})

    return answer


def tokened(
    names: list[str], *, size: int = 100, last: str = "empty", field: str = "pagination_token"
) -> Answer:
    """A server that pages by a token; it is sent with the last page, too, as xAI does.

    `last`: what that token leads to. An empty page, the last page again, an error, or no token.
    """

    def answer(params: dict[str, str]) -> object:
        start = int(params.get(field, 0))
        if start >= len(names) and names:
            if last == "error":
                raise ApiError("no such token", status=400)
            start = len(names) - len(names) % size if last == "again" else start
        size_asked = min(size, int(params.get("limit", size)))
        data = names[start : start + size_asked]
        done = start + len(data) >= len(names)
        token = None if done and last == "none" else str(start + len(data))
        return {"data": items(*data), field: token}

    return answer


def limited(names: list[str]) -> Answer:
    """A server that heeds `limit` and ignores every way to ask for another page."""
    return lambda params: {"data": items(*names[: min(100, int(params.get("limit", 100)))])}


def heeding(parameter: str, first: int) -> Answer:
    """A server that says nothing of more, and pages by one parameter alone, 100 files a page."""

    def answer(params: dict[str, str]) -> object:
        value = params.get(parameter, str(first))
        return {"data": items(*(MORE[:100] if value == str(first) else MORE[100:200]))}

    return answer


def refusing_after(names: list[str]) -> Answer:
    def answer(params: dict[str, str]) -> object:
        if params:
            raise ApiError("no parameters", status=422)
        return {"data": items(*names[:100])}

    return answer


HEEDED = [
    ("per_page", 100),
    ("pageSize", 100),
    ("offset", 0),
    ("skip", 0),
    ("pageNumber", 1),
    ("starting_after", 0),
    ("cursor", 0),
]
SIGNS: list[dict[str, object]] = [
    {"total": 3},
    {"total": "3"},
    {"total": 3.0},
    {"totalCount": 3},
    {"total_results": 3, "has_more": False},
    {"count": 3},
    {"total_pages": 2},
    {"page": {"totalElements": 3}},
    {"last_page": 2, "current_page": 1},
    {"nextPageToken": "x"},
    {"nextToken": "x"},
    {"next_url": "https://example.com/files?p=2"},
    {"@odata.nextLink": "https://example.com/files?p=2"},
    {"_links": {"next": {"href": "/files?p=2"}}},
    {"paging": {"cursors": {"before": "a", "after": "b"}}},
    {"pageInfo": {"endCursor": "b"}},
    {"response_metadata": {"next_cursor": "b"}},
    {"metadata": {"continue": "b"}},
    {"next_offset": 2},
    {"after": "b"},
    {"is_truncated": True},
    {"incomplete_results": True},
    {"hasNextPage": True},
    {"meta": {"has_more": True}},
]
HEADERS = [
    {"link": '<https://example.com/files?page=2>; rel="next", <https://example.com>; rel="last"'},
    {"X-Total-Count": "3"},
    {"x-total-pages": "2"},
    {"X-Next-Page": "2"},
    {"x-has-more": "true"},
    {"content-range": "items 0-1/3"},
]
# What a listing that is whole says as well.
NO_SIGNS: list[dict[str, object]] = [
    {"total": 2, "total_pages": 1, "page": 1, "limit": 10_000, "count": 2},
    {"next_page": None, "next": "", "cursor": {}, "links": {}, "next_offset": 0, "nextPage": -1},
    {"hasMore": False, "has_next": "false", "is_truncated": False},
    {"_links": {"self": {"href": "/files"}, "next": {"href": None}}},
    {"paging": {"cursors": {"before": "a", "after": None}}, "previous_page": 0, "prev_cursor": "a"},
    {"pageInfo": {"startCursor": "a", "hasNextPage": False}},
    {"usage": {"total": 12_345, "count": 7}, "total_bytes": 12_345},
    {"object": "list", "first_id": "file-a", "last_id": "file-b"},
]


@pytest.mark.parametrize("said", NO_SIGNS, ids=str)
@pytest.mark.parametrize("name", ["compatible", "groq", "openai"])
def test_what_a_whole_listing_says_is_no_sign_of_more(name: str, said: dict[str, object]) -> None:
    page = WithHeaders(
        {"data": items("a", "b"), "has_more": False, **said},
        {
            "link": '<https://example.com/files>; rel="first"',
            "x-total-count": "2",
            "x-total-pages": "1",
            "x-next-page": "",
            "x-has-more": "false",
            "content-range": "items 0-1/2",
            "x-ratelimit-remaining-requests": "99",
        },
    )
    server = Server(always(page))
    assert [one.id for one in listing.list_all(server, limit=9, server=SERVER_TYPES[name])] == [
        "file-a",
        "file-b",
    ]


def test_a_cursor_that_a_server_repeats_is_no_sign_of_more() -> None:
    inner = paged(FEW, 3)

    def answer(params: dict[str, str]) -> object:
        page = inner(params)
        assert isinstance(page, dict)
        return {**page, "after": params.get("after"), "total_pages": 3}

    assert Server(answer).names() == FEW


MORE = [f"n{i}" for i in range(250)]
FULL = [f"n{i}" for i in range(200)]
TYPED: list[tuple[str, str, Answer, list[str]]] = [
    ("mistral from 0", "mistral", numbered(MORE), MORE),
    ("mistral from 1", "mistral", numbered(MORE, first=1), MORE),
    ("mistral, full pages", "mistral", numbered(FULL), FULL),
    ("mistral, smaller pages than asked for", "mistral", numbered(MORE, size=7), MORE),
    ("mistral, no total", "mistral", numbered(MORE, total=False), MORE),
    ("mistral, from 1, no total", "mistral", numbered(MORE, first=1, total=False), MORE),
    ("mistral, nothing", "mistral", numbered([]), []),
    ("mistral, one page", "mistral", numbered(FEW), FEW),
    ("mistral on a server that pages as OpenAI does", "mistral", paged(MORE, 100), MORE),
    *[
        (f"xai, {len(names)} files, then {last}", "xai", tokened(names, last=last), names)
        for names in (MORE, FEW, [])
        for last in ("empty", "again", "error", "none")
    ],
    ("xai, full pages", "xai", tokened(FULL), FULL),
    ("xai, smaller pages than asked for", "xai", tokened(MORE, size=7), MORE),
    ("xai on a server that pages as OpenAI does", "xai", paged(MORE, 100), MORE),
    ("groq", "groq", always({"object": "list", "data": items(*MORE)}), MORE),
    ("litellm", "litellm", always({"data": items(*MORE), "has_more": False}), MORE),
    ("groq on a server that pages as OpenAI does", "groq", paged(MORE, 100), MORE),
    ("azure", "azure", paged(MORE, 100), MORE),
    ("deepinfra", "deepinfra", paged(MORE, 100), MORE),
    ("ogx", "ogx", paged(MORE, 100), MORE),
]


@pytest.mark.parametrize(
    ("name", "answer", "names"), [row[1:] for row in TYPED], ids=[row[0] for row in TYPED]
)
def test_each_type_is_followed_to_the_end(name: str, answer: Answer, names: list[str]) -> None:
    server = Server(answer)
    listed = listing.list_all(server, limit=10_000, server=SERVER_TYPES[name])
    assert [file.filename for file in listed] == names


UNKNOWN: list[tuple[str, str, Answer]] = [
    *[
        (f"{name} meets pages by number", name, numbered(MORE, first=first, total=total))
        for name in ("openai", "azure", "compatible", "deepinfra")
        for first in (0, 1)
        for total in (True, False)
    ],
    *[
        (f"compatible meets {field}", "compatible", tokened(MORE, field=field))
        for field in ("pagination_token", "next_page", "next_page_token", "cursor", "next_cursor")
    ],
    ("groq meets pages by token", "groq", tokened(MORE)),
    ("groq meets pages by number", "groq", numbered(MORE)),
    ("xai meets another token", "xai", tokened(MORE, field="cursor")),
    ("xai meets pages by number", "xai", numbered(MORE)),
    ("mistral meets a token", "mistral", tokened(MORE)),
    (
        "more by a token, has_more false",
        "compatible",
        always({"data": items("a"), "has_more": False, "next_page_token": "x"}),
    ),
    (
        "a total above what came, has_more false",
        "compatible",
        always({"data": items("a"), "has_more": False, "total": 2}),
    ),
    (
        "a total in an object of its own",
        "compatible",
        always({"data": items("a", "b"), "pagination": {"total": 3}}),
    ),
    (
        "a token in an object of its own",
        "compatible",
        always({"data": items("a", "b"), "meta": {"next_cursor": 7}}),
    ),
    ("heeds limit and no way to ask for more", "compatible", limited(MORE)),
    *[
        (f"heeds nothing but {parameter}", "compatible", heeding(parameter, first))
        for parameter, first in HEEDED
    ],
    *[
        (f"{name} meets {sign}", name, always({"data": items("a", "b"), **sign}))
        for name in ("compatible", "groq", "litellm", "openai")
        for sign in SIGNS
    ],
    *[
        (f"{name} meets {header}", name, always(WithHeaders({"data": items("a", "b")}, header)))
        for name in ("compatible", "groq", "openai")
        for header in HEADERS
    ],
    ("takes no parameters, and has_more is missing", "compatible", refusing_after(MORE)),
    (
        "a total above what its pages brought",
        "mistral",
        always({"data": items("a", "b"), "total": 3}),
    ),
]


@pytest.mark.parametrize(
    ("name", "answer"), [row[1:] for row in UNKNOWN], ids=[row[0] for row in UNKNOWN]
)
def test_another_way_of_paging_is_never_taken_as_whole(name: str, answer: Answer) -> None:
    with pytest.raises(ListingError, match="not whole after"):
        listing.list_all(Server(answer), limit=10_000, server=SERVER_TYPES[name])


def test_a_listing_that_changes_between_numbered_pages_is_read_again() -> None:
    names = list(MORE)
    answer = numbered(names)

    def changing(params: dict[str, str]) -> object:
        page = answer(params)
        if params.get("page") is None and len(names) == 250:
            del names[3]  # moves n100 from the second page to the first
        return page

    listed = listing.list_all(Server(changing), limit=10_000, server=SERVER_TYPES["mistral"])
    assert [file.filename for file in listed] == names


BROKEN: list[tuple[str, Answer]] = [
    ("the same page with has_more true", always({"data": items("a"), "has_more": True})),
    ("empty page with has_more true", always({"data": [], "has_more": True})),
    (
        "empty second page with has_more true",
        cycle({"data": items("a"), "has_more": True}, {"data": [], "has_more": True}),
    ),
    (
        "second page has nothing new, has_more true",
        cycle({"data": items("a", "b"), "has_more": True}, {"data": items("b"), "has_more": True}),
    ),
    (
        "a repeated cursor with new files",
        cycle(
            {"data": items("a"), "last_id": "file-a", "has_more": True},
            {"data": items("b"), "last_id": "file-a", "has_more": True},
        ),
    ),
    ("error on page 2", failing_later(ApiError("no", status=500))),
    ("400 on page 2", failing_later(ApiError("no", status=400))),
    ("connection lost on page 2", failing_later(RemoteError("broke"))),
]


@pytest.mark.parametrize("answer", [row[1] for row in BROKEN], ids=[r[0] for r in BROKEN])
def test_a_listing_that_is_not_whole_is_an_error(answer: Answer) -> None:
    with pytest.raises(ListingError, match="not whole"):
        Server(answer).names()


def test_a_400_with_and_without_limit_is_an_error() -> None:
    def answer(params: dict[str, str]) -> object:
        raise ApiError("no", status=400)

    server = Server(answer)
    with pytest.raises(ListingError, match=r"^no$"):  # nothing was listed, so no part of it lacks
        server.names()
    assert len(server.asked) == 2


@pytest.mark.parametrize("error", [AuthError("no", status=401), Interrupted("interrupted")])
def test_what_stops_everything_is_no_listing_error(error: Exception) -> None:
    with pytest.raises(type(error)):
        Server(failing_later(error)).names()


@pytest.mark.parametrize(
    "raw",
    [
        None,
        [],
        "x",
        {},
        {"data": None},
        {"data": {}},
        {"data": [1]},
        {"data": [{}]},
        {"data": [{"id": 1}]},
        {"data": [{"id": ""}]},
        {"data": [{"id": "a b"}]},
        {"data": [{"id": "a/b"}]},
        {"data": [{"id": ".."}]},
        {"data": [{"id": "é"}]},
        {"data": [{"id": "a\n"}]},
        {"data": [], "has_more": "false"},
        {"data": [], "has_more": 0},
    ],
)
def test_what_is_no_page(raw: object) -> None:
    with pytest.raises(BadAnswer):
        read_page(raw)


def test_fields_that_servers_leave_out() -> None:
    page = read_page({"data": [{"id": "a"}, {"id": "Zm9v=+", "bytes": None, "filename": None}]})
    assert page.items == [
        RemoteFile("a", "", "", None, 0, None, None),
        RemoteFile("Zm9v=+", "", "", None, 0, None, None),
    ]

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from filesync.core.model import RemoteFile
from filesync.errors import ApiError, AuthError, Interrupted, ListingError, RemoteError
from filesync.remote import listing
from filesync.remote.decode import BadAnswer, remote_file

PAGE = listing.page_of(remote_file)

Answer = Callable[[dict[str, str]], object]


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
        return PAGE(self.answer(params))

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
    ("ignores after and has_more is missing", always({"data": items(*FEW)}), FEW, 2),
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
    answers = [items("a", "b"), items("new", "a", "b"), items("new", "a", "b")]
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
        PAGE(raw)


def test_fields_that_servers_leave_out() -> None:
    page = PAGE({"data": [{"id": "a"}, {"id": "Zm9v=+", "bytes": None, "filename": None}]})
    assert page.items == [
        RemoteFile("a", "", "", None, 0, None, None),
        RemoteFile("Zm9v=+", "", "", None, 0, None, None),
    ]

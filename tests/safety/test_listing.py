"""A listing that is not whole: nothing is created or deleted on what it lacks."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

from tests.cli.fake_api import Answer, FakeApi, Request, Rule, error, serving
from tests.cli.harness import Project, end, lock_up

Listing = Callable[[FakeApi, Request], Answer | None]

NO_API = {
    "html": b"<html><body>Sign in to the hotel's network</body></html>",
    "cut": b'{"object": "list", "data": [{"id": "file-1", "filen',
    "empty": b"",
    "no list": b'{"object": "list", "has_more": false}',
    "no id": b'{"object": "list", "data": [{"filename": "a.txt"}], "has_more": false}',
    "odd has_more": b'{"object": "list", "data": [], "has_more": "no"}',
}


class Case(NamedTuple):
    """An apply under way against a server that is no API."""

    name: str
    fake: FakeApi
    project: Project
    process: subprocess.Popen[str]


@pytest.fixture(scope="module", autouse=True)
def no_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Case]]:
    """Such answers are asked for again for some seconds: the other tests run meanwhile."""
    with contextlib.ExitStack() as stack:
        cases = []
        for name, body in NO_API.items():
            fake = stack.enter_context(serving(FakeApi()))
            root = tmp_path_factory.mktemp("project")
            project = Project(root, root.parent, fake.url)
            lock_up(project, fake, "a", "gone")
            project.files("a", "new")
            fake.on("GET", "/files", Answer(200, body))
            process = project.start("apply", "-y")
            stack.callback(end, process)
            cases.append(Case(name, fake, project, process))
        yield cases


def on_listing(fake: FakeApi, listing: Listing) -> Rule:
    """A rule for GET /files alone."""

    def rule(request: Request) -> Answer | None:
        if (request.method, request.path) != ("GET", "/files"):
            return None
        return listing(fake, request)

    return rule


def page_two_fails(fake: FakeApi, request: Request) -> Answer:
    ids = sorted(fake.files)
    if "after" in request.query:
        return error(500, "internal error")
    return fake.listing(ids[:1], has_more=True)


def page_two_is_refused(fake: FakeApi, request: Request) -> Answer:
    ids = sorted(fake.files)
    if "after" in request.query:
        return error(400, "Unknown parameter: 'after'")
    return fake.listing(ids[:1], has_more=True)


def promises_more_then_nothing(fake: FakeApi, request: Request) -> Answer:
    ids = sorted(fake.files)
    if "after" in request.query:
        return fake.listing([], has_more=False)
    return fake.listing(ids[:1], has_more=True)


def promises_more_for_ever(fake: FakeApi, request: Request) -> Answer:
    return fake.listing(sorted(fake.files)[:1], has_more=True)


def goes_round_in_circles(fake: FakeApi, request: Request) -> Answer:
    ids = sorted(fake.files)
    turn = 1 if request.query.get("after") == ids[0] else 0
    return fake.listing([ids[turn]], has_more=True)


def has_one_cursor_for_all_pages(fake: FakeApi, request: Request) -> Answer:
    ids = sorted(fake.files)
    page = fake.count("GET", "/files") - 1
    return fake.listing(ids[page : page + 1], last_id="file-same", has_more=True)


def promises_more_on_an_empty_page(fake: FakeApi, request: Request) -> Answer:
    return fake.listing([], has_more=True)


def leaves_one_out(fake: FakeApi, request: Request) -> Answer:
    return fake.listing(sorted(fake.files)[1:], has_more=False)


def leaves_all_out(fake: FakeApi, request: Request) -> Answer:
    return fake.listing([], has_more=False)


def unauthorized(fake: FakeApi, request: Request) -> Answer:
    return error(401, "Incorrect API key provided")


def forbidden(fake: FakeApi, request: Request) -> Answer:
    return error(403, "Your key may not list files")


def not_found(fake: FakeApi, request: Request) -> Answer:
    return error(404, "Invalid URL (GET /v1/files)")


def always_500(fake: FakeApi, request: Request) -> Answer:
    return error(500, "internal error")


def always_429(fake: FakeApi, request: Request) -> Answer:
    return error(429, "You exceeded your current quota", x_should_retry="false")


HOSTILE = [
    page_two_fails,
    page_two_is_refused,
    promises_more_then_nothing,
    promises_more_for_ever,
    goes_round_in_circles,
    has_one_cursor_for_all_pages,
    promises_more_on_an_empty_page,
    leaves_one_out,
    leaves_all_out,
    unauthorized,
    forbidden,
    not_found,
    always_500,
    always_429,
]


@pytest.mark.parametrize("listing", HOSTILE, ids=lambda one: one.__name__)
def test_a_listing_that_is_not_whole_stops_everything(
    on_fake: Project, fake: FakeApi, listing: Listing
) -> None:
    """There is a file to delete, one to replace and one to create: none of it happens."""
    lock_up(on_fake, fake, "a", "b", "gone")
    on_fake.write("b.txt", "edited\n")
    on_fake.files("a", "b", "new")
    before = dict(fake.files)
    fake.rule(on_listing(fake, listing))
    err = on_fake.refused("apply", "-y", "--accept-missing", "--allow-duplicates")
    assert "listing" in err or "list" in err or "HTTP 40" in err
    assert fake.writes == []
    assert fake.files == before


@pytest.mark.parametrize(
    "answer",
    [
        error(500, "internal error"),
        error(401, "no"),
        Answer(404, b"<html><body>nothing here</body></html>"),
        Answer(302, b"", {"location": "https://elsewhere.invalid/"}),
    ],
    ids=["500", "401", "404 of a web page", "redirect"],
)
def test_missing_must_be_confirmed(on_fake: Project, fake: FakeApi, answer: Answer) -> None:
    """A file the listing lacks is gone only if the API itself says so."""
    ids = lock_up(on_fake, fake, "a", "b", "gone")
    del fake.files[ids["b"]]
    fake.on("GET", f"/files/{ids['b']}", answer)
    on_fake.files("a", "b", "new")
    on_fake.refused("apply", "-y")
    assert fake.writes == []


def test_a_young_file_may_not_be_listed_yet(on_fake: Project, fake: FakeApi) -> None:
    on_fake.files("a", "b")
    on_fake.apply()
    young = on_fake.id("b")

    def without_young(fake: FakeApi, request: Request) -> Answer:
        return fake.listing([one for one in sorted(fake.files) if one != young], has_more=False)

    fake.rule(on_listing(fake, without_young))
    assert on_fake.plan().code == 0
    on_fake.apply()
    assert fake.count("POST") == 2


def test_a_deleted_file_that_is_still_listed_does_no_harm(on_fake: Project, fake: FakeApi) -> None:
    ids = lock_up(on_fake, fake, "a", "b")
    ghost = dict(fake.files[ids["b"]])
    on_fake.files("a")
    on_fake.apply()

    def with_ghost(fake: FakeApi, request: Request) -> Answer:
        data = [*fake.files.values(), ghost]
        return Answer(200, {"object": "list", "data": data, "has_more": False})

    fake.rule(on_listing(fake, with_ghost))
    assert on_fake.plan().code == 0


# Servers that page in their own way, and whose listing is whole all the same.


def no_has_more(fake: FakeApi, request: Request) -> Answer:
    ids = sorted(fake.files)
    start = ids.index(request.query["after"]) + 1 if "after" in request.query else 0
    data = [fake.files[one] for one in ids[start : start + 2]]
    return Answer(200, {"object": "list", "data": data})


def sends_everything_always(fake: FakeApi, request: Request) -> Answer:
    return fake.listing(sorted(fake.files), has_more=False)


def sends_everything_always_without_has_more(fake: FakeApi, request: Request) -> Answer:
    return Answer(200, {"data": list(fake.files.values())})


def capped_at_100(fake: FakeApi, request: Request) -> Answer | None:
    if int(request.query.get("limit", "20")) > 100:
        return error(400, "Invalid 'limit': integer above maximum value")
    if "limit" not in request.query:
        return fake.answer(request._replace(query={**request.query, "limit": "20"}))
    return None


def two_a_page_whatever_the_limit(fake: FakeApi, request: Request) -> Answer | None:
    if request.query.get("limit") == "2":
        return None
    return fake.answer(request._replace(query={**request.query, "limit": "2"}))


def takes_no_parameters(fake: FakeApi, request: Request) -> Answer:
    if request.query:
        return error(400, "Unknown parameter")
    return fake.listing(sorted(fake.files), has_more=False)


def tells_little(fake: FakeApi, request: Request) -> Answer:
    data = [
        {"id": file["id"], "filename": file["filename"], "bytes": None, "status": "running"}
        for file in fake.files.values()
    ]
    return Answer(200, {"data": data})


ODD = [
    no_has_more,
    sends_everything_always,
    sends_everything_always_without_has_more,
    capped_at_100,
    two_a_page_whatever_the_limit,
    takes_no_parameters,
    tells_little,
]


@pytest.mark.parametrize("listing", ODD, ids=lambda one: one.__name__)
def test_odd_paging_is_read_whole(on_fake: Project, fake: FakeApi, listing: Listing) -> None:
    names = [f"f{number:02}" for number in range(25)]
    lock_up(on_fake, fake, *names)
    on_fake.files(*names)
    fake.rule(on_listing(fake, listing))
    plan = on_fake.plan()
    assert plan.json["changes"] == []
    assert plan.json["summary"]["noop"] == 25
    assert fake.count("GET", "/files/.+") == 0, "a file was not in the listing as it was read"


def test_a_server_without_uploads_routes_takes_a_large_file_whole(
    on_fake: Project, fake: FakeApi
) -> None:
    with on_fake.write("big.bin", b"").open("r+b") as file:
        file.truncate(150_000_000)  # sparse, and above the size where parts begin to pay

    def no_uploads(request: Request) -> Answer | None:
        return error(404, "Invalid URL") if request.path.startswith("/uploads") else None

    fake.rule(no_uploads)
    on_fake.manifest("files: {big: {path: big.bin}}")
    on_fake.apply()
    (file_id,) = fake.files
    assert fake.files[file_id]["bytes"] == 150_000_000


def test_answers_that_are_no_api_stop_everything(no_api: list[Case]) -> None:
    for name, fake, project, process in no_api:
        before = project.lock_path.read_bytes()
        ran = project.finish(process, code=1)
        assert "list" in ran.err, name
        assert fake.writes == [], name
        assert project.lock_path.read_bytes() == before

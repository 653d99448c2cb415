"""Listings that lie: nothing is deleted or made twice on what they lack."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.crash.hub import Fault, Listing, Seen
from tests.crash.project import Scene

Page = Callable[[Listing, dict[str, str]], Listing]


def error_on_page_two(page: Listing, query: dict[str, str]) -> Listing:
    if "after" in query:
        return page._replace(status=400)
    return Listing(page.rows[:3], True)


def server_error_on_page_two(page: Listing, query: dict[str, str]) -> Listing:
    return page._replace(status=500) if "after" in query else Listing(page.rows[:3], True)


def same_page_for_ever(page: Listing, _query: dict[str, str]) -> Listing:
    return Listing(page.rows[:3], True)


def promises_and_ends(page: Listing, query: dict[str, str]) -> Listing:
    return Listing([], True) if "after" in query else Listing(page.rows[:3], True)


def nothing_but_more(_page: Listing, _query: dict[str, str]) -> Listing:
    return Listing([], True)


def cut(page: Listing, _query: dict[str, str]) -> Listing:
    return Listing(page.rows[:3], False)


def empty(_page: Listing, _query: dict[str, str]) -> Listing:
    return Listing([], False)


def html(_page: Listing, _query: dict[str, str]) -> Listing:
    return Listing([], False, status=418)


def build(scene: Scene, fingerprint: bool) -> None:
    for n in range(8):
        scene.declare(f"f-{n}", f"{n}.txt", f"content {n}".encode(), fingerprint=fingerprint)
    scene.save()
    scene.upload_foreign("foreign.txt", b"foreign")
    scene.apply_well()
    # Old enough that a listing which lacks a file cannot only be behind.
    scene.tenant.advance(3 * 3600)


def edit(scene: Scene) -> None:
    scene.write("0.txt", b"edited")
    del scene.entries["f-1"]
    scene.declare("new", "new.txt", b"new", fingerprint=bool(scene.entries["f-0"]["fingerprint"]))
    scene.save()


@pytest.mark.parametrize("fingerprint", [False, True])
@pytest.mark.parametrize(
    "page",
    [
        error_on_page_two,
        server_error_on_page_two,
        same_page_for_ever,
        promises_and_ends,
        nothing_but_more,
        cut,
        empty,
        html,
    ],
)
def test_a_listing_that_is_not_whole(scene: Scene, page: Page, fingerprint: bool) -> None:
    build(scene, fingerprint)
    edit(scene)
    lock, files = scene.lock_path.read_bytes(), scene.tenant.files()
    scene.tenant.page = page
    for options in ((), ("--max-delete", "100", "--accept-missing", "--allow-duplicates")):
        ran = scene.apply(*options)
        assert ran.exit == 1
        assert ran.err.count("error: ") == 1
        assert "list" in ran.err
        assert scene.lock_path.read_bytes() == lock
        assert scene.tenant.files() == files
    assert scene.job(["plan"]).exit == 1
    scene.tenant.page = lambda whole, _query: whole
    assert scene.job(["apply", "-y"], ["plan", "--detailed-exitcode"]).codes == [0, 0]
    assert scene.wrongs() == []


@pytest.mark.parametrize("fingerprint", [False, True])
@pytest.mark.parametrize("fault", [Fault("cut"), Fault("cut", early=True), Fault("html")])
def test_a_listing_that_never_comes_whole(scene: Scene, fault: Fault, fingerprint: bool) -> None:
    build(scene, fingerprint)
    edit(scene)
    lock, files = scene.lock_path.read_bytes(), scene.tenant.files()
    scene.tenant.plan = lambda seen: fault if seen.is_listing else None
    ran = scene.apply()
    assert ran.exit == 1
    assert "list" in ran.err
    assert (scene.lock_path.read_bytes(), scene.tenant.files()) == (lock, files)


@pytest.mark.parametrize("fingerprint", [False, True])
def test_no_has_more_at_all(scene: Scene, fingerprint: bool) -> None:
    """Some servers never say; then the listing ends with a page that brings nothing new."""
    build(scene, fingerprint)
    edit(scene)
    pages = 0

    def threes(page: Listing, query: dict[str, str]) -> Listing:
        nonlocal pages
        pages += 1
        return Listing(page.rows[:3], None)

    scene.tenant.page = threes
    assert scene.job(["apply", "-y"], ["plan", "--detailed-exitcode"]).codes == [0, 0]
    assert pages >= 6
    assert scene.wrongs() == []


@pytest.mark.parametrize("fingerprint", [False, True])
def test_a_young_file_that_is_not_listed_is_asked_for(scene: Scene, fingerprint: bool) -> None:
    """Right after an apply an empty listing is only behind: nothing is made again."""
    for n in range(4):
        scene.declare(f"f-{n}", f"{n}.txt", f"content {n}".encode(), fingerprint=fingerprint)
    scene.save()
    scene.apply_well()
    scene.tenant.page = empty
    assert scene.job(["apply", "-y"], ["plan", "--detailed-exitcode"]).codes == [0, 0]
    assert scene.wrongs() == []


@pytest.mark.parametrize("fingerprint", [False, True])
def test_a_listing_that_lags_behind_applies(scene: Scene, fingerprint: bool) -> None:
    """New files are listed late and deleted ones still listed: each apply leaves what it should."""
    scene.tenant.lag, scene.tenant.ghosts = 60, 60
    scene.patch["lag"] = 90
    for n in range(4):
        scene.declare(f"f-{n}", f"{n}.txt", f"content {n}".encode(), fingerprint=fingerprint)
    scene.save()
    twice = ["apply", "-y"], ["plan", "--detailed-exitcode"]
    assert scene.job(*twice).codes == [0, 0]
    scene.write("0.txt", b"edited")
    del scene.entries["f-1"]
    scene.save()
    assert scene.job(*twice).codes == [0, 0]
    assert scene.job(*twice).codes == [0, 0]
    assert scene.wrongs() == []
    scene.write("0.txt", b"content 0")  # what a ghost still seems to hold
    scene.declare("f-1", "1.txt", fingerprint=fingerprint)
    scene.save()
    assert scene.job(*twice).codes == [0, 0]
    assert scene.wrongs() == []
    scene.tenant.advance(120)
    assert scene.job(*twice).codes == [0, 0]
    assert scene.wrongs() == []


@pytest.mark.parametrize("fingerprint", [False, True])
def test_lost_answers_while_the_listing_lags(scene: Scene, fingerprint: bool) -> None:
    """Waited out before anything is sent again: no duplicate."""
    scene.tenant.lag = 1.5
    scene.patch["lag"] = 4
    for n in range(6):
        scene.declare(f"f-{n}", f"{n}.txt", f"content {n}".encode(), fingerprint=fingerprint)
    scene.save()
    lost: set[str] = set()

    def plan(seen: Seen) -> Fault | None:
        if seen.is_create and len(lost) < 3:
            lost.add(str(seen.number))
            return Fault("reset", processed=True)
        return None

    scene.tenant.plan = plan
    assert scene.job(["apply", "-y"], ["plan", "--detailed-exitcode"]).codes == [0, 0]
    assert scene.wrongs() == []
    assert sum(seen.is_create for seen in scene.tenant.log) == 6

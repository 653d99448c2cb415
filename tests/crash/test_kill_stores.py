"""Kill -9 while vector stores are made and filled: at each request, each save and each note.

After each kill the next apply converges: no second store, no document twice, none lost, and no
moment at which a document that stays was not to be found.
"""

from __future__ import annotations

import json
import random
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.crash.project import Scene, Template, freeze, noise
from tests.crash.steps import Tally, points

SEED = 20261125
Build = Callable[[Scene], None]


def declare_stores(scene: Scene, **stores: dict[str, Any]) -> None:
    scene.head["vector_stores"] = stores


def text(key: str, version: int) -> bytes:
    return f"{key} of version {version}: {noise((key, version), 20).hex()}".encode()


def nothing(scene: Scene) -> None:
    pass


def new_stores(scene: Scene) -> None:
    """Two stores that share documents, made and filled at once."""
    for n in range(4):
        scene.declare(f"doc-{n}", f"d/{n}.md", text(f"doc-{n}", 1), purpose="assistants")
    scene.declare("print", "p.md", text("print", 1), purpose="assistants", fingerprint=True)
    declare_stores(
        scene,
        all={"files": ["*"], "attributes": {"source": "{path}"}, "metadata": {"team": "x"}},
        some={"files": ["doc-1", "doc-2"]},
    )
    scene.save()


def filled(scene: Scene) -> None:
    new_stores(scene)
    scene.declare("away", "away.md", text("away", 1), purpose="assistants")
    declare_stores(scene, **scene.head["vector_stores"], old={"files": ["doc-0"]})
    scene.save()
    scene.apply_well()


def edited(scene: Scene) -> None:
    """Swaps in one store and in two, an update, a new one, one that leaves, a store that goes."""
    scene.write("d/0.md", text("doc-0", 2))
    scene.write("d/1.md", text("doc-1", 2))
    scene.write("p.md", text("print", 2))
    scene.entries["doc-3"]["attributes"] = {"audience": "all"}
    scene.declare("new", "new.md", text("new", 1), purpose="assistants")
    del scene.entries["away"]
    before = scene.head["vector_stores"]
    declare_stores(
        scene,
        all={**before["all"], "name": "Everything"},
        some=before["some"],
        more={"files": ["doc-2", "new"]},
    )
    scene.save()


def expected_members(scene: Scene) -> dict[str, set[str]]:
    keys = set(scene.entries)
    return {
        key: {one for one in keys if "*" in store["files"] or one in store["files"]}
        for key, store in scene.head["vector_stores"].items()
    }


def stores_of(scene: Scene) -> dict[str, dict[str, Any]]:
    """The stores that the platform has, with the members of each, by id."""
    with scene.tenant.app.state.store.reading() as db:
        rows = db.execute("SELECT kind, parent, id, body FROM records").fetchall()
    found = {
        item: {**json.loads(body), "members": {}}
        for kind, _, item, body in rows
        if kind == "vector_store"
    }
    for kind, parent, item, body in rows:
        if kind == "vector_store.file":
            found[parent]["members"][item] = json.loads(body)
    return found


def store_wrongs(scene: Scene) -> list[str]:
    """Return everything about the stores that is not as declared."""
    wrong = []
    lock, there = scene.lock(), stores_of(scene)
    expected = expected_members(scene)
    if set(lock.stores) != set(expected):
        wrong.append(f"locked stores {sorted(lock.stores)} != {sorted(expected)}")
    if len(there) != len(expected):
        marks = [store["metadata"].get("filesync") for store in there.values()]
        wrong.append(f"{len(there)} stores, expected {len(expected)}: {marks}")
    for key, members in expected.items():
        held = lock.stores.get(key)
        if held is None or held.id not in there:
            wrong.append(f"{key}: no store")
            continue
        if set(held.files) != members:
            wrong.append(f"{key}: locked members {sorted(held.files)} != {sorted(members)}")
        ids = {lock.files[one].id for one in members}
        live = there[held.id]["members"]
        if set(live) != ids:
            wrong.append(f"{key}: members {sorted(live)} != {sorted(ids)}")
        wrong += [
            f"{key}: {one['id']} is {one['status']}"
            for one in live.values()
            if one["status"] != "completed"
        ]
        for name in members:
            mine = held.files.get(name)
            if mine is None or mine.id != lock.files[name].id:
                wrong.append(f"{key}: {name} is locked with another file")
            elif live.get(mine.id, {}).get("attributes") != dict(mine.attributes):
                wrong.append(f"{key}: {name} has other attributes")
    if left := [one for one in scene.journals() if one.name.endswith(".stores.journal")]:
        wrong.append(f"left {left[0].read_text()!r}")
    return wrong


def check_kill(
    template: Template, edit: Build, name: str, kill: dict[str, Any], tally: Tally
) -> None:
    with template.copy(name) as scene:
        edit(scene)
        ran = scene.apply(**kill)
        where = f"{name}: {kill}"
        if ran.signal == signal.SIGKILL:
            tally.count["killed"] += 1
        else:
            tally.count["ended before"] += 1
        scene.tenant.settle()
        again = scene.job(["apply", "-y"], ["plan", "--detailed-exitcode"])
        if again.codes != [0, 0]:
            tally.count["second apply needed"] += 1
            again = scene.job(["apply", "-y"], ["plan", "--detailed-exitcode"])
        if again.codes != [0, 0]:
            tally.wrong.append(f"{where}: {again.codes} {again.out} {again.err}")
            return
        tally.wrong += [f"{where}: {one}" for one in scene.wrongs() + store_wrongs(scene)]


def campaign(
    scene: Scene,
    tmp_path: Path,
    build: Build,
    edit: Build,
    kills: Callable[[dict[str, int], float], Iterator[dict[str, Any]]],
) -> Tally:
    build(scene)
    template = freeze(scene, tmp_path)
    with template.copy("whole") as whole:
        edit(whole)
        ran = whole.apply_well()
        assert whole.wrongs() + store_wrongs(whole) == []
    tally = Tally()
    with ThreadPoolExecutor(scene.runners.count) as pool:
        work = [
            pool.submit(check_kill, template, edit, str(n), kill, tally)
            for n, kill in enumerate(kills(ran.counts, ran.seconds))
        ]
        for one in work:
            one.result()
    print(f"\n{build.__name__}/{edit.__name__}: {tally}")
    return tally


CAMPAIGNS: dict[str, tuple[Build, Build]] = {
    "new": (nothing, new_stores),
    "edited": (filled, edited),
}


@pytest.mark.parametrize("name", list(CAMPAIGNS))
def test_killed_at_every_request(name: str, scene: Scene, tmp_path: Path) -> None:
    """The answer is there, and nobody has noted it: the moments that matter most."""

    def kills(counts: dict[str, int], _seconds: float) -> Iterator[dict[str, Any]]:
        for kill in points(counts, ("request",)):
            if kill["kill"]["when"] == "after":
                yield kill

    assert campaign(scene, tmp_path, *CAMPAIGNS[name], kills).wrong == []


@pytest.mark.parametrize("name", list(CAMPAIGNS))
def test_killed_at_every_note_and_save(name: str, scene: Scene, tmp_path: Path) -> None:
    def kills(counts: dict[str, int], _seconds: float) -> Iterator[dict[str, Any]]:
        return points(counts, ("store-journal", "save"))

    assert campaign(scene, tmp_path, *CAMPAIGNS[name], kills).wrong == []


@pytest.mark.parametrize("name", list(CAMPAIGNS))
def test_killed_at_random_times(name: str, scene: Scene, tmp_path: Path) -> None:
    rng = random.Random(f"{SEED}-{name}")

    def kills(_counts: dict[str, int], seconds: float) -> Iterator[dict[str, Any]]:
        for _ in range(20):
            yield {"kill_after": rng.uniform(0.01, seconds)}

    assert campaign(scene, tmp_path, *CAMPAIGNS[name], kills).wrong == [], f"{SEED}-{name}"

"""A file that a job, a batch or a vector store uses is not deleted until it no longer does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.crash.hub import Fault, Seen
from tests.crash.project import Scene

# What a job can use: on any other file it fails at once, and holds nothing.
CONTENT = {
    "fine-tune": b'{"messages": [{"role": "assistant", "content": "yes"}]}\n' * 10,
    "batch": b'{"custom_id": "1", "method": "POST", "url": "/v1/responses",'
    b' "body": {"model": "m"}}',
    "assistants": b"first",
}
ROUTES = ("/v1/fine_tuning/jobs", "/v1/batches", "/v1/vector_stores")
# By purpose: who can use such a file, how it is told of it, how it lets go.
KINDS = ("fine-tune", "batch", "assistants")


def post(scene: Scene, path: str, document: dict[str, Any]) -> dict[str, Any]:
    answer = httpx.post(
        scene.hub.url + path,
        json=document,
        headers={"authorization": f"Bearer {scene.key}"},
        trust_env=False,
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def use(scene: Scene, kind: str, file_id: str) -> tuple[str, Callable[[], object]]:
    """Make something that uses the file; its id, and what ends the use."""
    if kind == "fine-tune":
        job = post(scene, "/fine_tuning/jobs", {"model": "m", "training_file": file_id})["id"]
        return job, lambda: post(scene, f"/fine_tuning/jobs/{job}/cancel", {})
    if kind == "batch":
        batch = post(
            scene,
            "/batches",
            {"completion_window": "24h", "endpoint": "/v1/responses", "input_file_id": file_id},
        )["id"]
        return batch, lambda: post(scene, f"/batches/{batch}/cancel", {})
    store = post(scene, "/vector_stores", {"file_ids": [file_id]})["id"]
    url = f"{scene.hub.url}/vector_stores/{store}/files/{file_id}"
    return store, lambda: httpx.delete(
        url, headers={"authorization": f"Bearer {scene.key}"}, trust_env=False
    )


def build(scene: Scene, kind: str, **policy: Any) -> str:
    scene.declare("one", "one.jsonl", CONTENT[kind], purpose=kind, **policy)
    scene.declare("other", "other.jsonl", b"other", purpose=kind)
    scene.save()
    scene.apply_well()
    return scene.lock().id("one")


def remove_or_replace(scene: Scene, change: str) -> None:
    if change == "removed":
        del scene.entries["one"]
    else:
        scene.write("one.jsonl", b"second" * 100)
    scene.save()


@pytest.mark.parametrize("change", ["removed", "replaced"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_used_file_waits(scene: Scene, kind: str, change: str) -> None:
    old = build(scene, kind)
    user, let_go = use(scene, kind, old)
    remove_or_replace(scene, change)
    texts = set()
    for _ in range(2):
        ran = scene.apply_well()
        assert user in ran.err, ran.err
        assert old in scene.tenant.files()
        assert old in scene.lock().retired
        texts.add(scene.lock_path.read_bytes())
        scene.tenant.advance(60)
    assert len(texts) == 1, "the lockfile churns"
    assert scene.wrongs(retired=1) == []
    let_go()
    scene.apply_well()
    assert old not in scene.tenant.files()
    assert scene.job(["plan", "--detailed-exitcode"]).exit == 0
    assert scene.wrongs() == []


@pytest.mark.parametrize("change", ["removed", "replaced"])
@pytest.mark.parametrize("kind", KINDS)
def test_in_use_delete_overrides(scene: Scene, kind: str, change: str) -> None:
    """For an entry that is gone it is the defaults' word that counts."""
    scene.head["defaults"] = {"in_use": "delete"}
    old = build(scene, kind)
    use(scene, kind, old)
    remove_or_replace(scene, change)
    scene.apply_well()
    assert old not in scene.tenant.files()
    assert scene.wrongs() == []


@pytest.mark.parametrize("change", ["removed", "replaced"])
def test_an_entry_below_a_globs_key_has_its_own_word(scene: Scene, change: str) -> None:
    scene.head["defaults"] = {"in_use": "delete"}
    scene.write("docs/a.jsonl", b"a")
    build(scene, "assistants")
    del scene.entries["one"]
    scene.entries["docs"] = {"glob": "docs/*.jsonl"}
    special = {"purpose": "assistants", "in_use": "keep"}
    if change == "replaced":
        scene.declare("docs/one", "one.jsonl", b"first", **special)
    else:
        scene.entries["docs/one"] = {"glob": "of/*.jsonl", "allow_empty": True, **special}
        scene.write("of/it.jsonl", b"of it")
    scene.save()
    scene.apply_well()
    (key,) = (key for key in scene.lock().files if key.startswith("docs/one"))
    old = scene.lock().id(key)
    store, _ = use(scene, "assistants", old)
    if change == "replaced":
        scene.write("one.jsonl", b"second" * 100)
    else:
        (scene.root / "of/it.jsonl").unlink()
    ran = scene.apply_well()
    assert store in ran.err
    assert old in scene.tenant.files()


def test_a_globs_file_below_another_entrys_key_has_its_own_word(scene: Scene) -> None:
    """The key `docs/sub/a.txt` is of the glob `docs`, whatever is declared as `docs/sub`."""
    scene.write("docs/sub/a.txt", b"first")
    scene.entries["docs"] = {"glob": "docs/**/*.txt", "purpose": "assistants"}
    scene.entries["docs/sub"] = {"glob": "of/*.txt", "allow_empty": True, "in_use": "delete"}
    scene.save()
    scene.apply_well()
    old = scene.lock().id("docs/sub/a.txt")
    use(scene, "assistants", old)
    scene.write("docs/sub/a.txt", b"second")
    for _ in range(2):
        scene.apply_well()
        assert old in scene.tenant.files()


@pytest.mark.parametrize(
    "body",
    [
        b'{"error":{"message":"Invalid URL","type":"x","param":null,"code":null}}',
        b"<html>Cannot GET that</html>",  # as web frameworks say it
    ],
)
@pytest.mark.parametrize("change", ["removed", "replaced"])
def test_a_server_without_these_routes(scene: Scene, change: str, body: bytes) -> None:
    old = build(scene, "fine-tune")
    use(scene, "fine-tune", old)
    remove_or_replace(scene, change)
    scene.tenant.plan = lambda seen: (
        Fault("status", status=404, body=body) if seen.path in ROUTES else None
    )
    ran = scene.apply_well()
    assert ran.err.count("warning: ") == 1, ran.err
    assert old not in scene.tenant.files()
    assert scene.wrongs() == []


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", status=500),
        Fault("status", status=400),
        Fault("reset"),
        Fault("cut"),
        Fault("html"),
    ],
)
@pytest.mark.parametrize("route", ROUTES)
def test_a_look_up_that_fails_keeps_the_file(scene: Scene, route: str, fault: Fault) -> None:
    old = build(scene, "fine-tune")
    remove_or_replace(scene, "removed")
    scene.tenant.plan = lambda seen: fault if seen.path == route else None
    ran = scene.apply()
    assert old in scene.tenant.files()
    assert old in scene.lock().retired
    assert "warning: " in ran.err
    scene.tenant.plan = lambda _seen: None
    scene.apply_well()
    assert scene.wrongs() == []


def test_the_second_page_counts(scene: Scene) -> None:
    """The job that uses the file is the oldest of many."""
    old = build(scene, "fine-tune")
    other = scene.lock().id("other")
    job, _ = use(scene, "fine-tune", old)
    for _ in range(105):
        use(scene, "fine-tune", other)
    remove_or_replace(scene, "removed")
    ran = scene.apply_well()
    assert job in ran.err
    assert old in scene.tenant.files()


def test_a_used_file_survives_a_kill_and_a_lost_answer(scene: Scene) -> None:
    """Recovered after a crash, the superseded file is still looked up before it goes."""
    old = build(scene, "batch")
    batch, let_go = use(scene, "batch", old)
    remove_or_replace(scene, "replaced")
    ran = scene.apply(kill={"at": "request", "n": 2, "when": "after"})
    assert ran.signal
    scene.tenant.settle()
    ran = scene.apply_well()
    assert batch in ran.err
    assert old in scene.tenant.files()
    let_go()
    scene.apply_well()
    assert scene.wrongs() == []


def test_nothing_is_looked_up_without_a_delete(scene: Scene) -> None:
    build(scene, "fine-tune")
    seen: list[Seen] = [one for one in scene.tenant.log if one.path in ROUTES]
    assert seen == []

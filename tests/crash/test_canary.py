"""The key is in nothing written or printed, however things go wrong.

Every scene of these tests has a canary for a key, and every run and folder is searched for it;
here are the runs that are most likely to let it out.
"""

from __future__ import annotations

import json

import pytest

from tests.crash.hub import Fault
from tests.crash.project import CANARY, SMALL_PARTS, Scene, noise


def echoes(key: str) -> list[Fault]:
    """Servers that say the key back, in every place there is."""
    error = {"message": f"Incorrect API key provided: {key}", "type": key, "code": key}
    told = json.dumps({"error": {**error, "param": key}}).encode()
    page = f"<html><title>{key}</title>Authorization: Bearer {key}</html>".encode()
    headers = (
        ("x-request-id", key),
        ("retry-after", key),
        ("location", f"https://{key}.net/{key}"),
    )
    return [
        *(
            Fault("status", status=status, body=body, headers=headers)
            for status in (302, 400, 401, 404, 429, 503)
            for body in (told, page)
        ),
        Fault("status", status=403, body=key.encode(), headers=headers),
        Fault("status", status=500, body=json.dumps({"detail": key}).encode(), headers=headers),
        Fault("html", body=page),
        Fault("html", body=json.dumps({"object": key, "deleted": key}).encode()),
        Fault("html", body=json.dumps({"object": "list", "data": key}).encode()),
        Fault("html", body=json.dumps(key).encode()),
        Fault("reset"),
        Fault("cut"),
    ]


def search(scene: Scene) -> None:
    # What is printed is searched by `Scene.job` after every run.
    assert scene.key_written() == []


@pytest.mark.parametrize("where", ["listing", "create", "delete", "part", "look-up", "any"])
def test_the_key_is_nowhere(scene: Scene, where: str) -> None:
    assert CANARY in scene.key
    scene.patch |= {"parts": SMALL_PARTS, "attempts": 2, "patient_attempts": 2, "lag": -1}
    scene.declare("big", "big.bin", noise("big", 1_100_000))
    scene.declare("one", "one.txt", b"one")
    scene.declare("old", "old.txt", b"old", fingerprint=True)
    scene.save()
    scene.apply_well("--verbose")
    for n, fault in enumerate(echoes(scene.key)):
        scene.write("big.bin", noise(("big", n), 1_100_000))
        scene.write("one.txt", f"one {n}".encode())
        scene.save()
        chosen = fault
        scene.tenant.plan = lambda seen: (
            chosen  # noqa: B023 - called before the next turn
            if {
                "listing": seen.is_listing,
                "create": seen.is_create,
                "part": seen.is_part,
                "delete": seen.method == "DELETE",
                "look-up": seen.path == "/v1/batches",
                "any": seen.path != "/v1/files" or seen.number % 2 == 0,
            }[where]
            else None
        )
        if n % 2:
            scene.apply("--verbose", "--json")
        else:
            scene.apply()
        search(scene)
    scene.tenant.plan = lambda _seen: None


def test_the_key_is_not_in_a_killed_run(scene: Scene) -> None:
    scene.patch["parts"] = SMALL_PARTS
    scene.declare("big", "big.bin", noise("big", 1_100_000))
    scene.declare("one", "one.txt", b"one")
    scene.save()
    for n in range(1, 12):
        scene.apply("--verbose", kill={"at": "journal", "n": n, "when": "after"})
        search(scene)


@pytest.mark.parametrize("command", ["ls", "show", "download", "status", "verify", "plan"])
def test_other_commands_do_not_tell_it(scene: Scene, command: str) -> None:
    scene.declare("one", "one.jsonl", b"{}", purpose="batch")
    scene.save()
    scene.apply_well()
    arguments = [command, "--verbose"]
    if command in ("show", "download"):
        arguments.append(scene.lock().id("one"))
    scene.patch |= {"attempts": 2, "patient_attempts": 2}
    for fault in echoes(scene.key)[::3]:
        if fault.kind == "html" and command in ("show", "download"):
            continue  # these print an answer as it is
        scene.tenant.plan = lambda _seen: fault  # noqa: B023 - called before the next turn
        scene.job(arguments)
        search(scene)
    scene.tenant.plan = lambda _seen: None


def test_an_id_that_is_the_key(scene: Scene) -> None:
    scene.declare("one", "one.txt", b"one")
    scene.save()
    answer = json.dumps({"id": scene.key, "bytes": 3, "filename": "one.txt"}).encode()
    scene.tenant.plan = lambda seen: Fault("html", body=answer) if seen.is_create else None
    scene.apply()
    search(scene)
    scene.tenant.plan = lambda _seen: None

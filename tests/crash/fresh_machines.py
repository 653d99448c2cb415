"""Runners that live for one run: each next one has only the repository and the bucket.

A round commits a lockfile, changes the files, and kills some applies in a row, each in a folder of
its own that is thrown away with its lockfile, journal and caches. Then one apply ends well. What
must be true: the platform has the declared files, each once, and nothing else.

`python -m tests.crash.fresh_machines 200` runs until so many were killed; a number after it is the
seed. Files have no fingerprints, so only the journal in the bucket says what became of them.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filesync.emulator.server import embedded
from tests.cli.harness import Clock, Platform
from tests.crash.project import QUICK, SMALL_PARTS, Ran, Runners
from tests.measured import MEASURED
from tests.storage.fake_s3 import FakeS3, serving

TTL_AND_MORE = 70.0
KEY = "sk-CANARY"


class Fleet:
    """A repository, a bucket, a platform, and a new machine for each run."""

    def __init__(self, base: Path, runners: Runners, s3: FakeS3, platform: Platform) -> None:
        self.base = base
        self.repo = base / "repo"
        self.repo.mkdir(parents=True)
        self.runners = runners
        self.s3 = s3
        self.platform = platform
        self.content: dict[str, bytes] = {}
        self.machines = 0

    def commit(self, **content: bytes | None) -> None:
        """Change the declared files; None removes one."""
        for name, data in content.items():
            if data is None:
                del self.content[name]
            else:
                self.content[name] = data
                (self.repo / f"{name}.bin").write_bytes(data)
        files = {
            name: {"path": f"{name}.bin", "purpose": "user_data", "validate": False}
            for name in self.content
        }
        manifest = {
            "version": 1,
            "project": "fleet",
            "remote": {"base_url": self.platform.url, "requests_per_minute": 60_000_000},
            "state": "s3://bucket/state",
            "limits": {"max_delete": "100%"},
            "files": files,
        }
        (self.repo / "filesync.yaml").write_text(json.dumps(manifest))

    def apply(self, push: bool = False, **job: Any) -> Ran:
        """Apply on a new machine, and throw it away; with `push` its lockfile is committed."""
        self.machines += 1
        machine = self.base / f"machine-{self.machines}"
        shutil.copytree(self.repo, machine)
        self.s3.ahead += TTL_AND_MORE  # time passes until somebody looks again
        env = {"HOME": str(self.base), "LANG": "C.UTF-8", "OPENAI_API_KEY": KEY, **MEASURED}
        ran = self.runners.run(
            {
                "cwd": str(machine),
                "env": env | self.s3.environment,
                "runs": [["apply", "-y", "--concurrency", "3"]],
                "patch": {**QUICK, "parts": SMALL_PARTS},
                **job,
            }
        )
        if push and ran.exit == 0:
            shutil.copy(machine / "filesync.lock", self.repo)
        shutil.rmtree(machine)
        return ran

    def wrongs(self) -> list[str]:
        """Return what is not as it must be, once the last lockfile is committed."""
        lock = json.loads((self.repo / "filesync.lock").read_text())
        files = self.platform.files()
        wrong = []
        ids = {key: entry["id"] for key, entry in lock["files"].items()}
        if set(ids) != set(self.content):
            wrong.append(f"keys {sorted(ids)} instead of {sorted(self.content)}")
        for file_id in files.keys() - set(ids.values()):
            wrong.append(f"leaked {file_id} ({files[file_id]['filename']})")
        for key, file_id in ids.items():
            if file_id not in files:
                wrong.append(f"{key} is gone")
            elif lock["files"][key]["sha256"] != hashlib.sha256(self.content[key]).hexdigest():
                wrong.append(f"{key} is outdated")
            elif files[file_id]["bytes"] != len(self.content[key]):
                wrong.append(f"{key} has another content")
        if lock["retired"]:
            wrong.append(f"retired {lock['retired']}")
        return wrong


@contextmanager
def fleet_of(base: Path, runners: Runners) -> Iterator[Fleet]:
    """Yield a fleet with a bucket and a platform of its own."""
    clock = Clock()
    with (
        serving() as s3,
        embedded(str(base / "platform"), api_key=KEY, clock=clock) as url,
    ):
        platform = Platform(url, clock, KEY)
        with platform.http:
            yield Fleet(base / "fleet", runners, s3, platform)


def noise(rng: random.Random, size: int) -> bytes:
    return rng.randbytes(size)


def play(fleet: Fleet, rng: random.Random) -> tuple[int, list[str]]:
    """Play one round; return how many runs were killed, and what was wrong after it."""
    changed: dict[str, bytes | None] = {
        name: noise(rng, rng.randint(200, 900)) for name in rng.sample("abcdefgh", 3)
    }
    changed[f"n{rng.randrange(10**9)}"] = noise(rng, rng.randint(200, 900))
    if rng.random() < 0.3:
        changed["large"] = noise(rng, SMALL_PARTS[0] + rng.randrange(1000))
    old = [name for name in fleet.content if name.startswith("n")]
    if old and rng.random() < 0.6:
        changed[rng.choice(old)] = None
    fleet.commit(**changed)
    killed, said = 0, ""
    for _ in range(rng.choice((1, 1, 2, 3))):
        if rng.random() < 0.75:
            point = {
                "at": "request",
                "n": rng.randint(1, 18),
                "when": rng.choice(("before", "after")),
            }
            ran = fleet.apply(kill=point)
        else:
            point = {"after": rng.uniform(0.05, 0.8)}
            ran = fleet.apply(kill_after=point["after"])
        killed += ran.signal != 0
        said += f"\n{point}: exit {ran.exit}, signal {ran.signal}\n{ran.err[-700:]}"
        if ran.signal == 0 and ran.exit != 0:
            return killed, [f"a run that was not killed ended with {ran.exit}: {said}"]
    last = fleet.apply(push=True)
    if last.exit != 0:
        return killed, [f"the last run ended with {last.exit}: {said}\n{last.out}{last.err}"]
    wrong = fleet.wrongs()
    return killed, [*wrong, said] if wrong else []


def campaign(base: Path, runners: Runners, kills: int, seed: int) -> tuple[int, int, list[str]]:
    """Play rounds until so many runs were killed; return kills, rounds and the wrongs."""
    rng = random.Random(seed)
    with fleet_of(base, runners) as fleet:
        fleet.commit(**{name: noise(rng, 100 + ord(name)) for name in "abcdefgh"})
        first = fleet.apply(push=True)
        assert first.exit == 0, first.err
        killed = rounds = 0
        while killed < kills:
            count, wrong = play(fleet, rng)
            killed, rounds = killed + count, rounds + 1
            if wrong:
                return killed, rounds, [f"seed {seed}, round {rounds}", *wrong]
    return killed, rounds, []


def main() -> None:
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with tempfile.TemporaryDirectory() as folder:
        runners = Runners(1, Path(folder))
        killed, rounds, wrong = campaign(Path(folder), runners, kills, seed)
        runners.stop()
    print(f"{killed} kills in {rounds} rounds, seed {seed}: {wrong or 'nothing wrong'}")
    for line in wrong:
        print(line)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()

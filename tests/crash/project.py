"""A project folder, its platform, and what must be true of both after an apply."""

from __future__ import annotations

import hashlib
import json
import os
import queue
import random
import shutil
import socket
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from filesync.core.lockfile import format as lock_format
from filesync.core.lockfile.lock import Lockfile
from tests.crash.hub import Hub, Tenant
from tests.measured import MEASURED

PROJECT = "crash-test"
OWNER = hashlib.sha256(PROJECT.encode()).hexdigest()[:6]
QUICK: dict[str, Any] = {"lag": -1, "backoff": 0.01, "first_pause": 0.05}
SMALL_PARTS = (1 << 20, 1 << 18, 1 << 19)
CANARY = "sk-CANARY"


@dataclass
class Ran:
    """What became of one child."""

    exit: int | None
    signal: int
    out: str
    err: str
    events: list[dict[str, Any]]
    seconds: float

    @property
    def codes(self) -> list[int]:
        return [event["code"] for event in self.events if event["event"] == "end"]

    @property
    def counts(self) -> dict[str, int]:
        ends = [event["counts"] for event in self.events if event["event"] == "end"]
        return ends[-1] if ends else {}

    @property
    def would_wait(self) -> float:
        """How long settling doubts would take with the real listing lag; 0 for not at all."""
        return max(
            (e["left"] for e in self.events if e["event"] == "look" and e["would_wait"]), default=0
        )


class Runners:
    """A few zygotes, forks of one; each runs one child at a time."""

    def __init__(self, count: int, scratch: Path) -> None:
        self.count = count
        self._free: queue.SimpleQueue[tuple[TextIO, str]] = queue.SimpleQueue()
        pairs = [socket.socketpair() for _ in range(count)]
        theirs = [other.fileno() for _, other in pairs]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.zygote", *map(str, theirs)],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.DEVNULL,
            pass_fds=theirs,
        )
        for number, (ours, other) in enumerate(pairs):
            other.close()
            folder = scratch / f"zygote-{number}"
            folder.mkdir()
            with ours:
                self._free.put((ours.makefile("rw", encoding="utf-8"), str(folder)))

    def run(self, job: dict[str, Any]) -> Ran:
        lines, scratch = self._free.get()
        try:
            lines.write(json.dumps({"scratch": scratch, **job}) + "\n")
            lines.flush()
            answer = json.loads(lines.readline())
        finally:
            self._free.put((lines, scratch))
        return Ran(**answer)

    def stop(self) -> None:
        for _ in range(self.count):
            self._free.get()[0].close()
        self._process.wait()


@dataclass
class Scene:
    """A project folder and its tenant. `entries` is the manifest's `files`, `content` the disk."""

    base: Path
    hub: Hub
    runners: Runners
    key: str
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    content: dict[str, bytes] = field(default_factory=dict)
    head: dict[str, Any] = field(default_factory=dict)
    foreign: dict[str, bytes] = field(default_factory=dict)
    patch: dict[str, Any] = field(default_factory=lambda: dict(QUICK))

    def __post_init__(self) -> None:
        self.root = self.base / "work"
        self.data = self.base / "data"
        self.root.mkdir(parents=True, exist_ok=True)
        self.tenant: Tenant = self.hub.open(self.key, str(self.data))

    # ---- the folder ---------------------------------------------------------------------------

    def write(self, path: str, content: bytes) -> None:
        self.content[path] = content
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)

    def declare(self, key: str, path: str, content: bytes | None = None, **policy: Any) -> None:
        if content is not None:
            self.write(path, content)
        # The content is any bytes, whatever the purpose.
        self.entries[key] = {"path": path, "validate": False, **policy}

    def save(self) -> None:
        """Write the manifest."""
        document = {
            "version": 1,
            "project": PROJECT,
            "remote": {"base_url": self.hub.url, "requests_per_minute": 60_000_000},
            "limits": {"max_delete": "100%"},
            "files": self.entries,
            **self.head,
        }
        (self.root / "filesync.yaml").write_text(json.dumps(document))

    @property
    def lock_path(self) -> Path:
        return self.root / "filesync.lock"

    def lock(self) -> Lockfile:
        return lock_format.parse_lockfile(self.lock_path.read_bytes(), "filesync.lock")

    def journals(self) -> list[Path]:
        return sorted((self.root / ".filesync").glob("*.journal"))

    def forget_state(self) -> None:
        shutil.rmtree(self.root / ".filesync", ignore_errors=True)

    # ---- running ------------------------------------------------------------------------------

    def env(self) -> dict[str, str]:
        return {
            "OPENAI_API_KEY": self.key,
            "PATH": os.environ["PATH"],
            "HOME": str(self.base),
            "TERM": "dumb",
            # Where a checkout other than the installed one is tested.
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            **MEASURED,
        }

    def job(self, *runs: Sequence[str], **more: Any) -> Ran:
        patch = {**self.patch, **more.pop("patch", {})}
        ran = self.runners.run(
            {"cwd": str(self.root), "env": self.env(), "runs": runs, "patch": patch, **more}
        )
        assert CANARY not in ran.out + ran.err, "the key was printed"
        assert "defect" not in ran.err, ran.err
        assert "Traceback" not in ran.err, ran.err
        return ran

    def apply(self, *options: str, **more: Any) -> Ran:
        return self.job(["apply", "-y", *options], **more)

    def apply_well(self, *options: str, **more: Any) -> Ran:
        ran = self.apply(*options, **more)
        assert ran.exit == 0, (ran.exit, ran.signal, ran.out, ran.err)
        return ran

    def plan(self, **more: Any) -> dict[str, Any]:
        ran = self.job(["plan", "--json"], **more)
        assert ran.exit == 0, ran.err
        document: dict[str, Any] = json.loads(ran.out)
        return document

    # ---- the platform -------------------------------------------------------------------------

    def upload_foreign(self, name: str, content: bytes, purpose: str = "user_data") -> str:
        """Put a file there that is not ours."""
        store = self.tenant.app.state.store
        blob = store.new_blob()
        blob.write(memoryview(content))
        blob.finish()
        with store.writing() as db:
            store.adopt(db, blob.name)
            made = store.add_file(
                db,
                filename=name,
                purpose=purpose,
                size=len(content),
                expire_seconds=None,
                blobs=[blob.name],
            )
        blob.kept = True
        self.foreign[made["id"]] = content
        return str(made["id"])

    def delete_remote(self, file_id: str) -> None:
        """Somebody else deletes a file."""
        store = self.tenant.app.state.store
        with store.writing() as db:
            store.remove_file(db, file_id)

    # ---- what must be true --------------------------------------------------------------------

    def wrongs(
        self, *, retired: int | None = 0, sessions: frozenset[str] = frozenset()
    ) -> list[str]:
        """Return everything that is not as declared.

        `retired` is how many superseded files are still to be there, None for any number, and
        `sessions` are open upload sessions that nobody can know of.
        """
        wrong: list[str] = []
        self.tenant.settle()
        files = self.tenant.files()
        lock = self.lock()
        if set(lock.files) != set(self.entries):
            wrong.append(f"locked keys {sorted(lock.files)} != {sorted(self.entries)}")
        expected = set(self.foreign)
        for key, entry in lock.files.items():
            expected.add(entry.id)
            there = files.get(entry.id)
            declared = self.entries.get(key)
            if there is None:
                wrong.append(f"{key}: {entry.id} is not live")
            elif declared is not None:
                wrong += self._differs(key, declared, there)
        if retired is not None and len(lock.retired) != retired:
            wrong.append(f"{len(lock.retired)} retired, expected {retired}")
        expected |= lock.retired.keys()
        wrong += self._not_shared(lock)
        wrong += [f"leaked {files[one]['filename']} {one}" for one in files.keys() - expected]
        wrong += [f"gone {one}" for one in expected - files.keys()]
        for one, content in self.foreign.items():
            if one in files and files[one]["content"] != content:
                wrong.append(f"foreign {one} changed")
        if left := self.tenant.pending() - sessions:
            wrong.append(f"sessions left pending: {sorted(left)}")
        return wrong

    def _name(self, declared: dict[str, Any]) -> str:
        """The remote filename that an entry asks for."""
        name: str = declared.get("filename") or declared["path"].rpartition("/")[2]
        if not declared.get("fingerprint"):
            return name
        stem, suffix = os.path.splitext(name)
        content = hashlib.sha256(self.content[declared["path"]]).hexdigest()
        return f"{stem}.fs-{OWNER}-{content[:12]}{suffix}"

    def _not_shared(self, lock: Lockfile) -> list[str]:
        """What is declared alike has one file, and what is not has another each."""
        files: dict[object, set[str]] = defaultdict(set)
        for key, entry in lock.files.items():
            if (declared := self.entries.get(key)) is not None:
                asked = (declared.get("purpose"), declared.get("expires_after"))
                alike = (self.content[declared["path"]], self._name(declared), asked)
                files[alike].add(entry.id)
        wrong = [f"uploaded more than once: {ids}" for ids in files.values() if len(ids) > 1]
        held = Counter(one for ids in files.values() for one in ids)
        return wrong + [f"shared by what differs: {one}" for one, n in held.items() if n > 1]

    def _differs(self, key: str, declared: dict[str, Any], there: dict[str, Any]) -> list[str]:
        content = self.content[declared["path"]]
        name = self._name(declared)
        wrong = []
        if there["content"] != content:
            wrong.append(f"{key}: other content on the platform")
        if there["filename"] != name:
            wrong.append(f"{key}: is named {there['filename']}, not {name}")
        if there["purpose"] != declared.get("purpose", "user_data"):
            wrong.append(f"{key}: has purpose {there['purpose']}")
        return wrong

    def key_written(self) -> list[str]:
        """Files in the project folder that the key is in."""
        return [
            str(path)
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and CANARY.encode() in path.read_bytes()
        ]


@dataclass
class Template:
    """A scene at rest, to be copied as often as it takes."""

    scene: Scene
    folder: Path
    copies: int = 0

    @contextmanager
    def copy(self, number: int | str) -> Iterator[Scene]:
        """A copy with a platform of its own, gone when left."""
        base = self.folder / f"copy-{number}"
        shutil.copytree(self.scene.base, base, symlinks=True)
        key = f"{self.scene.key}-{number}"
        scene = Scene(
            base,
            self.scene.hub,
            self.scene.runners,
            key,
            {name: dict(entry) for name, entry in self.scene.entries.items()},
            dict(self.scene.content),
            dict(self.scene.head),
            dict(self.scene.foreign),
            dict(self.scene.patch),
        )
        try:
            yield scene
            assert not scene.key_written()
        finally:
            self.scene.hub.close(key)
            shutil.rmtree(base)


def freeze(scene: Scene, folder: Path) -> Template:
    """Stop a scene's platform so that it can be copied."""
    scene.hub.close(scene.key)
    return Template(scene, folder)


def noise(seed: object, size: int) -> bytes:
    """Content that is another for each seed."""
    return random.Random(str(seed)).randbytes(size)

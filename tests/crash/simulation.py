"""Teams on a bad day: two laptops and CI runners on one repository and one platform.

A round is some twenty steps: somebody edits and pushes, somebody pulls and applies, a runner is
killed, an answer is lost, a push is refused, a stranger uploads the same name. The platform's
listing lags, its stamps are wrong, its fields are null: as the round's profile says. Then all is
well again, and one machine applies until nothing is left to do.

The commands' own code runs, in this process, on a server in memory and on a clock that requests
and waits move: two minutes of waiting take no time. `python -m tests.crash.simulation 500` runs
rounds by hand; a number after it is the seed to begin with.

What must be true:

- no delete of a stranger's file, nor of one that a lockfile, pushed or not, needs now
- no lock line whose file holds another content
- no file of ours that nobody knows of, unless people threw away the lockfile that named it, or the
  machine with its journal was thrown away; such a copy is refused or reported while it is wanted
- the last applies end well once a person has done what a refusal says
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import re
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import httpx

from filesync.core.decide.change import Action
from filesync.core.decide.guards import Guard, Overrides
from filesync.core.lockfile import format as lock_format
from filesync.core.lockfile.lock import Lockfile
from filesync.core.plan.plan import Plan
from filesync.core.run import Run
from filesync.errors import FilesyncError
from filesync.execute.applier import ApplySettings
from filesync.local.journal import Journal
from filesync.remote.timing import ClientSettings
from filesync.workflow.adopt import adopt
from filesync.workflow.apply import apply_plan
from filesync.workflow.plan import make_plan

URL = "http://127.0.0.1:9/v1"
BEGIN = 1_800_000_000.0
PURPOSES = ("user_data", "fine-tune")
DOWNLOADABLE = ("fine-tune",)


class Killed(BaseException):
    """kill -9: nothing after it runs, whatever tries to clean up."""


@dataclass
class Profile:
    """What a round's platform is like: seconds, and how likely faults are."""

    fingerprint: bool
    lag: int  # by which a file, or all files, are listed late
    each_its_own: bool  # each file has a lag of its own
    stamps: int  # by which created_at is wrong
    find_lag: int  # for which GET says 404 of a new file
    null: tuple[str, ...]  # fields that listings leave out
    faults: float
    strangers: bool

    @staticmethod
    def drawn(rng: random.Random) -> Profile:
        fingerprint = rng.random() < 0.5
        return Profile(
            fingerprint=fingerprint,
            lag=rng.choice((0, 0, 5, 20, 60, 90, 120)),
            each_its_own=rng.random() < 0.3,
            stamps=rng.choice((0, 0, 0, -6, 2, 300)),
            find_lag=rng.choice((0, 0, 0, 4, 10)),
            null=rng.choice(
                ((), (), (), ("bytes",), ("filename",), ("purpose",), ("bytes", "purpose"))
            ),
            faults=rng.choice((0.0, 0.1, 0.25)),
            # Nobody else's file has our tag in its name.
            strangers=not fingerprint and rng.random() < 0.7,
        )


@dataclass
class Remote:
    """A file on the platform: what it is, who made it, and when it can be seen."""

    id: str
    filename: str
    purpose: str
    content: bytes
    born: float
    listed_from: float
    found_from: float
    maker: str
    gone: float | None = None


@dataclass
class Platform:
    """The server, its clock, and the machine that talks to it."""

    rng: random.Random
    profile: Profile
    now: float = BEGIN
    files: dict[str, Remote] = field(default_factory=dict)
    client: str = ""
    kill_at: int | None = None
    kill_after: bool = False
    dead: bool = False
    requests: int = 0
    calm: bool = False
    on_delete: Callable[[Remote], None] = lambda _file: None
    on_put: Callable[[Remote], None] = lambda _file: None

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def live(self) -> dict[str, Remote]:
        return {one.id: one for one in self.files.values() if one.gone is None}

    def put(self, filename: str, purpose: str, content: bytes, maker: str) -> Remote:
        profile = self.profile
        lag = self.rng.uniform(0, profile.lag) if profile.each_its_own else profile.lag
        made = Remote(
            f"file-{len(self.files):04}",
            filename,
            purpose,
            content,
            self.now,
            self.now + lag,
            self.now + profile.find_lag,
            maker,
        )
        self.files[made.id] = made
        self.on_put(made)
        return made

    # ---- requests -----------------------------------------------------------------------------

    def handle(self, request: httpx.Request) -> httpx.Response:
        if self.dead:
            raise Killed
        self.requests += 1
        mine = self.requests
        if self.kill_at == mine and not self.kill_after:
            self.dead = True
            raise Killed
        self.now += self.rng.uniform(0.05, 1.5)
        answer = self._answer(request)
        if self.kill_at == mine:
            self.dead = True
            raise Killed
        return answer

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/v1")
        if request.method == "POST" and path == "/files":
            return self._create(request)
        if path == "/files":
            return self._say(200, {"object": "list", "data": self._listing(), "has_more": False})
        if path in ("/fine_tuning/jobs", "/batches", "/vector_stores"):
            return self._say(200, {"object": "list", "data": [], "has_more": False})
        found = re.fullmatch("/files/([^/]+)(/content)?", path)
        if found is None:
            return self._say(404, _error("no such route"))
        file = self.files.get(found[1])
        if file is None or file.gone is not None or self.now < file.found_from:
            return self._say(404, _error(f"No such File object: {found[1]}"))
        if request.method == "DELETE":
            self.on_delete(file)
            file.gone = self.now
            return self._say(200, {"id": file.id, "object": "file", "deleted": True})
        if found[2]:
            if file.purpose not in DOWNLOADABLE:
                return self._say(400, _error(f"Not allowed to download files of {file.purpose}"))
            return self._raw(200, file.content)
        return self._say(200, self._shown(file))

    def _listing(self) -> list[dict[str, Any]]:
        lag = self.profile.lag
        rows = []
        for file in self.files.values():
            ghost = file.gone is not None and self.now < file.gone + lag
            if self.now >= file.listed_from and (file.gone is None or ghost):
                row = self._shown(file)
                for name in self.profile.null:
                    row[name] = None
                rows.append(row)
        return rows

    def _shown(self, file: Remote) -> dict[str, Any]:
        return {
            "id": file.id,
            "object": "file",
            "filename": file.filename,
            "purpose": file.purpose,
            "bytes": len(file.content),
            "created_at": int(file.born) + self.profile.stamps,
            "status": "processed",
        }

    def _create(self, request: httpx.Request) -> httpx.Response:
        body = request.content
        purpose = re.search(rb'name="purpose"\r\n\r\n([^\r]+)\r\n', body)
        name = re.search(rb'filename="([^"]+)"', body)
        assert purpose is not None
        assert name is not None
        begin = body.index(b"\r\n\r\n", name.end()) + 4
        content = body[begin : body.rindex(b"\r\n--")]
        fault = (
            ""
            if self.calm or self.rng.random() >= self.profile.faults
            else self.rng.choice(_FAULTS)
        )
        if fault == "lost before":
            raise httpx.ReadError("reset", request=request)
        if self.profile.strangers and not self.calm and self.rng.random() < 0.1:
            # Somebody's file of the same looks, in the same second.
            theirs = self.rng.randbytes(len(content))
            self.put(name[1].decode(), purpose[1].decode(), theirs, "stranger")
        if fault == "slow":
            self.now += self.rng.uniform(1, 20)
        made = self.put(name[1].decode(), purpose[1].decode(), content, self.client)
        if fault in ("lost after", "slow"):
            raise httpx.ReadError("reset", request=request)
        if fault == "503":
            return self._say(503, _error("overloaded"))
        if fault == "500":
            return self._say(500, _error("internal"))
        if fault == "cut":
            return self._raw(200, json.dumps(self._shown(made)).encode()[:30])
        if fault == "other" and len(self.files) > 1:
            other = self.rng.choice(
                [one for one in self.live().values() if one is not made] or [made]
            )
            return self._say(200, self._shown(other))
        return self._say(200, self._shown(made))

    def _say(self, status: int, body: dict[str, Any]) -> httpx.Response:
        return self._raw(status, json.dumps(body).encode())

    def _raw(self, status: int, body: bytes) -> httpx.Response:
        headers = {"date": formatdate(self.now, usegmt=True), "content-length": str(len(body))}
        return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))


_FAULTS = ("lost before", "lost after", "lost after", "slow", "503", "500", "cut", "other")


def _error(message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "x", "param": None, "code": None}}


@dataclass
class Repository:
    """What is pushed: contents by key, and the lockfile."""

    content: dict[str, bytes] = field(default_factory=dict)
    lock: bytes | None = None

    def sha(self, key: str) -> str | None:
        return hashlib.sha256(self.content[key]).hexdigest() if key in self.content else None


class Machine:
    """A clone of the repository, with a journal of its own. `base` is the lockfile it pulled."""

    def __init__(self, name: str, folder: Path, world: World) -> None:
        self.name = name
        self.folder = folder
        self.world = world
        self.base: bytes | None = None
        self.clock = world.rng.choice((0.0, 0.0, -400.0, 7.0, 3000.0))
        folder.mkdir()

    @property
    def lock_path(self) -> Path:
        return self.folder / "filesync.lock"

    @property
    def manifest(self) -> str:
        return str(self.folder / "filesync.yaml")

    def lock(self) -> Lockfile | None:
        if not self.lock_path.exists():
            return None
        return lock_format.parse_lockfile(self.lock_path.read_bytes(), "filesync.lock")

    def pull(self) -> None:
        """Take the pushed contents, and merge the lockfile: where both changed a line, theirs."""
        repository = self.world.repository
        for path in self.folder.glob("*.txt"):
            path.unlink()
        files = {}
        for key, content in repository.content.items():
            (self.folder / f"{key}.txt").write_bytes(content)
            files[key] = {
                "path": f"{key}.txt",
                "filename": "same.txt" if key < "c" else f"{key}.txt",
            }
        document = {
            "version": 1,
            "project": "simulated",
            "remote": {"base_url": URL, "requests_per_minute": 60_000_000},
            "defaults": {
                "fingerprint": self.world.platform.profile.fingerprint,
                "purpose": self.world.purpose,
                "validate": False,
            },
            "limits": {"max_delete": "100%"},
            "files": files,
        }
        (self.folder / "filesync.yaml").write_text(json.dumps(document))
        mine = self.lock_path.read_bytes() if self.lock_path.exists() else None
        merged = self._merged(mine, self.base, repository.lock)
        if merged is None:
            self.lock_path.unlink(missing_ok=True)
        else:
            self.lock_path.write_bytes(merged)
        self.base = repository.lock
        self.world.note(f"{self.name} has pulled {self._shown()}")

    def _merged(self, mine: bytes | None, base: bytes | None, theirs: bytes | None) -> bytes | None:
        if mine in (base, None, theirs):
            return theirs if theirs is not None else mine
        if theirs in (base, None):
            return mine
        ours, old, their = map(_parsed, (mine, base, theirs))
        merged = their.copy()
        dropped = set()
        for key in ours.files.keys() | old.files.keys():
            a, b, c = ours.files.get(key), old.files.get(key), their.files.get(key)
            if a in (b, c):
                continue
            if b == c:
                merged.take_out(key)
                if a is not None:
                    merged.put(key, a)
            elif a is not None:
                dropped.add(a.id)  # a conflict: a person takes what is pushed
        for one in ours.retired.values():
            if one.id not in old.retired and not merged.held(one.id):
                merged.retire(one.id, one.key, one.delete_after)
        self.world.dropped |= dropped - merged.owned_ids()
        return lock_format.dump_lockfile(merged)

    def push(self, *, patient: bool) -> None:
        """Push the lockfile. If others were faster, a person merges; a runner gives up."""
        repository = self.world.repository
        if self.base != repository.lock:
            if not patient:
                lock = self.lock()
                if lock is not None:
                    self.world.dropped |= lock.owned_ids()
                self.world.count("push refused")
                return
            self.pull()
        repository.lock = self.lock_path.read_bytes() if self.lock_path.exists() else None
        self.base = repository.lock
        self.world.note(f"{self.name} has pushed {self._shown()}")

    def _shown(self) -> str:
        lock = self.lock()
        if lock is None:
            return "nothing"
        return f"{lock.ids()} and {sorted(lock.retired)}"

    # ---- running ------------------------------------------------------------------------------

    def apply(self, *, kill: bool = False, allowed: Overrides = Overrides()) -> str:  # noqa: B008
        """Plan and apply; return "ok", "killed", "failed", or the guards that refused."""
        world, platform = self.world, self.world.platform
        platform.client, platform.dead, platform.requests = self.name, False, 0
        platform.kill_at = world.rng.randint(1, 8) if kill else None
        platform.kill_after = world.rng.random() < 0.5
        world.actor = self
        try:
            with world.patched(self):
                plan = make_plan(Run(self.manifest))
                world.last_plan = plan
                world.reported |= _ids(" ".join(plan.warnings))
                refused = [
                    one.guard
                    for one in plan.refusals
                    if not (one.guard is Guard.LOOKALIKE and allowed.duplicates)
                    and not (one.guard is Guard.MISSING and allowed.missing)
                ]
                if refused:
                    return ", ".join(sorted(refused))
                world.before_apply(self, plan)
                result = apply_plan(plan, allowed=allowed, settings=ApplySettings(concurrency=1))
        except Killed:
            world.count("killed")
            world.note(f"killed: {self.name}")
            return "killed"
        except FilesyncError as error:
            world.last_error = str(error)
            world.reported |= _ids(str(error))
            return "failed"
        finally:
            platform.kill_at = None
            self._check_lines()
        world.last_error = "; ".join(one.error for one in result.failed)
        world.reported |= _ids(world.last_error)
        return "failed" if result.failed else "ok"

    def take(self, key: str, file_id: str) -> bool:
        self.world.platform.dead = False
        try:
            with self.world.patched(self):
                adopt(Run(self.manifest), key, file_id)
        except FilesyncError as error:
            self.world.last_error = str(error)
            return False
        return True

    def _check_lines(self) -> None:
        lock = self.lock()
        for key, entry in (lock.files if lock else {}).items():
            file = self.world.platform.files.get(entry.id)
            if file is None or hashlib.sha256(file.content).hexdigest() != entry.sha256:
                self.world.wrong("untrue lock line", f"{self.name}: {key} is not {entry.id}")


def _ids(message: str) -> set[str]:
    return set(re.findall("file-[0-9]{4}", message))


def _parsed(text: bytes | None) -> Lockfile:
    if text is None:
        return Lockfile("simulated", URL)
    return lock_format.parse_lockfile(text, "filesync.lock")


class Stop(threading.Event):
    """Says whether a run is to stop; who waits for it waits by the platform's clock."""

    def __init__(self, platform: Platform) -> None:
        super().__init__()
        self._platform = platform

    def wait(self, timeout: float | None = None) -> bool:
        self._platform.wait(timeout or 0.0)
        return self.is_set()


def _threading(platform: Platform) -> SimpleNamespace:
    return SimpleNamespace(
        Event=lambda: Stop(platform),
        current_thread=threading.current_thread,
        main_thread=threading.main_thread,
    )


class World:
    """A round: its platform, repository and machines, and what went wrong in it."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.rng = random.Random(seed)
        self.seed = seed
        self.folder = folder
        self.purpose = self.rng.choice(PURPOSES)
        self.platform = Platform(self.rng, Profile.drawn(self.rng))
        self.platform.on_delete = self._deleted
        self.platform.on_put = lambda made: self.note(
            f"MADE {made.id} by {made.maker}: {made.filename}"
        )
        self.repository = Repository()
        self.machines = [Machine(name, folder / name, self) for name in ("ann", "bob")]
        self.counts: Counter[str] = Counter()
        self.wrongs: list[str] = []
        self.dropped: set[str] = set()
        self.lost_machines: set[str] = set()
        self.reported: set[str] = set()
        self.runners = 0
        self.actor: Machine | None = None
        self.last_plan: Plan | None = None
        self.last_error = ""
        self.log: list[str] = []

    def count(self, what: str) -> None:
        self.counts[what] += 1
        self.note(what)

    def note(self, what: str) -> None:
        self.log.append(f"{self.platform.now - BEGIN:8.1f} {what}")

    def wrong(self, kind: str, what: str) -> None:
        self.count(kind)
        self.wrongs.append(f"{kind}: {what}")

    # ---- what must never be -------------------------------------------------------------------

    def _deleted(self, file: Remote) -> None:
        self.note(f"DELETE {file.id} by {self.platform.client}")
        if file.maker == "stranger":
            self.wrong("wrong delete", f"{file.id} is a stranger's")
            return
        sha = hashlib.sha256(file.content).hexdigest()
        needed = [("the repository", _parsed(self.repository.lock))]
        needed += [
            (one.name, lock)
            for one in self.machines
            if one is not self.actor and (lock := one.lock()) is not None
        ]
        for who, lock in needed:
            for key, entry in lock.files.items():
                if entry.id == file.id and self.repository.sha(key) == sha:
                    # Whoever follows an edit that was pushed later may take it from the others.
                    mine = self.actor.lock() if self.actor is not None else None
                    if (
                        mine is not None
                        and who != "the repository"
                        and entry.id in mine.owned_ids()
                    ):
                        continue
                    self.wrong("wrong delete", f"{file.id} is {key} of {who}")

    def before_apply(self, machine: Machine, plan: Plan) -> None:
        actions = Counter(f"{one.action} {one.reason}" for one in plan.changes)
        self.note(f"{machine.name} applies {dict(actions)}")

    # ---- steps --------------------------------------------------------------------------------

    def run(self) -> None:
        rng = self.rng
        for key in "abcd"[: rng.randint(2, 4)]:
            self._edit(key)
        for _ in range(rng.randint(8, 20)):
            rng.choice(
                (self._edit_one, self._laptop, self._laptop, self._runner, self._runner, self._time)
            )()
        self._converge()

    def _edit(self, key: str) -> None:
        # Few sizes, so that versions look alike.
        size = self.rng.choice((40, 40, 41))
        self.repository.content[key] = self.rng.randbytes(size)
        self.note(f"{key} edited")

    def _edit_one(self) -> None:
        content = self.repository.content
        key = self.rng.choice("abcd")
        if key in content and len(content) > 1 and self.rng.random() < 0.2:
            del content[key]
            self.note(f"{key} removed")
        elif self.rng.random() < 0.15 and len(content) > 1:
            content[key] = self.rng.choice(list(content.values()))
        else:
            self._edit(key)

    def _time(self) -> None:
        self.platform.wait(self.rng.choice((1, 10, 60, 200, 4000)))

    def _laptop(self) -> None:
        machine = self.rng.choice(self.machines)
        if self.rng.random() < 0.8:
            machine.pull()
        if not (machine.folder / "filesync.yaml").exists():
            machine.pull()
        ended = self._applied(machine)
        if ended == "ok" and self.rng.random() < 0.7:
            machine.push(patient=True)

    def _runner(self) -> None:
        """A fresh clone, gone when it ends, and with it its journal."""
        self.runners += 1
        machine = Machine(f"runner-{self.runners}", self.folder / f"runner-{self.runners}", self)
        machine.pull()
        ended = self._applied(machine)
        # Another job may have pushed meanwhile.
        faster = self.rng.random() < 0.15
        if ended == "ok" and not faster:
            machine.push(patient=self.rng.random() < 0.5)
        else:
            lock = machine.lock()
            self.dropped |= set() if lock is None else lock.owned_ids()
            self.count("runner's lockfile lost")
        self.lost_machines.add(machine.name)

    def _applied(self, machine: Machine) -> str:
        ended = machine.apply(kill=self.rng.random() < 0.25)
        self.count(f"apply: {ended}")
        if ended == Guard.LOOKALIKE and self.rng.random() < 0.7:
            ended = self._decide(machine)
        elif Guard.MISSING in ended:
            allowed = Overrides(missing=True, duplicates=Guard.LOOKALIKE in ended)
            ended = machine.apply(allowed=allowed)
        return ended

    def _decide(self, machine: Machine) -> str:
        """A person reads the refusal, takes what is the very file, and uploads the rest anew."""
        assert self.last_plan is not None
        (refusal,) = (one for one in self.last_plan.refusals if one.guard is Guard.LOOKALIKE)
        self.reported |= _ids(refusal.message)
        wants = {row.desired.key: row.desired for row in self.last_plan.rows if row.desired}
        for key, ids in re.findall("([a-d]) looks like ([^;]+)", refusal.message):
            for file_id in sorted(_ids(ids)):
                file = self.platform.files[file_id]
                same = hashlib.sha256(file.content).hexdigest() == wants[key].sha256
                if same and file.gone is None and file.maker != "stranger":
                    machine.take(key, file_id)
                    break
        ended = machine.apply()
        if ended == Guard.LOOKALIKE:
            ended = machine.apply(allowed=Overrides(duplicates=True))
        self.count(f"decided: {ended}")
        return ended

    # ---- the end ------------------------------------------------------------------------------

    def _converge(self) -> None:
        """All is well again: everyone pulls, applies and pushes in turn, until nothing is left."""
        self.platform.calm = True
        self.platform.wait(8000)
        for _ in range(3):
            for machine in self.machines:
                machine.pull()
                self._until_well(machine)
                machine.push(patient=True)
                self.platform.wait(8000)
        machine = self.machines[0]
        machine.pull()
        if machine.apply() != "ok" or (self.last_plan is not None and self.last_plan.has_changes):
            changes = self.last_plan.changes if self.last_plan is not None else ()
            told = [(one.key, str(one.action), str(one.reason)) for one in changes]
            self.wrong("wedge", f"not settled: {told} {self.last_error}")
        self._look_for_leaks(machine)

    def _until_well(self, machine: Machine) -> None:
        for _ in range(4):
            ended = machine.apply()
            if ended == "ok":
                return
            if ended == Guard.LOOKALIKE and self._decide(machine) == "ok":
                return
            if Guard.MISSING in ended:
                allowed = Overrides(missing=True, duplicates=Guard.LOOKALIKE in ended)
                if machine.apply(allowed=allowed) == "ok":
                    return
            self.platform.wait(8000)
        self.wrong("wedge", f"{machine.name}: {ended} {self.last_error}")

    def _look_for_leaks(self, machine: Machine) -> None:
        lock = machine.lock()
        assert lock is not None
        self.count("rounds")
        live = self.platform.live()
        for key, content in self.repository.content.items():
            entry = lock.files.get(key)
            if entry is None or entry.id not in live or live[entry.id].content != content:
                self.wrong("not as declared", key)
        assert self.last_plan is not None
        warned = " ".join(self.last_plan.warnings)
        for file in live.values():
            if file.maker == "stranger" or file.id in lock.owned_ids():
                continue
            if file.id in warned or (
                "orphans on the platform" in warned and self.platform.profile.fingerprint
            ):
                self.count("left: reported as an orphan")
            elif file.id in self.reported:
                self.count("left: refused and named")
            elif file.id in self.dropped:
                self.count("left: its lockfile was thrown away")
            elif file.maker in self.lost_machines:
                self.count("left: its runner was thrown away")
            else:
                self.wrong("leak", f"{file.id} of {file.maker}")

    # ---- in one process -----------------------------------------------------------------------

    @contextlib.contextmanager
    def patched(self, machine: Machine) -> Iterator[None]:
        """The platform in the place of the network, its clock in the place of time."""
        platform = self.platform
        told = ClientSettings.__init__.__kwdefaults__
        assert told is not None
        clock = {
            "attempts": 3,
            "patient_attempts": 3,
            "sleep": platform.wait,
            "monotonic": lambda: platform.now,
            "wall_clock": lambda: platform.now + machine.clock,
        }
        written = Journal._write

        def write(journal: Journal, *records: dict[str, Any], sync: bool = False) -> None:
            if platform.dead:
                raise Killed
            written(journal, *records, sync=sync)

        with (
            mock.patch(
                "filesync.remote.transport.opener",
                return_value=lambda: httpx.MockTransport(platform.handle),
            ),
            mock.patch.dict(told, clock),
            mock.patch(
                "filesync.execute.doubts.time", SimpleNamespace(monotonic=lambda: platform.now)
            ),
            mock.patch("filesync.workflow.apply.threading", _threading(platform)),
            mock.patch("filesync.workflow.listing.time", SimpleNamespace(sleep=platform.wait)),
            mock.patch.object(Journal, "_write", write),
            mock.patch.dict(os.environ, {"OPENAI_API_KEY": "sk-simulated-key"}),
        ):
            yield


BAD = ("wrong delete", "untrue lock line", "leak", "wedge", "not as declared")


def simulate(rounds: int, first: int) -> tuple[Counter[str], list[str]]:
    """Run rounds; return what happened and what was wrong, each with its seed."""
    counts: Counter[str] = Counter()
    wrongs: list[str] = []
    for seed in range(first, first + rounds):
        with tempfile.TemporaryDirectory() as folder:
            world = World(seed, Path(folder))
            world.run()
        counts += world.counts
        wrongs += [f"seed {seed}: {one}" for one in world.wrongs]
    return counts, wrongs


def main() -> None:
    """Run the rounds that the command line asks for, and print figures."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    if "-v" in sys.argv:
        with tempfile.TemporaryDirectory() as folder:
            world = World(first, Path(folder))
            print(world.platform.profile, world.purpose)
            world.run()
            print("\n".join(world.log))
            print("\n".join(world.wrongs))
        return
    counts, wrongs = simulate(rounds, first)
    for what, number in sorted(counts.items()):
        print(f"{number:7} {what}")
    for kind in BAD:
        print(f"{counts[kind]:7} {kind}")
    print("\n".join(wrongs[:40]))
    sys.exit(bool(wrongs))


_ = (threading, Action)

if __name__ == "__main__":
    main()

"""The command as a user's CI runs it, and a look behind the platform it talks to."""

from __future__ import annotations

import atexit
import contextlib
import functools
import hashlib
import json
import os
import re
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from tests.cli.fake_api import FakeApi
from tests.measured import MEASURED

# The key of every run: it must come back in no output and no file.
CANARY = "sk-canary-b6f1d2c3e4a5968778695a4b"
_HERE = Path(__file__).parent
SUMMARY = {"create", "replace", "adopt", "delete", "forget", "noop", "unmanaged", "upload_bytes"}
SUMMARY |= {"attach", "detach", "swap", "update"}
CHANGE = {
    "key",
    "action",
    "reason",
    "path",
    "filename",
    "purpose",
    "bytes",
    "sha256",
    "id",
    "fields",
    "before",
    "after",
}


class Ran(NamedTuple):
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)

    @property
    def actions(self) -> dict[str | None, tuple[str, str]]:
        """Of a plan's JSON: key -> (action, reason)."""
        return {one["key"]: (one["action"], one["reason"]) for one in self.json["changes"]}


class Forked:
    """A command that the fork server runs; what of Popen this needs.

    On a `terminal`, a file descriptor, it has that for all three streams.
    """

    def __init__(
        self,
        args: Sequence[str],
        cwd: Path,
        env: Mapping[str, str],
        terminal: int | None = None,
    ) -> None:
        self.args = args
        self.returncode: int | None = None
        self._out = tempfile.TemporaryFile()  # noqa: SIM115 - see close
        self._err = tempfile.TemporaryFile()  # noqa: SIM115
        self._status, status = os.pipe()
        nothing = os.open(os.devnull, os.O_RDONLY)
        message = json.dumps({"args": args, "cwd": str(cwd), "env": env}).encode()
        streams = [nothing, self._out.fileno(), self._err.fileno()]
        if terminal is not None:
            streams = [terminal] * 3
        socket.send_fds(_fork_server()[0], [message], [*streams, status])
        os.close(status)
        os.close(nothing)
        self._told = b""

    def communicate(self, timeout: float) -> tuple[str, str]:
        """Wait for the end; returns what went to stdout and stderr."""
        self._wait_for_lines(2, timeout)
        self.returncode = int(self._told.split()[1])
        texts = []
        for file in (self._out, self._err):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "surrogateescape"))
        self.close()
        return texts[0], texts[1]

    def send_signal(self, number: int) -> None:
        """Send a signal to the command once it has begun."""
        self._wait_for_lines(1, 60)
        os.kill(int(self._told.split()[0]), number)

    def _wait_for_lines(self, count: int, timeout: float) -> None:
        """Wait until the fork server has said so much: the process id, then the exit code."""
        deadline = time.monotonic() + timeout
        while self._told.count(b"\n") < count:
            left = deadline - time.monotonic()
            if left < 0 or not select.select([self._status], [], [], left)[0]:
                raise subprocess.TimeoutExpired(list(self.args), timeout)
            piece = os.read(self._status, 64)
            assert piece, "the fork server died"
            self._told += piece

    def close(self) -> None:
        """End the command if it runs, and let go of its files."""
        if self._out.closed:
            return
        if self.returncode is None and self._told:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(self._told.split()[0]), signal.SIGKILL)
        os.close(self._status)
        self._out.close()
        self._err.close()


@functools.cache
def _fork_server() -> tuple[socket.socket, Path]:
    """Start the fork server for the length of this process.

    Returns the socket to ask it by, and a folder with the address for others, `socket`.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    folder = Path(tempfile.mkdtemp(prefix="filesync-"))
    with theirs, socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(folder / "socket"))
        listener.listen(64)
        fds = [theirs.fileno(), listener.fileno()]
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.cli.fork_server", *map(str, fds)],
            cwd=_HERE.parents[1],
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **MEASURED},
            pass_fds=fds,
            stdout=subprocess.DEVNULL,
        )

    def stop() -> None:
        ours.close()
        server.wait()
        shutil.rmtree(folder)

    atexit.register(stop)
    return ours, folder


@functools.cache
def quick_command() -> Path:
    """Return a program `filesync` for scripts, which starts in a tenth of the time."""
    if not FORKS:
        return Path(sys.executable).with_name("filesync")
    program = _fork_server()[1] / "bin" / "filesync"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {_in_fork_server()} "" "$@"\n')
    program.chmod(0o755)
    return program


def quick_python(executable: str) -> str:
    """Return a shell's words before `SCRIPT ARGS...`, which runs in a tenth of the time.

    `executable`, as a shell writes it, is the Python that the script takes itself to run in.
    """
    return f"{_in_fork_server()} {executable}" if FORKS else shlex.quote(sys.executable)


def _in_fork_server() -> str:
    words = [sys.executable, "-I", "-S", _HERE / "quick_command.py", _fork_server()[1] / "socket"]
    return shlex.join(map(str, words))


# Set this to start each command as users do, at five times the cost.
FORKS = hasattr(os, "fork") and not os.environ.get("FILESYNC_TESTS_EXEC")


class Clock:
    """A server's time, which moves when told."""

    def __init__(self) -> None:
        self.offset = 0.0

    def __call__(self) -> float:
        return time.time() + self.offset


class Platform:
    """An emulator seen past filesync, to look into and to tamper with."""

    def __init__(self, url: str, clock: Clock, key: str = CANARY) -> None:
        self.url = url
        self.clock = clock
        self.http = httpx.Client(
            base_url=url, headers={"authorization": f"Bearer {key}"}, trust_env=False
        )

    def files(self) -> dict[str, Any]:
        """Every file there is: id -> what the API says of it."""
        return {one["id"]: one for one in self.http.get("/files").json()["data"]}

    def names(self) -> list[str]:
        """The filenames there are, sorted."""
        return sorted(one["filename"] for one in self.files().values())

    def upload(
        self, filename: str, content: bytes = b"x", purpose: str = "user_data", **more: str
    ) -> str:
        """Upload a file that filesync knows nothing of; returns its id."""
        answer = self.http.post(
            "/files", data={"purpose": purpose, **more}, files={"file": (filename, content)}
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    def delete(self, file_id: str) -> None:
        """Delete a file behind filesync's back, some minutes after whatever was before.

        A file that was made just now would be looked for again and again before it counts as gone.
        """
        assert self.http.delete(f"/files/{file_id}").status_code == 200
        self.clock.offset += 200


class Project:
    """A folder with a manifest, and the command run in it."""

    def __init__(self, root: Path, home: Path, url: str | None) -> None:
        self.root = root
        self.env = {
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "OPENAI_API_KEY": CANARY,
            **MEASURED,
        }
        if url is not None:
            self.env["OPENAI_BASE_URL"] = url

    # the folder

    @property
    def lock_path(self) -> Path:
        return self.root / "filesync.lock"

    @property
    def lock(self) -> Any:
        """The lockfile, parsed."""
        return json.loads(self.lock_path.read_bytes())

    def id(self, key: str) -> str:
        """The id the lockfile holds for a key."""
        return str(self.lock["files"][key]["id"])

    def lock_of_yesterday(self) -> None:
        """Let the lockfile say that its files are a day old: new ones are looked for longer."""
        text = self.lock_path.read_text()
        older = re.sub(r'(?<="created_at": )\d+', lambda at: str(int(at[0]) - 86_400), text)
        self.lock_path.write_text(older)

    def write(self, path: str, content: str | bytes = "x") -> Path:
        """Write a file below the folder."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
        return target

    def manifest(self, text: str, name: str = "filesync.yaml", project: str = "test") -> None:
        """Write the manifest: `text` below its version and project."""
        head = f"version: 1\nproject: {project}\n"
        self.write(name, head + textwrap.dedent(text))

    def files(self, *names: str, rest: str = "", **more: str) -> None:
        """Write a manifest with a file, named and filled alike, for each name.

        `more` maps a name to the further fields of its entry. What the files say is not what a
        purpose such as batch needs: their content is not checked then.
        """
        lines = ["files:" if names or more else "files: {}"]
        for name in [*names, *(one for one in more if one not in names)]:
            target = self.root / f"{name}.txt"
            if not target.exists():
                self.write(f"{name}.txt", f"this is {name}\n")
            fields = f", {more[name]}" if more.get(name) else ""
            if "purpose:" in fields:
                fields += ", validate: false"
            lines.append(f"  {name}: {{path: {name}.txt{fields}}}")
        self.manifest(textwrap.dedent(rest) + "\n".join(lines) + "\n")

    # the command

    def start(
        self, *args: str, env: Mapping[str, str | None] = {}, cwd: Path | None = None
    ) -> subprocess.Popen[str]:
        """Start the command as a user does; `env` adds to its environment, None takes away."""
        return subprocess.Popen(
            [sys.executable, "-m", "filesync", *args],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd or self.root,
            env=self._environment(env),
            encoding="utf-8",
            errors="surrogateescape",
        )

    def _environment(self, changes: Mapping[str, str | None]) -> dict[str, str]:
        merged: dict[str, str | None] = {**self.env, **changes}
        return {name: value for name, value in merged.items() if value is not None}

    def _begin(
        self, args: Sequence[str], env: Mapping[str, str | None], cwd: Path | None = None
    ) -> subprocess.Popen[str] | Forked:
        if FORKS:
            return Forked(args, cwd or self.root, self._environment(env))
        return self.start(*args, env=env, cwd=cwd)

    def run(
        self,
        *args: str,
        code: int | None = 0,
        env: Mapping[str, str | None] = {},
        cwd: Path | None = None,
    ) -> Ran:
        """Run the command and hold its end against `code` (None: any) and what is always so."""
        return self.finish(self._begin(args, env, cwd), code=code)

    def finish(self, process: subprocess.Popen[str] | Forked, *, code: int | None = 0) -> Ran:
        """Wait for a started command, likewise."""
        try:
            out, err = process.communicate(timeout=60)
        except BaseException:
            end(process)
            raise
        assert process.returncode is not None
        ran = Ran(process.returncode, out, err)
        check_output(out + err)
        assert code is None or ran.code == code, f"exit {ran.code}, not {code}\n{out}\n{err}"
        if ran.code == 1:
            assert err.strip(), "an error that says nothing"
        return ran

    def run_all(
        self,
        *commands: list[str],
        code: int | None = 0,
        env: Mapping[str, str | None] = {},
    ) -> list[Ran]:
        """Run commands side by side that do not write: tests wait for processes to start."""
        with contextlib.ExitStack() as stack:
            running = [self._begin(command, env) for command in commands]
            for process in running:
                stack.callback(end, process)
            return [self.finish(process, code=code) for process in running]

    def plan(self, *args: str) -> Ran:
        """Run `plan --json --detailed-exitcode`, and check the document's shape and exit code."""
        ran = self.run("plan", "--json", "--detailed-exitcode", *args, code=None)
        assert ran.code in (0, 2), ran.err
        check_plan(ran.json)
        assert ran.code == (2 if ran.json["has_changes"] else 0)
        return ran

    def apply(self, *args: str, settled: bool = True) -> Ran:
        """Run `apply -y --json`, which must succeed and leave nothing to do."""
        ran = self.run("apply", "-y", "--json", *args)
        document = ran.json
        assert set(document) == {"format_version", "summary", "applied", "failed"}
        assert document["format_version"] == "1.0"
        assert set(document["summary"]) == SUMMARY
        assert document["failed"] == []
        for done in document["applied"]:
            assert set(done) - {"store"} == {"key", "action", "id"}
        if settled:
            after = self.plan()
            assert after.json["changes"] == after.json["vector_stores"] == []
            assert after.code == 0
        return ran

    def refused(self, *args: str) -> str:
        """Run a command that must say no and leave the lockfile alone; returns its complaint."""
        return self.all_refused([*args])[0]

    def all_refused(self, *commands: list[str]) -> list[str]:
        """The same for several, side by side."""
        before = self.lock_path.read_bytes() if self.lock_path.is_file() else None
        ran = self.run_all(*commands, code=1)
        after = self.lock_path.read_bytes() if self.lock_path.is_file() else None
        assert before == after, "the lockfile was written"
        return [one.err for one in ran]

    def check_no_key(self) -> None:
        """The key is in no file that a run left in the folder."""
        for folder, _, names in os.walk(self.root):
            for name in names:
                path = Path(folder, name)
                if path.is_file():
                    assert CANARY.encode() not in path.read_bytes(), f"the key is in {path}"


def in_colour(project: Project, *args: str, env: Mapping[str, str]) -> tuple[str, str]:
    """Run a command whose output may have colours; returns its stdout and stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "filesync", *args],
        cwd=project.root,
        env={**project.env, **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert CANARY not in done.stdout + done.stderr
    return done.stdout, done.stderr


def end(process: subprocess.Popen[str] | Forked) -> None:
    """End a command if it still runs, and let go of its streams."""
    if isinstance(process, Forked):
        process.close()
    elif process.returncode is None:
        process.kill()
        process.communicate()


def check_output(text: str) -> None:
    """What holds for everything that is ever printed."""
    assert CANARY not in text, f"the key was printed:\n{text}"
    assert "Traceback" not in text, text
    assert "defect in filesync" not in text, text
    raw = {char for char in text if (ord(char) < 32 or 127 <= ord(char) < 160) and char != "\n"}
    assert not raw, f"control characters {raw} in:\n{text!r}"


def check_plan(document: Any) -> None:
    """Hold a plan's JSON against the contract's shape."""
    assert set(document) == {
        "format_version",
        "project",
        "base_url",
        "manifest_sha256",
        "lock_sha256",
        "has_changes",
        "has_drift",
        "summary",
        "changes",
        "vector_stores",
        "warnings",
    }
    assert document["format_version"] == "1.0"
    assert set(document["summary"]) == SUMMARY
    stores = document["vector_stores"]
    assert document["has_changes"] == bool(document["changes"] or stores)
    drift = {"missing_remotely", "expired", "remote_error", "orphan"}
    moved = [*document["changes"], *stores, *(one for each in stores for one in each["members"])]
    assert document["has_drift"] == any(one["reason"] in {*drift, "index_failed"} for one in moved)
    for change in document["changes"]:
        assert set(change) - {"shared_with"} == CHANGE
        assert ("shared_with" in change) == (change["reason"] == "shared")
        assert change["action"] in SUMMARY - {"noop", "unmanaged", "upload_bytes"}
        if change["action"] == "delete":
            assert change["id"]
        if change["action"] == "create":
            assert change["id"] is None
        assert change["fields"] or change["reason"] not in ("attributes_changed", "content_changed")
    for action in ("create", "replace", "adopt", "delete", "forget"):
        count = sum(one["action"] == action for one in document["changes"])
        assert document["summary"][action] == count


def lock_up(project: Project, fake: FakeApi, *names: str, **fields: Any) -> dict[str, str]:
    """Put files on the platform and into a lockfile written as the contract shows it.

    Quicker than an apply, and nothing is young; returns key -> id. `fields` go into every
    remote file.
    """
    entries = {}
    for name in names:
        content = f"this is {name}\n".encode()
        project.write(f"{name}.txt", content)
        file_id = fake.add(f"{name}.txt", content, **fields)
        entries[name] = {
            "id": file_id,
            "path": f"{name}.txt",
            "sha256": hashlib.sha256(content).hexdigest(),
            "bytes": len(content),
            "filename": f"{name}.txt",
            "purpose": "user_data",
            "expires_after": None,
            "created_at": fake.files[file_id]["created_at"],
            "expires_at": fake.files[file_id]["expires_at"],
        }
    document = {
        "version": 1,
        "project": "test",
        "base_url": fake.url,
        "files": entries,
        "retired": [],
    }
    project.lock_path.write_text(json.dumps(document, indent=2) + "\n")
    return {name: str(entry["id"]) for name, entry in entries.items()}

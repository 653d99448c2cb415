"""What the rows share: processes that are timed, the sink, and projects made of nothing.

This process stays small on purpose: the kernel counts the memory of whoever starts a process as
the process's own, up to its first instruction.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

HERE = Path(__file__).parent
FILESYNC = str(Path(sys.executable).with_name("filesync"))
PEERS = [sys.executable, str(HERE / "peers.py")]

GIB = 1 << 30
MIB = 1 << 20
KIB = 1 << 10
UNPACED = 1_000_000  # requests a minute, where a row is not about pace

# Compiled modules are kept, whatever this shell says: an installed package has them.
_ENV = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith(("OPENAI_", "FILESYNC_", "PYTHONDONTWRITEBYTECODE"))
} | {"OPENAI_API_KEY": "bench", "NO_PROXY": "*", "NO_COLOR": "1"}


class Ran(NamedTuple):
    """A process that has ended: wall seconds, processor seconds, peak memory, its output."""

    seconds: float
    cpu: float
    rss_mib: float
    output: str


def run(command: Sequence[str], *, cwd: Path, env: Mapping[str, str] = {}) -> Ran:
    """Run a command to its end and say what it took; RuntimeError if it fails.

    `env` is added to its environment.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = perf_counter()
        process = subprocess.Popen(
            command, cwd=cwd, env={**_ENV, **env}, stdin=subprocess.DEVNULL, stdout=out, stderr=err
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        if process.returncode:
            err.seek(0)
            told = err.read().decode(errors="replace")[-2000:]
            raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {told}")
        output = out.read().decode(errors="replace")
    return Ran(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output)


def best(times: int, *sides: Callable[[], Ran]) -> list[Ran]:
    """Run the sides in turn so many times; return the quickest of each, in the same order.

    In turn, so that a busy minute hits all; the quickest, as other work only ever adds.
    """
    rounds = [[side() for side in sides] for _ in range(times)]
    return [min(each, key=lambda ran: ran.seconds) for each in zip(*rounds, strict=True)]


class Stats(NamedTuple):
    """What the sink counted: requests, those answered 429, body bytes, the seconds from the
    first write request to the last answer to one, and the files in the order they began."""

    requests: int
    refused: int
    received: int
    write_seconds: float
    began: list[tuple[str, int]]


class Sink(NamedTuple):
    """A running sink."""

    base_url: str

    def stats(self) -> Stats:
        """Return what happened since the last call."""
        url = self.base_url.removesuffix("/v1") + "/stats"
        with urllib.request.urlopen(url) as answer:
            return Stats(**json.load(answer))


@contextmanager
def sink(**options: float) -> Iterator[Sink]:
    """Run a sink; the options are those of sink.py."""
    words = [
        word
        for name, value in options.items()
        for word in (f"--{name.replace('_', '-')}", str(value))
    ]
    with subprocess.Popen(
        [sys.executable, str(HERE / "sink.py"), *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Sink(f"http://127.0.0.1:{int(process.stdout.readline())}/v1")
        process.stdin.close()


class Emulator:
    """A running `filesync emulator`; `cpu` is what it took, once the block has ended."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.cpu = 0.0


@contextmanager
def emulator(folder: Path) -> Iterator[Emulator]:
    """Run the emulator on a free port."""
    with subprocess.Popen(
        [FILESYNC, "--quiet", "emulator", "--port", "0", "--data", str(folder)],
        env=_ENV,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        found = Emulator(process.stdout.readline().strip())
        yield found
        process.send_signal(signal.SIGINT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        found.cpu = usage.ru_utime + usage.ru_stime


class Project(NamedTuple):
    """A folder with a manifest."""

    folder: Path

    def filesync(self, *words: str, env: Mapping[str, str] = {}) -> Ran:
        """Run the command in it; `env` is added to its environment."""
        return run([FILESYNC, *words], cwd=self.folder, env=env)

    def forget(self) -> None:
        """Go back to before the first plan."""
        (self.folder / "filesync.lock").unlink(missing_ok=True)
        shutil.rmtree(self.folder / ".filesync", ignore_errors=True)


def project(folder: Path, base_url: str, *, per_minute: int = UNPACED) -> Project:
    """Write a manifest whose one glob is for all of `data/`."""
    (folder / "data").mkdir(parents=True)
    (folder / "filesync.yaml").write_text(
        "version: 1\nproject: bench\n"
        f"remote: {{base_url: '{base_url}', requests_per_minute: {per_minute}}}\n"
        "files:\n  data: {glob: 'data/**/*.txt'}\n"
    )
    return Project(folder)


def write_small(folder: Path, count: int, size: int) -> None:
    """Write files of different content, 100 a folder."""
    for i in range(count):
        if i % 100 == 0:
            (folder / "data" / f"{i // 100:04}").mkdir()
        (folder / _small(i)).write_bytes(_content(i, size))


def _small(i: int) -> str:
    return f"data/{i // 100:04}/f{i:07}.txt"


def _content(i: int, size: int) -> bytes:
    return f"{i:07}\n".encode() * (size // 8)


def write_large(folder: Path, sizes: Sequence[int]) -> list[Path]:
    """Make files of different content that take no place on disk, and read each once.

    They are sparse, so what is measured is neither the disk nor the writing back to it.
    """
    paths = []
    for i, size in enumerate(sizes):
        path = folder / "data" / f"f{i:07}.txt"
        with path.open("wb") as file:
            file.write(_content(i, 8))
            file.truncate(size)
        with path.open("rb", buffering=0) as file:
            while file.read(MIB):
                pass
        paths.append(path)
    return paths


def write_chats(folder: Path, size: int) -> None:
    """Make a training file of at least so many bytes: examples of about 1 KB, each another."""
    words = [
        "the",
        "answer",
        "to",
        "a",
        "question",
        "is",
        "\n",
        '"quoted"',
        "or",
        "long",
        "and",
        "sometimes",
        "über-long",
    ]
    texts = [" ".join(words[(i * j) % len(words)] for j in range(1, 90)) for i in range(1, 200)]
    texts = [json.dumps(text)[1:-1] for text in texts]
    with (folder / "data" / "chats.jsonl").open("w") as file:
        written = number = 0
        while written < size:
            number += 1
            asked, said = texts[number % 199], texts[number * 7 % 199]
            written += file.write(
                '{"messages": [{"role": "system", "content": "You are a helpful assistant."}, '
                f'{{"role": "user", "content": "{number} {asked}"}}, '
                f'{{"role": "assistant", "content": "{said} {number}"}}]}}\n'
            )


def write_lock(folder: Path, base_url: str, count: int, size: int) -> None:
    """Write the lockfile that holds the files of `write_small` under the sink's ids."""
    with (folder / "filesync.lock").open("w") as file:
        file.write(
            f'{{\n  "version": 1,\n  "project": "bench",\n  "base_url": "{base_url}",\n'
            '  "files": {\n'
        )
        for i in range(count):
            path = _small(i)
            digest = hashlib.sha256(_content(i, size)).hexdigest()
            file.write(
                f'    "{path}": {{"id": "file-{i:07}", "path": "{path}", "sha256": "{digest}", '
                f'"bytes": {size}, "filename": "f{i:07}.txt", "purpose": "user_data", '
                '"expires_after": null, "created_at": 1700000000, "expires_at": null}'
                f"{',' if i + 1 < count else ''}\n"
            )
        file.write('  },\n  "retired": []\n}\n')

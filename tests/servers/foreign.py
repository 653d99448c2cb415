"""Servers that others wrote, installed from the package indexes and started on loopback.

They are installed once, into `.foreign` in the repository, by whoever asks first.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from socket import create_server
from typing import NamedTuple

HOME = Path(__file__).parent.parent.parent / ".foreign"
_INSTALL_SECONDS = 300
_START_SECONDS = 60


class Absent(Exception):
    """The server cannot be had here; says why."""


class Foreign(NamedTuple):
    """A running server: its base URL and its version."""

    url: str
    version: str


@contextlib.contextmanager
def aimock() -> Iterator[Foreign]:
    """Run npm's `@copilotkit/aimock`; raises Absent."""
    version = npm_package("@copilotkit/aimock")
    config = HOME / "aimock.json"
    config.write_text("{}")
    port = _free_port()
    command = [str(HOME / "node_modules/.bin/aimock"), "-c", str(config), "-p", str(port)]
    with _running(command, f"http://127.0.0.1:{port}/v1"):
        yield Foreign(f"http://127.0.0.1:{port}/v1", version)


def npm_package(name: str) -> str:
    """Install a package below HOME unless it is there; returns its version. Raises Absent."""
    package = HOME / "node_modules" / name
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise Absent("npm is not installed")
    if not package.exists():
        HOME.mkdir(exist_ok=True)
        # No scripts: nothing of the package runs before we start it.
        flags = ["--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(HOME)]
        _install([npm, "install", *flags, name])
    version: str = json.loads((package / "package.json").read_text())["version"]
    return version


def _install(command: list[str]) -> None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise Absent("it could not be installed: the package index is too slow") from None
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().split("\n")[-1]
        raise Absent(f"it could not be installed: {last}")


@contextlib.contextmanager
def _running(command: list[str], url: str) -> Iterator[None]:
    env = {"PATH": os.environ["PATH"], "HOME": str(HOME)}
    with subprocess.Popen(
        command, cwd=HOME, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            _wait(server, url)
            yield
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()


def _wait(server: subprocess.Popen[bytes], url: str) -> None:
    """Return once the server answers at all; raises Absent if it ends or never does."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise Absent(f"it ended with exit code {server.returncode} when it was started")
        try:
            with urllib.request.urlopen(f"{url}/files", timeout=5):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise Absent("it did not answer after it was started")


def _free_port() -> int:
    with create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


FOREIGN = {"aimock": ("npm @copilotkit/aimock", aimock)}
"""What to call each server, and what runs it, by a short name."""

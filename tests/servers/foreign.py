"""Servers that others wrote, installed from the package indexes and started on loopback.

They are installed once, into `.foreign` in the repository, by whoever asks first.
"""

from __future__ import annotations

import base64
import contextlib
import hmac
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.utils import formatdate
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


AZURE_ACCOUNT, AZURE_KEY = "filesync", base64.b64encode(b"a key for tests").decode()


@contextlib.contextmanager
def azurite() -> Iterator[Foreign]:
    """Run npm's `azurite`, blobs in memory, with one container `data`; raises Absent."""
    version = npm_package("azurite")
    port = _free_port()
    url = f"http://127.0.0.1:{port}/{AZURE_ACCOUNT}"
    command = [str(HOME / "node_modules/.bin/azurite-blob"), "--blobPort", str(port)]
    command += ["--inMemoryPersistence", "--skipApiVersionCheck", "--silent"]
    with _running(command, url, AZURITE_ACCOUNTS=f"{AZURE_ACCOUNT}:{AZURE_KEY}"):
        _make_container(url)
        yield Foreign(url, version)


def _make_container(url: str) -> None:
    """Make the container `data`; a request that is signed as Azure's "Shared Key" asks for."""
    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-12-02"}
    told = [f"{name}:{value}" for name, value in headers.items()]
    place = [f"/{AZURE_ACCOUNT}/{AZURE_ACCOUNT}/data", "restype:container"]
    signed = "\n".join(["PUT", *[""] * 11, *told, *place]).encode()
    digest = hmac.digest(base64.b64decode(AZURE_KEY), signed, "sha256")
    signature = base64.b64encode(digest).decode()
    headers["Authorization"] = f"SharedKey {AZURE_ACCOUNT}:{signature}"
    request = urllib.request.Request(f"{url}/data?restype=container", method="PUT", headers=headers)
    with urllib.request.urlopen(request, timeout=30):
        return


# Of OGX the files API alone, on loopback, in a folder of its own.
_OGX = """\
version: 2
distro_name: files
apis: [files]
providers:
  files:
  - provider_id: localfs
    provider_type: inline::localfs
    config:
      storage_dir: {folder}/files
      metadata_store: {{table_name: files_metadata, backend: sql}}
storage:
  backends:
    kv: {{type: kv_sqlite, db_path: {folder}/kv.db}}
    sql: {{type: sql_sqlite, db_path: {folder}/sql.db}}
  stores:
    metadata: {{namespace: registry, backend: kv}}
    inference: {{table_name: inference_store, backend: sql}}
    conversations: {{table_name: openai_conversations, backend: sql}}
    prompts: {{table_name: prompts, backend: sql}}
    connectors: {{table_name: connectors, backend: sql}}
    vector_stores: {{table_name: vector_stores, backend: sql}}
server: {{host: 127.0.0.1, port: {port}}}
"""
# Besides what it installs by itself, what `ogx stack list-deps` names for these providers.
_OGX_NEEDS = (
    *("ogx", "asyncpg", "aiosqlite", "sqlalchemy[asyncio]", "fire", "opentelemetry-sdk"),
    *("opentelemetry-exporter-otlp-proto-http", "opentelemetry-exporter-otlp-proto-grpc"),
)


@contextlib.contextmanager
def ogx() -> Iterator[Foreign]:
    """Run PyPI's `ogx` in a Python of its own; raises Absent."""
    home = HOME / "ogx"
    python = home / "bin/python"
    installed = home / "installed"
    if not installed.exists():
        HOME.mkdir(exist_ok=True)
        _install([_newer_python(), "-m", "venv", "--clear", str(home)])
        _install([str(python), "-m", "pip", "install", "--quiet", *_OGX_NEEDS])
        installed.touch()
    version = subprocess.run(
        [python, "-c", "import importlib.metadata as m; print(m.version('ogx'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    with tempfile.TemporaryDirectory() as folder:
        port = _free_port()
        config = Path(folder, "config.yaml")
        config.write_text(_OGX.format(folder=folder, port=port))
        command = [str(home / "bin/ogx"), "run", str(config), "--port", str(port), "--insecure"]
        with _running(command, f"http://127.0.0.1:{port}/v1"):
            yield Foreign(f"http://127.0.0.1:{port}/v1", version)


def _newer_python() -> str:
    for minor in (14, 13, 12):
        found = shutil.which(f"python3.{minor}")
        # What a version manager puts there may only say that it has no such version.
        if (
            found
            and subprocess.run([found, "-V"], capture_output=True, check=False).returncode == 0
        ):
            return found
    raise Absent("its releases need Python 3.12, which is not installed")


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
def _running(command: list[str], url: str, **more: str) -> Iterator[None]:
    env = {"PATH": os.environ["PATH"], "HOME": str(HOME), **more}
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


FOREIGN = {
    "aimock": ("npm @copilotkit/aimock", "compatible", aimock),
    "ogx": ("PyPI ogx", "ogx", ogx),
}
"""What to call each server, its `remote.type`, and what runs it, by a short name."""

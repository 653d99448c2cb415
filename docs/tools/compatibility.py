"""Write docs/compatibility.md: run filesync against every server there is, and say what worked.

Run by `make foreign`. It needs npm and a package index for the servers that others wrote; what
cannot be had is in the page with the reason.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT))  # the servers are those of the tests

from generate_markdown import table  # noqa: E402

from filesync.core.servers import SERVER_TYPES  # noqa: E402
from filesync.emulator.server import embedded  # noqa: E402
from filesync.emulator.server_types import SERVER_TYPES as EMULATED  # noqa: E402
from tests.cli.fake_api import FakeApi, serving  # noqa: E402
from tests.cli.harness import CANARY, Project  # noqa: E402
from tests.servers.fakes import PAGE, become  # noqa: E402
from tests.servers.foreign import FOREIGN, Absent, Foreign, npm_package  # noqa: E402
from tests.servers.story import converge  # noqa: E402

REPORT = ROOT / "docs/compatibility.md"
FILES = 250
_HEAD = f"""\
# Compatibility

<!-- Made by docs/tools/compatibility.py (`make foreign`): change it there. -->

What filesync was run against, and what worked. Each server gets the same story with {FILES} files,
more than two pages of a listing: validate, apply, an empty plan; edit one file, add one and remove
one, apply, an empty plan; destroy, and nothing is left. The API key is a canary: it must be in no
output, and in no file that filesync wrote. Nothing here was run against a paid service.
"""
_PYTHON_CLIENTS = {
    "synchronous": (
        "tests/emulator/test_official_client.py",
        "tests/emulator/test_official_stores.py",
    ),
    "asynchronous": ("tests/emulator/test_official_async.py",),
}
_NODE_CLIENT = "tests/servers/test_node_client.py"


def main() -> None:
    """Run everything and write the page."""
    types = [
        row
        for name in SERVER_TYPES
        for row in (
            (f"`{name}`", "a scripted server", *_typed(name)),
            (f"`{name}`", f"`filesync emulator --type {name}`", *_emulator(name)),
        )
    ]
    version = importlib.metadata.version("openai-filesync")
    own = ("filesync emulator", version, *_emulator("compatible", like="openai"))
    foreign = [(what, *_foreign(kind, start)) for what, kind, start in FOREIGN.values()]
    titles = ("Server", "Version", "Result", "What worked, or why not")
    parts = [
        _HEAD,
        "## Servers\n",
        table(titles, [own, *foreign]),
        "## Types of server\n",
        "A small server for each `remote.type`, written from the servers' own pages: their\n"
        "paging, purposes and headers; and [the emulator](emulator.md) like a server of that\n"
        "type. Listings that have pages have pages of 100 files. [Servers](servers.md) has the\n"
        "rules.\n",
        table(("Type", "Server", "Result", "What worked, or why not"), types),
        "## Clients\n\nOther clients against filesync's emulator, so that the emulator does not "
        "merely agree with\nfilesync.\n",
        table(("Client", "Version", "Result", "Test"), [*_python_clients(), _node_client()]),
        f"Python {platform.python_version()}, httpx {importlib.metadata.version('httpx')}.\n",
    ]
    REPORT.write_text("\n".join(parts), encoding="utf-8")


@contextlib.contextmanager
def _project(url: str, **env: str) -> Iterator[Project]:
    with tempfile.TemporaryDirectory() as folder:
        root, home = Path(folder, "project"), Path(folder, "home")
        root.mkdir()
        home.mkdir()
        project = Project(root, home, url)
        project.env |= env
        yield project
        project.check_no_key()


def _story(project: Project, server_type: str) -> tuple[str, str]:
    done: list[str] = []
    try:
        done.extend(converge(project, server_type, FILES))
    except AssertionError as error:
        why = str(error).strip().split("\n")[0].replace("|", r"\|")
        return "failed", f"after {len(done)} steps: {why}"
    return "converged", "; ".join(done)


def _typed(name: str) -> tuple[str, str]:
    with serving(FakeApi()) as api:
        become(api, name)
        azure = {"AZURE_OPENAI_API_KEY": CANARY, "AZURE_OPENAI_ENDPOINT": api.url}
        with _project(api.url, **azure) as project:
            return _story(project, name)


def _emulator(name: str, like: str | None = None) -> tuple[str, str]:
    """The story on the emulator, with `remote.type` set to `name`; it is like that type."""
    like = like or name
    kind = EMULATED[like]
    if like == name:
        EMULATED[like] = kind._replace(page=(PAGE, PAGE))
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            embedded(folder, api_key=CANARY, settings={"type": like}) as url,
        ):
            azure = {"AZURE_OPENAI_API_KEY": CANARY, "AZURE_OPENAI_ENDPOINT": url}
            with _project(url, **azure) as project:
                return _story(project, name)
    finally:
        EMULATED[like] = kind


def _foreign(
    server_type: str,
    start: Callable[[], contextlib.AbstractContextManager[Foreign]],
) -> tuple[str, str, str]:
    try:
        with start() as server, _project(server.url) as project:
            return server.version, *_story(project, server_type)
    except Absent as why:
        return "", "not run", str(why)


def _python_clients() -> list[tuple[str, str, str, str]]:
    version = importlib.metadata.version("openai")
    return [
        (
            f"openai (Python), {how}",
            version,
            _passes(*tests),
            ", ".join(f"`{one}`" for one in tests),
        )
        for how, tests in _PYTHON_CLIENTS.items()
    ]


def _node_client() -> tuple[str, str, str, str]:
    try:
        version = npm_package("openai")
    except Absent as why:
        return "openai (Node)", "", f"not run: {why}", f"`{_NODE_CLIENT}`"
    return "openai (Node)", version, _passes(_NODE_CLIENT), f"`{_NODE_CLIENT}`"


def _passes(*tests: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-m", "foreign or not foreign", *tests],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    return "works" if ran.returncode == 0 else "fails"


if __name__ == "__main__":
    main()

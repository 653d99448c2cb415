"""What the tests of the documents share: the checkout, a clean shell, a server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filesync.emulator.server import embedded

ROOT = Path(__file__).parents[2]


class Shell:
    """A caller in `folder` who has set nothing, with this interpreter's commands on PATH."""

    programs = os.path.dirname(sys.executable)

    def __init__(self, folder: Path, home: Path, **more: str) -> None:
        ours = ("OPENAI_", "FILESYNC_", "GITHUB_", "GITLAB_", "CI_")
        env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        path = os.pathsep.join([self.programs, env.get("PATH", os.defpath)])
        self.folder = folder
        self.env = {**env, "HOME": str(home), "PATH": path, "NO_COLOR": "1", **more}
        for one in (folder, home):
            one.mkdir(exist_ok=True)

    def run(self, *command: str | Path, status: int = 0, **more: str) -> str:
        """Run a command to its end, and return what it printed, stdout and stderr as they came."""
        result = subprocess.run(
            command,
            cwd=self.folder,
            env={**self.env, **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert result.returncode == status, result.stdout
        return result.stdout

    def python(self, *command: str) -> str:
        """Run a Python program."""
        return self.run(sys.executable, *command)


@contextmanager
def serving(data: Path, clock: Callable[[], float] = time.time) -> Iterator[dict[str, str]]:
    """Serve the emulator over HTTP; gives the environment variables that lead there."""
    with embedded(str(data), api_key="any", clock=clock) as url:
        yield {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "any"}


def copy_checkout(target: Path) -> Path:
    """Copy the examples and the manifests to where an apply may leave its lockfile."""
    leave = shutil.ignore_patterns(".filesync", "*.lock", "__pycache__")
    for folder in ("examples", "manifests"):
        shutil.copytree(ROOT / folder, target / folder, ignore=leave)
    return target

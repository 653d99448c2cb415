"""git in the checkout, with the token where the checkout has kept no credentials."""

from __future__ import annotations

import base64
import functools
import os
import subprocess

from job import given

_ME = ("-c", "user.name=filesync", "-c", "user.email=filesync@users.noreply.github.com")


def git(*args: str) -> subprocess.CompletedProcess[str]:
    """Run git; it asks nothing, and what it says is returned."""
    return subprocess.run(
        ["git", *_ME, *args],
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="backslashreplace",
        check=False,
    )


def branch() -> str | None:
    """Return the branch that is checked out, None if it is a commit or there is no checkout."""
    done = git("symbolic-ref", "--quiet", "--short", "HEAD")
    return done.stdout.strip() if done.returncode == 0 else None


def _environment() -> dict[str, str]:
    env = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
    token = env.pop("TOKEN", "").strip()
    name = f"http.{given('GITHUB_SERVER_URL') or 'https://github.com'}/.extraheader"
    # Two headers would be an error; the checkout's own go first, such as those of an app.
    if token and not _says(name):
        number = int(env.get("GIT_CONFIG_COUNT") or 0)
        pair = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        env |= {
            "GIT_CONFIG_COUNT": str(number + 1),
            f"GIT_CONFIG_KEY_{number}": name,
            f"GIT_CONFIG_VALUE_{number}": f"AUTHORIZATION: basic {pair}",
        }
    return env


@functools.cache
def _says(name: str) -> bool:
    """Say whether git's configuration has a value of this name."""
    done = subprocess.run(["git", "config", "--get-all", name], stdout=subprocess.PIPE, check=False)
    return done.returncode == 0 and bool(done.stdout.strip())

"""The job that a step runs in: its inputs, its files, and what it says in the log."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path


class Stop(Exception):
    """The step fails: what is wrong, and what to do about it."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(f"{what} -> {hint}")


def given(name: str) -> str:
    """Return an input, or another variable of the step; "" if there is none."""
    return os.environ.get(name, "").strip()


def words(name: str = "ARGS") -> list[str]:
    """Return an input split into words as a shell does; comments and variables are only text."""
    try:
        return shlex.split(os.environ.get(name, ""))
    except ValueError as error:
        raise Stop(f"args cannot be split into words: {error}", "close each quote") from None


def names(text: str) -> list[str]:
    """Return names that are separated by spaces, commas or newlines."""
    return [one for one in re.split(r"[\s,]+", text) if one]


def target() -> str:
    """Return the manifest, and the environment if there is one, for titles and marks."""
    env = environment()
    return f"{manifest()} ({env})" if env else manifest()


def environment() -> str:
    """Return the manifest's environment: the input, else the job's FILESYNC_ENV, else ""."""
    return given("ENVIRONMENT") or given("FILESYNC_ENV")


def manifest() -> str:
    """Return the manifest's path; filesync.yml where that is the one there is."""
    path = given("MANIFEST")
    other = path.removesuffix(".yaml") + ".yml"
    if path.endswith(".yaml") and not Path(path).exists() and Path(other).is_file():
        return other
    return path


def lockfile() -> str:
    """Return the path of the lockfile beside the manifest, as docs/design/contract.md names it."""
    path, env = manifest(), environment()
    stem, suffix = os.path.splitext(path)
    if suffix.lower() not in (".yaml", ".yml"):
        stem = path
    return f"{stem}.{env}.lock" if env else f"{stem}.lock"


def temporary(name: str) -> Path:
    """Return a path in the job's temporary folder."""
    return Path(os.environ["RUNNER_TEMP"], name)


def output(name: str, value: str) -> None:
    """Set an output of the step; the value has one line."""
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as file:
        file.write(f"{name}={value}\n")


def error(message: str) -> None:
    """Say in the log, and on the run's page, why the step fails."""
    _command("error", message)


def warning(message: str) -> None:
    """Say in the log, and on the run's page, what did not work."""
    _command("warning", message)


def _command(name: str, message: str) -> None:
    """Write a workflow command; a newline in it would end it."""
    quoted = message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    print(f"::{name}::{quoted}", flush=True)


@contextlib.contextmanager
def quoted() -> Iterator[None]:
    """While this lasts, GitHub takes nothing in the log for a workflow command.

    What a manifest or a server names may look like one.
    """
    end = secrets.token_hex(16)
    print(f"::stop-commands::{end}", flush=True)
    try:
        yield
    finally:
        print(f"::{end}::", flush=True)


def version_is_enough() -> bool:
    """Say whether this Python can run filesync."""
    return sys.version_info >= (3, 11)

"""The commands that messages name: whole, so that one can copy them into a shell."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from filesync.core.text import printable

DEFAULT_MANIFEST = "filesync.yaml"

# The options of the run, for the commands in its messages: manifest, environment and server.
# It stands here as a locale would: it changes how a thing is said, never what is decided.
_options: ContextVar[str] = ContextVar("options", default="")


def word(text: str) -> str:
    """Return a key, an id or a path as one word of a command line, fit to be printed."""
    return shlex.quote(printable(text))


def flags(
    manifest: str | None, env: str | None, base_url: str | None, directory: str | None = None
) -> str:
    """Return the options that lead a command to the same manifest, environment and server.

    None for a manifest that every command finds by itself.
    """
    said = [
        ("-C", directory),
        ("-m", None if manifest == DEFAULT_MANIFEST else manifest),
        ("--env", env),
        ("--base-url", base_url),
    ]
    return "".join(f"{name} {word(value)} " for name, value in said if value is not None)


@contextmanager
def commands_for(flags: str) -> Iterator[None]:
    """Give the commands that are named inside these options, in this thread and in those of a pool
    that it starts."""
    before = _options.set(flags)
    try:
        yield
    finally:
        _options.reset(before)


def command_line(*words: str) -> str:
    """Return a command of filesync with the options of the run that names it, fit for a shell."""
    return f"filesync {_options.get()}{' '.join(map(word, words))}"


def command(*words: str) -> str:
    """Return the same between backticks, for a sentence: `command("forget", key)`."""
    return f"`{command_line(*words)}`"

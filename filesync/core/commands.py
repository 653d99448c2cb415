"""The commands that messages name: whole, so that one can copy them into a shell."""

from __future__ import annotations

import re
import shlex

from filesync.core.text import printable

DEFAULT_MANIFEST = "filesync.yaml"


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


def with_flags(text: str, flags: str) -> str:
    """Return a text in which each command between backticks has these options, but for those that
    have options there already."""
    return re.sub("`filesync (?!-)", lambda _: f"`filesync {flags}", text)

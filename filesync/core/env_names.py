"""The names of environments: they become part of file names. Loads nothing that costs time."""

from __future__ import annotations

import re

from filesync.core.text import quoted
from filesync.errors import FilesyncError

ENV_PATTERN = "[a-z0-9][a-z0-9-]{0,62}"
ENV_RULE = "must be 1 to 63 of a-z, 0-9 and '-', and not begin with '-'"


def is_env_name(name: str) -> bool:
    """Say whether an environment may have this name."""
    return re.fullmatch(ENV_PATTERN, name) is not None


def with_env(stem: str, env: str | None) -> str:
    """Return the stem of a file's name with the environment behind it; as it is without one.

    Raises FilesyncError for an invalid name, which could lead to another folder.
    """
    if env is None:
        return stem
    if not is_env_name(env):
        raise FilesyncError(
            f"{quoted(env)} is not a valid environment name: it {ENV_RULE}",
            "name one of the manifest's `environments` with --env NAME or FILESYNC_ENV",
        )
    return f"{stem}.{env}"

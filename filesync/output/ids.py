"""File ids in the formats that jobs read."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping

from filesync.core.text import quoted
from filesync.errors import FilesyncError


def render_ids(ids: Mapping[str, str], form: str) -> str:
    """Return all ids (key -> id) as json, env, github or tfvars text, newline included.

    Raises FilesyncError if two keys give the same name.
    """
    return FORMATS[form](dict(sorted(ids.items())))


def render_store_ids(ids: Mapping[str, str], form: str) -> str:
    """Return the ids of vector stores likewise; where names must differ, as `store_<key>`."""
    if form == "tfvars":
        return _tfvars(dict(sorted(ids.items())), "filesync_store_ids")
    led = form in ("env", "github")
    return render_ids({f"store_{key}" if led else key: one for key, one in ids.items()}, form)


def _json(ids: Mapping[str, str]) -> str:
    return json.dumps(ids, indent=2) + "\n"


def env_names(ids: Mapping[str, str]) -> dict[str, str]:
    """Return a dict from environment variable name (FILESYNC_<KEY>) to id."""
    return _named(ids, lambda key: "FILESYNC_" + re.sub(r"[^A-Z0-9]", "_", key.upper()))


def _env(ids: Mapping[str, str]) -> str:
    return "".join(f"{name}={shlex.quote(one)}\n" for name, one in env_names(ids).items())


def _github(ids: Mapping[str, str]) -> str:
    """Return lines for $GITHUB_OUTPUT, whose names consist of letters, digits, - and _."""

    def name(key: str) -> str:
        safe = re.sub(r"[^A-Za-z0-9_-]", "_", key)
        return safe if re.match(r"[A-Za-z_]", safe) else "_" + safe

    return "".join(f"{one}={file_id}\n" for one, file_id in _named(ids, name).items())


def _tfvars(ids: Mapping[str, str], variable: str = "filesync_ids") -> str:
    """Return one map variable, because keys contain characters that variable names may not."""

    def quoted(text: str) -> str:
        # HCL has the escapes of JSON, plus two that begin a template.
        return json.dumps(text).replace("${", "$${").replace("%{", "%%{")

    lines = "".join(f"  {quoted(key)} = {quoted(file_id)}\n" for key, file_id in ids.items())
    return f"{variable} = {{\n{lines}}}\n"


def _named(ids: Mapping[str, str], name: Callable[[str], str]) -> dict[str, str]:
    keys: dict[str, str] = {}
    for key in ids:
        other = keys.setdefault(name(key), key)
        if other != key:
            raise FilesyncError(
                f"the keys {quoted(other)} and {quoted(key)} both become {name(key)}",
                "rename one of them, or use `--format json`",
            )
    return {one: ids[key] for one, key in keys.items()}


FORMATS: dict[str, Callable[[Mapping[str, str]], str]] = {
    "json": _json,
    "env": _env,
    "github": _github,
    "tfvars": _tfvars,
}

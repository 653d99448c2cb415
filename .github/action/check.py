"""Check the inputs before anything is installed, and name the cache of what will be."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import sys
from pathlib import Path

from job import Stop, given, manifest, names, output, version_is_enough, words

_MODES = ("plan", "apply", "drift")
_SWITCHES = ("COMMENT", "COMMIT", "ISSUE", "CLOUD")
# Each has an input of its own, by which the lockfile, the comment and the issue are found.
_NOT_IN_ARGS = {
    "-m": "manifest",
    "--manifest": "manifest",
    "--env": "environment",
    "-C": "manifest",
    "--base-url": "base-url",
    "--allow-env": "allow-env",
}


def run() -> None:
    """Raise Stop for the first input that is wrong."""
    if not version_is_enough():
        raise Stop(
            f"filesync needs Python 3.11 or later, and this is {platform.python_version()}",
            "set the input python-version",
        )
    mode = given("MODE")
    if mode not in _MODES:
        raise Stop(f"mode is {mode!r}", f"set it to {', '.join(_MODES[:2])} or {_MODES[2]}")
    for name in _SWITCHES:
        if given(name) not in ("true", "false"):
            raise Stop(f"{name.lower()} is {given(name)!r}", "set it to true or false")
    if not given("MANIFEST"):
        raise Stop("manifest is empty", "name the manifest, or leave the input out")
    for one in words():
        name = one.partition("=")[0]
        if name[:2] in ("-m", "-C"):  # the value may follow without a space
            name = name[:2]
        if name in _NOT_IN_ARGS:
            raise Stop(f"args has {name}", f"use the input {_NOT_IN_ARGS[name]} instead")
    for one in names(given("ALLOW_ENV")):
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", one):
            raise Stop(f"allow-env has {one!r}", "list names of variables, without $ and braces")
    if not Path(manifest()).is_file():
        raise Stop(
            f"there is no manifest {manifest()}",
            "check out the repository first, and name the manifest from its root",
        )
    output("cache-key", _cache_key())


def _cache_key() -> str:
    name = "cloud.txt" if given("CLOUD") == "true" else "run.txt"
    locked = Path(os.environ["GITHUB_ACTION_PATH"], "requirements", name).read_bytes()
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    machine = f"{platform.system()}-{platform.machine()}"
    return f"filesync-{machine}-py{version}-{hashlib.sha256(locked).hexdigest()[:16]}"

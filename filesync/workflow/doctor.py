"""`doctor`: everything a run needs, looked at one by one; nothing is changed."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from filesync.core.commands import command, word
from filesync.core.run import Run
from filesync.core.text import plural, printable
from filesync.errors import (
    GONE,
    ApiError,
    FilesyncError,
    LockfileError,
    NoSuchRoute,
    ObjectStoreError,
    RemoteError,
)
from filesync.local.state_dir import state_dir
from filesync.workflow.init import schema_is_old, schema_path
from filesync.workflow.workspace import Workspace, open_workspace, scan

if TYPE_CHECKING:
    from filesync.core.model import ScannedFile
    from filesync.remote.client import Reader

OK, WARNING, FAILED, SKIPPED = "ok", "warning", "failed", "skipped"

_LIBRARIES = ("openai-filesync", "click", "httpx", "pydantic", "PyYAML")
_CLOCK_SECONDS = 300
_GIT_SECONDS = 20
_POINTER = b"version https://git-lfs.github.com/spec/"
_POINTER_BYTES = 1024


class Check(NamedTuple):
    """One thing that was looked at: `state` is ok, warning, failed or skipped."""

    name: str
    state: str
    message: str
    hint: str = ""


def examine(run: Run) -> Iterator[Check]:
    """Yield a check at a time, first those that need no server (the only ones if offline)."""
    yield _versions()
    try:
        space = open_workspace(run)
        files = scan(run, space.manifest, space.problems, stores=not run.offline)
    except FilesyncError as error:
        names = {LockfileError: "lockfile", ObjectStoreError: "bucket"}
        name = next((names[kind] for kind in names if isinstance(error, kind)), "manifest")
        yield _failed(name, error)
        return
    yield Check("manifest", OK, f"{run.manifest} is valid: {plural(len(files), 'file')}")
    yield _schema(run)
    yield _lock(space)
    yield _in_git(space)
    yield _state(run)
    yield _lfs(files)
    if run.offline:
        yield Check("server", SKIPPED, "not asked, because of --offline")
        return
    yield from _server(space)


def _failed(name: str, error: FilesyncError) -> Check:
    return Check(name, FAILED, error.message, error.hint)


def _versions() -> Check:
    found = [f"Python {platform.python_version()}"]
    for library in _LIBRARIES:
        try:
            found.append(f"{library} {importlib.metadata.version(library)}")
        except importlib.metadata.PackageNotFoundError:  # vendored under another name
            continue
    return Check("versions", OK, ", ".join(found))


def _schema(run: Run) -> Check:
    path = schema_path(run.manifest)
    if schema_is_old(run.manifest):
        renew = f"run {command('schema', '-o', path)}"
        return Check("schema", WARNING, f"{path} is another version's", renew)
    if not os.path.exists(path):
        return Check("schema", SKIPPED, f"there is no {path}; editors do without completion")
    return Check("schema", OK, f"{path} is this version's")


def _lock(space: Workspace) -> Check:
    path = space.place.name
    if space.lock_sha256 is None:
        return Check("lockfile", WARNING, f"there is no {path} yet", f"run {command('apply')}")
    lock = space.lock
    now = time.time()
    expired = sum((entry.expires_at or now + 1) <= now for entry in lock.files.values())
    what = f"{path} has {plural(len(lock.files), 'file')}"
    if expired:
        what += f", {expired:,} of them expired"
        return Check("lockfile", WARNING, what, f"run {command('apply')}")
    return Check("lockfile", OK, what)


def _in_git(space: Workspace) -> Check:
    """Say whether the lockfile is in git: lost, all files would look new on another machine."""
    path, folder = space.lock_path, space.run.folder
    if space.manifest.lockfile is not None:
        return Check("git", SKIPPED, f"the lockfile is not in git but at {space.place.name}")
    name = os.path.basename(path)
    inside = _git(folder, "rev-parse", "--is-inside-work-tree")
    if inside is None:
        return Check("git", SKIPPED, "git is not installed, or it does not answer")
    if inside.returncode != 0:
        hint = "keep the lockfile where every machine that applies has it"
        return Check("git", WARNING, f"{folder} is not in a git repository", hint)
    if (ignored := _git(folder, "check-ignore", "-q", name)) and ignored.returncode == 0:
        hint = f"take it out of .gitignore, then run `git add {word(path)}`"
        return Check("git", FAILED, f"git ignores {path}", hint)
    if space.lock_sha256 is None:
        return Check("git", OK, f"git does not ignore {path}")
    tracked = _git(folder, "ls-files", "--error-unmatch", name)
    if tracked is None or tracked.returncode != 0:
        return Check("git", WARNING, f"{path} is not in git", f"run `git add {word(path)}`")
    changed = _git(folder, "status", "--porcelain", "--", name)
    if changed is not None and changed.stdout.strip():
        return Check("git", WARNING, f"{path} has changes that are not committed", "commit it")
    return Check("git", OK, f"{path} is committed")


def _git(folder: str, *arguments: str) -> subprocess.CompletedProcess[bytes] | None:
    """Run git in a folder; None if it is not installed, or takes too long."""
    try:
        return subprocess.run(
            ["git", "-C", folder, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_GIT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None


def _state(run: Run) -> Check:
    folder = state_dir(run.manifest)
    above = folder
    while above and not os.path.exists(above):
        above = os.path.dirname(above)
    if os.access(above or ".", os.W_OK):
        return Check("state", OK, f"{folder} can be written to")
    hint = "pass --state-dir DIR, or make it writable"
    return Check("state", FAILED, f"{folder} cannot be written to", hint)


def _lfs(files: list[ScannedFile]) -> Check:
    """Say whether Git LFS has left pointers in place of files."""
    pointers = [file.path for file in files if _is_pointer(file)]
    if not pointers:
        return Check("lfs", OK, "no file is a Git LFS pointer")
    more = f" and {len(pointers) - 1:,} more" if len(pointers) > 1 else ""
    what = f"{printable(pointers[0])}{more}: a Git LFS pointer, not the file"
    hint = "run `git lfs pull`; in GitHub Actions, check out with `lfs: true`"
    return Check("lfs", FAILED, what, hint)


def _is_pointer(file: ScannedFile) -> bool:
    if file.bytes >= _POINTER_BYTES or file.version is not None:
        return False
    try:
        with open(file.absolute, "rb") as opened:
            return opened.read(len(_POINTER)) == _POINTER
    except OSError:
        return False


def _server(space: Workspace) -> Iterator[Check]:
    url = space.server.base_url
    try:
        with space.reader() as client:
            yield Check("key", OK, f"there are credentials for {url}")
            begun = time.monotonic()
            files = client.list_files()
            took = time.monotonic() - begun
            yield Check("server", OK, f"{url} answers")
            listed = f"{plural(len(files), 'file')} in {took:.1f} s, whole"
            yield Check("listing", OK, listed)
            yield _clock(client)
            yield from _permissions(client, bool(space.manifest.stores))
    except ApiError as error:
        yield _failed({401: "key", 403: "permissions"}.get(error.status, "server"), error)
    except FilesyncError as error:
        # Before a request is sent, what is wrong is the credentials, or where they would go.
        yield _failed("server" if isinstance(error, RemoteError) else "key", error)


def _clock(client: Reader) -> Check:
    offset = client.clock_offset
    if offset is None:
        return Check("clock", SKIPPED, "the server does not say what time it is")
    said = f"this machine's clock is {abs(round(offset))} s {'behind' if offset > 0 else 'ahead'}"
    if abs(offset) > _CLOCK_SECONDS:
        return Check("clock", WARNING, said, "set this machine's clock; filesync uses the server's")
    return Check("clock", OK, said if round(offset) else "this machine's clock agrees")


def _permissions(client: Reader, stores: bool) -> Iterator[Check]:
    """Say what the key may look at, as a look before each delete needs; writing is not tried."""
    looks: dict[str, Callable[[], object]] = {
        "fine-tuning jobs": client.list_fine_tuning_jobs,
        "batches": client.list_batches,
        "vector stores": client.list_vector_stores,
    }
    denied, absent = [], []
    for what, look in looks.items():
        try:
            look()
        except NoSuchRoute:
            absent.append(what)
        except ApiError as error:
            if error.status in GONE:
                absent.append(what)
            elif error.status in (401, 403):
                denied.append(what)
            else:
                raise
    if denied:
        state = FAILED if stores and "vector stores" in denied else WARNING
        hint = "give the key read access: before a delete filesync looks for what uses the file"
        yield Check("permissions", state, f"the key may not list {', '.join(denied)}", hint)
        return
    without = f"; the server has no {', '.join(absent)}" if absent else ""
    yield Check("permissions", OK, f"the key may list what can use a file{without}")

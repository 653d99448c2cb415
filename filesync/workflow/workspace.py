"""What a run starts from: the manifest, the lockfile beside it, the server it speaks to."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, NamedTuple

from filesync.core.commands import DEFAULT_MANIFEST, command
from filesync.core.lockfile import format as lock_format
from filesync.core.lockfile.lock import Lockfile, check_owner
from filesync.core.secret_names import SECRETS
from filesync.core.servers import server_type
from filesync.core.text import printable
from filesync.core.wrong_manifest import wrong_manifest
from filesync.errors import FilesyncError, LockfileError, Problem, Refused
from filesync.local import lockfile
from filesync.local.files import open_regular, remove
from filesync.local.state_dir import SCHEMA_FILE
from filesync.workflow.lock_place import place_of, read_at
from filesync.workflow.server import Server, choose_server, reader, recorded_url, urls_of, writer

if TYPE_CHECKING:  # these cost time to import, and `filesync id` needs none of them
    from filesync.core.lockfile.pieces import Origin
    from filesync.core.manifest.variables import Access
    from filesync.core.model import Entry, Manifest, ScannedFile
    from filesync.core.run import Run, Shard
    from filesync.core.servers import ServerType
    from filesync.core.stores.model import DesiredStore
    from filesync.remote.client import Reader, Writer
    from filesync.remote.timing import ClientSettings
    from filesync.workflow.lock_place import LockPlace
    from filesync.workflow.state import RunState


class Workspace(NamedTuple):
    """A manifest with its lock.

    `problems` are the manifest's own so far: whoever uses its entries raises them together
    with those of the files. `place` is where the lockfile is, and beside `lock_path` are its
    pieces, wherever that is. `lock_bytes`, its text, and `lock_sha256`, the hex sha256 of that, are
    None where there is no lockfile yet. The lock of a shard has what its piece of the lockfile
    says; `piece_bytes` is None where there is none yet, and `retired_before` are the ids that wait
    in the lockfile itself.
    """

    run: Run
    manifest: Manifest
    problems: list[Problem]
    server: Server
    lock_path: str
    place: LockPlace
    lock_bytes: bytes | None
    lock_sha256: str | None
    lock: Lockfile
    piece_bytes: bytes | None = None
    retired_before: frozenset[str] = frozenset()

    @property
    def origin(self) -> Origin:
        """Return what a piece of the lockfile is made from."""
        from filesync.core.lockfile.pieces import Origin

        manifest = self.manifest
        return Origin(manifest.sha256, manifest.filled_sha256, self.lock_sha256)

    @property
    def state(self) -> RunState:
        """Return where the journals of this run are."""
        from filesync.workflow.state import RunState

        manifest = self.manifest
        return RunState(self.run, manifest.project, self.server.base_url, manifest.state)

    def known(self) -> Lockfile:
        """Return the lockfile as it was found, without a shard's piece and what was recovered."""
        if self.lock_sha256 is None:
            return Lockfile(self.manifest.project, self.server.base_url)
        assert self.lock_bytes is not None
        return lock_format.parse_lockfile(self.lock_bytes, self.place.name)

    def without_text(self) -> Workspace:
        """Return it without the lockfile's text, 32 MB for 100,000 files.

        Only an apply needs that: when it saves, it compares the text with the file's.
        """
        return self._replace(lock_bytes=None)

    def reader(self) -> AbstractContextManager[Reader]:
        """Connect for looking only, at the manifest's pace."""
        return reader(self.server, self.run, requests_per_minute=self._pace)

    def writer(self, settings: ClientSettings) -> AbstractContextManager[Writer]:
        """Connect for apply and destroy, at the manifest's pace."""
        return writer(self.server, self.run, requests_per_minute=self._pace, settings=settings)

    @property
    def _pace(self) -> float:
        """Return the requests a minute of this run: all shards together keep to the manifest's."""
        shard = self.run.shard
        return self.manifest.requests_per_minute / (1 if shard is None else shard.of)


def open_workspace(run: Run) -> Workspace:
    """Read the manifest and the lockfile of a run, and compare them with each other.

    Raises ManifestError where the manifest says nothing usable, LockfileError for a lockfile
    that is damaged or of another project or base_url.
    """
    manifest, problems = read_manifest(run)
    server = choose_server(run, manifest.base_url, manifest.server_type)
    path = lockfile.lock_path(run.manifest, run.env)
    place = place_of(run.manifest, run.env, manifest.lockfile)
    if os.path.abspath(path) == os.path.abspath(run.manifest):
        raise FilesyncError(
            f"{printable(run.manifest)} is a lockfile, not a manifest",
            "name the manifest that it belongs to with --manifest PATH",
        )
    found = read_at(place, run.manifest, run.env)
    if problems or found is None:  # with problems, project and base_url may be placeholders
        lock = Lockfile(manifest.project, server.base_url)
    else:
        lock = lock_format.parse_lockfile(found, place.name)
        lock.base_url = recorded_url(lock.base_url, run.folder)
        check_owner(lock, place.name, manifest.project, server.base_url)
    sha256 = None if found is None else hashlib.sha256(found).hexdigest()
    space = Workspace(run, manifest, problems, server, path, place, found, sha256, lock)
    return space if run.shard is None or problems else _with_piece(space, run.shard)


def _with_piece(space: Workspace, shard: Shard) -> Workspace:
    """Return a shard's workspace with what its piece of the lockfile says, if there is one."""
    from filesync.core.lockfile.pieces import JOINED, lay_over, parse_piece

    others = [one for one in waiting_pieces(space.lock_path) if one.of != shard.of]
    if others:
        raise Refused(
            f"pieces of another split lie beside {printable(space.lock_path)}: there is "
            f"{printable(lockfile.piece_path(space.lock_path, others[0]))}, and this is {shard}",
            f"join them with {command('lock', 'merge')}, or keep to the split that they were made "
            "with",
        )
    space = space._replace(retired_before=frozenset(space.lock.retired))
    path = lockfile.piece_path(space.lock_path, shard)
    found = lockfile.read_lock_bytes(path)
    if found is None:
        return space
    piece = parse_piece(found, path)
    if piece.state == JOINED:
        return space._replace(piece_bytes=found)  # the lockfile has it: a new piece begins
    check_owner(piece.lock, path, space.manifest.project, space.server.base_url)
    if piece.shard != shard:
        raise LockfileError(
            f"{printable(path)} says that it is piece {piece.shard}", "give it its own name back"
        )
    if piece.origin.lock_sha256 != space.origin.lock_sha256:
        raise Refused(
            f"{space.place.name} has changed since {printable(path)} was begun",
            "restore the lockfile that the pieces were begun with and run "
            f"{command('lock', 'merge')}; then merge the two lockfiles as code",
        )
    lay_over(space.lock, piece)
    return space._replace(piece_bytes=found)


def pieces_beside(lock_path: str) -> list[Shard]:
    """Return which pieces of a lockfile lie beside it."""
    from filesync.core.run import Shard

    numbers = (one.rpartition(".")[2].split("-of-") for one in lockfile.piece_paths(lock_path))
    return [Shard(int(number), int(of)) for number, of in numbers]


def waiting_pieces(lock_path: str) -> list[Shard]:
    """Return which pieces beside a lockfile are not joined yet."""
    from filesync.core.lockfile.pieces import is_marked_joined

    return [
        one
        for one in pieces_beside(lock_path)
        if not is_marked_joined(lockfile.read_piece_head(lockfile.piece_path(lock_path, one)))
    ]


def read_manifest(run: Run) -> tuple[Manifest, list[Problem]]:
    """Read and check a run's manifest; FilesyncError if there is none or it cannot be read."""
    from filesync.core.manifest import parse as manifests
    from filesync.core.manifest.yaml_errors import MAX_BYTES

    path = run.manifest
    text = _manifest_bytes(path, MAX_BYTES + 1)
    access = _access(run)
    if access.leaks(text.decode("utf-8", "replace")):
        raise FilesyncError(
            f"{printable(path)} has your API key in it",
            "remove it, and replace the key if the file was shared: it is read from OPENAI_API_KEY",
        )
    return manifests.parse_manifest(
        text, path, run.env, os.environ, urls=urls_of(run), access=access
    )


def _manifest_bytes(path: str, most: int) -> bytes:
    """Read the start of a manifest; FilesyncError if there is none or it cannot be read."""
    try:
        with open_regular(path) as file:
            return file.read(most)
    except FileNotFoundError:
        raise _no_manifest(path) from None
    except OSError as error:
        raise FilesyncError(f"cannot read {printable(path)}: {error.strerror}") from None


def _access(run: Run) -> Access:
    """Return which environment variables a run's manifest may use."""
    from filesync.core.manifest.variables import Access

    allowed = os.environ.get("FILESYNC_ALLOW_ENV", "").replace(",", " ").split()
    return Access(
        frozenset((*run.allow_env, *allowed)),
        tuple(value for name in SECRETS if (value := os.environ.get(name, "").strip())),
        None if run.base_url else os.environ.get("OPENAI_BASE_URL", ""),
    )


def _no_manifest(path: str) -> FilesyncError:
    here = " in this folder or above it" if path == DEFAULT_MANIFEST else ""
    return FilesyncError(
        f"there is no manifest {printable(path)}{here}",
        f"run {command('init')} to write one, or name yours with --manifest PATH",
    )


@contextmanager
def alone(
    run: Run, *, timeout: float, on_wait: Callable[[str], None], joins: bool = False
) -> Iterator[None]:
    """Keep every other run off the lockfile for as long as the context is open.

    A shard keeps only other runs of the same shard off its piece. Raises FilesyncError if there is
    no manifest, before anything is written beside it, or if another run holds the lockfile for
    longer than `timeout` seconds; Refused if pieces of it are not joined yet, and this run is
    neither a shard nor `joins` them.
    """
    from filesync.local.apply_lock import exclusive

    if not os.path.exists(run.manifest):
        raise _no_manifest(run.manifest)
    path = lockfile.lock_path(run.manifest, run.env)
    place = lock_place(run)
    if isinstance(place, lockfile.LockOnDisk):
        lockfile.require_writable(path)
    with (
        exclusive(run.manifest, run.env, shard=run.shard, timeout=timeout, on_wait=on_wait),
        _leased(run, timeout=timeout, on_wait=on_wait),
    ):
        if run.shard is None and not joins:
            if waiting := pieces_that_wait(place.name, path):
                raise Refused(
                    waiting,
                    f"run {command('lock', 'merge')}; or remove the pieces, and what they "
                    "uploaded stays on the platform",
                )
            remove_pieces(path)
        yield


def pieces_that_wait(name: str, lock_path: str) -> str:
    """Return a sentence about the pieces of a lockfile that are not joined yet, "" for none."""
    pieces = waiting_pieces(lock_path)
    if not pieces:
        return ""
    first = lockfile.piece_path(lock_path, pieces[0])
    more = f" and {len(pieces) - 1:,} more" if len(pieces) > 1 else ""
    return f"pieces of {name} are not joined yet: there is {printable(first)}{more}"


def remove_pieces(lock_path: str) -> None:
    """Remove all pieces of a lockfile, which has them now."""
    for path in lockfile.piece_paths(lock_path):
        remove(path)


@contextmanager
def whole_lockfile(run: Run) -> Iterator[None]:
    """Keep a run on the whole lockfile out while a shard begins its piece of it.

    One that is under way ends first, and what it has written is seen then.
    """
    from filesync.local.apply_lock import exclusive

    whole = run._replace(shard=None)
    with (
        exclusive(run.manifest, run.env, timeout=_BEGIN_SECONDS, on_wait=lambda _message: None),
        _leased(whole, timeout=_BEGIN_SECONDS, on_wait=lambda _message: None, begins=True),
    ):
        yield


@contextmanager
def _leased(
    run: Run, *, timeout: float, on_wait: Callable[[str], None], begins: bool = False
) -> Iterator[None]:
    """Hold the lease of a run whose state is in an object store; nothing for any other."""
    state = state_of(run)
    if state is None:
        yield
        return
    with state.hold(timeout=timeout, on_wait=on_wait, begins=begins):
        yield


def state_of(run: Run) -> RunState | None:
    """Return where the journals of a run are if that is in an object store, None if not.

    A manifest with mistakes has no state: reading it for its files reports them.
    """
    from filesync.workflow.state import RunState

    if b"state" not in _manifest_bytes(run.manifest, _MOST_MANIFEST):
        return None  # spares reading most manifests twice
    manifest, problems = read_manifest(run)
    if problems or manifest.state is None:
        return None
    server = choose_server(run, manifest.base_url, manifest.server_type)
    return RunState(run, manifest.project, server.base_url, manifest.state)


_MOST_MANIFEST = 64 * 1000**2


# A shard waits so long for a run on the whole lockfile.
_BEGIN_SECONDS = 600.0


# A line of a manifest that may say where the lockfile is.
_NAMES_LOCKFILE = re.compile(rb"""(?:^|[{,])\s*["']?lockfile["']?\s*:""", re.MULTILINE)


def lock_place(run: Run) -> LockPlace:
    """Return where the lockfile of a run is.

    The manifest is read only where it may say so, need not be there, and may have mistakes
    elsewhere; ManifestError for one in its `lockfile`.
    """
    try:
        text = _manifest_bytes(run.manifest, _MOST_MANIFEST)
    except FilesyncError:
        text = b""
    if not _NAMES_LOCKFILE.search(text):
        return place_of(run.manifest, run.env, None)
    manifest, problems = read_manifest(run)
    if wrong := [one for one in problems if one.where == "lockfile"]:
        raise wrong_manifest(run.manifest, wrong)
    return place_of(run.manifest, run.env, manifest.lockfile)


def open_lock(run: Run) -> tuple[LockPlace, Lockfile]:
    """Return where the lockfile of a run is, and what it says; LockfileError if there is none."""
    place = lock_place(run)
    found = read_at(place, run.manifest, run.env)
    if found is None:
        raise LockfileError(
            f"there is no lockfile {place.name}",
            f"run {command('apply')} first, or name your manifest with --manifest PATH",
        )
    return place, lock_format.parse_lockfile(found, place.name)


def read_lock(run: Run) -> Lockfile:
    """Return what the lockfile of a run says; LockfileError if there is none."""
    return open_lock(run)[1]


def scan(
    run: Run,
    manifest: Manifest,
    problems: Sequence[Problem],
    on_warning: Callable[[str], None] = lambda _: None,
    *,
    stores: bool = True,
) -> list[ScannedFile]:
    """Find the manifest's files; raises one ManifestError with all that is wrong in it and them.

    Without `stores` nothing is asked of object stores: their objects are not among the files.
    `on_warning` gets what is odd about the files and does not stop anything.
    """
    from filesync.core.decide.desired import check_files, same_keys
    from filesync.local import scan as scanning

    targets = (None, *manifest.environments)
    locks = [lockfile.lock_path(run.manifest, env) for env in targets]
    own = [run.manifest, *locks, *lockfile.lock_paths(run.manifest), SCHEMA_FILE]
    files, more = scanning.scan(
        [entry for entry in manifest.entries if not entry.in_store],
        run.folder,
        allow_outside=run.allow_outside,
        ignore=frozenset(os.path.basename(path) for path in own),
        on_warning=on_warning,
    )
    if stores and (elsewhere := in_stores(manifest)):
        from filesync.storage.objects import Objects
        from filesync.storage.scan import scan_objects

        found, missing = scan_objects(elsewhere, Objects(), run.manifest)
        files = sorted([*files, *found], key=lambda file: file.key)
        more += [*missing, *(one for one in same_keys(files) if one not in more)]
    _, wrong = desired_stores(manifest, files)
    # With faults in the manifest itself, what a store names may only be missing for them.
    of_stores = [] if problems else wrong
    if every := [*problems, *more, *check_files(files, server_of(run, manifest)), *of_stores]:
        raise wrong_manifest(run.manifest, every)
    return files


def server_of(run: Run, manifest: Manifest) -> ServerType:
    """Return the type of server that a run's files go to; nothing is asked."""
    url = run.base_url or manifest.base_url or urls_of(run).fallback
    return server_type(manifest.server_type, url)


def in_stores(manifest: Manifest) -> list[Entry]:
    """Return the entries whose files are in object stores."""
    return [entry for entry in manifest.entries if entry.in_store]


def desired_stores(
    manifest: Manifest, files: Sequence[ScannedFile]
) -> tuple[list[DesiredStore], list[Problem]]:
    """Return the vector stores to have, and what is wrong with what they name."""
    if not manifest.stores:
        return [], []
    from filesync.core.stores.declared import Candidate, declare

    candidates = [
        Candidate(
            file.key, file.entry.key, file.path, file.entry.policy.purpose, file.entry.attributes
        )
        for file in files
    ]
    found = {file.key for file in files}
    # A file that is declared and missing is reported as that.
    candidates += [
        Candidate(entry.key, entry.key, entry.path, entry.policy.purpose, entry.attributes)
        for entry in manifest.entries
        if entry.path is not None and entry.key not in found
    ]
    matched = {file.entry.key for file in files}
    empty = [entry.key for entry in manifest.entries if entry.glob and entry.key not in matched]
    return declare(manifest.stores, candidates, empty, manifest.project)

"""A manifest and a lockfile for what is on the platform already: listed, fetched, written last."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from filesync.core.commands import command
from filesync.core.content.document import SEARCH_PURPOSES
from filesync.core.from_remote.candidates import Found, LeftOut, sort_out
from filesync.core.from_remote.declare import FOLDER, Content, Import, settle, would_be_orphans
from filesync.core.from_remote.manifest_text import manifest_text
from filesync.core.from_remote.stores import FoundStore, declare_stores
from filesync.core.lockfile import format as lock_format
from filesync.core.lockfile.lock import Lockfile
from filesync.core.manifest.yaml_errors import MAX_BYTES
from filesync.core.model import RemoteFile
from filesync.core.run import Run
from filesync.core.stores.model import RemoteMember, RemoteStore
from filesync.core.text import plural, printable
from filesync.errors import ApiError, AuthError, FilesyncError, LocalFileError, Refused
from filesync.execute.pool import Step, Task, run_tasks
from filesync.local import lockfile
from filesync.local.downloads import FetchedFiles, find_copies
from filesync.local.files import create_atomic, why
from filesync.local.state_dir import SCHEMA_FILE
from filesync.remote.client import Reader
from filesync.remote.timing import ClientSettings
from filesync.workflow.init import project_named, refuse_existing, write_manifest
from filesync.workflow.server import Server, choose_server, reader

_AT_ONCE = 8
# The API's word for "not this file", as against "not now".
_REFUSALS = (400, 403, 404, 405)


class Imported(NamedTuple):
    """What was imported, and how many files and stores were left out by reason."""

    result: Import
    left_out: Counter[LeftOut]
    stores: tuple[FoundStore, ...] = ()
    unmarked: int = 0
    stores_left_out: tuple[tuple[str, int], ...] = ()


def import_remote(
    run: Run,
    *,
    project: str | None,
    match: str | None,
    may_download: Callable[[Sequence[Found]], bool],
    on_fetched: Callable[[int], None],
) -> Imported:
    """Write a manifest and a lockfile that declare what the platform holds, as far as can be.

    `may_download` is asked before any content is fetched, with the files that the API gives out;
    `on_fetched` is called with the size of each, from several threads. Nothing is written remotely,
    nothing local is overwritten, and the manifest and the lockfile come last: whatever fails
    before leaves neither, and the next try uses what was fetched.
    """
    refuse_existing(run.manifest)
    owner = project_named(project, run.manifest)
    server, base_url = _server(run)
    stop = threading.Event()
    with reader(server, run, settings=ClientSettings(stop=stop)) as client:
        files = client.list_files()
        now = client.now()
        found = sort_out(files, owner, now, match)
        if not found.found:
            raise FilesyncError(
                f"of {plural(len(files), 'file')} on the platform none can be declared"
                + "".join(f"; {count:,} {why}" for why, count in found.left_out.items()),
                f"{command('ls')} lists them; {command('init')} writes a manifest to start from",
            )
        sizes = {(one.filename, one.remote.bytes or 0) for one in found.found}
        own = (os.path.basename(lockfile.lock_path(run.manifest)), SCHEMA_FILE)
        copies = find_copies(run.folder, sizes, own)
        refused = _refusals(client, found.found)
        wanted = [one for one in found.found if one.remote.id not in refused]
        fetched: dict[str, Content] = {}
        store = FetchedFiles(run.manifest) if wanted and may_download(wanted) else None
        if store is not None:
            fetched = _fetch(client, store, wanted, refused, stop, on_fetched)
        remote_stores = _stores(client)
    result = settle(found.found, fetched, refused, copies, _names_in(_folder(run)))
    _refuse_orphans(files, result, owner)
    documents = {
        one.found.remote.id: one.found.key
        for one in result.declared
        if one.found.remote.purpose in SEARCH_PURPOSES
    }
    stores = declare_stores(remote_stores, documents, owner)
    text = manifest_text(
        project=owner,
        base_url=base_url,
        schema=SCHEMA_FILE,
        declared=result.declared,
        undeclared=result.undeclared,
        stores=stores,
    )
    if len(text.encode()) > MAX_BYTES:
        raise FilesyncError(
            f"{plural(len(result.declared), 'file')} are more than a manifest can name one by one",
            "take fewer with --match GLOB",
        )
    lock = Lockfile(owner, base_url or server.base_url)
    lock.files = {one.found.key: one.locked(now) for one in result.declared}
    lock.stores = {one.key: one.locked(stores.attributes) for one in stores.stores}
    _write(run, store, result, lock, text)
    unmarked = sum(not one.is_marked(owner) for one in stores.stores)
    return Imported(result, found.left_out, tuple(stores.stores), unmarked, stores.left_out)


def _stores(client: Reader) -> list[tuple[RemoteStore, list[RemoteMember]]]:
    """Return the platform's vector stores that are not over, with their members."""
    try:
        stores = [one for one in client.stores.list_stores() if not one.expired]
    except ApiError as error:
        if isinstance(error, AuthError) or error.status not in _REFUSALS:
            raise
        return []  # a server without vector stores
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        members = pool.map(lambda one: list(client.stores.list_members(one.id)), stores)
        return list(zip(stores, members, strict=True))


def _server(run: Run) -> tuple[Server, str | None]:
    """Return the server, and what the manifest says of it: only what this command was given."""
    server = choose_server(run, None)
    return server, server.base_url if run.base_url else None


def _refusals(client: Reader, found: Iterable[Found]) -> dict[str, str]:
    """Return by id why the API gives out no content; one file of each purpose is asked for."""
    refused: dict[str, str] = {}
    given: dict[str, bool] = {}
    for one in found:
        purpose = one.remote.purpose
        if purpose not in given:
            given[purpose] = _gives_out(client, one.remote.id)
        if not given[purpose]:
            refused[one.remote.id] = f"the API gives out no files of purpose {purpose}"
    return refused


def _gives_out(client: Reader, file_id: str) -> bool:
    """Ask for the first bytes of a file; False if the API refuses what is of its purpose."""
    if not client.server.verbatim:
        return False
    try:
        for _ in client.download(file_id):
            break
    except ApiError as error:
        if error.status in (400, 403):
            return False
        if error.status not in _REFUSALS:
            raise
    return True


def _fetch(
    client: Reader,
    store: FetchedFiles,
    wanted: Iterable[Found],
    refused: dict[str, str],
    stop: threading.Event,
    on_fetched: Callable[[int], None],
) -> dict[str, Content]:
    """Download all; what the API refuses goes to `refused`, any other failure ends it."""

    def fetch(one: Found) -> Step[tuple[str, Content | str]]:
        file = one.remote
        content = store.find(file.id, file.bytes)
        if content is None:
            try:
                content = store.write(file.id, client.download(file.id))
            except ApiError as error:
                if error.status not in _REFUSALS:
                    raise
                return Step((file.id, printable(error.message)))
        on_fetched(content.bytes)
        return Step((file.id, content))

    def task(one: Found) -> Task[tuple[str, Content | str]]:
        return Task(-(one.remote.bytes or 0), lambda: fetch(one))

    fetched: dict[str, Content] = {}
    try:
        for batch in run_tasks([task(one) for one in wanted], workers=_AT_ONCE, stop=stop):
            for file_id, got in batch:
                if isinstance(got, str):
                    refused[file_id] = got
                else:
                    fetched[file_id] = got
    except FilesyncError as error:
        kept = (
            "no manifest was written; downloads are kept, and the same command continues with them"
        )
        error.hint = f"{error.hint}\n{kept}".strip()
        raise
    return fetched


def _refuse_orphans(files: Iterable[RemoteFile], result: Import, project: str) -> None:
    if orphans := would_be_orphans(files, result.declared, project):
        raise Refused(
            f"{plural(len(orphans), 'file')} on the platform would be deleted as orphans by the "
            f"next apply: the name says that project {project} owns it, and the content is not "
            f"here ({', '.join(orphans[:5])}{', ...' if len(orphans) > 5 else ''})",
            "name another project with --project NAME, or put the content into this folder",
        )


def _folder(run: Run) -> str:
    return os.path.join(run.folder, FOLDER)


def _names_in(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _write(run: Run, store: FetchedFiles | None, result: Import, lock: Lockfile, text: str) -> None:
    """Write the files, then the lockfile, then the manifest, each whole and none over another."""
    fetched = [one for one in result.declared if one.fetched]
    if store is not None and fetched:
        _make_folder(_folder(run))
        for one in fetched:
            store.place(one.found.remote.id, os.path.join(run.folder, one.path))
    path = lockfile.lock_path(run.manifest)
    try:
        create_atomic(path, lock_format.dump_lockfile(lock))
    except FileExistsError:
        refuse_existing(run.manifest)
        raise
    try:
        write_manifest(run.manifest, text)
    except BaseException:
        os.unlink(path)  # a lockfile without its manifest would be in the way of the next try
        raise
    if store is not None:
        store.clear()


def _make_folder(folder: str) -> None:
    try:
        if os.path.islink(folder):
            raise LocalFileError(f"{printable(folder)} is a symlink: downloads go to a real folder")
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise LocalFileError(f"cannot create {printable(folder)}: {why(error)}") from None

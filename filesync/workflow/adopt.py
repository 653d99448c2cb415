"""Single keys: taking an existing remote file into the lock, and giving one up."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from filesync.core import fingerprint
from filesync.core.commands import command
from filesync.core.decide.desired import desired_file
from filesync.core.decide.table import differing
from filesync.core.lockfile import format as lock_format
from filesync.core.lockfile.entries import found_entry
from filesync.core.lockfile.lock import Lockfile
from filesync.core.model import DesiredFile, LockEntry, RemoteFile
from filesync.core.recovery.journal import Attempt, History
from filesync.core.recovery.recover import listing_is_past, recover
from filesync.core.resemblance import resembles
from filesync.core.run import Run
from filesync.core.text import plural, printable
from filesync.core.unknown_key import unknown_key
from filesync.errors import ApiError, AuthError, FilesyncError
from filesync.local.hash_cache import HashCache
from filesync.local.hashes import hash_files
from filesync.remote.client import Reader
from filesync.workflow.listing import set_strangers_apart
from filesync.workflow.sources import hashing
from filesync.workflow.workspace import open_workspace, scan


class Adopted(NamedTuple):
    """What was taken into the lock.

    `unchecked` says why its content could not be compared, None if it is the same;
    `replaced_for` names the attributes for which the next apply will replace it.
    """

    entry: LockEntry
    unchecked: str | None
    replaced_for: tuple[str, ...]


def adopt(run: Run, key: str, file_id: str | None) -> Adopted:
    """Take an existing remote file into the lock as the file of `key`.

    Without an id, the one unowned file with the same name, size and purpose. Its content is
    downloaded and compared where the API allows that. It settles what an interrupted apply
    left open about the key. Raises FilesyncError where the file is not the same, or there is
    not exactly one to choose.
    """
    space = open_workspace(run)
    files = {file.key: file for file in scan(run, space.manifest, space.problems)}
    if key not in files:
        raise unknown_key(key, files, "the manifest")
    lock = space.lock
    cache = HashCache.beside(run.manifest)
    ((file, sha256),) = hash_files([files[key]], cache, objects=hashing(space.manifest))
    want = desired_file(space.manifest.project, file, sha256)
    with space.reader() as client:
        held = lock.take_out(key)
        live = None if held is None else client.get_file(held.id)
        if held is not None and live is not None and not _is_newer(want, held, file_id):
            raise FilesyncError(
                f"{printable(key)} is in the lockfile already, as {held.id}",
                f"to give that file up first, run {command('forget', key)}",
            )
        found = _chosen(client, lock, want, file_id)
        _check_same(want, found)
        unchecked = _compare_content(client, want, found)
        now = client.now()
        history = space.state.history()
        attempts = history.of(key)
        # Before this file is the lock's: it may be the very one that was made.
        made = _made(client, attempts, lock, now) if history.ours else []
    # Asked for by itself, a file without an expiry has none, whatever the manifest says.
    entry = found_entry(want, found, now, tells=True)
    if fingerprint.rewritten(found.filename) != fingerprint.rewritten(want.filename):
        entry = entry._replace(filename=found.filename)
    if unchecked is None:
        lock.prove(found.id)
    elif found.id not in made:
        # Its name and size say that it is ours, and another project's may have both.
        entry = entry._replace(unproven=True)
    lock.put(key, entry)
    if held is not None and live is not None:
        lock.retire(held.id, key, now + want.policy.retain)
    for ours in made:
        lock.retire(ours, key, now)  # another than this one is not wanted any more
    space.state.may_write()
    space.place.save(lock_format.dump_lockfile(lock))
    late = [
        one for one in attempts if one.in_doubt and not listing_is_past(one.sent or one.at, now)
    ]
    settled = [one for one in attempts if (one.made or one.in_doubt) and one not in late]
    space.state.end(settled)
    return Adopted(entry, unchecked, differing(want, entry))


def _is_newer(want: DesiredFile, held: LockEntry, file_id: str | None) -> bool:
    """Say whether a file may take the place of the one that the key has, since that is outdated.

    It is then the old half of a replace, and waits to be deleted as after an apply. A protected
    one stays.
    """
    if file_id in (None, held.id) or held.protect or want.policy.protect:
        return False
    return want.sha256 != held.sha256 or bool(differing(want, held))


def _made(client: Reader, attempts: list[Attempt], lock: Lockfile, now: int) -> list[str]:
    """Return the files that attempts made for sure."""
    if not attempts:
        return []
    remote = {file.id: file for file in client.list_files()}
    history = History({one.number: one for one in attempts})
    set_strangers_apart(client, history, lock, remote)
    found = recover(history, lock, remote, now)
    return [entry.id for _, entry in found.entries] + list(found.wrong)


def _chosen(client: Reader, lock: Lockfile, want: DesiredFile, file_id: str | None) -> RemoteFile:
    owner = {entry.id: key for key, entry in lock.files.items()}
    if file_id is not None:
        if file_id in owner:
            held_by = owner[file_id]
            raise FilesyncError(
                f"{file_id} belongs to the key {printable(held_by)} already",
                f"{command('apply')} shares it where content, purpose, expiry and filename are "
                f"alike; {command('forget', held_by)} gives it up, without deleting it",
            )
        found = client.get_file(file_id)
        if found is None:
            raise FilesyncError(
                f"there is no file {printable(file_id)} on the platform",
                f"{command('ls')} lists what there is",
            )
        return found
    alike = [file for file in client.list_files() if file.id not in owner and resembles(file, want)]
    if len(alike) == 1:
        return alike[0]
    if not alike:
        raise FilesyncError(
            f"no file on the platform has the name, size and purpose of {printable(want.key)}",
            f"name one with {command('adopt', want.key, 'ID')}; {command('ls')} lists them",
        )
    ids = ", ".join(file.id for file in alike)
    raise FilesyncError(
        f"{plural(len(alike), 'file')} on the platform could be {printable(want.key)}: {ids}",
        f"name one: {command('adopt', want.key, alike[0].id)}",
    )


def _check_same(want: DesiredFile, found: RemoteFile) -> None:
    wrong = []
    if found.bytes is not None and found.bytes != want.bytes:
        wrong.append(f"it has {found.bytes} bytes, {printable(want.path)} has {want.bytes}")
    if found.purpose not in (want.policy.purpose, ""):
        wrong.append(
            f"its purpose is {printable(found.purpose)}, the manifest says {want.policy.purpose}"
        )
    if found.status == "error":
        wrong.append("the platform cannot use it (status error)")
    if wrong:
        raise FilesyncError(
            f"{found.id} is not the file of {printable(want.key)}: {'; '.join(wrong)}",
            f"run {command('apply')} to upload yours",
        )


def _compare_content(client: Reader, want: DesiredFile, found: RemoteFile) -> str | None:
    """Download and compare; return why that was not possible, None if it is the same."""
    if not client.server.verbatim:
        return f"a server of type {client.server.name} gives out text that it has extracted"
    digest = hashlib.sha256()
    try:
        for chunk in client.download(found.id):
            digest.update(chunk)
    except AuthError as error:
        if error.status == 401:
            raise
        return error.message
    except ApiError as error:
        return error.message
    if digest.hexdigest() != want.sha256:
        raise FilesyncError(
            f"{found.id} is not the file of {printable(want.key)}: its content differs",
            f"run {command('apply')} to upload yours",
        )
    return None

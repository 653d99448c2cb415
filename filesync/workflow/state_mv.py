"""`state mv`: keys of the lockfile under other names; the platform is not asked."""

from __future__ import annotations

from collections.abc import Mapping

from filesync.core.commands import command
from filesync.core.lockfile import format as lock_format
from filesync.core.lockfile.lock import Lockfile
from filesync.core.manifest.fields import key_fault
from filesync.core.run import Run
from filesync.core.text import quoted
from filesync.core.unknown_key import unknown_key
from filesync.errors import FilesyncError, UnknownKeyError
from filesync.workflow.state import RunState
from filesync.workflow.workspace import open_lock, state_of


def rename_keys(run: Run, old: str, new: str) -> dict[str, str]:
    """Rename a key in lockfile and journal, or with a / at its end all below it; return new names.

    Retired files and members of vector stores move with their key. Raises FilesyncError, with
    nothing written, where no such key is known, or a new name is taken or not a valid key.
    """
    place, lock = open_lock(run)
    state = state_of(run) or RunState(run, lock.project, lock.base_url, None)
    begun = {one.key for one in state.history().attempts.values()}
    retired = {one.key for one in lock.retired.values()}
    names = _new_names(lock.files.keys() | begun, old, new)
    if not names and old in lock.stores:
        raise UnknownKeyError(
            f"{quoted(old)} is a vector store, not a file",
            f"run {command('state', 'mv', '--store', old, new)}",
        )
    if not names:
        raise unknown_key(old, lock.files, "the lockfile")
    _refuse_same(old, new)
    for key, name in names.items():
        if name in lock.files or name in begun:
            raise FilesyncError(
                f"{quoted(name)} is in the lockfile already, so {quoted(key)} cannot take its name",
                f"to give that one up first, run {command('forget', name)}",
            )
    names |= _new_names(retired, old, new)
    # The journal first: a second try after a crash in between still finds the key in the lockfile.
    state.rename(names)
    _rename(lock, names)
    place.save(lock_format.dump_lockfile(lock))
    return names


def rename_store(run: Run, old: str, new: str) -> None:
    """Rename a vector store in the lockfile; the next apply gives it the mark of its new name.

    Raises FilesyncError, with nothing written, where that cannot be.
    """
    place, lock = open_lock(run)
    if old not in lock.stores:
        raise unknown_key(old, lock.stores, "the lockfile's vector stores")
    _refuse_same(old, new)
    if new in lock.stores:
        raise FilesyncError(
            f"the vector store {quoted(new)} is in the lockfile already, so {quoted(old)} cannot "
            "take its name",
            f"to give that one up first, run {command('forget', '--store', new)}",
        )
    _check_key(new)
    state = state_of(run) or RunState(run, lock.project, lock.base_url, None)
    if {old, new} & state.traces().keys():
        raise FilesyncError(
            f"an apply that filled the vector store {quoted(old)} was interrupted",
            f"run {command('apply')}, which continues it, and rename the store then",
        )
    lock.stores[new] = lock.stores.pop(old)
    place.save(lock_format.dump_lockfile(lock))


def _refuse_same(old: str, new: str) -> None:
    if old == new:
        raise FilesyncError(f"{quoted(old)} is its name already", "give it another name")


def _new_names(keys: set[str], old: str, new: str) -> dict[str, str]:
    whole = old.endswith("/")
    if whole != new.endswith("/"):
        raise FilesyncError(
            "a / must end both names or neither",
            f"{command('state', 'mv', 'docs/', 'handbook/')} renames every key below docs/",
        )
    found = {
        key: new + key[len(old) :] for key in keys if key == old or whole * key.startswith(old)
    }
    for name in found.values():
        _check_key(name)
    return found


def _check_key(name: str) -> None:
    if (fault := key_fault(name, "key")) is not None:
        raise FilesyncError(f"{quoted(name)} cannot be a key: {fault}", "choose another name")


def _rename(lock: Lockfile, names: Mapping[str, str]) -> None:
    for key, name in names.items():
        entry = lock.take_out(key)
        if entry is not None:
            lock.put(name, entry)
    for file_id, retired in lock.retired.items():
        if retired.key in names:
            lock.retired[file_id] = retired._replace(key=names[retired.key])
    for store, locked in lock.stores.items():
        members = {names.get(key, key): member for key, member in locked.files.items()}
        lock.stores[store] = locked._replace(files=members)

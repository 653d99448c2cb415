"""`filesync id`: print one file's id."""

from __future__ import annotations

import time

import click

from filesync.cli.completions import locked_keys
from filesync.cli.options import Common, store_option, subcommand
from filesync.core.commands import command
from filesync.core.text import human_duration


@subcommand(
    "id",
    click.argument("key", shell_complete=locked_keys),
    store_option,
    examples={
        "filesync id train": "the id, for a job: $(filesync id train)",
        "filesync id docs/hours.md": "one file of a glob",
        "filesync id --store handbook": "a vector store's id",
    },
)
def id_(common: Common, key: str, of_store: bool) -> None:
    """Print the id of a file, or of a vector store."""
    from filesync.core.text import quoted
    from filesync.core.unknown_key import unknown_key
    from filesync.errors import UnknownKeyError
    from filesync.workflow.workspace import read_lock

    lock = read_lock(common.run())
    if of_store:
        if key not in lock.stores and key in lock.files:
            raise UnknownKeyError(
                f"{quoted(key)} is a file, not a vector store", f"run {command('id', key)}"
            )
        if key not in lock.stores:
            raise unknown_key(key, lock.stores, "the lockfile's vector stores")
        click.echo(lock.store(key).id)
        return
    files = lock.files
    entry = files.get(key)
    if entry is None and key in lock.stores:
        raise UnknownKeyError(
            f"{quoted(key)} is a vector store, not a file", f"run {command('id', '--store', key)}"
        )
    if entry is None:
        raise unknown_key(key, files, "the lockfile")
    if entry.expires_at is not None and entry.expires_at <= time.time():
        ago = human_duration(int(time.time()) - entry.expires_at)
        common.warn(f"{entry.id} expired {ago} ago: run {command('apply')} to upload it again")
    click.echo(entry.id)

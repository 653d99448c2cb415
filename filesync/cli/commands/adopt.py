"""`filesync adopt`: start managing an existing remote file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from filesync.cli.completions import free_keys
from filesync.cli.options import (
    Common,
    insecure_option,
    lock_timeout_option,
    outside_option,
    store_option,
    subcommand,
)
from filesync.core.commands import command

if TYPE_CHECKING:
    from filesync.core.run import Run


@subcommand(
    "adopt",
    click.argument("key", shell_complete=free_keys),
    click.argument("file_id", metavar="[ID]", required=False),
    store_option,
    lock_timeout_option,
    outside_option,
    insecure_option,
    examples={
        "filesync adopt train": "the one file that looks like it",
        "filesync adopt train file-abc123": "this file; `filesync ls` has the ids",
        "filesync adopt --store handbook vs_abc123": "a vector store",
    },
)
def adopt(
    common: Common,
    key: str,
    file_id: str | None,
    of_store: bool,
    lock_timeout: float,
    allow_outside: bool,
    allow_insecure_http: bool,
) -> None:
    """Start managing an existing remote file as KEY.

    Without ID, the one file with the same name, size and purpose. Its content is downloaded
    and compared where the API allows that.
    """
    from filesync.workflow.adopt import adopt as adopt_key
    from filesync.workflow.workspace import alone

    run = common.run(allow_outside=allow_outside, allow_insecure_http=allow_insecure_http)
    if of_store:
        if file_id is None:
            raise click.UsageError(
                f"name the vector store: {command('adopt', '--store', 'KEY', 'ID')}; "
                f"{command('ls', '--stores')} lists them"
            )
        _adopt_store(common, run, key, file_id, lock_timeout)
        return
    with alone(run, timeout=lock_timeout, on_wait=common.warn):
        adopted = adopt_key(run, key, file_id)
    if adopted.unchecked is None:
        common.note(f"adopted {key} ({adopted.entry.id}): same content")
    else:
        common.note(f"adopted {key} ({adopted.entry.id})")
        common.warn(
            f"its content could not be compared: {adopted.unchecked}; since it may be another "
            "project's, filesync will never delete it"
        )
    if adopted.replaced_for:
        common.warn(
            f"its {' and '.join(adopted.replaced_for)} differs from the manifest's, "
            "so the next apply replaces it"
        )
    common.hint(f"commit the lockfile; {command('plan')} shows what is left to do")


def _adopt_store(common: Common, run: Run, key: str, store_id: str, lock_timeout: float) -> None:
    from filesync.core.text import plural, quoted
    from filesync.workflow.keep_store import adopt_store
    from filesync.workflow.workspace import alone

    with alone(run, timeout=lock_timeout, on_wait=common.warn):
        adopted = adopt_store(run, key, store_id)
    common.note(f"adopted vector store {key} ({adopted.id}): {plural(adopted.known, 'document')}")
    if adopted.foreign:
        common.warn(
            f"it was marked as the store {quoted(adopted.foreign)}: the next apply marks it as "
            "yours, and whoever declares it there loses it; "
            f"{command('forget', '--store', key)} gives it up before that"
        )
    if adopted.others:
        common.warn(
            f"{plural(adopted.others, 'file')} in it {'is' if adopted.others == 1 else 'are'} not "
            "known to this project: they stay unless the store says `prune_unmanaged: true`"
        )
    common.hint(f"commit the lockfile; {command('plan')} shows what is left to do")

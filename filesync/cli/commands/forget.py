"""`filesync forget`: drop a key from the lockfile."""

from __future__ import annotations

import click

from filesync.cli.completions import locked_keys
from filesync.cli.options import Common, lock_timeout_option, store_option, subcommand
from filesync.core.text import printable


@subcommand(
    "forget",
    click.argument("key", shell_complete=locked_keys),
    store_option,
    lock_timeout_option,
    examples={
        "filesync forget train": "its remote file stays",
        "filesync forget --store handbook": "the vector store stays, with its documents",
    },
)
def forget(common: Common, key: str, of_store: bool, lock_timeout: float) -> None:
    """Drop KEY from the lockfile and leave its remote file alone."""
    from filesync.core.decide.change import Reason
    from filesync.workflow.forget import forget as forget_key
    from filesync.workflow.workspace import alone

    run = common.run()
    if of_store:
        from filesync.workflow.keep_store import forget_store

        with alone(run, timeout=lock_timeout, on_wait=common.warn):
            held = forget_store(run, key)
        common.note(f"forgot vector store {key}; {held.id} stays on the platform if it is there")
        common.warn(
            f"it carries this project's mark: while {common.manifest} declares it, "
            "the next apply adopts it again"
        )
        return
    with alone(run, timeout=lock_timeout, on_wait=common.warn):
        entry, shared_with, doomed = forget_key(run, key)
    if entry is None:
        common.note(f"gave up the interrupted upload of {key}; a file that it created stays")
        return
    common.note(
        f"forgot {key}; {entry.id} is still on the platform"
        + (f", shared by {printable(shared_with)}" if shared_with is not None else "")
    )
    common.hint(f"take it out of {common.manifest}, too, unless it is to be uploaded again")
    if doomed is Reason.ORPHAN:
        common.warn(
            f"{printable(entry.filename)} carries this project's fingerprint: the next apply "
            "adopts it again if the manifest asks for it, and deletes it as an orphan if not"
        )
    elif doomed is Reason.UNMANAGED:
        common.warn(
            f"{printable(entry.filename)} matches `prune` in {common.manifest}: the next apply "
            "deletes it"
        )

"""Commands about single keys and their ids: id, ids, adopt, forget."""

from __future__ import annotations

import time

import click

from filesync.cli.completing import free_keys, locked_keys
from filesync.cli.options import (
    Common,
    command,
    insecure_option,
    lock_timeout_option,
    outside_option,
)
from filesync.core.text import human_duration, printable


@command(
    "id",
    click.argument("key", shell_complete=locked_keys),
    examples={
        "filesync id train": "the id, for a job: $(filesync id train)",
        "filesync id docs/hours.md": "one file of a glob",
    },
)
def id_(common: Common, key: str) -> None:
    """Print the id of KEY's file and nothing else."""
    from filesync.workflow.workspace import read_lock, unknown_key

    files = read_lock(common.manifest, common.env).files
    entry = files.get(key)
    if entry is None:
        raise unknown_key(key, files, "the lockfile")
    if entry.expires_at is not None and entry.expires_at <= time.time():
        ago = human_duration(int(time.time()) - entry.expires_at)
        common.warn(f"{entry.id} expired {ago} ago: run `filesync apply` to upload it again")
    click.echo(entry.id)


@command(
    "ids",
    click.option(
        "--format",
        "form",
        type=click.Choice(["json", "env", "github", "tfvars"]),
        default="json",
        show_default=True,
        help="env: FILESYNC_<KEY>=id; github: lines for $GITHUB_OUTPUT.",
    ),
    examples={
        "filesync ids": "as one JSON object, {key: id}",
        "filesync ids --format env > .env": "for a shell or a container",
        "filesync ids --format tfvars > ids.tfvars": "for Terraform",
    },
)
def ids(common: Common, form: str) -> None:
    """Print all keys with their ids."""
    from filesync.output.ids import render_ids
    from filesync.workflow.workspace import read_lock

    lock = read_lock(common.manifest, common.env)
    click.echo(render_ids({key: entry.id for key, entry in lock.files.items()}, form), nl=False)


@command(
    "adopt",
    click.argument("key", shell_complete=free_keys),
    click.argument("file_id", metavar="[ID]", required=False),
    lock_timeout_option,
    outside_option,
    insecure_option,
    examples={
        "filesync adopt train": "the one file that looks like it",
        "filesync adopt train file-abc123": "this file; `filesync ls` has the ids",
    },
)
def adopt(
    common: Common,
    key: str,
    file_id: str | None,
    lock_timeout: float,
    allow_outside: bool,
    allow_insecure_http: bool,
) -> None:
    """Take an existing remote file into the lockfile as KEY's.

    Without ID, the one file with the same name, size and purpose. Its content is downloaded
    and compared where the API allows that.
    """
    from filesync.workflow.keys import adopt as adopt_key
    from filesync.workflow.workspace import alone

    run = common.run(allow_outside=allow_outside, allow_insecure_http=allow_insecure_http)
    with alone(run, timeout=lock_timeout, on_wait=common.warn):
        adopted = adopt_key(run, key, file_id)
    if adopted.unchecked is None:
        common.note(f"adopted {key} ({adopted.entry.id}): same content")
    else:
        common.note(f"adopted {key} ({adopted.entry.id})")
        common.warn(f"its content could not be compared: {adopted.unchecked}")
    if adopted.replaced_for:
        common.warn(
            f"its {' and '.join(adopted.replaced_for)} differs from the manifest's, "
            "so the next apply replaces it"
        )
    common.hint("commit the lockfile; `filesync plan` shows what is left to do")


@command(
    "forget",
    click.argument("key", shell_complete=locked_keys),
    lock_timeout_option,
    examples={"filesync forget train": "its remote file stays"},
)
def forget(common: Common, key: str, lock_timeout: float) -> None:
    """Drop KEY from the lockfile and leave its remote file alone."""
    from filesync.core.decide.table import Reason
    from filesync.workflow.keys import forget as forget_key
    from filesync.workflow.workspace import alone

    run = common.run()
    with alone(run, timeout=lock_timeout, on_wait=common.warn):
        entry, shared_with, doomed = forget_key(run, key)
    if entry is None:
        common.note(f"gave up the upload of {key} that was cut short; what it made stays")
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


COMMANDS = (id_, ids, adopt, forget)

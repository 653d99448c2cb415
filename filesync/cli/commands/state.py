"""`filesync state`: change what the lockfile says, without touching the platform."""

from __future__ import annotations

import click

from filesync.cli.completions import locked_keys
from filesync.cli.options import CommandGroup, Common, lock_timeout_option, subcommand
from filesync.core.commands import command
from filesync.core.text import plural


@click.group("state", cls=CommandGroup, short_help="Rename keys in the lockfile: state mv OLD NEW.")
def state() -> None:
    """Change what the lockfile says, without touching the platform."""


@subcommand(
    "mv",
    click.argument("old", shell_complete=locked_keys),
    click.argument("new"),
    click.option("--store", "of_store", is_flag=True, help="OLD names a vector store, not a file."),
    lock_timeout_option,
    examples={
        "filesync state mv train training": "one key",
        "filesync state mv docs/ handbook/": "every key of a glob's entry",
        "filesync state mv --store kb handbook": "a vector store",
    },
)
def mv(common: Common, old: str, new: str, of_store: bool, lock_timeout: float) -> None:
    """Rename the key OLD to NEW in the lockfile; nothing is uploaded.

    Rename the entry in the manifest, too. A name that ends in / stands for every key below it.
    """
    from filesync.workflow.state_mv import rename_keys, rename_store
    from filesync.workflow.workspace import alone

    run = common.run()
    with alone(run, timeout=lock_timeout, on_wait=common.warn):
        if of_store:
            rename_store(run, old, new)
            what = f"vector store {old} to {new} in the lockfile"
        else:
            renamed = rename_keys(run, old, new)
            what = f"{old} to {new} in the lockfile ({plural(len(renamed), 'key')})"
    common.note(f"renamed {what}")
    common.hint(f"rename the entry in {run.manifest}, too; {command('plan')} shows what is left")


state.add_command(mv)

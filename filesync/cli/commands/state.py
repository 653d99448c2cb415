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
    lock_timeout_option,
    examples={
        "filesync state mv train training": "one key",
        "filesync state mv docs/ handbook/": "every key of a glob's entry",
    },
)
def mv(common: Common, old: str, new: str, lock_timeout: float) -> None:
    """Rename the key OLD to NEW in the lockfile; nothing is uploaded.

    Rename the entry in the manifest, too. A name that ends in / stands for every key below it.
    """
    from filesync.workflow.state_mv import rename_keys
    from filesync.workflow.workspace import alone

    run = common.run()
    with alone(run, timeout=lock_timeout, on_wait=common.warn):
        renamed = rename_keys(run, old, new)
    common.note(f"renamed {old} to {new} in the lockfile ({plural(len(renamed), 'key')})")
    common.hint(f"rename the entry in {run.manifest}, too; {command('plan')} shows what is left")


state.add_command(mv)

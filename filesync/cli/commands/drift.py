"""`filesync drift`: has the platform moved away from the lockfile?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from filesync.cli.options import (
    Common,
    filter_options,
    insecure_option,
    json_option,
    outside_option,
    subcommand,
)
from filesync.cli.plan_steps import make_with_progress
from filesync.core.commands import command

if TYPE_CHECKING:  # what costs time to import is imported by the command that needs it
    from filesync.core.run import Filters

_MOVED = 3
"""The exit code for drift, which no other command has."""


@subcommand(
    "drift",
    filter_options,
    json_option,
    outside_option,
    insecure_option,
    examples={
        "filesync drift": "exit code 3 if a file was deleted, say",
        "filesync drift --json --only 'docs/*'": "for programs, some keys",
    },
)
def drift(
    common: Common,
    filters: Filters,
    as_json: bool,
    allow_outside: bool,
    allow_insecure_http: bool,
) -> None:
    """Say whether the platform has drifted from the lockfile.

    Exit code 3 if it has. What was deleted, expired or became unusable there is drift, and so are
    files with this project's tag that the lockfile does not name. Changes you have not applied yet
    are not drift.
    """
    from filesync.core.plan.document import document_of
    from filesync.output.drift import drift_document, render_drift
    from filesync.output.json import to_text
    from filesync.workflow.workspace import read_lock

    run = common.run(
        filters=filters, allow_outside=allow_outside, allow_insecure_http=allow_insecure_http
    )
    lock = read_lock(run)  # without a lockfile there is nothing to move away from
    plan = document_of(make_with_progress(common, run, protection=False))
    for warning in plan.warnings:
        common.warn(warning)
    ids = {key: entry.id for key, entry in lock.files.items()}
    click.echo(to_text(drift_document(plan)) if as_json else render_drift(plan, ids))
    if plan.has_drift:
        common.hint(f"{command('plan')} shows what an apply would do about it")
        click.get_current_context().exit(_MOVED)

"""`filesync show-plan`: show a saved plan again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from filesync.cli.completions import files
from filesync.cli.options import Common, subcommand
from filesync.cli.output_files import check_target
from filesync.cli.plan_steps import (
    apply_command,
    html_option,
    markdown_option,
    one_form,
    pager_option,
    show_plan_as,
)
from filesync.core.commands import DEFAULT_MANIFEST

if TYPE_CHECKING:  # what costs time to import is imported by the function that needs it
    from filesync.core.plan.document import PlanDocument


@subcommand(
    "show-plan",
    click.argument("planfile", metavar="FILE", shell_complete=files),
    markdown_option,
    html_option,
    pager_option,
    examples={
        "filesync show-plan plan.json": "read what somebody else saved",
        "filesync show-plan plan.json --html plan.html": "as a page",
    },
)
def show_plan(common: Common, planfile: str, markdown: bool, html: str | None, pager: bool) -> None:
    """Show a saved plan again. Needs neither manifest nor server, nor a key."""
    from filesync.workflow.saved_plans import read_plan

    one_form(False, markdown, html)
    if html is not None and html != "-":
        check_target(html, common, [planfile])
    told = read_plan(planfile)
    for warning in told.warnings:
        common.warn(warning)
    command = _apply_command(common, told, planfile)
    show_plan_as(common._replace(pager=pager), told, markdown, html, apply=command)


def _apply_command(common: Common, told: PlanDocument, planfile: str) -> str | None:
    """Return the command that applies a saved plan; None for one that is only to be looked at."""
    if told.offline or told.at is not None:
        return None
    if common.manifest == DEFAULT_MANIFEST:
        common = common._replace(manifest=told.origin.manifest)
    return apply_command(common, planfile)

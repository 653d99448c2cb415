"""Steps that the commands with a plan share: make it, print it, ask, apply it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

import click

from filesync.cli.completions import files
from filesync.cli.github_files import tell_github_of_apply
from filesync.cli.options import Common, confirmed, paint
from filesync.cli.output_files import write_whole
from filesync.core.commands import command, command_line
from filesync.core.text import printable
from filesync.errors import FilesyncError

if TYPE_CHECKING:  # what costs time to import is imported by the command that needs it
    from filesync.core.decide.guards import Overrides
    from filesync.core.moment import Moment
    from filesync.core.plan.document import ChangeDocument, PlanDocument
    from filesync.core.plan.plan import Plan
    from filesync.core.run import Run
    from filesync.execute.applier import ApplySettings
    from filesync.local.sums import Checksums


# In a log, only an apply of so many seconds says how long it took.
_LONG = 30


def ask(question: str, yes: bool) -> None:
    """Ask before a change, unless `yes`; "no" ends the command with exit code 1, as it changed
    nothing. FilesyncError if there is no terminal to ask on."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise FilesyncError(
            "not a terminal, so I can't ask for confirmation; nothing was changed",
            "pass --yes to skip the prompt",
        )
    if not confirmed(question):
        leave_it()


def leave_it() -> NoReturn:
    """End the command after a "no", which is not an error: a word, and exit code 1."""
    click.echo("Nothing was changed.", err=True)
    click.get_current_context().exit(1)


def carry_out(
    common: Common,
    made: Plan,
    overrides: Overrides,
    settings: ApplySettings,
    as_json: bool,
    sums: Checksums | None = None,
) -> None:
    """Apply a plan, show what came of it, and turn that into the exit code."""
    from filesync.core.decide.change import Action
    from filesync.core.events import failure_of
    from filesync.local.lockfile import LockOnDisk, lock_path, piece_path
    from filesync.output.json import apply_document, to_text
    from filesync.output.plan_text import render_result
    from filesync.output.progress import watching
    from filesync.workflow.apply import apply_plan
    from filesync.workflow.workspace import lock_place

    run = made.inputs.run
    started = time.monotonic()
    with watching(made, quiet=common.quiet, verbose=common.log_http) as watch:
        result = apply_plan(made, allowed=overrides, settings=settings, watch=watch, sums=sums)
    tell_github_of_apply(common, made, result)
    if as_json:
        click.echo(to_text(apply_document(made, result)))
    elif made.has_changes and not common.quiet:
        place = lock_place(run)
        lock = place.name
        if run.shard is not None:
            lock = printable(piece_path(lock_path(run.manifest, run.env), run.shard))
        seconds = time.monotonic() - started
        told = sys.stdout.isatty() or seconds >= _LONG  # a short one says the same each time
        click.echo(render_result(result, lock, seconds if told else None))
        if result.applied and not result.failed and not result.interrupted:
            with_ids = {done.action for done in result.applied} - {Action.DELETE, Action.FORGET}
            ids = f"; {command('id', 'KEY')} prints an id" if with_ids else ""
            if run.shard is not None:
                common.hint(f"take {lock} to the run that joins: {command('lock', 'merge')}")
            elif isinstance(place, LockOnDisk):
                common.hint(f"commit {lock}{ids}")
            elif with_ids:
                common.hint(f"{command('id', 'KEY')} prints an id")
    if (failure := failure_of(result, settings.again)) is not None:
        raise failure


markdown_option = click.option(
    "--markdown", is_flag=True, help="Print it in Markdown, fit for a pull request."
)


html_option = click.option(
    "--html",
    metavar="FILE",
    help="Write it as one HTML page; - for stdout.",
    shell_complete=files,
)


def make_with_progress(
    common: Common,
    run: Run,
    saved: PlanDocument | None = None,
    planfile: str = "",
    *,
    sums: Checksums | None = None,
    protection: bool = True,
    at: Moment | None = None,
) -> Plan:
    """Plan, and show on a terminal how far the hashing is.

    With a saved plan, read from `planfile`, it is that one, or it is refused as stale. `sums` are
    those of the apply that will follow.
    """
    from filesync.core.decide.pipeline import PlanOptions
    from filesync.output.stderr import hashing
    from filesync.workflow.plan import make_plan

    def make(run: Run) -> Plan:
        with hashing(quiet=common.quiet) as on_hashed:
            options = PlanOptions(protection=protection, at=at)
            return make_plan(run, on_hashed=on_hashed, sums=sums, options=options)

    if saved is None:
        return make(run)
    from filesync.workflow.saved_plans import plan_as_saved

    return plan_as_saved(run, saved, planfile, make)


pager_option = click.option(
    "--no-pager",
    "pager",
    is_flag=True,
    default=True,
    flag_value=False,
    help="Do not page a plan that is taller than the terminal.  [env: PAGER]",
)


def print_plan(common: Common, plan: PlanDocument) -> None:
    """Print a plan as text, fit for what stdout is.

    Where it would scroll away, the warnings that stand above it stand below it as well.
    """
    from filesync.cli.pager import is_taller, show
    from filesync.output.plan_text import render_plan

    text = render_plan(plan, paint=paint, verbose=common.full, columns=common.columns)
    if plan.warnings and is_taller(text):
        lead = paint("warning: ", "yellow")
        told = (lead + printable(warning) for warning in plan.warnings)
        text = "\n".join([text, "", *told])
    show(text, pager=common.pager)


def warn_but_of_refusals(common: Common, made: Plan) -> None:
    """Warn of what a plan warns of; what a guard refuses is said once, as the error."""
    refused = {str(refusal) for refusal in made.refusals}
    for warning in made.warnings:
        if warning not in refused:
            common.warn(warning)


def document_for(made: Plan, *, report: bool) -> PlanDocument:
    """Return a plan's document; for a `report` or a plan file it says where it was made.

    A job of GitHub Actions always gets a report.
    """
    from filesync.core.plan.document import document_of

    document = document_of(made)
    if not (report or os.environ.get("GITHUB_STEP_SUMMARY")):
        return document
    from filesync.workflow.origin import origin_of

    return document._replace(origin=origin_of(made.inputs.run))


def apply_command(common: Common, *words: str) -> str:
    """Return `filesync apply` for this manifest, environment and server."""
    with common.naming():
        return command_line("apply", *words)


def one_form(as_json: bool, markdown: bool, html: str | None) -> None:
    if as_json + markdown + (html == "-") > 1:
        raise click.UsageError("stdout takes one of --json, --markdown and --html -")


def show_plan_as(
    common: Common,
    plan: PlanDocument,
    markdown: bool,
    html: str | None,
    *,
    kept: Sequence[ChangeDocument] = (),
    silent: bool = False,
    apply: str | None = None,
) -> None:
    """Print a plan in the form asked for; a page that goes to a file comes on top of that.

    `kept` are the files that are up to date, and `apply` is the command that applies the plan;
    only the page shows them.
    """
    if html is not None:
        from filesync.output.plan_html import render_html

        page = render_html(plan, kept, command=apply)
        if html == "-":
            click.echo(page, nl=False)
            return
        write_whole(html, page)
        common.note(f"wrote {html}")
    if markdown:
        from filesync.output.plan_markdown import render_markdown

        click.echo(render_markdown(plan), nl=False)
    elif not silent:
        print_plan(common, plan)

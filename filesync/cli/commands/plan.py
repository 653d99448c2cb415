"""`filesync plan`: show what apply would do."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from filesync.cli.completions import files
from filesync.cli.finding_steps import (
    format_option,
    manifest_as_findings,
    print_findings,
    raise_for_content,
    shrink_option,
    strict_option,
)
from filesync.cli.github_files import tell_github_of_plan
from filesync.cli.options import (
    Common,
    filter_options,
    insecure_option,
    json_option,
    orphans_option,
    outside_option,
    subcommand,
)
from filesync.cli.output_files import check_target, write_whole
from filesync.cli.plan_steps import (
    apply_command,
    document_for,
    html_option,
    make_with_progress,
    markdown_option,
    one_form,
    pager_option,
    show_plan_as,
)
from filesync.cli.several_plans import is_several, make_several, raise_for_several, show_several
from filesync.core.commands import command
from filesync.errors import FilesyncError

if TYPE_CHECKING:  # what costs time to import is imported by the command that needs it
    from filesync.core.plan.plan import Plan
    from filesync.core.run import Filters


@subcommand(
    "plan",
    json_option,
    markdown_option,
    html_option,
    click.option(
        "--out",
        metavar="FILE",
        help="Save the plan, for `filesync apply FILE`.",
        shell_complete=files,
    ),
    click.option("--detailed-exitcode", is_flag=True, help="Exit 2 if there are changes."),
    click.option(
        "--at",
        metavar="WHEN",
        help="Show it as it will be then, e.g. +7d or 2026-12-01T12:00Z. Only to look at.",
    ),
    click.option(
        "--offline", is_flag=True, help="Compare with the lockfile only; do not contact the server."
    ),
    filter_options,
    orphans_option,
    outside_option,
    insecure_option,
    format_option,
    strict_option,
    shrink_option,
    pager_option,
    several=True,
    examples={
        "filesync plan": "look before `filesync apply`",
        "filesync plan --out plan.json": "save it, to be applied as it is",
        "filesync plan --at +7d": "what will have expired in a week",
        "filesync plan --json --detailed-exitcode": "for CI: exit code 2 means changes",
        "filesync plan --env all": "every environment, in one report",
        "filesync plan -m a.yaml -m b.yaml": "several manifests, in one report",
    },
)
def plan(
    common: Common,
    as_json: bool,
    markdown: bool,
    html: str | None,
    out: str | None,
    detailed_exitcode: bool,
    at: str | None,
    offline: bool,
    filters: Filters,
    delete_orphans: bool,
    allow_outside: bool,
    allow_insecure_http: bool,
    form: str,
    strict: bool,
    allow_shrink: bool,
    pager: bool,
) -> None:
    """Show what apply would do. Writes nothing remotely.

    In a job of GitHub Actions it is also added to the job's summary, and its counts to the
    step's outputs. With several manifests, or `--env all`, all plans are in one report; the
    manifest without an environment is one of them if it has a lockfile.
    """
    from filesync.core.moment import moment_named
    from filesync.core.plan.document import unchanged
    from filesync.output.json import saved_document, to_text

    one_form(as_json, markdown, html)
    if form != "text" and (as_json or markdown or html == "-"):
        raise click.UsageError("--format prints findings instead of the plan: leave out the other")
    if out is not None and offline:
        raise FilesyncError(
            "an offline plan is not saved: it has not seen the platform, so it cannot be applied",
            "leave out --offline, or --out",
        )
    if out is not None and at is not None:
        raise FilesyncError(
            "a plan for another time is not saved: it is for looking at, and cannot be applied",
            "leave out --at, or --out",
        )
    moment = moment_named(at)
    for path in (out, html):
        if path is not None and path != "-":
            check_target(path, common)
    if out == "-":
        raise click.UsageError("--out takes a file; --json prints the same")

    def make(own: Common) -> Plan:
        run = own.run(
            filters=filters,
            offline=offline,
            delete_orphans=delete_orphans,
            allow_outside=allow_outside,
            allow_insecure_http=allow_insecure_http,
            strict=strict,
            allow_shrink=allow_shrink,
        )
        return make_with_progress(own, run, at=moment)

    if is_several(common):
        if out is not None or html is not None or form != "text":
            raise click.UsageError(
                "several plans are shown as text, --json or --markdown: leave out the other"
            )
        several = make_several(common, make, report=markdown)
        show_several(common._replace(pager=pager), several, as_json=as_json, markdown=markdown)
        tell_github_of_plan(common, several, None)
        raise_for_several(several)
        if detailed_exitcode and several.has_changes:
            click.get_current_context().exit(2)
        return
    with manifest_as_findings(form):
        made = make(common)
    for warning in made.warnings:
        common.warn(warning)
    document = document_for(made, report=markdown or html is not None or out is not None)
    for path in (out, html):
        if path is not None and path != "-":
            check_target(path, common, _declared(made, path))
    if out is not None:
        write_whole(out, to_text(saved_document(document)) + "\n")
    if as_json:
        click.echo(to_text(document.document()))
    kept = () if html is None else unchanged(made)
    show_plan_as(
        common._replace(pager=pager),
        document,
        markdown,
        html,
        kept=kept,
        silent=as_json or form != "text",
        apply=_apply_command(common, made, out),
    )
    print_findings(made.content, form)
    if out is not None:
        common.note(f"saved the plan: {command('apply', out)} does exactly this, or refuses")
    _warn_if_taken(common, made, out, html)
    _hint_next(common, made, out)
    tell_github_of_plan(common, document, out)
    raise_for_content(made.content, form)
    if detailed_exitcode and made.has_changes:
        click.get_current_context().exit(2)


def _apply_command(common: Common, made: Plan, out: str | None) -> str | None:
    """Return the command that applies a plan; None for one that cannot be applied."""
    run = made.inputs.run
    if made.refusals or run.offline or made.at is not None:
        return None
    return apply_command(common, *([out] if out is not None else run.filters.words))


def _hint_next(common: Common, made: Plan, out: str | None) -> None:
    run = made.inputs.run
    if not (made.changes or made.kept):
        common.hint(f"name your files in {run.manifest}, below `files:`")
    elif made.has_changes and not (made.refusals or run.offline or out or made.at):
        common.hint(f"run {command('apply', *run.filters.words)} to make these changes")


def _warn_if_taken(common: Common, made: Plan, *written: str | None) -> None:
    """Warn of a plan that was written where a glob takes it: it would be in every next plan."""
    from filesync.local.own_files import is_written_by_us
    from filesync.workflow.workspace import read_manifest, scan

    paths = {
        os.path.realpath(path): path
        for path in written
        if path is not None and path != "-" and os.path.isfile(path) and not is_written_by_us(path)
    }
    if not paths:
        return  # as for most plans, which no glob takes: the files are not scanned once more
    manifest, problems = read_manifest(made.inputs.run)
    for file in scan(made.inputs.run, manifest, problems, stores=False):
        if path := paths.get(file.absolute):
            common.warn(
                f"{path} is now one of the files of {file.entry.key}: an apply would upload it. "
                "Write it outside of the glob, or exclude it"
            )


def _declared(made: Plan, path: str) -> list[str]:
    """Return the declared files that may be the one at `path`."""
    try:
        inode = os.stat(path).st_ino
    except (OSError, ValueError):
        return []
    files = (want.scanned for want in made.desired())
    return [file.absolute for file in files if file.inode == inode]

"""Commands about the whole manifest: validate, apply, destroy, status, verify."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from filesync.cli import completing, streams
from filesync.cli.options import (
    Common,
    command,
    concurrency_option,
    confirmed,
    insecure_option,
    json_option,
    lock_timeout_option,
    missing_option,
    only_option,
    outside_option,
    paint,
    yes_option,
)
from filesync.cli.plans import make_with_progress, print_plan, warn_but_of_refusals
from filesync.core.commands import word
from filesync.core.text import human_bytes, plural, printable
from filesync.errors import ApplyFailed, FilesyncError, Interrupted

if TYPE_CHECKING:  # what costs time to import is imported by the command that needs it
    from filesync.core.decide.guards import Allowed
    from filesync.core.plan.plan import Plan, Run
    from filesync.execute.applier import Settings
    from filesync.local.md5 import Md5Sums

_SHOWN = 20


@command(
    "validate",
    click.option("--locked", is_flag=True, help="Fail, too, if the lockfile does not agree."),
    outside_option,
    examples={
        "filesync validate": "before a commit, offline",
        "filesync validate --locked": "where people apply before they commit",
    },
)
def validate(common: Common, locked: bool, allow_outside: bool) -> None:
    """Check the manifest and that its files are there, offline.

    With --verbose it lists the files that were found.
    """
    from filesync.workflow.init import schema_is_old, schema_path
    from filesync.workflow.workspace import read_manifest, scan

    run = common.run(allow_outside=allow_outside)
    manifest, problems = read_manifest(run)
    files = scan(run, manifest, problems)
    for warning in manifest.warnings:
        common.warn(warning)
    if common.verbose:
        for file in files:
            size = human_bytes(file.bytes)
            common.note(f"{file.key}: {file.path} ({size}, {file.entry.policy.purpose})")
    if schema_is_old(run.manifest):
        path = schema_path(run.manifest)
        common.note(f"{path} is another version's: `filesync schema -o {word(path)}` renews it")
    if locked:
        _check_locked(run)
    agrees = ", and the lockfile agrees" if locked else ""
    target = "" if run.env is None else f" for {run.env}"
    common.note(f"{run.manifest} is valid{target}: {plural(len(files), 'file')}{agrees}")
    if files:
        common.hint("`filesync plan` shows what an apply would do")
    else:
        common.hint(f"name your files in {run.manifest}, below `files:`")


def _check_locked(run: Run) -> None:
    from filesync.local.lockfile import lock_path
    from filesync.output.reasons import reason_of
    from filesync.workflow.check_lock import disagreements

    if found := disagreements(run):
        lock = lock_path(run.manifest, run.env)
        listed = [f"  {printable(one.name)}: {reason_of(one)}" for one in found[:_SHOWN]]
        if len(found) > _SHOWN:
            listed.append(f"  and {len(found) - _SHOWN:,} more")
        raise FilesyncError(
            "\n".join([f"{lock} does not agree with {run.manifest}:", *listed]),
            "run `filesync apply` and commit the lockfile",
        )


@command(
    "apply",
    click.argument("planfile", required=False, shell_complete=completing.files),
    yes_option,
    json_option,
    concurrency_option,
    click.option("--max-delete", type=click.IntRange(0), metavar="N", help="Allow N deletes."),
    click.option("--no-delete", is_flag=True, help="Leave every delete for a later apply."),
    click.option("--wait", is_flag=True, help="Wait until the platform has processed each file."),
    click.option(
        "--allow-duplicates",
        is_flag=True,
        help="Upload files that seem to be on the platform already.",
    ),
    missing_option,
    lock_timeout_option,
    only_option,
    outside_option,
    insecure_option,
    examples={
        "filesync apply": "show the plan, ask, do it",
        "filesync apply --yes": "do it without asking, as in CI",
        "filesync apply plan.json": "what `plan --out` saved, exactly",
        "filesync apply --only 'docs/*' --no-delete": "some keys, and no delete yet",
    },
)
def apply(
    common: Common,
    planfile: str | None,
    yes: bool,
    as_json: bool,
    concurrency: int,
    max_delete: int | None,
    no_delete: bool,
    wait: bool,
    allow_duplicates: bool,
    accept_missing: bool,
    lock_timeout: float,
    only: str | None,
    allow_outside: bool,
    allow_insecure_http: bool,
) -> None:
    """Plan, ask, and make it so.

    Uploads come first, then the lockfile, deletes last. A PLANFILE that `filesync plan --out`
    wrote is applied exactly as it is, or refused as stale, with what has moved since.
    """
    from filesync.core.decide.guards import Allowed, enforce
    from filesync.execute.applier import Settings
    from filesync.local.md5 import Md5Sums
    from filesync.workflow.saved_plans import read_plan, run_as_saved
    from filesync.workflow.workspace import alone

    if planfile is not None and only is not None:
        raise click.UsageError("a plan file says itself what it covers: leave out --only")
    run = common.run(
        only=only, allow_outside=allow_outside, allow_insecure_http=allow_insecure_http
    )
    saved = None
    if planfile is not None:
        saved = read_plan(planfile)
        run = run_as_saved(run, saved, planfile)
    if not as_json:
        streams.do_without_stdout()
    lifted = Allowed(allow_duplicates, accept_missing, max_delete, not no_delete)
    settings = Settings(concurrency=concurrency, deletes=not no_delete, wait=wait)
    with alone(run, timeout=lock_timeout, on_wait=common.warn):
        md5s = Md5Sums()
        made = make_with_progress(common, run, saved, planfile or "", md5s=md5s)
        warn_but_of_refusals(common, made)
        if not as_json:
            print_plan(common, made)
        enforce(made.refusals, lifted, made.rows)
        if made.has_changes:
            _ask("Apply this?", yes)
        _carry_out(common, made, lifted, settings, as_json, md5s)


@command(
    "destroy",
    yes_option,
    json_option,
    concurrency_option,
    missing_option,
    lock_timeout_option,
    insecure_option,
    examples={
        "filesync destroy": "list what goes, ask, delete it",
        "filesync destroy -m old.yaml --yes": "another manifest's files, unasked",
    },
)
def destroy(
    common: Common,
    yes: bool,
    as_json: bool,
    concurrency: int,
    accept_missing: bool,
    lock_timeout: float,
    allow_insecure_http: bool,
) -> None:
    """Delete every remote file that the lockfile owns.

    What an apply that was cut short has uploaded goes, too.
    """
    from filesync.core.decide.guards import Allowed, enforce
    from filesync.execute.applier import Settings
    from filesync.workflow.apply import plan_destroy
    from filesync.workflow.workspace import alone

    run = common.run(allow_insecure_http=allow_insecure_http)
    if not as_json:
        streams.do_without_stdout()
    with alone(run, timeout=lock_timeout, on_wait=common.warn):
        made = plan_destroy(run)
        warn_but_of_refusals(common, made)
        if not as_json:
            print_plan(common, made)
        lifted = Allowed(missing=accept_missing)
        enforce(made.refusals, lifted, made.rows)
        if made.has_changes:
            _ask("Delete these for good?", yes)
        _carry_out(common, made, lifted, Settings(concurrency=concurrency), as_json)


@command(
    "status",
    json_option,
    outside_option,
    insecure_option,
    examples={
        "filesync status": "files, ids, time left, what differs",
        "filesync status --json": "the same for programs, times in seconds",
    },
)
def status(common: Common, as_json: bool, allow_outside: bool, allow_insecure_http: bool) -> None:
    """Show each file with its id, age, time left and drift.

    Below, what the platform holds of each purpose, whoever it belongs to.
    """
    from filesync.output.json import to_text
    from filesync.output.tables import render_status, status_document, status_warnings

    run = common.run(allow_outside=allow_outside, allow_insecure_http=allow_insecure_http)
    made = make_with_progress(common, run, protection=False)
    for warning in status_warnings(made):
        common.warn(warning)
    if as_json:
        click.echo(to_text(status_document(made)))
    else:
        click.echo(common.here(render_status(made, paint=paint, columns=common.columns)))


@command("verify", insecure_option, examples={"filesync verify": "every file of the lockfile"})
def verify(common: Common, allow_insecure_http: bool) -> None:
    """Download each locked file and compare it.

    The API does not give out files of every purpose; those are told as unchecked.
    """
    from filesync.workflow.verify import verify as verify_all

    words = {True: ("same", "green"), False: ("DIFFERS", "red"), None: ("unchecked", "yellow")}
    verdicts = []
    for one in verify_all(common.run(allow_insecure_http=allow_insecure_http)):
        verdicts.append(one)
        word, colour = words[one.same]
        why = f": {one.why}" if one.why else ""
        click.echo(
            f"{paint(f'{word:<9}', colour)}  {printable(one.key)} ({one.id}){printable(why)}"
        )
    if not verdicts:
        common.note("there is no file in the lockfile to compare")
        common.hint("`filesync apply` uploads what the manifest declares")
    if unchecked := sum(one.same is None for one in verdicts):
        common.note(f"{plural(unchecked, 'file')} of {len(verdicts)} could not be compared")
    if bad := sum(one.same is False for one in verdicts):
        raise FilesyncError(
            f"{plural(bad, 'file')} on the platform {'is' if bad == 1 else 'are'} not what the "
            "lockfile says",
            "`filesync apply` uploads what is gone; to replace what differs, apply once without "
            "its entry in the manifest, and once more with it",
        )
    if failed := sum(one.same is None and one.allowed for one in verdicts):
        raise FilesyncError(
            f"{plural(failed, 'file')} could not be downloaded, though the API allows it",
            "see above why; run `filesync verify` again",
        )


def _ask(question: str, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise FilesyncError(
            "there is no terminal to ask on, and nothing was written",
            "pass --yes to go on without being asked",
        )
    if not confirmed(question):
        raise FilesyncError("not applied: nothing was written")


def _carry_out(
    common: Common,
    made: Plan,
    lifted: Allowed,
    settings: Settings,
    as_json: bool,
    md5s: Md5Sums | None = None,
) -> None:
    """Apply a plan, show what came of it, and turn that into the exit code."""
    from filesync.core.decide.table import Action
    from filesync.local.lockfile import lock_path
    from filesync.output.json import apply_document, to_text
    from filesync.output.plan_text import render_result
    from filesync.output.progress import watching
    from filesync.workflow.apply import apply_plan

    run = made.inputs.run
    with watching(made, quiet=common.quiet, verbose=common.verbose) as watch:
        result = apply_plan(made, allowed=lifted, settings=settings, watch=watch, md5s=md5s)
    if as_json:
        click.echo(to_text(apply_document(made, result)))
    elif made.has_changes and not common.quiet:
        lock = lock_path(run.manifest, run.env)
        click.echo(render_result(result, lock))
        if result.applied and not result.failed and not result.interrupted:
            with_ids = {done.action for done in result.applied} - {Action.DELETE, Action.FORGET}
            ids = "; `filesync id KEY` prints an id" if with_ids else ""
            common.hint(f"commit {lock}{ids}")
    if result.interrupted:
        raise Interrupted(
            "interrupted; the lockfile holds what was done until then",
            "run the same command again for the rest",
        )
    if result.failed:
        raise ApplyFailed(
            "\n".join(
                [f"{plural(len(result.failed), 'change')} failed:"]
                + [f"  {printable(one.key or one.action)}: {one.error}" for one in result.failed]
            ),
            "what was done is in the lockfile; run `filesync apply` again for the rest",
        )


COMMANDS = (validate, apply, destroy, status, verify)

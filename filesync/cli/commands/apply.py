"""`filesync apply`: show the plan, ask, apply it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from filesync.cli import completions, streams
from filesync.cli.finding_steps import shrink_option, strict_option
from filesync.cli.options import (
    Common,
    concurrency_option,
    filter_options,
    index_timeout_option,
    insecure_option,
    json_option,
    lock_timeout_option,
    max_delete_option,
    missing_option,
    orphans_option,
    outside_option,
    shard_option,
    subcommand,
    yes_option,
)
from filesync.cli.picking import check_pick, pick, pick_option
from filesync.cli.plan_steps import (
    ask,
    carry_out,
    make_with_progress,
    print_plan,
    warn_but_of_refusals,
)
from filesync.core.commands import command

if TYPE_CHECKING:  # what costs time to import is imported by the command that needs it
    from filesync.core.run import Filters, Shard


@subcommand(
    "apply",
    click.argument("planfile", required=False, shell_complete=completions.files),
    yes_option,
    pick_option,
    json_option,
    concurrency_option,
    shard_option,
    max_delete_option,
    click.option("--no-delete", is_flag=True, help="Postpone every delete to a later apply."),
    click.option("--wait", is_flag=True, help="Wait until the platform has processed each file."),
    click.option(
        "--allow-duplicates",
        is_flag=True,
        help="Upload files that seem to be on the platform already.",
    ),
    missing_option,
    click.option(
        "--allow-empty-store", is_flag=True, help="Let a vector store lose its last document."
    ),
    index_timeout_option,
    lock_timeout_option,
    filter_options,
    orphans_option,
    outside_option,
    insecure_option,
    strict_option,
    shrink_option,
    examples={
        "filesync apply": "show the plan, ask, do it",
        "filesync apply -i": "show the plan, pick what of it to apply",
        "filesync apply --yes": "do it without asking, as in CI",
        "filesync apply plan.json": "what `plan --out` saved, exactly",
        "filesync apply --only 'docs/*' --no-delete": "some keys, and no delete yet",
        "filesync apply --yes --shard 2/4": "the second of four runs that share the uploads",
    },
)
def apply(
    common: Common,
    planfile: str | None,
    yes: bool,
    interactive: bool,
    as_json: bool,
    concurrency: int,
    shard: Shard | None,
    max_delete: int | None,
    no_delete: bool,
    wait: bool,
    allow_duplicates: bool,
    accept_missing: bool,
    allow_empty_store: bool,
    index_timeout: int,
    lock_timeout: float,
    filters: Filters,
    delete_orphans: bool,
    allow_outside: bool,
    allow_insecure_http: bool,
    strict: bool,
    allow_shrink: bool,
) -> None:
    """Show the plan, ask for confirmation, apply it.

    Uploads come first, then the lockfile, deletes last. A PLANFILE that `filesync plan --out`
    wrote is applied exactly as it is, or refused as stale, naming what has changed since.

    With -i, each key, each folder of a glob entry and each vector store that changes is asked
    about: y applies it, n leaves it as it is, a applies it and all the rest, q leaves it and all
    the rest. What is left is as if --only did not name it. It needs a terminal.

    With --shard I/N, one of N runs, on this machine or others, uploads its share of the keys and
    writes filesync.lock.I-of-N; `filesync lock merge` joins the pieces and then deletes.
    """
    from filesync.core.decide.guards import Overrides, enforce
    from filesync.core.plan.document import document_of
    from filesync.core.stores.guards import most_detached
    from filesync.execute.applier import ApplySettings
    from filesync.local.sums import Checksums
    from filesync.output.plan_counts import counts_of
    from filesync.workflow.saved_plans import read_plan, run_as_saved
    from filesync.workflow.workspace import alone

    _check_together(planfile, filters, shard, delete_orphans)
    if interactive:
        check_pick({"--yes": yes, "--json": as_json, "--shard": shard, "the plan file": planfile})
    run = common.run(
        shard=shard,
        filters=filters,
        delete_orphans=delete_orphans,
        allow_outside=allow_outside,
        allow_insecure_http=allow_insecure_http,
        strict=strict,
        allow_shrink=allow_shrink,
    )
    saved = None
    if planfile is not None:
        saved = read_plan(planfile)
        run = run_as_saved(run, saved, planfile)
    if not as_json:
        streams.do_without_stdout()
    overrides = Overrides(
        allow_duplicates, accept_missing, max_delete, not no_delete, allow_empty_store
    )
    settings = ApplySettings(
        concurrency=concurrency, deletes=not no_delete, wait=wait, index_timeout=index_timeout
    )
    with alone(run, timeout=lock_timeout, on_wait=common.warn):
        # Where somebody looks at the plan first, or it is a saved one, the hashes belong to it.
        sums = Checksums(while_sent=yes and planfile is None)
        if shard is not None:
            joins = command("lock", "merge")
            common.note(f"shard {shard}: deletes and vector stores wait for {joins}")
        made = make_with_progress(common, run, saved, planfile or "", sums=sums)
        warn_but_of_refusals(common, made)
        if not as_json:
            print_plan(common, document_of(made))
        if interactive and made.has_changes:
            made = pick(common, made, sums)
        enforce(made.refusals, overrides, made.changes, most_detached(made.stores))
        if made.has_changes:
            ask(f"Apply {counts_of(made)}?", yes)
        carry_out(common, made, overrides, settings, as_json, sums)


def _check_together(
    planfile: str | None, filters: Filters, shard: Shard | None, delete_orphans: bool
) -> None:
    """Raise UsageError for options that contradict each other."""
    if planfile is not None and filters.narrow:
        named = " and ".join(sorted({option for option, _ in filters.options}))
        raise click.UsageError(f"a plan file says itself what it covers: leave out {named}")
    if shard is not None and (planfile is not None or filters.narrow or delete_orphans):
        raise click.UsageError(
            "--shard splits a whole apply: leave out the plan file, --only, --exclude, --purpose "
            "and --delete-orphans"
        )

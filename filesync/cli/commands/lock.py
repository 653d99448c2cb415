"""`filesync lock`: the lockfile's pieces, joined."""

from __future__ import annotations

import click

from filesync.cli.options import (
    CommandGroup,
    Common,
    concurrency_option,
    index_timeout_option,
    insecure_option,
    json_option,
    lock_timeout_option,
    max_delete_option,
    subcommand,
    yes_option,
)
from filesync.core.commands import command
from filesync.core.text import plural


@click.group("lock", cls=CommandGroup, short_help="Join what `apply --shard` wrote: lock merge.")
def lock() -> None:
    """Join the pieces of a lockfile that `filesync apply --shard I/N` has written."""


@subcommand(
    "merge",
    yes_option,
    json_option,
    concurrency_option,
    max_delete_option,
    click.option(
        "--no-delete",
        is_flag=True,
        help="Only join the pieces; deletes and vector stores are left to the next apply.",
    ),
    index_timeout_option,
    lock_timeout_option,
    insecure_option,
    examples={
        "filesync lock merge --yes": "join the pieces, then delete what they replaced",
        "filesync lock merge --no-delete": "join the pieces, and ask no server for anything",
    },
)
def merge(
    common: Common,
    yes: bool,
    as_json: bool,
    concurrency: int,
    max_delete: int | None,
    no_delete: bool,
    index_timeout: int,
    lock_timeout: float,
    allow_insecure_http: bool,
) -> None:
    """Join the pieces beside the lockfile, then delete what the shards have replaced.

    Files that were removed from the manifest are deleted, too, and vector stores filled: no shard
    does that. A piece that is missing is a refusal with its number, and nothing is written. At a
    terminal it asks before it changes the platform; elsewhere the --yes of each shard counts.
    The pieces are removed at the end, so a merge that was refused or interrupted can be repeated.
    """
    import sys

    from filesync.cli import streams
    from filesync.cli.plan_steps import ask, carry_out, print_plan, warn_but_of_refusals
    from filesync.core.decide.guards import Overrides, enforce
    from filesync.core.plan.document import document_of
    from filesync.core.stores.guards import most_detached
    from filesync.execute.applier import ApplySettings
    from filesync.local.lockfile import lock_path
    from filesync.output.json import nothing_applied, to_text
    from filesync.output.plan_counts import counts_of
    from filesync.workflow.lock_merge import merge_pieces, plan_the_rest
    from filesync.workflow.workspace import alone, lock_place, remove_pieces

    run = common.run(allow_insecure_http=allow_insecure_http)
    if not as_json:
        streams.do_without_stdout()
    settings = ApplySettings(concurrency=concurrency, index_timeout=index_timeout)
    overrides = Overrides(max_delete=max_delete)
    with alone(run, timeout=lock_timeout, on_wait=common.warn, joins=True):
        merged = merge_pieces(run)
        path = lock_place(run).name
        files = plural(len(merged.keys), "file")
        common.note(f"joined {plural(merged.pieces, 'piece')} into {path}: {files}")
        if merged.failed:
            common.warn(
                f"shard {', '.join(map(str, merged.failed))} could not upload all of its files: "
                f"deletes and vector stores are left to the next {command('apply')}"
            )
        made = None if no_delete or merged.failed else plan_the_rest(run, merged)
        pieces_of = lock_path(run.manifest, run.env)
        if made is None:
            remove_pieces(pieces_of)
            if as_json:
                click.echo(to_text(nothing_applied()))
            return
        warn_but_of_refusals(common, made)
        if not as_json and made.has_changes:
            print_plan(common, document_of(made))
        enforce(made.refusals, overrides, made.changes, most_detached(made.stores))
        if made.has_changes:
            ask(f"Apply {counts_of(made)}?", yes or not sys.stdin.isatty())
        carry_out(common, made, overrides, settings, as_json)
        remove_pieces(pieces_of)


lock.add_command(merge)
